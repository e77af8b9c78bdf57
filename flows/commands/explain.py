"""`just explain ALERT_ID`: what fired, why, on what data, and what it would have taken not to.

Reads a warehouse, as `just query` does. What people wrote is hostile: it is printed as one line of visible characters.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from connectors.outputs.query import run_query
from flows.commands.arguments import Arguments
from flows.commands.query import newest_warehouse
from flows.running import refusing_in_one_line
from flows.sessions import WAREHOUSE
from flows.settings import Shaping, load
from scoring.alerts.avoidance import avoidance
from scoring.alerts.explanation import explain
from scoring.crowd.excerpt import visible
from scoring.crowd.pump_calls import PostKind, kind_of
from scoring.duration import Duration, nanoseconds, write_instant
from scoring.errors import ResourceError
from scoring.records import Alert, Table, columns_of, stored_name

AROUND: Final = Duration.parse("5m")
"""How far before and after the instant at which it fired price and mood are shown."""
STEP: Final = Duration.parse("30s")
LAST: Final = "last"
BPS: Final = 10_000
UNKNOWN: Final = "–"

Row: TypeAlias = Mapping[str, Any]
"""A row of the warehouse by the names of its columns: instants in ns since the epoch, NULL as None."""


class Warehouse:
    """A warehouse that is asked."""

    def __init__(self, path: str) -> None:
        """Take its path; the file is opened for each question."""
        self._path = path

    def rows(self, sql: str) -> list[Row]:
        """Run one statement."""
        names, rows = run_query(self._path, sql)
        return [dict(zip(names, map(_plain_instant, row), strict=True)) for row in rows]

    def between(self, table: Table, subject: str, start_ns: int, end_ns: int) -> list[Row]:
        """Give the rows of a table about a subject, in order, from an instant to another, both included."""
        key, instant = {
            Table.RISK_METRICS: ("symbol", "sampled_at"),
            Table.DECOUPLING_SIGNALS: ("asset", "evaluated_at"),
        }[table]
        span = f"{instant} BETWEEN {_instant(start_ns)} AND {_instant(end_ns)}"
        return self.rows(f"SELECT * FROM {table} WHERE {key} = {_text(subject)} AND {span} ORDER BY {instant}")


def find_alert(warehouse: Warehouse, wanted: str) -> Alert:
    """Find an alert by its id, by the beginning of its id that no other shares, or the one that fired last.

    Raises:
        ResourceError: there is none, or more than one.
    """
    found = warehouse.rows("SELECT alert_id, rule, symbol, fired_at FROM alerts ORDER BY fired_at, alert_id")
    if not found:
        raise ResourceError("no alert is stored here: nothing has fired")
    ids = [str(row["alert_id"]) for row in found]
    matching = ids[-1:] if wanted == LAST else [found_id for found_id in ids if wanted and found_id.startswith(wanted.lower())]
    if len(matching) > 1:
        raise ResourceError(f"{len(matching)} alerts begin with {wanted!r}: {', '.join(matching[:3])}, …: give more of the id")
    if not matching:
        near = (difflib.get_close_matches(wanted, ids, n=1, cutoff=0) or ids[-1:])[0]
        row = found[ids.index(near)]
        raise ResourceError(
            f"there is no alert {wanted!r}; the nearest is {near} ({row['rule']} {row['symbol']}, {write_instant(row['fired_at'])})"
        )
    (row,) = warehouse.rows(f"SELECT * FROM alerts WHERE alert_id = {_text(matching[0])}")
    return Alert(**{name: _declared(kind, row[stored_name(name)]) for name, kind in columns_of(Alert).items()})


def lines_about(alert: Alert, warehouse: Warehouse, shaping: Shaping) -> Iterator[str | Grid]:
    """Give everything there is to say, a line or a table at a time."""
    summary = next((rule.summary for rule in shaping.alerts.rules if rule.name == alert.rule), "")
    asset = next((name for name, found in shaping.assets.items() if alert.symbol in found.symbols), "")
    yield f"alert {alert.alert_id}"
    yield from explain(alert, summary)
    yield ""
    yield "it would not have fired with"
    yield from (f"  {line}" for line in avoidance(alert))
    yield ""
    yield from _gaps(alert, warehouse)
    yield ""
    yield _surroundings(alert, asset, warehouse)
    if any(name.startswith(f"{Table.DECOUPLING_SIGNALS}.") for name in json.loads(alert.evidence)):
        yield ""
        yield from _posts(alert)


def _gaps(alert: Alert, warehouse: Warehouse) -> Iterator[str]:
    start, end = _instant(alert.fired_ns - AROUND), _instant(alert.fired_ns + AROUND)
    # A lost connection concerns every symbol, and a gap in what people say is no symbol's.
    about = f"(symbol IN ({_text(alert.symbol)}, '*') OR kind = 'post')"
    when = f"from_at <= {end} AND (to_at IS NULL OR to_at >= {start})"
    rows = warehouse.rows(f"SELECT * FROM gaps WHERE {about} AND {when} ORDER BY from_at, source, symbol, kind")
    yield f"gaps within {AROUND} of it: {len(rows) or 'none'}"
    for row in rows:
        what, why = visible(f"{row['source']} {row['symbol']} {row['kind']}"), visible(row["reason"])
        until = write_instant(row["to_at"]) if row["to_at"] else "still open"
        yield f"  {what}: {write_instant(row['from_at'])} to {until}, {row['missing']} missing, {row['repaired']} repaired ({why})"


def _surroundings(alert: Alert, asset: str, warehouse: Warehouse) -> Grid:
    """Lay out price and mood from before to after, each as it was known at the instant."""
    start, end = alert.fired_ns - AROUND, alert.fired_ns + AROUND
    prices = warehouse.between(Table.RISK_METRICS, alert.symbol, start - STEP, end)
    # The crowd's rows come when something changed: the newest one holds until the next.
    moods = warehouse.between(Table.DECOUPLING_SIGNALS, asset, start - 2 * AROUND, end)
    entry = _newest(prices, "sampled_at", alert.fired_ns)
    names = ("", "instant", "price", "against it, bps", "vibe", "delta_vibe", "texts", "hype_momentum")
    grid = Grid(*names, show_edge=False, title="price and mood around it", title_justify="left")
    for column in grid.columns[2:]:
        column.justify = "right"
    for at_ns in range(start, end + 1, STEP):
        price, mood = _newest(prices, "sampled_at", at_ns), _newest(moods, "evaluated_at", at_ns)
        change = (price["price"] / entry["price"] - 1) * BPS if price and entry else None
        shown = [_number(mood.get(name), form) for name, form in (("vibe", "+.3f"), ("delta_vibe", "+.3f"), ("message_count", "d"))]
        offset = "fired" if at_ns == alert.fired_ns else f"{(at_ns - alert.fired_ns) // 1_000_000_000:+d} s"
        cells = (_number(price.get("price"), ".8g"), _number(change, "+.1f"), *shown, _number(mood.get("hype_momentum"), "+.1f"))
        grid.add_row(*map(Text, (offset, write_instant(at_ns), *cells)), style="bold" if at_ns == alert.fired_ns else None)
    return grid


def _posts(alert: Alert) -> Iterator[str | Grid]:
    """Show the posts that moved the mood most when it fired, as they are stored in the alert."""
    posts = json.loads(alert.posts)
    if not posts:
        yield "posts that moved the mood: none are stored"
        return
    names = ("posted", "channel", "score", "moved delta_vibe by", "copies", "kind", "text")
    title = f"posts that {'lowered' if posts[0]['moved'] < 0 else 'lifted'} the mood most"
    grid = Grid(*names, show_edge=False, title=title, title_justify="left")
    for post in posts:
        score, moved = f"{post['score']:+.3f}", f"{post['moved']:+.4f}"
        # Judged here, from what is stored of the text: it explains the crowd and entered no rule.
        kind = kind_of(post["text"])
        said = (str(post["copies"]), "" if kind is PostKind.IRRELEVANT else kind.value, visible(post["text"]))
        grid.add_row(*map(Text, (post["posted"], visible(post["channel"]), score, moved, *said)))
    yield grid


def _newest(rows: Sequence[Row], column: str, at_ns: int) -> Row:
    """Give the newest row at an instant; an empty one where there is none."""
    return next((row for row in reversed(rows) if row[column] <= at_ns), {})


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else f"{value:{form}}"


def _text(text: str) -> str:
    """Quote a text for a statement."""
    return "'" + text.replace("'", "''") + "'"


def _instant(instant_ns: int) -> str:
    return f"TIMESTAMPTZ '{write_instant(instant_ns)}'"


def _plain_instant(value: Any) -> Any:
    return nanoseconds(value) if isinstance(value, datetime) else value


def _declared(kind: type, value: Any) -> Any:
    """Give a stored value as it was declared: an unknown float is NaN, an unknown instant 0."""
    if value is None:
        return float("nan") if kind is float else 0
    return value


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("explain", __doc__)
    parser.add_argument("alert", metavar="ALERT_ID", help=f"id of an alert, its beginning, or {LAST!r}")
    parser.add_argument("--data-dir", default="", help="folder of the warehouse (default: the one written last, live or replayed)")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        settings, _ = load()
        path = str(Path(given.data_dir) / WAREHOUSE) if given.data_dir else newest_warehouse(settings)
        if not given.data_dir:
            print(f"asking {path}", file=sys.stderr)
        warehouse = Warehouse(path)
        alert = find_alert(warehouse, given.alert)
        show = partial(Console(width=None if sys.stdout.isatty() else 200).print, markup=False, highlight=False, soft_wrap=True)
        for line in lines_about(alert, warehouse, settings.shaping):
            if isinstance(line, str):
                show(Text(line))
            else:
                show(line, soft_wrap=False)


if __name__ == "__main__":
    main()
