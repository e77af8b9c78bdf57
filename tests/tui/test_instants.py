"""Timestamps that are read once."""

from __future__ import annotations

import pytest

from scoring.feed import Value, read_instant
from tui.instants import instant


@pytest.mark.parametrize(
    "value",
    ["2026-08-01T12:16:40Z", "2026-08-01T14:16:40+02:00", "2026-08-01T12:16:40", "1969-12-31T23:59:59Z", "soon", "", 1, None],
)
def test_they_are_read_as_the_feed_says_the_first_time_and_the_second(value: Value) -> None:
    assert [instant(value), instant(value)] == [read_instant(value)] * 2


def test_a_text_that_was_read_is_not_read_again() -> None:
    assert instant("2026-08-01T12:16:41Z") is instant("2026-08-01T12:16:41Z")
