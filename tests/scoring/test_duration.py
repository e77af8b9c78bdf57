"""Durations: what settings write."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import duration
from scoring.duration import Duration


@given(st.integers(0, 10**18))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert Duration.parse(str(Duration(nanoseconds))) == nanoseconds or nanoseconds > 2**53


@pytest.mark.parametrize("text", ["", "10", "s", "10 apples", "-1s", "1h30m"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        Duration.parse(text)


def test_the_documentation_holds() -> None:
    assert doctest.testmod(duration).failed == 0
