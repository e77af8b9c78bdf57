"""A tape keeps its name, and no other tape has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.outputs.kafka_identity import producer_name
from scoring.errors import ResourceError, SessionError


def test_a_tape_keeps_its_name(tmp_path: Path) -> None:
    name = producer_name(tmp_path / "one")
    assert producer_name(tmp_path / "one") == name
    assert producer_name(tmp_path / "two") != name
    assert int(name, 16) < 1 << 63
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["producer"]


def test_what_is_no_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "producer").write_text("../../etc")
    with pytest.raises(SessionError, match="expected 14 hexadecimal digits"):
        producer_name(tmp_path)


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="expected to keep the name of the tape"):
        producer_name(tmp_path / "file" / "session")
