"""The recorded moment."""

from __future__ import annotations

from tui import sample


def test_it_is_the_same_each_time() -> None:
    assert sample.events() == sample.events()
