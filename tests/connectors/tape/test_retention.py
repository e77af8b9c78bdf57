"""What may go goes, oldest first; what somebody needs stays; the manifest never names a file that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.tape.frames import segments
from connectors.tape.manifest import Manifest, load, refresh, save, verify_files
from connectors.tape.reader import FrameReader
from connectors.tape.retention import PINNED, Retention, RetentionSettings
from connectors.tape.writer import FrameWriter, SegmentSettings
from scoring.duration import Duration
from scoring.errors import ResourceError, SessionError

SECOND = 1_000_000_000
NEVER = RetentionSettings(age=Duration(0), size_bytes=0)
ALL = 1 << 62


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write ten segments of ten frames, one frame a second, and leave an eleventh open."""
    made = tmp_path / "tape" / "frames" / "live"
    writer = FrameWriter(made, settings=SegmentSettings(rows=10))
    for row in range(105):
        writer.append(row * SECOND, "binance", b"%d" % row * 100)
        if row % 5 == 4:
            writer.commit()
    writer.close(seal=False)
    save(made.parents[1], Manifest("tape", "0", "now", digests={"posts": "00"}))
    refresh(made.parents[1])
    return made


def first_rows(folder: Path) -> list[int]:
    return [segment.first_row for segment in segments(folder)]


def turn(folder: Path, settings: RetentionSettings, keep_from_row: int = ALL, now_s: int = 105) -> list[int]:
    retention = Retention(folder, settings, lambda: keep_from_row, lambda: now_s * SECOND)
    return [segment.first_row for segment in retention.turn()]


def aged(seconds: int) -> RetentionSettings:
    return RetentionSettings(age=Duration.parse(f"{seconds}s"), size_bytes=0)


def test_what_is_too_old_goes_and_the_manifest_with_it(folder: Path) -> None:
    session = folder.parents[1]
    assert turn(folder, aged(70)) == [0, 10, 20]
    assert first_rows(folder)[0] == 30
    manifest = load(session)
    assert manifest.files[0].path == "frames/live/000000000030.parquet"
    assert (verify_files(session, manifest), manifest.start_ns, manifest.digests) == ([], 30 * SECOND, {})
    assert turn(folder, aged(70)) == []


def test_a_segment_is_as_old_as_its_newest_frame(folder: Path) -> None:
    assert turn(folder, aged(96)) == []
    assert turn(folder, aged(95)) == [0]


def test_the_oldest_go_until_the_tape_is_small_enough(folder: Path) -> None:
    sizes = [path.stat().st_size for path in sorted(folder.iterdir())]
    assert turn(folder, RetentionSettings(age=Duration(0), size_bytes=sum(sizes))) == []
    assert turn(folder, RetentionSettings(age=Duration(0), size_bytes=sum(sizes[2:]))) == [0, 10]
    assert first_rows(folder)[0] == 20


def test_the_open_segment_stays_and_so_does_the_last_sealed_one(folder: Path) -> None:
    assert turn(folder, aged(1), now_s=10**6) == list(range(0, 100, 10))
    assert first_rows(folder) == [100]
    FrameWriter(folder).close()
    assert [segment.is_sealed for segment in segments(folder)] == [True]
    assert turn(folder, aged(1), now_s=10**6) == []
    writer = FrameWriter(folder)
    assert writer.end_row == 105
    writer.close()


def test_what_a_reader_has_not_passed_stays(folder: Path) -> None:
    assert turn(folder, aged(1), keep_from_row=0) == []
    assert turn(folder, aged(1), keep_from_row=29) == [0, 10]
    reader = FrameReader(folder)
    assert reader.read(29, 1) is not None
    assert turn(folder, aged(1), keep_from_row=30) == [20]


def test_a_stream_that_is_being_sealed_stays_and_all_after_it(folder: Path) -> None:
    (folder / "000000000010.arrow").write_bytes(b"")
    assert turn(folder, aged(1)) == [0]


def test_without_limits_everything_stays(folder: Path) -> None:
    assert turn(folder, NEVER, now_s=10**9) == []


def test_a_pinned_session_is_left_alone(folder: Path) -> None:
    (folder.parents[1] / PINNED).touch()
    assert turn(folder, aged(1)) == []


def test_a_partition_without_frames_has_nothing_to_lose(tmp_path: Path) -> None:
    assert turn(tmp_path / "tape" / "frames" / "live", aged(1)) == []


def test_a_session_without_a_manifest_is_refused(folder: Path) -> None:
    (folder.parents[1] / "manifest.json").unlink()
    with pytest.raises(SessionError, match=r"has no manifest\.json"):
        turn(folder, aged(1))


def test_a_crash_before_the_files_went_leaves_a_whole_session(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = folder.parents[1]

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", refused)
        with pytest.raises(ResourceError, match="expected to remove it"):
            turn(folder, aged(70))
    manifest = load(session)
    assert (len(manifest.files), len(first_rows(folder)), verify_files(session, manifest)) == (7, 11, [])
    assert turn(folder, aged(70)) == [0, 10, 20]


def test_a_tape_that_grows_meanwhile_keeps_its_rows(folder: Path) -> None:
    writer = FrameWriter(folder, settings=SegmentSettings(rows=10))
    retention = Retention(folder, aged(20), lambda: writer.end_row, lambda: (writer.end_row) * SECOND)
    for row in range(105, 305):
        writer.append(row * SECOND, "binance", b"x")
        writer.commit()
        retention.turn()
    writer.close()
    reader = FrameReader(folder)
    chunk = reader.read(reader.first_row, 1_000)
    assert chunk is not None
    assert (chunk.end_row, 270 <= chunk.first_row <= 290) == (305, True)
    assert verify_files(folder.parents[1], load(folder.parents[1])) == []
