"""Errors: one root, one line."""

from __future__ import annotations

from scoring import errors
from scoring.errors import GhosttapeError, SettingError


def test_every_error_has_the_one_root_and_stands_in_the_tree() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not GhosttapeError]
    assert kinds
    for kind in kinds:
        assert issubclass(kind, GhosttapeError)
        assert kind.__name__ in (errors.__doc__ or "")


def test_a_setting_error_is_one_line_with_all_that_is_needed() -> None:
    assert str(SettingError("a.toml", "feed.port", "x", "int")) == "a.toml: feed.port = 'x': expected int"
