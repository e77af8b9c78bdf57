"""The keys of the screen: which bindings there are, and whether keys someone chose for them are keys at all and free.

A binding is known by its id, `page.sort`; keys of the whole screen have the ids `screen.…` and are in force on every page.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.keys import Keys, _character_to_key

from scoring.errors import SettingError

if TYPE_CHECKING:
    from tui.pages.page import Page

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


def _pages() -> list[type[Page]]:
    from tui.pages.catalog import CATALOG
    from tui.pages.explanation import ExplanationPage

    return [*(entry.load() for entry in CATALOG), ExplanationPage]


def bindings() -> Iterator[Binding]:
    """Give every binding that has an id: those of the whole screen and those of each page."""
    from tui.app import Ghosttape

    pages = _pages()
    widgets = dict.fromkeys(widget for page in pages for widget in page.LISTS)
    known: dict[str, Binding] = {}  # lists of two pages share what moves in them
    for owner in (Ghosttape.BINDINGS, *(page.BINDINGS for page in pages), *(widget.BINDINGS for widget in widgets)):
        for binding in owner:
            if isinstance(binding, Binding) and binding.id:
                known.setdefault(binding.id, binding)
    yield from known.values()


def check(chosen: Mapping[str, str], file: str) -> None:
    """Check keys someone chose.

    Raises:
        SettingError: a binding or a key there is not, or a key that means something else on the same page.
    """
    ids = {binding.id or "": binding.key for binding in bindings()}
    for name, keys in chosen.items():
        if name not in ids:
            page = name.partition(".")[0]
            near = get_close_matches(name, ids, 1)
            others = sorted(known for known in ids if known.partition(".")[0] == page) or sorted(ids)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SettingError(file, f"keys.{name}", keys, f"one of {', '.join(others)}{meant}")
        if not all(is_key(key.strip()) for key in keys.split(",")):
            raise SettingError(file, f"keys.{name}", keys, _EXAMPLE)
    everyone = [(name, _spelled(key.strip())) for name, keys in {**ids, **chosen}.items() for key in keys.split(",")]
    together = [_families(page) for page in _pages()]
    for name, keys in chosen.items():
        mine = {_spelled(key.strip()) for key in keys.split(",")}
        for other, key in everyone:
            if other != name and key in mine and _meet(name, other, together):
                raise SettingError(file, f"keys.{name}", keys, f"a key that is not {other} already")


def _families(page: type[Page]) -> set[str]:
    """Name the families of bindings that are in force on a page: its own and those of its lists.

    A pane that has the focus scrolls by keys that may mean something else on the page: it is made for that, and no clash.
    """
    from tui.widgets.pane import Pane

    owners = (page.BINDINGS, *(widget.BINDINGS for widget in page.LISTS if widget is not Pane))
    return {binding.id.partition(".")[0] for owner in owners for binding in owner if isinstance(binding, Binding) and binding.id}


def _meet(one: str, other: str, together: Iterable[set[str]]) -> bool:
    """Say whether two bindings are ever in force together: those of the screen always are, others where a page has both."""
    families = {name.partition(".")[0] for name in (one, other)}
    return len(families) == 1 or _EVERYWHERE in families or any(families <= page for page in together)


def _spelled(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key
