"""Daily archives: rows become batches, everything else a reject, whatever the file holds."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.inputs.archives import ArchiveSettings, parse_name, read_archive
from scoring.errors import SessionError
from scoring.records import KINDS, Batch, Kind, Reject, columns_of

AGGREGATE = b"26129,0.01633102,4.70443515,27781,27783,1498793709153,true,True"
TRADE = b"28457,4.00000100,12.00000000,48.00001200,1499865549590,True,True"
CANDLE = b"1499040000000,0.016,0.8,0.015,0.0157,148976.1,1499040059999,2434.1,308,1756.8,28.4,0"


def read(path: Path, block_bytes: int = 1 << 20) -> tuple[Batch | None, list[Reject]]:
    batches: list[Batch] = []
    rejects: list[Reject] = []
    for chunk in read_archive(path, ArchiveSettings(block_bytes)):
        batches += chunk.batches
        rejects += chunk.rejects
    if not batches:
        return None, rejects
    first = batches[0]
    return Batch(first.kind, first.symbol, {name: np.concatenate([batch[name] for batch in batches]) for name in first.columns}), rejects


def rows(batch: Batch | None) -> list[tuple[object, ...]]:
    return list(zip(*(column.tolist() for column in batch.columns.values()), strict=True)) if batch else []


def archive(folder: Path, series: str, *lines: bytes) -> Path:
    path = folder / f"BTCUSDT-{series}-2017-07-01.csv"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_an_aggregate_trade_is_a_trade(tmp_path: Path) -> None:
    batch, rejects = read(archive(tmp_path, "aggTrades", AGGREGATE))
    at_ns = 1498793709153 * 1_000_000
    assert rows(batch) == [(at_ns, at_ns, 26129, 0.01633102, 4.70443515, True, 27781, 27783, False)]
    assert rejects == []


def test_a_single_trade_is_its_own_first_and_last(tmp_path: Path) -> None:
    at_ns = 1499865549590 * 1_000_000
    assert rows(read(archive(tmp_path, "trades", TRADE))[0]) == [(at_ns, at_ns, 28457, 4.000001, 12.0, True, 28457, 28457, False)]


@pytest.mark.parametrize("series", ["klines-1m", "1m"])
def test_a_candle_is_dated_by_its_close(tmp_path: Path, series: str) -> None:
    batch, _ = read(archive(tmp_path, series, CANDLE))
    close_ns, open_ns = 1499040059999 * 1_000_000, 1499040000000 * 1_000_000
    assert rows(batch) == [(close_ns, close_ns, open_ns, 0.016, 0.8, 0.015, 0.0157, 148976.1, 2434.1, 308, 1756.8)]


@pytest.mark.parametrize(("series", "line"), [("aggTrades", AGGREGATE), ("trades", TRADE), ("klines-1m", CANDLE)])
def test_columns_are_those_of_the_kind(tmp_path: Path, series: str, line: bytes) -> None:
    batch, _ = read(archive(tmp_path, series, line))
    assert batch is not None
    assert batch.symbol == "BTCUSDT"
    assert {name: column.dtype.kind for name, column in batch.columns.items()} == {
        name: {int: "i", float: "f", bool: "b"}[type_] for name, type_ in columns_of(KINDS[batch.kind]).items()
    }
    assert batch.kind is (Kind.CANDLE if series == "klines-1m" else Kind.TRADE)


def test_microseconds_are_told_by_their_size_row_by_row(tmp_path: Path) -> None:
    late = AGGREGATE.replace(b"1498793709153", b"1735689600123456")
    batch, _ = read(archive(tmp_path, "aggTrades", AGGREGATE, late))
    assert batch is not None
    assert batch["event_ns"].tolist() == [1498793709153 * 1_000_000, 1735689600123456 * 1_000]


def test_a_header_is_no_row_and_no_reject(tmp_path: Path) -> None:
    header = b"agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,is_best_match"
    batch, rejects = read(archive(tmp_path, "aggTrades", header, AGGREGATE))
    assert (len(rows(batch)), rejects) == (1, [])


def test_a_market_without_best_match_is_read_too(tmp_path: Path) -> None:
    batch, rejects = read(archive(tmp_path, "aggTrades", AGGREGATE.rsplit(b",", 1)[0]))
    assert (len(rows(batch)), rejects) == (1, [])


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"garbage",
        AGGREGATE + b",1",
        AGGREGATE.replace(b"0.01633102", b"abc"),
        AGGREGATE.replace(b"0.01633102", b""),
        AGGREGATE.replace(b"0.01633102", b"nan"),
        AGGREGATE.replace(b"0.01633102", b"inf"),
        AGGREGATE.replace(b"4.70443515", b"0"),
        AGGREGATE.replace(b"4.70443515", b"-1"),
        AGGREGATE.replace(b"26129", b"99999999999999999999"),
        AGGREGATE.replace(b"1498793709153", b"0"),
        AGGREGATE.replace(b"1498793709153", b"9223372036854775807"),
        AGGREGATE.replace(b"true", b"maybe"),
        AGGREGATE + b"\r" + AGGREGATE,
        b"\xff\xfe\x00",
    ],
)
def test_a_wrong_row_alone_is_refused(tmp_path: Path, wrong: bytes) -> None:
    good = [AGGREGATE.replace(b"26129", b"%d" % number) for number in range(1, 21)]
    batch, rejects = read(archive(tmp_path, "aggTrades", *good[:13], wrong, *good[13:]))
    assert batch is not None
    assert batch["trade_id"].tolist() == list(range(1, 21))
    assert [(reject.source, reject.position, reject.payload) for reject in rejects] == [("BTCUSDT-aggTrades-2017-07-01.csv", 14, wrong)]
    assert "\n" not in rejects[0].reason


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=60), st.just(AGGREGATE), st.just(b"1" + AGGREGATE)), max_size=12).map(b"\n".join))
def test_any_bytes_are_rows_or_rejects_whatever_the_block(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-2017-07-01.csv"
    path.write_bytes(AGGREGATE + b"\n" + content)
    batch, rejects = read(path)
    lines = 1 + len(content.split(b"\n")) - (not content or content.endswith(b"\n"))
    assert len(rows(batch)) + len(rejects) == lines
    small, small_rejects = read(path, block_bytes=16)
    assert rows(small) == rows(batch)
    assert [(reject.position, reject.payload) for reject in small_rejects] == [(reject.position, reject.payload) for reject in rejects]


def packed(path: Path, members: dict[str, bytes]) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    path.write_bytes(buffer.getvalue())
    return path


def test_a_zip_is_read_as_a_stream_and_its_paths_are_never_used(tmp_path: Path) -> None:
    path = packed(tmp_path / "BTCUSDT-trades-2017-07.zip", {"../../../escape.csv": TRADE + b"\n", "README": b"hello"})
    assert len(rows(read(path)[0])) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_zip_bomb_is_one_reject(tmp_path: Path) -> None:
    path = packed(tmp_path / "BTCUSDT-trades-2017-07-01.zip", {"bomb.csv": b"1" * 50_000_000})
    batch, rejects = read(path)
    assert (batch, len(rejects), len(rejects[0].payload)) == (None, 1, 4096)


@pytest.mark.parametrize("members", [{}, {"a.csv": b"", "b.csv": b""}])
def test_a_zip_without_exactly_one_csv_is_one_line(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(SessionError, match="CSV files inside, expected one"):
        read(packed(tmp_path / "BTCUSDT-trades-2017-07-01.zip", members))


def test_a_broken_zip_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-trades-2017-07-01.zip"
    path.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(SessionError, match="expected an archive of the exchange: download it again"):
        read(path)


def test_damage_inside_a_zip_gives_what_is_before_it(tmp_path: Path) -> None:
    content = b"".join(b"%d,%d.5,1.0,1.0,1499865549590,True,True\n" % (number, number * 7919 % 10007 + 1) for number in range(20_000))
    path = packed(tmp_path / "BTCUSDT-trades-2017-07-01.zip", {"trades.csv": content})
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    _, rejects = read(path, block_bytes=4096)
    assert "broken here" in rejects[-1].reason


@pytest.mark.parametrize(
    "name",
    ["trades.csv", "BTCUSDT-trades.csv", "btcusdt-trades-2024-08-08.csv", "BTCUSDT-depth-2024-08-08.csv", "BTCUSDT-trades-2024-08-08.txt"],
)
def test_a_name_that_says_nothing_names_what_was_expected(tmp_path: Path, name: str) -> None:
    with pytest.raises(SessionError, match=r"expected SYMBOL-aggTrades-DATE, SYMBOL-trades-DATE or SYMBOL-klines-1m-DATE"):
        read(tmp_path / name)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="download it again"):
        read(tmp_path / "BTCUSDT-trades-2024-08-08.csv")


def test_a_name_says_symbol_series_and_date() -> None:
    name = parse_name(Path("1000SATSUSDT-1m-2024-08.zip"))
    assert (name.symbol, name.series, name.date) == ("1000SATSUSDT", "klines-1m", "2024-08")
