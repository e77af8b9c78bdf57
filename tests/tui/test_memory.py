"""What is remembered."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tui.memory import Memory, Store, path

MEMORY = Memory("sources", "ETHUSDT", "ghosttape-light", "change", True, "eth", "majors", ("vwap",), True)


def test_what_was_remembered_is_there_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "screen.json"
    assert Store(file).load() == (Memory(), "")
    assert Store(file).save(MEMORY) == ""
    assert Store(file).load() == (MEMORY, "")
    assert [found.name for found in file.parent.iterdir()] == ["screen.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"page": 3}', b'{"hidden": "x"}'])
def test_a_broken_file_is_forgotten_and_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "screen.json"
    file.write_bytes(content)
    memory, said = Store(file).load()
    assert memory == Memory()
    assert str(file) in said
    assert "ignored" in said


def test_a_file_of_a_newer_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    file = tmp_path / "screen.json"
    file.write_text('{"page": "sources", "new": 1}', encoding="utf-8")
    assert Store(file).load() == (Memory(page="sources"), "")


def test_nothing_is_written_where_nothing_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "screen.json"
    store = Store(file)
    store.save(MEMORY)
    file.unlink()
    assert store.save(MEMORY) == ""
    assert not file.exists()
    assert store.save(msgspec.structs.replace(MEMORY, sort="")) == ""
    assert file.exists()


def test_a_place_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "could not be written" in Store(tmp_path / "file" / "screen.json").save(MEMORY)


def test_it_lies_where_xdg_says() -> None:
    assert path({"XDG_STATE_HOME": "/s"}) == Path("/s/ghosttape/screen.json")
    assert path({"XDG_STATE_HOME": "relative"}) == path({})
    assert path({}) == Path.home() / ".local/state/ghosttape/screen.json"
