"""Whole lines out of a stream of bytes, many at once, with memory bounded however long a line is.

Importers work on blocks because a line at a time is too slow, and count lines because a refusal must say which one it means.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

BROKEN_STREAM: Final = (EOFError, OSError, zlib.error, zipfile.BadZipFile)
"""What a truncated or damaged gzip or zip stream raises while it is read. `BadGzipFile` is an `OSError`."""

_KEPT_BYTES: Final = 4096
"""How much of a line that is too long is kept to show."""


class ByteStream(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes, none at the end."""


class LineBlock(msgspec.Struct, frozen=True):
    """Lines that follow one another."""

    first_line: int
    """Number of the first one, counted from 1."""
    lines: list[bytes]
    """Without their ends."""
    problem: str = ""
    """Why these lines cannot be used; such a block holds one line, or what there is of it."""


def line_blocks(stream: ByteStream, block_bytes: int, longest_line: int) -> Iterator[LineBlock]:
    """Cut a stream into blocks of whole lines of about `block_bytes`; a line over `longest_line` bytes is a problem.

    A stream that breaks ends with a problem; the last line needs no end.
    """
    number, rest = 1, b""
    skipping = False
    while True:
        try:
            data = stream.read(block_bytes)
        except BROKEN_STREAM as error:
            yield LineBlock(number, [rest[:_KEPT_BYTES]], f"the file is broken here: {error}")
            return
        if not data:
            break
        if skipping:  # the rest of a line that was refused already
            end = data.find(b"\n")
            if end < 0:
                continue
            data, skipping, number = data[end + 1 :], False, number + 1
        *lines, rest = (rest + data).split(b"\n")
        yield from _checked(number, lines, longest_line)
        number += len(lines)
        if len(rest) > longest_line:
            yield LineBlock(number, [rest[:_KEPT_BYTES]], _too_long(longest_line))
            rest, skipping = b"", True
    if rest:
        yield from _checked(number, [rest], longest_line)


def _checked(number: int, lines: list[bytes], longest_line: int) -> Iterator[LineBlock]:
    """Give lines as one block, or as several with the ones that are too long between them."""
    start = 0
    if lines and max(map(len, lines)) > longest_line:
        for index, line in enumerate(lines):
            if len(line) > longest_line:
                if start < index:
                    yield LineBlock(number + start, lines[start:index])
                yield LineBlock(number + index, [line[:_KEPT_BYTES]], _too_long(longest_line))
                start = index + 1
    if start < len(lines):
        yield LineBlock(number + start, lines[start:])


def _too_long(longest_line: int) -> str:
    return f"a longer line, expected at most {longest_line} bytes"
