"""Blocks of lines: the same lines however the bytes are cut."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from connectors.inputs.line_blocks import LineBlock, line_blocks


def lines_of(content: bytes, block_bytes: int, longest_line: int) -> list[tuple[int, bytes, bool]]:
    return [
        (number, line, bool(block.problem))
        for block in line_blocks(io.BytesIO(content), block_bytes, longest_line)
        for number, line in enumerate(block.lines, block.first_line)
    ]


@given(st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=12), st.integers(1, 40), st.booleans())
def test_lines_and_their_numbers_do_not_depend_on_blocks(lines: list[bytes], block_bytes: int, ended: bool) -> None:
    content = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    wanted = content.split(b"\n")
    wanted = wanted if wanted[-1] else wanted[:-1]
    longest = 5
    found = lines_of(content, block_bytes, longest)
    assert [number for number, _, _ in found] == list(range(1, len(wanted) + 1))
    for (_, line, refused), expected in zip(found, wanted, strict=True):
        assert refused == (len(expected) > longest)
        assert expected.startswith(line) if refused else line == expected


def test_a_line_without_end_is_never_held_whole() -> None:
    blocks = list(line_blocks(io.BytesIO(b"x" * 1_000_000 + b"\nnext\n"), 1000, 10_000))
    assert [(block.first_line, block.lines[0][:4], block.problem != "") for block in blocks] == [(1, b"xxxx", True), (2, b"next", False)]
    assert len(blocks[0].lines[0]) == 4096


def test_a_stream_that_breaks_says_where() -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                raise EOFError("cut short")
            return data

    assert list(line_blocks(Breaking(b"one\ntwo"), 100, 100)) == [
        LineBlock(1, [b"one"]),
        LineBlock(2, [b"two"], "the file is broken here: cut short"),
    ]
