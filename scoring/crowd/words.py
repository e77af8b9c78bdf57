"""One text cut into words, and what stands around each of them.

Links and `@handles` are left out: what a link points at is not what the text says. Letters that are spaced out (`B T C`, `b.t.c`)
are put together again. Nothing here looks further than a fixed way to either side, so a text costs time in proportion to its
length.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container
from typing import Final

from scoring.crowd.folding import Characters, caseless, fold
from scoring.crowd.identity import without_links

_WORD: Final = re.compile(r"[^\W_]+")
_HANDLE: Final = re.compile(r"@\w++")
_ALONE: Final = r"(?<![^\W_])[^\W_](?![^\W_])"
_SPACED: Final = re.compile(rf"{_ALONE}([ ._\-*|·•]{{1,3}}+){_ALONE}(?:\1{_ALONE})++")
"""That many characters that stand alone, with the same thing between them."""
SPACED_LETTERS: Final = 3
_PAIR: Final = re.compile(r" ?[/_-] ?")
_INSIDE_NAME: Final = re.compile(r"[ _-]{1,3}")
_UNUSUAL: Final = re.compile(
    "[^\\x00-\\x7f\\xa0\\u2010-\\u2027\\u2190-\\u23ff\\u2500-\\u2775\\u2794-\\u2bff\\ufe0f\\U0001f300-\\U0001faff]"
)
"""Anything but ASCII, dashes, arrows and emoji, of which none can be part of a word."""
_SELECTED: Final = re.compile("[^\\W_]\\ufe0f")
"""A letter that is followed by the invisible character that follows many an emoji."""
_ASCII_WORDS: Final = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)
_MARKS: Final = ("$", "#")
SURROUNDINGS: Final = 40
"""Characters to either side, within the line, that tell whether upper case is how everything is written there."""


def words_of(text: str) -> list[str]:
    """Give the words of `text`, caseless.

    >>> words_of("Buy #ВLZ-USDT!")
    ['buy', 'blz', 'usdt']
    """
    return _WORD.findall(caseless(text))


def seen_in(text: str) -> list[str]:
    """Give the words of `text`, as `words_of` does, in the shortest time: most texts are ASCII and emoji."""
    if _UNUSUAL.search(text) or ("\ufe0f" in text and _SELECTED.search(text)):
        return text.translate(_WORDS_ONLY).split()
    return text.encode("ascii", "replace").translate(_ASCII_WORDS).decode("ascii").split()


class Words:
    """The words of one text; `texts[i]` is caseless and stands at `spans[i]` of `folded`."""

    def __init__(self, text: str) -> None:
        """Cut `text`."""
        folded = without_links(fold(text))
        if "@" in folded:
            folded = _HANDLE.sub(" ", folded)
        self.folded = folded
        self.texts = seen_in(folded)
        if list(map(len, self.texts)).count(1) >= SPACED_LETTERS:
            self.folded = _SPACED.sub(_joined, folded)
            self.texts = seen_in(self.folded)

    @functools.cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Say where the words stand: as many as `texts`, because to fold the case of a character never makes or ends a word."""
        return [match.span() for match in _WORD.finditer(self.folded)]

    def __len__(self) -> int:
        """Count the words."""
        return len(self.texts)

    def among(self, known: Container[str]) -> list[int]:
        """Give the indices of the words that are known."""
        return [index for index, text in enumerate(self.texts) if text in known]

    def stands(self, phrase: tuple[str, ...], index: int) -> bool:
        """Tell whether the words from `index` on are the phrase, with nothing but blanks and hyphens between them."""
        if len(phrase) == 1:
            return self.texts[index] == phrase[0]
        if tuple(self.texts[index : index + len(phrase)]) != phrase:
            return False
        return all(_INSIDE_NAME.fullmatch(self.folded, *self._gap(at)) for at in range(index, index + len(phrase) - 1))

    def is_marked(self, index: int) -> bool:
        """Tell whether the word is a cashtag or a hashtag; only the beginning of `#LINK_TO_CHANNEL` it is not."""
        start, end = self.spans[index]
        return self.folded[start - 1 : start] in _MARKS and self.folded[end : end + 1] != "_"

    def is_raised(self, index: int) -> bool:
        """Tell whether the word is in upper case."""
        start, end = self.spans[index]
        return self.folded[start:end].isupper()

    def is_raised_alone(self, index: int) -> bool:
        """Tell whether the word is in upper case and other words around it in the line are not."""
        if not self.is_raised(index):
            return False
        start, end = self.spans[index]
        before = self.folded[max(start - SURROUNDINGS, 0) : start].rpartition("\n")[2]
        after = self.folded[end : end + SURROUNDINGS].partition("\n")[0]
        return any(map(str.islower, before)) or any(map(str.islower, after))

    def before(self, index: int) -> str:
        """Give the word before, or nothing."""
        return self.texts[index - 1] if index else ""

    def after(self, index: int) -> str:
        """Give the word after, or nothing."""
        return self.texts[index + 1] if index + 1 < len(self.texts) else ""

    def is_pair(self, index: int) -> bool:
        """Tell whether the word and the next are written as a pair (`BTC/USDT`, `BTC-USDT`): two words, as three are a list."""
        if not self._is_paired(index):
            return False
        listed = self._is_slashed(index - 1) or self._is_slashed(index + 1)
        return not listed

    def _is_paired(self, index: int) -> bool:
        return 0 <= index < len(self.texts) - 1 and _PAIR.fullmatch(self.folded, *self._gap(index)) is not None

    def _is_slashed(self, index: int) -> bool:
        return self._is_paired(index) and "/" in self.folded[slice(*self._gap(index))]

    def _gap(self, index: int) -> tuple[int, int]:
        return self.spans[index][1], self.spans[index + 1][0]


def _joined(spaced: re.Match[str]) -> str:
    return spaced[0].replace(spaced[1], "")


_WORDS_ONLY: Final = Characters(lambda character: "".join(part if part.isalnum() else " " for part in caseless(character)))
