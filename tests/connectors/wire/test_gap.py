"""Gaps come back from a tape as they were written; anything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wire.gap import decode_gap, encode_gap
from scoring.records import Gap

numbers = st.integers(0, (1 << 63) - 1)
texts = st.text(max_size=20)


@given(st.builds(Gap, texts, texts, texts, numbers, numbers, numbers, numbers, numbers, numbers, texts))
def test_a_gap_comes_back_as_it_was(gap: Gap) -> None:
    assert decode_gap(encode_gap(gap)) == gap


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"\xff", b'{"source":1}', b'{"source":"\xff"}', b'{"x":' + b"[" * 100_000])
def test_what_is_no_gap_is_refused_with_a_reason(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a gap: .+"):
        decode_gap(payload)
