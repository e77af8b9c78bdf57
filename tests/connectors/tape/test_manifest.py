"""The manifest: whole or not at all, and one line for everything that can be wrong with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from connectors.tape.manifest import (
    FORMAT,
    MANIFEST,
    FileInfo,
    Form,
    Manifest,
    PartitionInfo,
    describe_files,
    load,
    refresh,
    save,
    span,
    verify_files,
)
from connectors.tape.writer import FrameWriter
from scoring.errors import ResourceError, SessionError


def example(name: str = "calm") -> Manifest:
    return Manifest(
        name=name,
        program="0.1.0",
        created="2024-08-08T00:00:00+00:00",
        partitions={"binance": PartitionInfo(("BTCUSDT",), (), (Form.FRAMES, Form.COLUMNS))},
        settings={"market": {"lateness": "10s", "widths": [1, 2.5]}},
        digests={"alerts": "ab12"},
        model="starter",
    )


def recorded(session: Path) -> Path:
    save(session, example())
    writer = FrameWriter(session / "frames" / "binance")
    writer.append(100, "a", b"one", b"two")
    writer.append(250, "b", b"three")
    writer.close()
    return session


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    save(tmp_path / "calm", example())
    assert load(tmp_path / "calm") == example()


def test_nothing_but_the_manifest_stays_behind(tmp_path: Path) -> None:
    save(tmp_path, example())
    save(tmp_path, example("again"))
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_a_missing_session_names_the_nearest_ones(tmp_path: Path) -> None:
    save(tmp_path / "hype-and-fade", example())
    save(tmp_path / "calm", example())
    with pytest.raises(SessionError, match=r"hype-fade: is no folder.*choose one of hype-and-fade, calm$"):
        load(tmp_path / "hype-fade")


def test_a_session_without_its_folder_is_looked_for_where_they_usually_are(tmp_path: Path) -> None:
    save(tmp_path / "recordings" / "session", example())
    with pytest.raises(SessionError, match=r"sesion: is no folder.*choose one of recordings/session$"):
        load(tmp_path / "sesion")


def test_a_missing_session_among_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="there is none in"):
        load(tmp_path / "calm")


def test_a_folder_without_a_manifest_is_no_session(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SessionError, match=r"empty: has no manifest\.json"):
        load(tmp_path / "empty")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"format": 1}', b'{"format": "one"}'])
def test_a_broken_manifest_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(SessionError) as caught:
        load(tmp_path)
    assert "restore the file or record again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_newer_format_names_the_program_that_wrote_it(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"format": FORMAT + 1, "program": "7.3.1", "files": "not a list any more"}))
    with pytest.raises(SessionError, match=r"format 2, written by Ghosttape 7\.3\.1, expected at most 1: update this program"):
        load(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_resource_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="expected to write it"):
        save(tmp_path / "file" / "session", example())


def test_refreshing_describes_every_sealed_file(tmp_path: Path) -> None:
    manifest = refresh(recorded(tmp_path))
    content = (tmp_path / "frames/binance/000000000000.parquet").read_bytes()
    assert manifest.files == (FileInfo("frames/binance/000000000000.parquet", 3, len(content), hashlib.sha256(content).hexdigest()),)
    assert (manifest.start_ns, manifest.end_ns) == (100, 250)
    assert load(tmp_path) == manifest
    assert verify_files(tmp_path, manifest) == []


def test_a_known_file_is_not_hashed_again(tmp_path: Path) -> None:
    manifest = refresh(recorded(tmp_path))
    marked = [msgspec.structs.replace(manifest.files[0], sha256="known")]
    assert describe_files(tmp_path, marked)[0].sha256 == "known"


def test_a_flipped_byte_a_missing_file_and_a_cut_file_are_found(tmp_path: Path) -> None:
    manifest = refresh(recorded(tmp_path))
    path = tmp_path / manifest.files[0].path
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    assert "sha256" in verify_files(tmp_path, manifest)[0]
    path.write_bytes(content[:-1])
    assert f"{len(content) - 1} bytes, expected {len(content)}" in verify_files(tmp_path, manifest)[0]
    path.unlink()
    assert "missing" in verify_files(tmp_path, manifest)[0]


@pytest.mark.parametrize("path", ["/etc/hostname", "frames/../../secret"])
def test_a_path_that_leads_out_of_the_session_is_not_followed(tmp_path: Path, path: str) -> None:
    manifest = msgspec.structs.replace(example(), files=(FileInfo(path, 1, 1, ""),))
    assert verify_files(tmp_path, manifest) == [f"{path}: leads out of the session, expected a path inside it"]


def test_torn_parquet_is_one_line(tmp_path: Path) -> None:
    recorded(tmp_path)
    path = tmp_path / "frames/binance/000000000000.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(SessionError, match="expected whole Parquet: restore the file"):
        refresh(tmp_path)


def test_what_is_still_being_made_is_not_described(tmp_path: Path) -> None:
    recorded(tmp_path)
    (tmp_path / "columns/.binance.partial").mkdir(parents=True)
    (tmp_path / "columns/.binance.partial/trade.parquet").write_bytes(b"half")
    assert len(describe_files(tmp_path)) == 1


def test_an_empty_session_spans_nothing(tmp_path: Path) -> None:
    assert span(tmp_path) == (0, 0)
