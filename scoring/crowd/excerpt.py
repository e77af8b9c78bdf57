"""A text of strangers as one short line of visible characters: what may be stored in an alert and printed on a terminal."""

from __future__ import annotations

from typing import Final

EXCERPT_LENGTH: Final = 100
"""Characters of an excerpt at most."""
_LOOKED_AT: Final = 8 * EXCERPT_LENGTH
"""Characters looked at: a message may be a megabyte."""


def visible(text: str) -> str:
    """Write a text as one line: what is no visible character (controls, marks of direction, escapes) becomes a space.

    >>> visible("to the\\nmoon \\x1b[31mnow\\u202e!")
    'to the moon [31mnow !'
    """
    # What Python calls printable is what Unicode puts neither under Other nor under Separator, and the space.
    shown = text if text.isprintable() else "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())


def excerpt(text: str, length: int = EXCERPT_LENGTH) -> str:
    """Give the beginning of a text as one visible line, with an ellipsis where it was longer.

    >>> excerpt("moon " * 3, length=8)
    'moon mo…'
    """
    line = visible(text[:_LOOKED_AT])
    return line if len(line) <= length and len(text) <= _LOOKED_AT else f"{line[: length - 1].rstrip()}…"
