"""A text as its reader sees it: however its letters are written, they come out plain.

Who wants a coin to be seen by people and not by programs writes it with letters of other scripts, with mathematical or circled
letters, with accents, or with characters that have no width. Each character is folded by itself, through a table: that takes
linear time, where normalising a whole text (NFKD) sorts its combining marks and can be made to take quadratic time. Letters are
matched by what they look like, so Greek in capitals and the same Greek in small letters may fold to different letters.

What is not folded: digits for letters (`B1TCOIN`), flags, and texts turned round. The tables are those of the Python that runs;
between its versions they only differ in characters that were unassigned before.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

MOST_KEPT: Final = 16_384
"""Characters whose folding is remembered, several times as many as one language writes; when there are more, all are forgotten,
so that a text of many different ones slows down itself and not those after it."""
LONGEST: Final = 4
"""A character that would become more characters than this stays as it is, so that no text grows without measure."""

_SEEN_AS: Final = {
    "A": "ΑАᎪᴀ", "B": "ΒВᏴʙ₿", "C": "СϹᏟᴄⲤ", "D": "ᎠᴅÐĐƉ", "E": "ΕЕᎬᴇΣ", "F": "Ϝꜰ", "G": "ԌᏀɢ", "H": "ΗНᎻʜĦ", "I": "ΙІӀᏆɪ",
    "J": "ЈᎫᴊ", "K": "ΚКᏦᴋ", "L": "ᏞʟŁ", "M": "ΜМᎷᴍ", "N": "Νɴ", "O": "ΟОՕᴏØ", "P": "ΡРᏢᴘ", "Q": "Ԛǫ", "R": "Ꮢʀ", "S": "ЅՏᏚꜱ",
    "T": "ΤТᎢᴛŦ", "U": "Սᴜ", "V": "ѴᏙᴠ", "W": "ԜᎳᴡ", "X": "ΧХ", "Y": "ΥУҮʏ", "Z": "ΖᏃᴢ",
    "a": "αаɑ", "b": "βв", "c": "сϲς", "d": "ԁđ", "e": "еε", "g": "ɡ", "h": "нһհħ", "i": "ιіıӏ", "j": "јϳ", "k": "κк", "l": "ł",
    "m": "м", "n": "ηո", "o": "οоօσø", "p": "ρр", "q": "ԛզ", "s": "ѕ", "t": "τтŧ", "u": "υսμ", "v": "νѵ", "w": "ωԝ", "x": "χх",
    "y": "уγү",
}  # fmt: skip
"""Latin letter: letters of other scripts, and signs, that look like it."""
_LETTERS: Final = {other: letter for letter, others in _SEEN_AS.items() for other in others} | {
    chr(first + index): chr(ord("A") + index) for first in (0x1F150, 0x1F170) for index in range(26)
}
"""With the white letters on black circles and squares, which Unicode does not decompose."""
_INVISIBLE: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Hangul fillers: letters without ink."""
_BLANKS: Final = {"\u2800": " ", "\u1680": " ", "\u2028": "\n", "\u2029": "\n", "ℹ": " ", "™": " "}
"""Blanks that do not decompose into one, and signs that would decompose into letters though nobody reads them as such."""
_PLAIN: Final = frozenset(
    block for first, end in ((0x34, 0xA0), (0xAC, 0xD7), (0xE0, 0xF9), (0x200, 0xE00), (0xF00, 0x1100)) for block in range(first, end)
)
"""Blocks of 256 characters in which nothing looks Latin and nothing has a case: ideographs, Hangul syllables, private use."""
_MARKS: Final = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
"""Marks that can be put on any letter, and selectors of variants; marks that spell a script's own vowels are not among them."""


class Characters(dict[int, str]):
    """What each character becomes, for `str.translate`: worked out when it is first met, and remembered for a while."""

    def __init__(self, become: Callable[[str], str]) -> None:
        """Start with nothing."""
        super().__init__()
        self.become = become

    def __missing__(self, code: int) -> str:
        """Work out one character."""
        if len(self) >= MOST_KEPT:
            self.clear()
        became = self[code] = self.become(chr(code))
        return became


def fold(text: str) -> str:
    """Write the letters of `text` plainly, and leave out what cannot be seen; upper case stays upper case.

    >>> fold("Ｂ\\u200bТС 𝓅𝓊𝓂𝓅 b̶t̶c̶ ⒺⓉⒽ")
    'BTC pump btc ETH'
    """
    return text if text.isascii() else text.translate(_FOLDED)


def caseless(text: str) -> str:
    """Fold the case of `text` too; to do it again changes nothing.

    >>> caseless("ＢТС to the MOON")
    'btc to the moon'
    """
    return text.lower() if text.isascii() else text.translate(_CASELESS)


def _fold_character(character: str) -> str:
    if ord(character) >> 8 in _PLAIN:
        return character
    known = _LETTERS.get(character) or _BLANKS.get(character)
    if known:
        return known
    parts = unicodedata.normalize("NFKD", character)
    if len(parts) > LONGEST:
        return character
    return "".join(_LETTERS.get(part, part) for part in parts if not _unseen(part))


def _fold_case(character: str) -> str:
    if ord(character) >> 8 in _PLAIN:
        return character
    folded = _fold_character(character)
    small = folded.casefold()
    # The small letter of a letter that looks like no Latin one may look like one.
    return folded if small == folded else fold(small).casefold()


def _unseen(character: str) -> bool:
    category = unicodedata.category(character)
    if category[0] == "M":
        return any(first <= ord(character) <= last for first, last in _MARKS)
    return category == "Cf" or character in _INVISIBLE


_FOLDED: Final = Characters(_fold_character)
_CASELESS: Final = Characters(_fold_case)
