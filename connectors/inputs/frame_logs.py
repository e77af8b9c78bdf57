"""Other people's raw recordings: `<received ns> <JSON>` lines, plain or gzip, as frames.

A line is only framed here, never parsed: what its JSON means is the decoders' business, and a parser's mistake must not lose
bytes. A line that is no frame is a `Reject` with its number, and reading goes on. Blocks of well-formed lines, which is nearly
all of them, are taken apart without a step per character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.inputs.line_blocks import BROKEN_STREAM, LineBlock, line_blocks
from scoring.errors import SessionError
from scoring.records import Reject

_GZIP_MAGIC: Final = b"\x1f\x8b"
_FRAME: Final = re.compile(rb"(\d{1,19}) +(\{.*)", re.DOTALL)
_STAMP_DIGITS: Final = 19
"""Digits of every instant in ns between 2001 and 2286."""
_POWERS: Final = 10 ** np.arange(_STAMP_DIGITS - 1, -1, -1, dtype=np.int64)
_LARGEST_NS: Final = (1 << 63) - 1
_DETECTED_BYTES: Final = 1 << 16
_LAST_BYTE: Final = itemgetter(-1)


class FrameLogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How raw logs are read."""

    block_bytes: int = 1 << 18
    """Bytes read at once: what memory is bounded by, with `longest_line`."""
    longest_line: int = 16 << 20
    """Bytes; a longer line is refused. A REST snapshot of a whole book has about 0.1 MB."""


class FrameLogChunk(msgspec.Struct, frozen=True):
    """Frames in the order of their lines, and the lines that are none."""

    received_ns: NDArray[np.int64]
    """int64[n], as in the file, hence perhaps not in order."""
    payloads: list[bytes]
    rejects: list[Reject]


def read_frame_logs(paths: Sequence[Path], settings: FrameLogSettings | None = None) -> Iterator[FrameLogChunk]:
    """Read logs one after another.

    Raises:
        SessionError: a file cannot be opened.
    """
    settings = settings or FrameLogSettings()
    for path in paths:
        with _open(path) as stream:
            for block in line_blocks(stream, settings.block_bytes, settings.longest_line):
                yield _chunk(path.name, block)


def is_frame_log(path: Path) -> bool:
    """Say whether the first line of a file is a frame, whatever the file's name."""
    try:
        with _open(path) as stream:
            first = stream.read(_DETECTED_BYTES).split(b"\n", 1)[0]
    except BROKEN_STREAM:
        return False
    return _FRAME.fullmatch(first) is not None


def _open(path: Path) -> pa.NativeFile:
    """Open a file, through gzip where its content says so."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        # Arrow's gzip is half as fast again as Python's.
        return pa.CompressedInputStream(str(path), "gzip") if packed else pa.OSFile(str(path), "rb")
    except OSError as error:
        raise SessionError(f"{path}: {error.strerror}, expected a log of frames: check the path") from error


def _chunk(source: str, block: LineBlock) -> FrameLogChunk:
    if block.problem:
        return FrameLogChunk(np.empty(0, np.int64), [], [Reject(source, block.first_line, 0, block.problem, block.lines[0])])
    return _well_formed(block.lines) or _by_line(source, block)


def _well_formed(lines: list[bytes]) -> FrameLogChunk | None:
    """Take a block apart in which every line is 19 digits, a space and an object; None where one is not."""
    heads = b"".join([line[: _STAMP_DIGITS + 2] for line in lines])
    if len(heads) != len(lines) * (_STAMP_DIGITS + 2):
        return None
    grid = np.frombuffer(heads, np.uint8).reshape(len(lines), _STAMP_DIGITS + 2)
    digits = grid[:, :_STAMP_DIGITS] - np.uint8(ord("0"))
    # A first digit below 9 keeps the number inside int64.
    if digits.max() > 9 or digits[:, 0].max() > 8 or (grid[:, -2] != ord(" ")).any() or (grid[:, -1] != ord("{")).any():
        return None
    if ord("\r") in map(_LAST_BYTE, lines):
        return None
    return FrameLogChunk(digits.astype(np.int64) @ _POWERS, [line[_STAMP_DIGITS + 1 :] for line in lines], [])


def _by_line(source: str, block: LineBlock) -> FrameLogChunk:
    received_ns: list[int] = []
    payloads: list[bytes] = []
    rejects: list[Reject] = []
    for number, line in enumerate(block.lines, block.first_line):
        match = _FRAME.fullmatch(line.removesuffix(b"\r"))
        if match is None or int(match[1]) > _LARGEST_NS:
            rejects.append(Reject(source, number, 0, _reason(line), line))
        else:
            received_ns.append(int(match[1]))
            payloads.append(match[2])
    return FrameLogChunk(np.array(received_ns, np.int64), payloads, rejects)


def _reason(line: bytes) -> str:
    stamp, _, payload = line.partition(b" ")
    if not line.strip():
        found = "an empty line"
    elif not stamp.isdigit() or int(stamp[: _STAMP_DIGITS + 1]) > _LARGEST_NS:
        found = "no receive time in ns at the start"
    elif not payload.strip():
        found = "no payload"
    else:
        found = "a payload that is no JSON object"
    return f"{found}, expected `<received ns> <JSON object>`"
