"""The archive: the same files to the byte, however a run went."""

from __future__ import annotations

import itertools
import random
import threading
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.outputs.archive import Archive, ArchiveSettings, digests, files_of, folder_of
from connectors.outputs.arrow_rows import to_columns
from connectors.outputs.parquet_files import read
from scoring.digest import digest
from scoring.duration import Duration
from scoring.errors import ResourceError, SettingError
from scoring.records import Column, Rows, Table
from tests.connectors.outputs.sample_rows import DAY_NS, MINUTE_NS, START_NS, grid, hashes_of, sample

RISK = Table.RISK_METRICS
ALERTS = Table.ALERTS


def settings_for(folder: Path, span: str = "15m", open_spans: int = 2) -> ArchiveSettings:
    return ArchiveSettings(data_dir=str(folder), file_span=Duration.parse(span), open_spans=open_spans, sync=False)


def session() -> list[Rows]:
    """Make forty minutes of two symbols, over midnight, with revisions near and far behind."""
    start = START_NS // DAY_NS * DAY_NS + DAY_NS - 20 * MINUTE_NS
    pieces = []
    for minute in range(40):
        at = start + minute * MINUTE_NS
        pieces += [sample(RISK, symbol, grid(at, 12, 5_000_000_000)) for symbol in ("BTCUSDT", "ETHUSDT")]
        pieces.append(sample(ALERTS, "rule", [at]))
        if minute % 7 == 3:
            pieces.append(sample(RISK, "BTCUSDT", grid(at - 2 * MINUTE_NS, 3, 5_000_000_000), revision=1))
        if minute % 13 == 12:
            pieces.append(sample(ALERTS, "rule", [at - 11 * MINUTE_NS], revision=2))
    return pieces


def write_at_once(folder: Path, pieces: list[Rows], span: str = "15m") -> dict[str, str]:
    archive = Archive(settings_for(folder, span))
    archive.write(pieces)
    archive.close()
    return hashes_of(folder)


def together(pieces: list[Rows]) -> dict[str, Column]:
    return {name: np.concatenate([piece.columns[name] for piece in pieces]) for name in pieces[0].columns}


def test_files_are_named_by_the_time_they_cover(tmp_path: Path) -> None:
    names = set(write_at_once(tmp_path, session()))
    assert {name for name in names if RISK.value in name} == {
        "archive/risk_metrics/date=2026-11-20/2330-2345.parquet",
        "archive/risk_metrics/date=2026-11-20/2345-2400.parquet",
        "archive/risk_metrics/date=2026-11-21/0000-0015.parquet",
        "archive/risk_metrics/date=2026-11-21/0015-0030.parquet",
    }


@given(seed=st.integers(0, 2**32), open_spans=st.integers(1, 3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_are_the_same_however_rows_were_flushed_and_whenever_the_writer_died(
    tmp_path_factory: pytest.TempPathFactory, seed: int, open_spans: int
) -> None:
    chance = random.Random(seed)
    pieces, folder = session(), tmp_path_factory.mktemp("pieces")
    expected = write_at_once(tmp_path_factory.mktemp("whole"), pieces)
    archive, done = Archive(settings_for(folder, open_spans=open_spans)), 0
    while done < len(pieces):
        count = chance.randint(1, 30)
        archive.write(pieces[done : done + count])
        done += count
        if chance.random() < 0.3:  # killed, and resumed from some flush before
            archive, done = Archive(settings_for(folder, open_spans=open_spans)), max(0, done - chance.randint(0, 40))
    assert hashes_of(folder) == expected


def test_the_last_row_of_a_key_is_kept_in_order_of_instant_and_key(tmp_path: Path) -> None:
    pieces = session()
    write_at_once(tmp_path, pieces)
    expected = {}
    for piece in pieces:
        if piece.table is RISK:
            for place, at in enumerate(piece.columns["sampled_ns"].tolist()):
                expected[at // 1_000, piece.symbol] = piece.columns["price"][place]
    found = []
    for file in files_of(folder_of(tmp_path) / RISK.value):
        columns = to_columns(read(RISK, file))
        found += list(zip(columns["sampled_at"].tolist(), columns["symbol"].tolist(), columns["price"].tolist(), strict=True))
    assert [(at, symbol) for at, symbol, _ in found] == sorted(expected)
    np.testing.assert_array_equal([price for _, _, price in found], [expected[key] for key in sorted(expected)])


@pytest.mark.parametrize("span", ["1m", "15m", "6h", "1d"])
def test_the_digest_of_an_archive_is_that_of_its_rows_whatever_the_span_of_its_files(span: str, tmp_path: Path) -> None:
    pieces = session()
    write_at_once(tmp_path, pieces, span)
    found = digests(tmp_path)
    assert found == {table: digest(table, together([piece for piece in pieces if piece.table is table])) for table in (RISK, ALERTS)}


@pytest.mark.parametrize("table", list(Table))
def test_every_table_can_be_archived_and_digested(table: Table, tmp_path: Path) -> None:
    rows = sample(table, "subject", grid(START_NS, 50, 30_000_000_000))
    write_at_once(tmp_path, [rows])
    assert digests(tmp_path) == {table: digest(table, rows.columns)}


def test_an_archive_that_is_not_there_has_no_digests(tmp_path: Path) -> None:
    assert digests(tmp_path / "nothing") == {}


@pytest.mark.parametrize(("first", "then"), [("1m", "15m"), ("15m", "1m"), ("1h", "5m"), ("5m", "1d")])
def test_another_file_span_finds_the_rows_that_are_there(first: str, then: str, tmp_path: Path) -> None:
    pieces = session()
    write_at_once(tmp_path, pieces, first)
    revised = [msgspec.structs.replace(piece, columns=sample(piece.table, piece.symbol, [START_NS], 1).columns) for piece in pieces[:1]]
    later = [*revised, *session()[10:40], sample(RISK, "BTCUSDT", [START_NS], revision=5)]
    write_at_once(tmp_path, later, then)
    every = [*pieces, *later]
    assert digests(tmp_path) == {
        table: digest(table, together([piece for piece in every if piece.table is table])) for table in (RISK, ALERTS)
    }


def test_memory_holds_the_spans_written_last_and_no_more(tmp_path: Path) -> None:
    archive = Archive(settings_for(tmp_path, "1m", open_spans=3))
    for piece in session():
        archive.write([piece])
    assert all(len(held) <= 3 for held in archive._held.values())


def test_rows_written_by_another_flow_meanwhile_are_kept(tmp_path: Path) -> None:
    archives = [Archive(settings_for(tmp_path / "shared")) for _ in range(2)]
    symbols = ("BTCUSDT", "ETHUSDT")
    pieces = [[sample(RISK, symbol, grid(START_NS + place * MINUTE_NS, 5)) for place in range(30)] for symbol in symbols]

    def run(archive: Archive, mine: list[Rows]) -> None:
        for piece in mine:
            archive.write([piece])

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in zip(archives, pieces, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert hashes_of(tmp_path / "shared") == write_at_once(tmp_path / "alone", [*pieces[0], *pieces[1]])


def test_readers_may_look_at_any_moment(tmp_path: Path) -> None:
    archive = Archive(settings_for(tmp_path))
    pattern = f"{folder_of(tmp_path)}/risk_metrics/*/*.parquet"
    archive.write([sample(RISK, "BTCUSDT", grid(START_NS, 10))])
    stop, counts = threading.Event(), [10]

    def look() -> None:
        with duckdb.connect() as connection:
            while not stop.is_set():
                row = connection.execute(f"SELECT count(*), count(DISTINCT sampled_at) FROM '{pattern}'").fetchone()
                assert row is not None
                assert row[0] == row[1]
                counts.append(row[0])

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    for place in itertools.count(1):
        archive.write([sample(RISK, "BTCUSDT", grid(START_NS + place * 5_000_000_000, 10))])
        if place >= 40 and len(set(counts)) > 2:
            break
        assert looking.is_alive(), "what it found was wrong"
    stop.set()
    looking.join(timeout=30)
    assert counts == sorted(counts)


def test_what_a_crash_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    expected = write_at_once(tmp_path, session())
    day = next(folder_of(tmp_path).glob("risk_metrics/date=*"))
    (day / ".2330-2345.parquet.77.partial").write_bytes(b"PAR1 half")
    Archive(settings_for(tmp_path)).close()
    assert hashes_of(tmp_path) == expected


def test_a_narrow_file_left_beside_a_wide_one_says_nothing(tmp_path: Path) -> None:
    expected = write_at_once(tmp_path, session(), "1h")
    before = digests(tmp_path)
    left = folder_of(tmp_path) / RISK.value / "date=2026-11-20" / "2345-2400.parquet"
    write_at_once(tmp_path / "other", [sample(RISK, "LEFTOVER", [START_NS + 9 * 60 * MINUTE_NS + 50 * MINUTE_NS])])
    left.write_bytes((tmp_path / "other" / left.relative_to(tmp_path)).read_bytes())
    assert digests(tmp_path) == before
    again = write_at_once(tmp_path, session(), "1h")
    assert {name: again[name] for name in again if not name.startswith("other")} == expected


def test_a_disk_that_refuses_is_one_line_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match=r"^.*/file/archive: cannot be written: Not a directory: check the folder, its permissions"):
        Archive(settings_for(tmp_path / "file"))
    with pytest.raises(ResourceError, match=r"^/proc/data/archive: cannot be written: .*: check the folder"):
        Archive(settings_for(Path("/proc/data")))


def test_a_disk_that_refuses_later_is_one_line_too(tmp_path: Path) -> None:
    archive = Archive(settings_for(tmp_path))
    (folder_of(tmp_path) / RISK.value).write_text("in the way")
    with pytest.raises(ResourceError, match=r"risk_metrics/date=.*: cannot be written: "):
        archive.write([sample(RISK, "BTCUSDT", [START_NS])])


def test_a_span_that_does_not_fit_a_day_is_refused() -> None:
    with pytest.raises(SettingError, match="file_span = '7m': expected one of 1m, 5m, 15m, 1h, 6h, 1d"):
        ArchiveSettings(file_span=Duration.parse("7m"))
