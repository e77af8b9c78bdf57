"""What is whole of an Arrow stream, at every byte it may have been cut at."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tape.frames import segments
from connectors.tape.messages import MessageScanner, _parse
from connectors.tape.writer import FrameWriter


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("stream")
    writer = FrameWriter(folder)
    for number in range(1, 4):  # commits of 1, 2 and 3 frames, each with a new feed
        writer.extend(np.full(number, number), f"feed {number}", [b"payload"] * number)
        writer.commit()
    writer.close(seal=False)
    return segments(folder)[0].open_path.read_bytes()


def scan(path: Path) -> tuple[list[int], int]:
    scanner = MessageScanner(path)
    found = scanner.advance(), scanner.whole_bytes
    scanner.close()
    return found


def test_only_whole_record_batches_are_counted_at_every_length(stream: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.arrow"
    path.write_bytes(stream)
    ends: list[int] = []
    seen: set[int] = set()
    for length in range(len(stream), -1, -1):
        os.truncate(path, length)
        rows, whole_bytes = scan(path)
        assert rows == [1, 2, 3][: len(rows)]
        assert whole_bytes <= length
        seen.add(len(rows))
        ends.append(whole_bytes)
    assert seen == {0, 1, 2, 3}
    assert ends == sorted(ends, reverse=True)


def test_a_growing_stream_is_followed(stream: bytes, tmp_path: Path) -> None:
    path = tmp_path / "growing.arrow"
    path.touch()
    scanner = MessageScanner(path)
    found: list[int] = []
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(stream), 7):
            file.write(stream[start : start + 7])
            found += scanner.advance()
    scanner.close()
    assert found == [1, 2, 3]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_none(metadata: bytes) -> None:
    found = _parse(metadata)
    assert found is None or found[1] >= 0


@pytest.mark.parametrize("filler", [b"\0" * 4096, b"\xff" * 4096])
def test_pages_that_never_reached_the_disk_end_the_stream(stream: bytes, tmp_path: Path, filler: bytes) -> None:
    path = tmp_path / "torn.arrow"
    path.write_bytes(stream[:-8] + filler)
    assert scan(path)[0] == [1, 2, 3]
