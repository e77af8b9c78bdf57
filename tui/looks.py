"""Themes: what each colour of the palette looks like in the dark, in the light, for weak eyes, on a terminal of 16 colours, and where
none are wanted.

Everything is drawn in the colours of `tui/palette.py`; a look replaces them just before the screen sees them. So the functions that
draw know no theme, and a theme is one table. Sources of the colour-blind pairs: Okabe and Ito, https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Final

import msgspec
from rich.color import Color
from rich.style import Style
from rich.text import Span, Text
from textual.theme import Theme

from tui import palette

_QUIET: Final = Color.parse(palette.QUIET)


class Look(msgspec.Struct, frozen=True):
    """One theme."""

    name: str
    title: str
    """For people."""
    dark: bool
    colours: tuple[str, ...]
    """In the order of `palette.ALL`."""
    ansi: bool = False
    """Drawn in the terminal's own 16 colours, on its own background."""
    dims: bool = False
    """What is quiet is dim, for want of a colour."""

    def of(self, colour: str) -> str:
        """Give what a colour of the palette looks like, as Rich names it; any other colour stays."""
        return _table(self).get(colour, colour)

    def paint(self, text: Text) -> Text:
        """Give text drawn in the palette as it looks here."""
        if self is DARK:
            return text
        painted = text.copy()
        painted.style = painted_style(self, text.style) if isinstance(text.style, Style) else text.style
        painted.spans = [
            Span(span.start, span.end, painted_style(self, span.style) if isinstance(span.style, Style) else span.style)
            for span in text.spans
        ]
        return painted

    def theme(self) -> Theme:
        """Give it as Textual takes it."""

        def css(colour: str) -> str:
            name = self.of(colour)
            return name if name.startswith("#") else f"ansi_{name}"

        return Theme(
            name=self.name,
            primary=css(palette.ACCENT),
            secondary=css(palette.SECOND),
            accent=css(palette.ACCENT),
            warning=css(palette.WARNING),
            error=css(palette.CRITICAL),
            success=css(palette.UP),
            foreground=css(palette.TEXT),
            background=css(palette.INK),
            surface=css(palette.SURFACE),
            panel=css(palette.PANEL),
            dark=self.dark,
            ansi=self.ansi,
            variables={
                "footer-key-foreground": css(palette.ACCENT),
                "footer-description-foreground": css(palette.QUIET),
                "quiet": css(palette.QUIET),
                "chosen": css(palette.CURSOR),
                **(_ANSI_VARIABLES if self.ansi else {}),
                **(_PLAIN_VARIABLES if self.dims else {}),
            },
        )


DARK: Final = Look("ghosttape", "Dark", True, palette.ALL)
LIGHT: Final = Look(
    "ghosttape-light",
    "Light",
    False,
    (
        *("#fbfaf7", "#f1efe9", "#d5d1c6", "#dbe6f5"),
        *("#22262e", "#626875", "#0b6e66", "#2f4fb5"),
        *("#1b7a35", "#b3262f", "#8a5a00", "#c01020"),
    ),
)
CONTRAST: Final = Look(
    "ghosttape-contrast",
    "High contrast",
    True,
    (
        *("#000000", "#0a0a0a", "#8c8c8c", "#003a70"),
        *("#ffffff", "#c8c8c8", "#00ffe5", "#b9ccff"),
        *("#3dff63", "#ff8a8a", "#ffe14d", "#ff9d9d"),
    ),
)
COLOUR_BLIND: Final = Look(
    "ghosttape-colour-blind",
    "Colour-blind safe",
    True,
    (
        *("#0f1219", "#151a24", "#333842", "#26334a"),
        *("#d7dce8", "#8089a0", "#f0e442", "#c9b3ff"),
        *("#56b4e9", "#e69f00", "#f0c674", "#ff8c42"),
    ),
)
TERMINAL: Final = Look(
    "ghosttape-terminal",
    "Terminal colours",
    True,
    (
        *("default", "default", "bright_black", "default"),  # no ground suits all sixteen: the chosen row has its mark
        *("default", "bright_black", "cyan", "bright_blue"),
        *("green", "red", "yellow", "bright_red"),
    ),
    ansi=True,
)
PLAIN: Final = Look("ghosttape-plain", "No colours", True, ("default",) * len(palette.ALL), ansi=True, dims=True)

_ANSI_VARIABLES: Final = {
    "ansi-background": "ansi_black",
    "ansi-foreground": "ansi_white",
    "border-blurred": "ansi_black",
    "block-cursor-foreground": "ansi_black",
    "block-cursor-background": "ansi_white",
    "input-cursor-background": "ansi_white",
    "input-cursor-foreground": "ansi_black",
    "input-cursor-text-style": "none",
    "input-selection-background": "ansi_bright_blue",
    "input-selection-foreground": "ansi_black",
}
"""What Textual asks of a theme of 16 colours."""
_PLAIN_VARIABLES: Final = {"block-cursor-text-style": "bold underline", "input-cursor-text-style": "underline"}
"""And of one without any: it draws what is reversed by its colours."""

LOOKS: Final[Mapping[str, Look]] = types.MappingProxyType(
    {look.name: look for look in (DARK, LIGHT, CONTRAST, COLOUR_BLIND, TERMINAL, PLAIN)}
)
"""All of them, by name."""


@functools.lru_cache(maxsize=4096)
def painted_style(look: Look, style: Style) -> Style:
    """Give a style of the palette as it looks there."""
    is_quiet = look.dims and style.color == _QUIET
    return style + Style(color=_seen(look, style.color), bgcolor=_seen(look, style.bgcolor), dim=True if is_quiet else None)


def by_capability(chosen: str, colour_system: str | None, *, no_color: bool) -> Look:
    """Choose a look by its name; an unknown name or none gives the one that suits the terminal.

    >>> by_capability("", "standard", no_color=False).name, by_capability("ghosttape-light", "standard", no_color=False).name
    ('ghosttape-terminal', 'ghosttape-light')
    """
    if no_color:
        return PLAIN
    return LOOKS.get(chosen, TERMINAL if colour_system in ("standard", "windows") else DARK)


def _seen(look: Look, colour: Color | None) -> str | None:
    return look.of(colour.triplet.hex) if colour is not None and colour.triplet is not None else None


@functools.lru_cache(maxsize=16)
def _table(look: Look) -> Mapping[str, str]:
    for colour in look.colours:
        Color.parse(colour)
    return dict(zip(palette.ALL, look.colours, strict=True))
