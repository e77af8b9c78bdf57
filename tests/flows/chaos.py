"""A recording, served as an exchange that misbehaves, to a live flow that is killed in the middle of it.

What must come out of it: every trade on the tape, every trade window the number an unbroken run gives, every stretch without quotes
told as a gap, and a tape whose replay says the same as the flow that was broken. `test_chaos.py` runs a short one; the long one on
the real recording is `python -m tests.bench.chaos`.
"""

from __future__ import annotations

import csv
import math
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import duckdb
import msgspec
from msgspec.structs import replace

from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import ExchangeScript, Fault, FaultKind, Where, ordered
from connectors.tape.manifest import Form, load, refresh, save
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter
from flows.layers import plain
from flows.sessions import shaping_of
from scoring.duration import Duration
from scoring.records import TABLES, Table
from tests.flows.conftest import clean_environment
from tests.flows.sessions import finish, free_ports, kill, start
from tests.waiting import wait_until

SECOND_NS: Final = 1_000_000_000
WIDTHS: Final = ("1m", "10s", "1s")
EXACT: Final = ("open", "high", "low", "close", "max_drawdown", "trade_count", "first_trade_id", "last_trade_id")
NEAR: Final = ("volume_base", "volume_quote", "vwap", "taker_buy_base", "price_stddev", "price_stddev_bps", "volume_spike")
"""Sums are taken in the order trades came."""
GOLDEN: Final = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "trade_count": "n_trades",
    "first_trade_id": "first_trade_id",
    "last_trade_id": "last_trade_id",
    "volume_base": "base_vol",
    "volume_quote": "quote_vol",
    "vwap": "vwap",
    "taker_buy_base": "taker_buy_base_vol",
    "max_drawdown": "max_drawdown_frac",
}
"""Our columns, and those of the golden files."""
KEY: Final = ("symbol", "window_start", "window_end")

Row = dict[str, object]


class Chaos(msgspec.Struct, frozen=True):
    """What happens to a run. Faults that find no connection do nothing, so more are planned than are wanted."""

    seed: int
    speed: float = 20.0
    drops: int = 60
    silences: int = 6
    duplicates: int = 10
    reorders: int = 10
    corruptions: int = 10
    slows: int = 3
    shutdowns: int = 2
    refusals: int = 3
    kills: int = 2
    lead_s: float = 8.0
    """Real seconds the flow has to start before the first trade; the clock of the session runs meanwhile."""
    lateness: str = "2m"
    idle: str = "2m"
    patience_s: float = 60.0
    """Real seconds in which everything must have been repaired after the end."""


class Outcome(msgspec.Struct):
    """What a run left behind."""

    folder: Path
    """Its data: `tape`, `archive`, `warehouse.duckdb`."""
    counts: dict[str, int]
    """What the exchange did."""
    kills: int
    wall_s: float
    missing_trades: int
    """Trades that were served and never came onto the tape."""


# --- what is served ------------------------------------------------------------------------------------------------------------------


def serve_copy(source: Path, target: Path, start_s: float, seconds: float, lead_s: float) -> Path:
    """Copy a span of the market's frames; for `lead_s` of the session before it, its first quote comes again and again."""
    manifest = load(source)
    first_ns = manifest.start_ns + int(start_s * SECOND_NS)
    last_ns = first_ns + int(seconds * SECOND_NS)
    partitions = {name: info for name, info in manifest.partitions.items() if info.symbols}
    for name in partitions:
        writer = FrameWriter(target / "frames" / name)
        frames = [frame for frame in frames_of(source / "frames" / name) if first_ns <= frame[0] < last_ns and frame[1] == "binance"]
        leading = next(payload for _, _, payload in frames if b'@bookTicker"' in payload)
        begins_ns = frames[0][0] - int(lead_s * SECOND_NS)
        lead = [(at_ns, "binance", leading) for at_ns in range(begins_ns, frames[0][0], SECOND_NS)]
        for at_ns, feed, payload in [*lead, *frames]:
            writer.append(at_ns, feed, payload)
        writer.close()
    shaping = shaping_of(manifest, source)
    bars = replace(shaping.market.bars, widths=tuple(map(Duration.parse, WIDTHS)))
    settings = plain(replace(shaping, market=replace(shaping.market, bars=bars)))
    infos = {name: replace(info, forms=(Form.FRAMES,)) for name, info in partitions.items()}
    save(target, replace(manifest, name=target.name, partitions=infos, settings=settings, files=(), digests={}))
    refresh(target)
    return target


def frames_of(folder: Path, row: int | None = None) -> Iterator[tuple[int, str, bytes]]:
    """Read the frames of a partition: when received, feed, payload."""
    reader = FrameReader(folder)
    row = reader.first_row if row is None else row
    while (chunk := reader.read(row, 20_000)) is not None:
        for index in range(len(chunk)):
            yield int(chunk.received_ns[index]), chunk.feed(index), chunk.payloads[index]
        row += len(chunk)
    reader.close()


def script(chaos: Chaos, span_s: float) -> ExchangeScript:
    """Draw what goes wrong after the lead, and not in the first and last seconds: the first trade is what all are counted from."""
    random = Random(chaos.seed)
    lead_s = chaos.lead_s * chaos.speed
    wanted = {
        FaultKind.DROP: chaos.drops,
        FaultKind.SILENCE: chaos.silences,
        FaultKind.DUPLICATE: chaos.duplicates,
        FaultKind.REORDER: chaos.reorders,
        FaultKind.CORRUPT: chaos.corruptions,
        FaultKind.SLOW: chaos.slows,
        FaultKind.SHUTDOWN: chaos.shutdowns,
        FaultKind.REFUSE: chaos.refusals,
    }

    def draw(kind: FaultKind) -> Fault:
        # A refusal lasts a second of real time, a silence longer than the watchdog waits.
        seconds = chaos.speed * (random.uniform(0.3, 1.0) if kind is FaultKind.REFUSE else random.uniform(1.0, 3.0))
        return Fault(
            at=Duration(int((lead_s + random.uniform(0.05, 0.95) * span_s) * SECOND_NS)),
            kind=kind,
            span=Duration(int(seconds * SECOND_NS)),
            frames=random.randrange(2, 50),
            by=Duration(int(random.uniform(0.1, 2.0) * SECOND_NS)),
            status=random.choice((429, 503)),
            on=random.choice(tuple(Where)),
        )

    return ordered([draw(kind) for kind, number in wanted.items() for _ in range(number)])


# --- the run -------------------------------------------------------------------------------------------------------------------------


def run(chaos: Chaos, session: Path, folder: Path) -> Outcome:
    """Serve a session made by `serve_copy` to a live flow, kill that flow, wait until all is repaired, and stop."""
    manifest, began = load(session), time.monotonic()
    span_s = (manifest.end_ns - manifest.start_ns) / SECOND_NS - chaos.lead_s * chaos.speed
    served = ExchangeSettings(port=0, speed=chaos.speed, now=True, faults=script(chaos, span_s), weight=1_000_000, connections=100_000)
    folder.mkdir(parents=True, exist_ok=True)
    with Exchange(session, served) as exchange:
        file = folder / "ghosttape.toml"
        file.write_text(settings_for(chaos, session, exchange), "utf-8")
        environment = clean_environment(folder) | {"GHOSTTAPE_CONFIG": str(file)}
        going = _go(environment)
        wait_until(lambda: exchange.counts["connections"], chaos.lead_s)
        assert exchange.position_ns < manifest.start_ns + chaos.lead_s * chaos.speed * SECOND_NS, (
            "the flow took longer to start than the lead"
        )
        for number in range(chaos.kills):
            at_ns = manifest.end_ns - (chaos.kills - number) / (chaos.kills + 1) * span_s * SECOND_NS
            _wait(going, lambda: exchange.position_ns >= at_ns, span_s)  # noqa: B023
            kill(going)
            going = _go(environment)
        _wait(going, lambda: exchange.ended, span_s)
        missing = _wait_for_trades(going, session, folder / "data" / "tape", chaos.patience_s)
        # Every window closes with the clock, however long nothing comes.
        time.sleep((Duration.parse(chaos.lateness) + Duration.parse(chaos.idle)) / SECOND_NS / chaos.speed + 3.0)
        assert going.poll() is None, going.communicate()[0]
        going.send_signal(signal.SIGTERM)
        finish(going, 60)
        assert exchange.failure is None
        counts = dict(exchange.counts)
    return Outcome(folder / "data", counts, chaos.kills, time.monotonic() - began, missing)


def settings_for(chaos: Chaos, session: Path, exchange: Exchange) -> str:
    """Write settings of a live run against a served session. What waits in real time waits so much less."""
    symbols = [symbol for info in load(session).partitions.values() for symbol in info.symbols]
    [port] = free_ports(1)
    assets = "\n".join(f"[assets.{symbol.lower()}]\nsymbols = ['{symbol}']" for symbol in symbols)
    return f"""
{assets}
[market]
max_clock_ahead = "5m"
[market.bars]
widths = {list(WIDTHS)}
lateness = "{chaos.lateness}"
idle = "{chaos.idle}"
retained_windows = 4000
[inputs]
follow_clock = "{exchange.url}"
[inputs.binance.stream]
hosts = ["{exchange.url.replace("http", "ws")}"]
kinds = ["trade", "bookTicker", "depth@100ms"]
stale = "300ms"
silence = "600ms"
overlap = "500ms"
open_timeout = "2s"
backoff_first = "50ms"
backoff_most = "400ms"
connections = 10000
[inputs.binance.rest]
hosts = ["{exchange.url}"]
weight_per_minute = 900000
timeout = "2s"
host_pause = "100ms"
[inputs.binance.repair]
settle = "100ms"
retry = "200ms"
longest_retry = "1s"
depth_delay = "100ms"
warm_minutes = 0
[recovery]
epoch = "500ms"
[feed]
port = {port}
"""


def _go(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return start(["flows.commands.live"], dict(environment))


def _wait(going: subprocess.Popen[str], condition: Callable[[], bool], span_s: float) -> None:
    """Wait for something while the flow runs."""

    def is_true() -> bool:
        assert going.poll() is None, going.communicate()[0]
        return condition()

    wait_until(is_true, span_s + 60)


def _wait_for_trades(going: subprocess.Popen[str], session: Path, tape: Path, seconds: float) -> int:
    """Wait until every trade that was served is on the tape, and give how many are not."""
    served = {trade for name, info in load(session).partitions.items() if info.symbols for trade in trades_of(session / "frames" / name)}
    deadline = time.monotonic() + seconds
    while missing := len(served.difference(trades_of(tape / "frames" / "live"))):
        assert going.poll() is None, going.communicate()[0]
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return missing


# --- what is on a tape ---------------------------------------------------------------------------------------------------------------


class _Event(msgspec.Struct):
    """What tells a trade or a quote: a REST row has an `id` and no symbol of its own."""

    t: int = 0
    id: int = 0
    u: int = 0


class _Frame(msgspec.Struct):
    stream: str
    data: msgspec.Raw


_FRAME: Final = msgspec.json.Decoder(_Frame)
_EVENT: Final = msgspec.json.Decoder(_Event)


def trades_of(folder: Path) -> set[tuple[str, int]]:
    """Find the trades on a partition of a tape: symbol and id."""
    return {(symbol, event.t or event.id) for _, symbol, kind, event in _events(folder, b"@trade") if kind == "trade"}


def quotes_of(folder: Path) -> dict[tuple[str, int], int]:
    """Find the quotes on a partition of a tape: when each was received."""
    return {(symbol, event.u): at_ns for at_ns, symbol, kind, event in _events(folder, b"@bookTicker") if kind == "bookTicker"}


def _events(folder: Path, wanted: bytes) -> Iterator[tuple[int, str, str, _Event]]:
    for at_ns, feed, payload in frames_of(folder):
        if feed == "binance" and wanted in payload[:64]:
            try:
                frame = _FRAME.decode(payload)
                event = _EVENT.decode(frame.data)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # corrupted on purpose
            symbol, _, kind = frame.stream.partition("@")
            yield at_ns, symbol, kind.removesuffix("@rest"), event


# --- what must hold ------------------------------------------------------------------------------------------------------------------


def replay(session: Path, folder: Path, *more: str) -> Path:
    """Replay a session into a folder."""
    arguments = ["flows.commands.replay", str(session), "max", "--data-dir", str(folder), "--quiet", "--form", "frames", *more]
    folder.mkdir(parents=True, exist_ok=True)
    finish(start(arguments, clean_environment(folder)))
    return folder


def rows_of(folder: Path, table: Table, columns: Sequence[str] = (), where: str = "true") -> list[Row]:
    """Read final rows from a warehouse, in order; instants are microseconds UTC."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        kinds = dict(warehouse.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall())
        names = tuple(columns) or tuple(kinds)
        asked = ", ".join(f"epoch_us({name})" if kinds[name].startswith("TIMESTAMP") else name for name in names)
        found = warehouse.execute(f"SELECT {asked} FROM {table} WHERE {where} ORDER BY ALL").fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def unlike(rows: Sequence[Row], wanted: Sequence[Row], exact: Sequence[str] = EXACT, near: Sequence[str] = NEAR) -> list[str]:
    """Say how windows differ from those that are wanted; nothing where none does."""
    found = {tuple(row[name] for name in KEY): row for row in rows}
    expected = {tuple(row[name] for name in KEY): row for row in wanted}
    said = [f"{key}: there is none" for key in expected.keys() - found.keys()]
    said += [f"{key}: nobody expects it" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        ours, theirs = found[key], expected[key]
        said += [f"{key}: {name} is {ours[name]}, expected {theirs[name]}" for name in exact if ours[name] != theirs[name]]
        said += [f"{key}: {name} is {ours[name]}, expected {theirs[name]}" for name in near if not _is_near(ours[name], theirs[name])]
    return sorted(said)


def _is_near(ours: object, theirs: object) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(float(str(ours)), float(str(theirs)), rel_tol=1e-12, abs_tol=1e-15)


def windows_of(folder: Path) -> list[Row]:
    """Read the trade windows of a run."""
    return rows_of(folder, Table.TRADE_METRICS, (*KEY, *EXACT, *NEAR))


def unlike_golden(rows: Sequence[Row], golden: Path, width_s: int) -> list[str]:
    """Say how the windows of one width differ from a file of golden ones."""
    with golden.open() as lines:
        wanted = [
            {
                "symbol": "BTCUSDT",
                "window_start": int(row["window_start_ms"]) * 1_000,
                "window_end": (int(row["window_start_ms"]) + 1_000 * width_s) * 1_000,
                **{ours: float(row[theirs]) for ours, theirs in GOLDEN.items()},
            }
            for row in csv.DictReader(lines)
        ]
    of_width = [row for row in rows if int(str(row["window_end"])) - int(str(row["window_start"])) == width_s * 1_000_000]
    sums = ("volume_base", "volume_quote", "vwap", "taker_buy_base", "max_drawdown")
    return unlike(of_width, wanted, [name for name in GOLDEN if name not in sums], sums)


def undeclared_quotes(session: Path, outcome: Outcome, chaos: Chaos) -> tuple[int, int]:
    """Count the quotes that were served and did not come, and those among them that no gap and no reject accounts for."""
    served: dict[tuple[str, int], int] = {}
    for name, info in load(session).partitions.items():
        if info.symbols:
            served |= quotes_of(session / "frames" / name)
    lost = served.keys() - quotes_of(outcome.folder / "tape" / "frames" / "live").keys()
    # A quarter of a second of real time may pass between the socket of the exchange and the stamp.
    slack_ns = int(0.25 * chaos.speed * SECOND_NS)
    gaps = rows_of(outcome.folder, Table.GAPS, ("from_at", "to_at"), "kind = '*'")
    spans = [(1_000 * int(str(gap["from_at"])), 1_000 * int(str(gap["to_at"] or 0))) for gap in gaps]
    silent = [key for key in lost if not any(_holds(span, served[key], slack_ns) for span in spans)]
    return len(lost), max(0, len(silent) - len(rows_of(outcome.folder, Table.REJECTS, ("position",))))


def _holds(span: tuple[int, int], at_ns: int, slack_ns: int) -> bool:
    from_ns, to_ns = span
    return from_ns - slack_ns <= at_ns and (to_ns <= 0 or at_ns <= to_ns + slack_ns)


def unrepaired(outcome: Outcome) -> list[Row]:
    """Find the gaps of trades that are not closed."""
    return rows_of(outcome.folder, Table.GAPS, where="kind = 'trade' AND repaired < missing")


def differences_of_replay(outcome: Outcome, folder: Path) -> list[str]:
    """Replay the tape of a run; say what differs from what the run stored of windows that had closed."""
    refresh(outcome.folder / "tape")
    again = replay(outcome.folder / "tape", folder)
    said = []
    for table in (Table.TRADE_METRICS, Table.SPREAD_METRICS, Table.RISK_METRICS):
        instant = "window_end" if TABLES[table].instant == "window_end_ns" else "sampled_at"
        stored = rows_of(outcome.folder, table)
        newest = max(int(str(row[instant])) for row in stored)
        replayed = rows_of(again, table, where=f"epoch_us({instant}) <= {newest}")
        differing = [(ours, theirs) for ours, theirs in zip(stored, replayed, strict=False) if repr(ours) != repr(theirs)]
        if len(stored) != len(replayed) or differing:
            said.append(f"{table}: {len(stored)} stored, {len(replayed)} replayed, {len(differing)} differ, first {differing[:1]}")
    return said
