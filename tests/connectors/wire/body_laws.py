"""The law of decoders whose frames hold many rows: every frame has one fate, whatever its bytes and its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded
from scoring.records import KINDS, Kind, empty_columns

START_NS = 1_780_000_000_000_000_000
"""When the first frame is received; each later one a second later."""

Decoder = Callable[[Sequence[bytes], NDArray[np.int64], NDArray[np.int64]], Decoded]


def read(decode: Decoder, *payloads: bytes, first: int = 0) -> Decoded:
    """Decode frames that stand on the tape from row 900 on."""
    index = np.arange(first, first + len(payloads))
    return decode(payloads, START_NS + index * 1_000_000_000, 900 + index)


def rows(decoded: Decoded, kind: Kind) -> list[tuple[object, ...]]:
    """Give the rows of one kind as tuples, sorted, so that orders between batches do not matter."""
    found = [
        row for batch in decoded.batches if batch.kind is kind for row in zip(*(c.tolist() for c in batch.columns.values()), strict=True)
    ]
    return sorted(found, key=repr)


def hostile(samples: Sequence[bytes]) -> st.SearchStrategy[list[bytes]]:
    """Draw frames: documented ones, the same with a few bytes replaced, and any bytes."""

    def damage(drawn: tuple[bytes, int, bytes]) -> bytes:
        body, at, patch = drawn
        at %= len(body)
        return body[:at] + patch + body[at + len(patch) :]

    damaged = st.tuples(st.sampled_from(samples), st.integers(0, 10_000), st.binary(min_size=1, max_size=3)).map(damage)
    return st.lists(st.sampled_from(samples) | damaged | st.binary(max_size=40), max_size=6)


def assert_every_frame_has_one_fate(decode: Decoder, payloads: Sequence[bytes]) -> None:
    """Check that each frame gives rows, or one reject, or is ignored, and that together they give what each gives alone."""
    alone = [read(decode, payload, first=index) for index, payload in enumerate(payloads)]
    for found in alone:
        fates = [bool(found.batches), bool(found.rejects), bool(found.ignored)]
        assert sum(fates) == 1
        assert len(found.rejects) + found.ignored <= 1
        assert (found.books, found.notices) == ([], [])
    together = read(decode, *payloads)
    assert [(refusal.position, refusal.reason) for refusal in together.rejects] == [
        (refusal.position, refusal.reason) for found in alone for refusal in found.rejects
    ]
    assert [refusal.index + 900 for refusal in together.rejects] == [refusal.position for refusal in together.rejects]
    assert together.ignored == sum(found.ignored for found in alone)
    assert [(batch.kind, batch.symbol) for batch in together.batches] == sorted(
        {(b.kind, b.symbol) for found in alone for b in found.batches}
    )
    for kind in {batch.kind for batch in together.batches}:
        assert repr(rows(together, kind)) == repr(sorted((row for found in alone for row in rows(found, kind)), key=repr))
    for batch in together.batches:
        assert len(batch)
        types = {name: column.dtype for name, column in empty_columns(KINDS[batch.kind]).items()}
        assert {name: column.dtype for name, column in batch.columns.items()} == types
