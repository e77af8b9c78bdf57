"""The screen without a screen (`--print`): the same numbers as plain lines, for pipes, logs and small terminals.

As a table it is what a person reads; as JSON lines and as CSV each number stands beside its age in seconds, and what is not known is
null or empty.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, Literal, TextIO, TypeAlias

import msgspec

from scoring.feed import AlertState
from tui import figures
from tui.readings import Reading, SymbolReadings
from tui.state import Event, Lost, State, reduce
from tui.watch import Readings
from tui.widgets.alerts import line
from tui.widgets.crowd import moods
from tui.widgets.headline import headline
from tui.widgets.symbols import table
from tui.widgets.totals import totals

Form: TypeAlias = Literal["table", "json", "csv"]
FORMS: Final[tuple[Form, ...]] = ("table", "json", "csv")

_WIDTH: Final = 120
_EVERY_S: Final = 1.0
"""Shortest time between two prints."""
_PAST_S: Final = 3.0
"""Longest wait for the past that small lines are drawn from: it comes in pieces behind the newest numbers."""
_NO_FEED: Final = 1
_NUMBERS: Final = tuple(name for name, kind in SymbolReadings.__annotations__.items() if "Reading" in str(kind))
_FIELDS: Final = ("at", "link", "symbol", *(part for name in _NUMBERS for part in (name, f"{name}_age_s")), "completeness")


async def print_feed(
    events: Callable[[], AsyncGenerator[Event, None]],
    out: TextIO,
    err: TextIO,
    every_s: float = _EVERY_S,
    form: Form = "table",
    *,
    watch: bool = True,
) -> int:
    """Print what is known; give the exit status.

    When watching it is printed at most once in `every_s`, with alerts as they come and why there is no feed, to the end of the tape.
    Otherwise it is printed once; no feed is then an error.
    """
    state, printed, heard = State(), float("-inf"), float("inf")
    loop = asyncio.get_running_loop()
    if form == "csv":
        print(",".join(_FIELDS), file=out, flush=True)
    async with aclosing(events()) as followed:
        async for event in followed:
            state = reduce(state, event)
            if isinstance(event, AlertState) and state.alerts.get(event.alert_id) is event and watch and form == "table":
                print(line(event, _WIDTH).plain.rstrip(), file=out, flush=True)
            if isinstance(event, Lost):
                if event.ended:
                    print(written(state, form), file=out, flush=True)
                    return 0
                again = f"; next try in {event.retry_s:g} s" if watch else ""
                print(f"no feed: {figures.clean(event.reason)}{again}", file=err, flush=True)
                if not watch:
                    return _NO_FEED
            now = loop.time()
            if state.symbols and state.tape_at and now - printed >= every_s:
                heard = min(heard, now)
                if not watch and form == "table" and now - heard < _PAST_S and not _is_past_known(state):
                    continue
                printed = now
                print(written(state, form), file=out, flush=True)
                if not watch:
                    return 0
    return 0


def _is_past_known(state: State) -> bool:
    return all(symbol.points for symbol in state.symbols.values() if symbol.rows)


def written(state: State, form: Form) -> str:
    """Write all that is known in one of the forms."""
    match form:
        case "table":
            return page(state)
        case "json":
            return "\n".join(msgspec.json.encode(record).decode() for record in records(state))
        case "csv":
            text = io.StringIO()
            csv.DictWriter(text, _FIELDS, lineterminator="\n").writerows(records(state))
            return text.getvalue().rstrip("\n")


def page(state: State) -> str:
    """Write the headline, the table and, where a crowd is heard, its moods, and a blank line."""
    heading, body = table(state, _WIDTH)
    lines = [headline(state, _WIDTH).plain, *totals(state, _WIDTH, hidden=False).plain.splitlines(), heading.plain]
    lines += body.plain.splitlines()
    if state.crowd.stances:
        lines += moods(state, _WIDTH).plain.splitlines()
    return "\n".join(text.rstrip() for text in lines) + "\n"


def records(state: State) -> list[dict[str, str | float | None]]:
    """Give each symbol as names and values: every number with its age."""
    readings = Readings()
    return [_record(state, readings.of(state, name)) for name in state.symbols]


def _record(state: State, row: SymbolReadings) -> dict[str, str | float | None]:
    record: dict[str, str | float | None] = {
        "at": state.tape_at.isoformat().replace("+00:00", "Z") if state.tape_at else None,
        "link": state.link.value,
        "symbol": figures.clean(row.symbol),
    }
    for name in _NUMBERS:
        reading = getattr(row, name)
        if isinstance(reading, Reading):
            record |= {name: reading.value, f"{name}_age_s": reading.age_s(state.tape_at)}
    return {**record, "completeness": row.completeness or None}
