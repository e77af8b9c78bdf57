"""Many small Structs to numpy columns, without a Python step per Struct.

MessagePack writes a Struct of numbers as a record: a key, a mark for the type, the number in big-endian order. Where every
Struct of a list has the same marks every record has the same width, so the whole encoding is a table that numpy reads in
place. Whole numbers have a width that depends on their size; where the marks differ the columns are made one value at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final, get_type_hints

import msgspec
import numpy as np
from numpy.typing import NDArray

_ENCODER: Final = msgspec.msgpack.Encoder()
_LIST_HEADERS: Final = ((1 << 4, 1), (1 << 16, 3), (1 << 32, 5))
"""A list shorter than this has a header of so many bytes."""
_NUMBERS: Final = {0xCB: ">f8", 0xCC: ">u1", 0xCD: ">u2", 0xCE: ">u4", 0xCF: ">u8"}
"""How numpy calls the number that follows a mark."""
_FALSE: Final = 0xC2
_TRUE: Final = 0xC3
_SMALL: Final = 0x80
"""Marks below this are whole numbers themselves."""
_DTYPES: Final[dict[object, type]] = {int: np.int64, float: np.float64, bool: np.bool_}
_FLOAT_BYTES: Final = 9
"""A mark and a float."""
MANY: Final = 16
"""From here on the detour over MessagePack is the shorter way."""


def to_columns(events: Sequence[msgspec.Struct]) -> dict[str, NDArray[Any]]:
    """Turn at least one Struct, all of one type whose fields are int, float or bool, into columns named by its fields.

    Whole numbers are exact below 2**63.
    """
    types = _types(type(events[0]))
    columns = _read(types, events) if len(events) >= MANY else {}
    return columns or {name: np.array([getattr(event, name) for event in events], kind) for name, kind in types.items()}


def to_pairs(pairs: Sequence[msgspec.Struct]) -> NDArray[np.float64]:
    """Turn Structs that are written as arrays, of two floats each, into float64[n, 2]."""
    if not pairs:
        return np.empty((0, 2))
    encoded, width = _ENCODER.encode(pairs), 1 + 2 * _FLOAT_BYTES
    first = len(encoded) - len(pairs) * width + 2  # behind the headers of the list and of the first pair, and its first mark
    return np.ndarray((len(pairs), 2), ">f8", encoded, first, (width, _FLOAT_BYTES)).astype(np.float64)


@functools.lru_cache(maxsize=64)
def _types(struct: type[msgspec.Struct]) -> dict[str, type]:
    return {name: _DTYPES[kind] for name, kind in get_type_hints(struct).items()}


def _marks(struct: type[msgspec.Struct], record: bytes) -> bytes:
    """Give the type mark of each field of one record; the mark of any bool is that of False."""
    at, marks = 1, bytearray()
    for name in struct.__struct_encode_fields__:
        at += 1 + len(name)
        mark = _FALSE if record[at] == _TRUE else 0 if record[at] < _SMALL else record[at]
        marks.append(mark)
        at += 1 + (np.dtype(_NUMBERS[mark]).itemsize if mark in _NUMBERS else 0)
    return bytes(marks)


@functools.lru_cache(maxsize=256)
def _layout(struct: type[msgspec.Struct], marks: bytes) -> np.dtype[np.void]:
    """Say where in a record the marks (`m0`, `m1`, …) and the numbers (`n0`, …) stand."""
    names, formats, offsets, at = [], [], [], 1
    for index, (name, mark) in enumerate(zip(struct.__struct_encode_fields__, marks, strict=True)):
        at += 1 + len(name)
        names += [f"m{index}"]
        formats += ["u1"]
        offsets += [at]
        at += 1
        if mark in _NUMBERS:
            names += [f"n{index}"]
            formats += [_NUMBERS[mark]]
            offsets += [at]
            at += np.dtype(_NUMBERS[mark]).itemsize
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": at})


def _read(types: dict[str, type], events: Sequence[msgspec.Struct]) -> dict[str, NDArray[Any]]:
    """Read the encoding of a list in place; give nothing where its records differ in their marks."""
    struct, count = type(events[0]), len(events)
    encoded, marks = _ENCODER.encode(events), _marks(struct, _ENCODER.encode(events[0]))
    layout = _layout(struct, marks)
    header = next(size for limit, size in _LIST_HEADERS if count < limit)
    if len(encoded) != header + count * layout.itemsize:
        return {}
    table = np.frombuffer(encoded, layout, offset=header)
    columns: dict[str, NDArray[Any]] = {}
    for index, (name, kind, mark) in enumerate(zip(types, types.values(), marks, strict=True)):
        found = table[f"m{index}"]
        if mark == _FALSE:
            columns[name] = found == _TRUE
        elif mark in _NUMBERS and (found == mark).all():
            columns[name] = table[f"n{index}"].astype(kind)
        elif mark == 0 and (found < _SMALL).all():
            columns[name] = found.astype(kind)
        else:
            return {}
    return columns
