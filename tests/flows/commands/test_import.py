"""Other people's recordings become sessions that replay: frame logs as they are, archives as columns, bad lines as rejects."""

from __future__ import annotations

import csv
import gzip
import io
import math
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from connectors.outputs.query import run_query
from connectors.tape.manifest import load, verify_files
from connectors.tape.reader import FrameReader
from flows.commands.compact import compact
from flows.commands.import_ import import_files
from scoring.errors import SessionError
from tests.flows import tapes
from tests.flows.conftest import Run, clean_environment, digests_of
from tests.flows.sessions import finish, start

MINUTES = 5


class Filled(msgspec.Struct, frozen=True):
    """One aggregate trade of a made-up day."""

    number: int
    price: str
    quantity: str
    first_id: int
    last_id: int
    at_us: int
    """Microseconds since the epoch."""
    buyer_is_maker: bool


def fills(count: int = 900) -> list[Filled]:
    """Trade through five whole minutes."""
    chance, made, last_id = random.Random(7), list[Filled](), 5_000
    for number in range(count):
        first_id, last_id = last_id + 1, last_id + chance.randrange(1, 4)
        at_us = tapes.START_NS // 1000 + number * MINUTES * 60_000_000 // count + 1
        price, quantity = f"{61_000 + chance.gauss(0, 40):.8f}", f"{chance.expovariate(9) + 0.00001:.8f}"
        made.append(Filled(number + 1, price, quantity, first_id, last_id, at_us, chance.random() < 0.5))
    return made


def written(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def aggregates(folder: Path, made: Sequence[Filled], wrong: str = "") -> Path:
    """Write an archive of aggregate trades, zipped, with times in microseconds."""
    rows = [(each.number, each.price, each.quantity, each.first_id, each.last_id, each.at_us, each.buyer_is_maker, "True") for each in made]
    path = folder / "BTCUSDT-aggTrades-2026-01-01.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-aggTrades-2026-01-01.csv", wrong + written(rows))
    return path


def singles(folder: Path, made: Sequence[Filled], symbol: str = "BTCUSDT", wrong: str = "") -> Path:
    """Write an archive of single trades, plain, with times in milliseconds."""
    rows = [(each.number, each.price, each.quantity, "0.0", each.at_us // 1000, each.buyer_is_maker, "True") for each in made]
    path = folder / f"{symbol}-trades-2026-01-01.csv"
    path.write_text("id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n" + written(rows[:9]) + wrong + written(rows[9:]))
    return path


def minutes(made: Sequence[Filled]) -> list[list[Filled]]:
    split: list[list[Filled]] = [[] for _ in range(MINUTES)]
    for each in made:
        split[(each.at_us - tapes.START_NS // 1000) // 60_000_000].append(each)
    return split


def candles(folder: Path, made: Sequence[Filled]) -> Path:
    """Write the exchange's own candles of the same trades."""
    rows = []
    for minute, inside in enumerate(minutes(made)):
        prices, quantities = [float(each.price) for each in inside], [float(each.quantity) for each in inside]
        open_us = tapes.START_NS // 1000 + minute * 60_000_000
        quote = math.fsum(price * quantity for price, quantity in zip(prices, quantities, strict=True))
        bought = math.fsum(float(each.quantity) for each in inside if not each.buyer_is_maker)
        count = sum(each.last_id - each.first_id + 1 for each in inside)
        row = (open_us, prices[0], max(prices), min(prices), prices[-1], math.fsum(quantities), open_us + 59_999_999, quote, count, bought)
        rows.append((*row, "0", "0"))
    path = folder / "BTCUSDT-1m-2026-01-01.csv"
    path.write_text(written(rows))
    return path


def log_lines(seconds: int = 70) -> list[bytes]:
    """Write a market as lines of a log."""
    frames = sorted([*tapes.trades("BTCUSDT", seconds), *tapes.quotes("ETHUSDT", seconds)])
    return [b"%d %s" % (at_ns, payload) for at_ns, _, payload in frames]


def replayed(session: Path, folder: Path, *arguments: str) -> Path:
    finish(start(["flows.commands.replay", str(session), "--data-dir", str(folder), "--quiet", *arguments], clean_environment(folder)), 60)
    return folder


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    return run_query(str(folder / "warehouse.duckdb"), sql)[1]


# --- frame logs ----------------------------------------------------------------------------------------------------------------------


def test_logs_become_frames_and_bad_lines_rejects_that_a_replay_stores(tmp_path: Path, command: Run) -> None:
    lines = log_lines()
    bad = {10: b"no frame at all", 300: b"", 301: lines[5][:19], 302: b"\xff\xfe\x00"}
    first = [*lines[:400]]
    for number, line in bad.items():
        first.insert(number - 1, line)
    (tmp_path / "first.log.gz").write_bytes(gzip.compress(b"\n".join(first) + b"\n"))
    (tmp_path / "second.log").write_bytes(b"\n".join(lines[400:]))  # the last line has no end
    # In the wrong order: the later log first.
    done = command(
        "flows.commands.import_", str(tmp_path / "second.log"), str(tmp_path / "first.log.gz"), "--to", str(tmp_path / "session")
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("BTCUSDT, ETHUSDT; imported from second.log, first.log.gz; 4 rejects")
    reader = FrameReader(tmp_path / "session" / "frames" / "binance")
    frames = reader.read(0, 10_000)
    reader.close()
    assert frames is not None
    at = frames.rows_of("binance").tolist()
    assert [b"%d %s" % (frames.received_ns[index], frames.payloads[index]) for index in at] == lines
    compact(tmp_path / "session")
    stored = (
        "SELECT position, payload, received_at >= make_timestamptz(1767225600000000) FROM rejects WHERE source = 'first.log.gz' ORDER BY 1"
    )
    for form, speed in (("frames", "max"), ("columns", "500x")):
        folder = replayed(tmp_path / "session", tmp_path / form, speed, "--form", form)
        assert query(folder, stored) == [(number, line, True) for number, line in bad.items()]
        assert query(folder, "SELECT sum(trade_count), max(symbol) FROM trade_metrics") == [(280, "BTCUSDT")]
    assert digests_of(tmp_path / "frames") == digests_of(tmp_path / "columns")


def test_a_log_of_books_names_its_symbol_in_the_stream(tmp_path: Path) -> None:
    book = tapes.combined("solusdt@depth5", {"lastUpdateId": 1, "bids": [["1", "1"]], "asks": [["2", "1"]]})
    (tmp_path / "books.log").write_bytes(b"%d %s\n" % (tapes.START_NS, book))
    assert import_files([tmp_path / "books.log"], tmp_path / "session").partitions["binance"].symbols == ("SOLUSDT",)


def test_stamps_out_of_order_are_told(tmp_path: Path) -> None:
    lines = log_lines(5)
    (tmp_path / "market.log").write_bytes(b"\n".join([lines[1], lines[0], *lines[2:]]))
    assert "1 receive times before the one in front raised to it" in import_files([tmp_path / "market.log"], tmp_path / "session").origin


# --- archives ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def january(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import aggregate trades and candles, with two lines that are none in front, and replay them."""
    folder = tmp_path_factory.mktemp("january")
    made = fills()
    wrong = "1,-3,1,1,1,1767225600000000,True,True\nnot a row\n"
    manifest = import_files([candles(folder, made), aggregates(folder, made, wrong)], folder / "session")
    assert verify_files(folder / "session", manifest) == []
    replayed(folder / "session", folder / "results", "2000x")
    return folder


def test_an_archive_replays_to_the_sums_of_plain_python(january: Path) -> None:
    columns = "volume_base, volume_quote, vwap, taker_buy_base, trade_count, open, high, low, close, first_trade_id, last_trade_id"
    rows = query(january / "results", f"SELECT {columns}, completeness FROM trade_metrics ORDER BY window_start")
    assert len(rows) == MINUTES
    for row, inside in zip(rows, minutes(fills()), strict=True):
        prices, base, quote, taker = [float(each.price) for each in inside], 0.0, 0.0, 0.0
        for each, price in zip(inside, prices, strict=True):
            base += float(each.quantity)
            quote += price * float(each.quantity)
            taker += 0.0 if each.buyer_is_maker else float(each.quantity)
        sums = (base, quote, quote / base, taker, sum(each.last_id - each.first_id + 1 for each in inside))
        shape = (prices[0], max(prices), min(prices), prices[-1], inside[0].number, inside[-1].number)
        assert row == (*sums, *shape, "complete")


def test_bars_are_the_exchanges_candles_where_every_trade_of_a_minute_is_there(january: Path) -> None:
    joined = "FROM trade_metrics bar JOIN candles candle ON bar.symbol = candle.symbol AND bar.window_start = candle.open_at"
    equal = " AND ".join(f"bar.{name} = candle.{name}" for name in ("open", "high", "low", "close", "trade_count"))
    near = " AND ".join(f"abs(bar.{name} / candle.{name} - 1) < 1e-12" for name in ("volume_base", "volume_quote", "taker_buy_base"))
    assert query(january / "results", f"SELECT count(*) {joined} WHERE {equal} AND {near}") == [(MINUTES,)]


def test_bad_rows_of_an_archive_are_rejects_with_their_line(january: Path) -> None:
    rows = query(january / "results", "SELECT source, position, payload, received_at::DATE::VARCHAR FROM rejects ORDER BY 2")
    archive = "BTCUSDT-aggTrades-2026-01-01.zip"
    assert rows == [
        (archive, 1, b"1,-3,1,1,1,1767225600000000,True,True", "2026-01-01"),
        (archive, 2, b"not a row", "2026-01-01"),
    ]
    assert load(january / "session").start_ns == tapes.START_NS


def test_single_trades_in_milliseconds_give_the_same_bars_as_aggregates_in_microseconds(january: Path, tmp_path: Path) -> None:
    import_files([singles(tmp_path, fills(), wrong="1,2\n")], tmp_path / "session")
    replayed(tmp_path / "session", tmp_path / "results")
    sql = "SELECT window_start, volume_base, volume_quote, high, low FROM trade_metrics ORDER BY 1"
    assert query(tmp_path / "results", sql) == query(january / "results", sql)
    assert query(tmp_path / "results", "SELECT position, payload FROM rejects") == [(11, b"1,2")]


def test_symbols_are_partitions_of_their_own_with_their_own_time(tmp_path: Path) -> None:
    later = [msgspec.structs.replace(each, at_us=each.at_us + 86_400_000_000) for each in fills()]
    manifest = import_files([singles(tmp_path, later), singles(tmp_path, fills(), "ETHUSDT")], tmp_path / "session")
    assert sorted(manifest.partitions) == ["binance-BTCUSDT", "binance-ETHUSDT"]
    replayed(tmp_path / "session", tmp_path / "results")
    assert query(tmp_path / "results", "SELECT symbol, sum(trade_count), sum(late_rows) FROM trade_metrics GROUP BY 1 ORDER BY 1") == [
        ("BTCUSDT", 900, 0),
        ("ETHUSDT", 900, 0),
    ]


# --- refusals ------------------------------------------------------------------------------------------------------------------------


def refused(command: Run, *arguments: str | Path) -> str:
    done = command("flows.commands.import_", *map(str, arguments))
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("ghosttape: ")
    return line


def test_trades_and_aggregates_of_one_symbol_are_refused_together(tmp_path: Path, command: Run) -> None:
    files = aggregates(tmp_path, fills(20)), singles(tmp_path, fills(20))
    assert "no trade may count twice" in refused(command, *files, "--to", tmp_path / "session")
    assert not (tmp_path / "session").exists()
    import_files([files[0], singles(tmp_path, fills(20), "ETHUSDT")], tmp_path / "session")  # of two symbols they are not the same trades


def test_a_session_that_is_there_is_never_overwritten(tmp_path: Path, command: Run) -> None:
    session = tmp_path / "session"
    import_files([singles(tmp_path, fills(20))], session)
    before = (session / "manifest.json").read_bytes()
    assert "holds a session already" in refused(command, aggregates(tmp_path, fills(20)), "--to", session)
    assert (session / "manifest.json").read_bytes() == before


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    for taken in (tmp_path, singles(tmp_path, fills(20))):
        with pytest.raises(SessionError, match="holds something else"):
            import_files([singles(tmp_path, fills(20))], taken)


def test_logs_and_archives_are_refused_together(tmp_path: Path, command: Run) -> None:
    log = tmp_path / "market.log"
    log.write_bytes(b"\n".join(log_lines(2)))
    assert "given together" in refused(command, log, singles(tmp_path, fills(20)), "--to", tmp_path / "session")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"some words\n", "not the name of an archive, expected SYMBOL-aggTrades-DATE"),
        ("empty.log", b"", "not the name of an archive"),
        ("BTCUSDT-trades-2026-01-01.zip", b"PK but no zip", "expected an archive of the exchange: download it again"),
        ("broken.log.gz", b"\x1f\x8b\x08 broken", "not the name of an archive"),
    ],
)
def test_what_is_neither_is_refused(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SessionError, match=said) as told:
        import_files([tmp_path / name], tmp_path / "session")
    assert str(told.value).startswith(str(tmp_path / name))
    assert "\n" not in str(told.value)
    assert not (tmp_path / "session").exists()


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path, command: Run) -> None:
    assert "is no file" in refused(command, tmp_path / "nowhere.log", "--to", tmp_path / "session")
