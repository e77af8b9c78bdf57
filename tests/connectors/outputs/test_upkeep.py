"""Old days go, the many small files of past days become one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connectors.outputs import parquet_files
from connectors.outputs.archive import Archive, ArchiveSettings, digests, files_of, folder_of
from connectors.outputs.upkeep import compact, retain
from scoring.digest import digest
from scoring.errors import ResourceError
from scoring.records import Rows, Table
from tests.connectors.outputs.sample_rows import DAY_NS, MINUTE_NS, START_NS, grid, hashes_of, sample

RISK = Table.RISK_METRICS
DAY_START_NS = START_NS // DAY_NS * DAY_NS


def write(folder: Path, *pieces: Rows) -> None:
    archive = Archive(ArchiveSettings(data_dir=str(folder), sync=False))
    for piece in pieces:
        archive.write([piece])
    archive.close()


def three_days() -> list[Rows]:
    return [sample(RISK, "BTCUSDT", grid(DAY_START_NS + day * DAY_NS, 30, 20 * MINUTE_NS)) for day in range(3)]


def names(folder: Path) -> list[str]:
    return [str(path.relative_to(folder_of(folder) / RISK.value)) for path in files_of(folder_of(folder) / RISK.value)]


def test_past_days_become_one_file_each_and_the_present_stays(tmp_path: Path) -> None:
    write(tmp_path, *three_days())
    before = digests(tmp_path)
    made = compact(tmp_path, DAY_START_NS + 2 * DAY_NS + 5 * MINUTE_NS)
    assert [path.parent.name for path in made] == ["date=2026-11-20", "date=2026-11-21"]
    assert names(tmp_path)[:2] == ["date=2026-11-20/0000-2400.parquet", "date=2026-11-21/0000-2400.parquet"]
    assert len(names(tmp_path)) == 2 + 30
    assert digests(tmp_path) == before


def test_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, *three_days())
    compact(tmp_path, DAY_START_NS + 2 * DAY_NS)
    once = hashes_of(tmp_path)
    assert compact(tmp_path, DAY_START_NS + 2 * DAY_NS) == []
    assert hashes_of(tmp_path) == once


def test_a_revision_before_or_after_gives_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "ROW_GROUP", 7)
    revision = sample(RISK, "BTCUSDT", grid(DAY_START_NS + 20 * MINUTE_NS, 9, 40 * MINUTE_NS), revision=1)
    added = sample(RISK, "ADAUSDT", [DAY_START_NS, DAY_START_NS + DAY_NS - MINUTE_NS])
    write(tmp_path / "before", *three_days(), revision, added)
    compact(tmp_path / "before", DAY_START_NS + DAY_NS)
    write(tmp_path / "after", *three_days())
    compact(tmp_path / "after", DAY_START_NS + DAY_NS)
    write(tmp_path / "after", revision, added)
    assert hashes_of(tmp_path / "after") == hashes_of(tmp_path / "before")
    assert names(tmp_path / "after")[0] == "date=2026-11-20/0000-2400.parquet"


def test_a_writer_that_still_holds_the_span_lands_in_the_compacted_day(tmp_path: Path) -> None:
    archive = Archive(ArchiveSettings(data_dir=str(tmp_path), sync=False))
    pieces = [sample(RISK, "BTCUSDT", [DAY_START_NS + minute * MINUTE_NS]) for minute in range(3)]
    archive.write(pieces[:2])
    compact(tmp_path, DAY_START_NS + DAY_NS)
    archive.write(pieces[2:])
    assert names(tmp_path) == ["date=2026-11-20/0000-2400.parquet"]
    assert digests(tmp_path)[RISK] == digest(RISK, sample(RISK, "BTCUSDT", grid(DAY_START_NS, 3, MINUTE_NS)).columns)


@pytest.mark.parametrize("deleted", [0, 1, 15, 29])
def test_a_crash_while_the_small_files_go_is_finished_by_the_next_time(tmp_path: Path, deleted: int) -> None:
    write(tmp_path, *three_days())
    shutil.copytree(tmp_path, tmp_path / "crashed")
    compact(tmp_path, DAY_START_NS + DAY_NS)
    whole = Path("archive", RISK.value, "date=2026-11-20", "0000-2400.parquet")
    shutil.copy(tmp_path / whole, tmp_path / "crashed" / whole)
    small = sorted((tmp_path / "crashed" / whole).parent.glob("*.parquet"))
    for path in [path for path in small if path.name != whole.name][:deleted]:
        path.unlink()
    assert digests(tmp_path / "crashed") == digests(tmp_path)
    assert compact(tmp_path / "crashed", DAY_START_NS + DAY_NS) == []
    assert names(tmp_path / "crashed") == names(tmp_path)
    assert len(list((tmp_path / "crashed" / whole).parent.iterdir())) == 1


def test_old_days_go_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, *three_days())
    gone = retain(tmp_path, DAY_START_NS + 2 * DAY_NS - 1)
    assert [path.name for path in gone] == ["date=2026-11-20"]
    assert retain(tmp_path, DAY_START_NS + 2 * DAY_NS - 1) == []
    assert names(tmp_path)[0].startswith("date=2026-11-21")


def test_a_writer_goes_on_after_its_day_was_deleted(tmp_path: Path) -> None:
    archive = Archive(ArchiveSettings(data_dir=str(tmp_path), sync=False))
    archive.write([sample(RISK, "BTCUSDT", [DAY_START_NS])])
    retain(tmp_path, DAY_START_NS + DAY_NS)
    archive.write([sample(RISK, "BTCUSDT", [DAY_START_NS + MINUTE_NS])])
    assert digests(tmp_path)[RISK].rows == 1


def test_there_is_nothing_to_do_where_there_is_no_archive(tmp_path: Path) -> None:
    assert retain(tmp_path, START_NS) == compact(tmp_path, START_NS) == []


def test_a_small_file_that_is_broken_stops_the_day_and_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path, *three_days())
    broken = files_of(folder_of(tmp_path) / RISK.value)[3]
    broken.write_bytes(b"PAR1 and no more")
    before = hashes_of(tmp_path)
    with pytest.raises(ResourceError, match="not a whole Parquet file"):
        compact(tmp_path, DAY_START_NS + DAY_NS)
    assert hashes_of(tmp_path) == before
