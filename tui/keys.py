"""The keys of the screen: which bindings there are, and whether keys someone chose for them are keys at all and free.

A binding is known by its id, `page.sort`; keys of the whole screen have the ids `screen.…` and are in force on every page.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Final

from textual.binding import Binding
from textual.keys import Keys, _character_to_key

from scoring.errors import SettingError

_MODIFIERS: Final = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_NAMES: Final = frozenset({key.value.rpartition("+")[2] for key in Keys if not key.value.startswith("<")}) | {
    _character_to_key(character) for character in string.punctuation + string.digits + string.ascii_letters + " "
}
_EVERYWHERE: Final = "screen"
_EXAMPLE: Final = "a key such as 's', 'f5', 'ctrl+d' or 'question_mark', or several with commas between"


def is_key(name: str) -> bool:
    """Say whether Textual knows a key by this name.

    >>> [is_key(name) for name in ("s", "?", "ctrl+d", "pagedown", "ctrl+", "hyperspace")]
    [True, True, True, True, False, False]
    """
    *modifiers, key = name.split("+") if name != "+" else [name]
    known = key in _NAMES or (len(key) == 1 and key.isprintable() and not key.isspace())
    return known and set(modifiers) <= _MODIFIERS


def bindings() -> Iterator[Binding]:
    """Give every binding that has an id: those of the whole screen and those of each page."""
    from tui.app import Ghosttape
    from tui.pages.catalog import CATALOG

    for told in (Ghosttape.BINDINGS, *(entry.load().BINDINGS for entry in CATALOG)):
        for binding in told:
            if isinstance(binding, Binding) and binding.id:
                yield binding


def check(chosen: Mapping[str, str], file: str) -> None:
    """Check keys someone chose.

    Raises:
        SettingError: a binding or a key there is not, or a key that means something else on the same page.
    """
    ids = {binding.id or "": binding.key for binding in bindings()}
    for name, keys in chosen.items():
        if name not in ids:
            raise SettingError(file, f"keys.{name}", keys, f"one of {', '.join(sorted(ids))}")
        if not all(is_key(key.strip()) for key in keys.split(",")):
            raise SettingError(file, f"keys.{name}", keys, _EXAMPLE)
    taken: dict[tuple[str, str], str] = {}
    for name, keys in {**ids, **chosen}.items():
        for key in keys.split(","):
            taken.setdefault((name.partition(".")[0], _spelled(key.strip())), name)
    for name, keys in chosen.items():
        for key in (_spelled(key.strip()) for key in keys.split(",")):
            for scope in _scopes(name, taken):
                other = taken.get((scope, key), name)
                if other != name:
                    raise SettingError(file, f"keys.{name}", keys, f"a key that is not {other} already")


def _scopes(name: str, taken: Mapping[tuple[str, str], str]) -> set[str]:
    """A key of a page is in force beside those of the whole screen; a key of the screen beside those of all pages."""
    scope = name.partition(".")[0]
    return {other for other, _ in taken} if scope == _EVERYWHERE else {scope, _EVERYWHERE}


def _spelled(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key
