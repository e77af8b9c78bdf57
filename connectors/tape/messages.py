"""How much of a growing Arrow stream is whole.

An Arrow reader that meets half a message fails and cannot go on, so what may be read is found out first. Each message says how
long it is in a few bytes at its start (a FlatBuffers table): those are read, nothing is decoded, and a stream that ends in the
middle of a message, by a crash or because the writer is still at it, ends for us after its last whole record batch.

Source: https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

_CONTINUATION: Final = 0xFFFFFFFF
_PREFIX: Final = struct.Struct("<II")
_HEADER_TYPE, _HEADER, _BODY_LENGTH = 1, 2, 3
_RECORD_BATCH: Final = 3
_LENGTH: Final = 0
_LONGEST_METADATA: Final = 1 << 24
"""Bytes; ours has some hundreds. More is a torn page, not a message."""


class MessageScanner:
    """Walks an Arrow stream from message to message, and goes on where it stopped when the file has grown."""

    def __init__(self, path: Path) -> None:
        """Open the stream.

        Raises:
            FileNotFoundError: it is not there (any more).
        """
        self._file = path.open("rb", buffering=0)
        self._offset = 0
        self.whole_bytes = 0
        """Length of the stream up to its last whole record batch; 0 without one."""

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def advance(self) -> list[int]:
        """Give the row counts of the record batches that have become whole since the last call."""
        descriptor = self._file.fileno()
        size = os.fstat(descriptor).st_size
        rows = []
        while (prefix := os.pread(descriptor, _PREFIX.size, self._offset)) and len(prefix) == _PREFIX.size:
            continuation, length = _PREFIX.unpack(prefix)
            body_start = self._offset + _PREFIX.size + length
            if continuation != _CONTINUATION or not 0 < length <= _LONGEST_METADATA or body_start > size:
                break
            message = _parse(os.pread(descriptor, length, self._offset + _PREFIX.size))
            if message is None or body_start + message[1] > size:
                break
            batch_rows, body_length = message
            self._offset = body_start + body_length
            if batch_rows is not None:
                rows.append(batch_rows)
                self.whole_bytes = self._offset
        return rows


def _parse(metadata: bytes) -> tuple[int | None, int] | None:
    """Give (rows, or None for what is no record batch; length of the body), or None where the bytes are no message."""
    try:
        message = struct.unpack_from("<I", metadata)[0]
        body_at = _field(metadata, message, _BODY_LENGTH)
        body_length = struct.unpack_from("<q", metadata, body_at)[0] if body_at else 0
        type_at = _field(metadata, message, _HEADER_TYPE)
        if body_length < 0 or not type_at:
            return None
        if metadata[type_at] != _RECORD_BATCH:
            return None, body_length
        header_at = _field(metadata, message, _HEADER)
        header = header_at + struct.unpack_from("<I", metadata, header_at)[0]
        length_at = _field(metadata, header, _LENGTH)
        return (struct.unpack_from("<q", metadata, length_at)[0] if length_at else 0), body_length
    except (struct.error, IndexError):
        return None


def _field(metadata: bytes, table: int, number: int) -> int:
    """Give where a field of a FlatBuffers table lies, 0 where it has its default."""
    vtable = table - int(struct.unpack_from("<i", metadata, table)[0])
    entry = 4 + 2 * number
    if entry >= struct.unpack_from("<H", metadata, vtable)[0]:
        return 0
    offset = int(struct.unpack_from("<H", metadata, vtable + entry)[0])
    return table + offset if offset else 0
