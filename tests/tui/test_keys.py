"""The keys of the screen."""

from __future__ import annotations

from collections import Counter

import pytest

from tui.keys import bindings, check, is_key


@pytest.mark.parametrize("name", ["a", "?", "+", "ctrl+a", "f12", "shift+tab", "question_mark", "less_than_sign", "G", "ctrl+shift+x", "é"])
def test_keys_are_known_by_character_or_name(name: str) -> None:
    assert is_key(name)


@pytest.mark.parametrize("name", ["", " ", "ctrl+", "control+a", "hyperspace", "a+ctrl", "\x1b", "ab"])
def test_what_is_no_key_is_known_as_such(name: str) -> None:
    assert not is_key(name)


def test_every_binding_of_the_screen_has_an_id_of_its_own_and_a_meaning() -> None:
    found = list(bindings())
    assert max(Counter(binding.id for binding in found).values()) == 1
    assert all(binding.tooltip for binding in found)
    assert {"screen.quit", "overview.sort", "list.down"} <= {binding.id for binding in found}


def test_the_keys_as_they_are_clash_nowhere() -> None:
    check({binding.id or "": binding.key for binding in bindings()}, "tui.toml")
