"""Themes."""

from __future__ import annotations

import itertools

import pytest
from rich.color import Color
from rich.style import Style
from rich.text import Text

from tui import palette
from tui.looks import DARK, LIGHT, LOOKS, PLAIN, TERMINAL, Look, by_capability, painted_style

_ON_INK = (palette.TEXT, palette.QUIET, palette.ACCENT, palette.SECOND, palette.UP, palette.DOWN, palette.WARNING, palette.CRITICAL)
TRUE = [look for look in LOOKS.values() if not look.ansi]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [value / 255 for value in Color.parse(colour).get_truecolor()]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_of_the_palette_are_names_so_no_two_are_equal() -> None:
    assert len(set(palette.ALL)) == len(palette.ALL)


@pytest.mark.parametrize("look", TRUE, ids=lambda look: look.name)
def test_everything_can_be_read_on_every_ground(look: Look) -> None:
    least = 7.0 if "contrast" in look.name else 4.5
    for ground, colour in itertools.product((palette.INK, palette.SURFACE), _ON_INK):
        assert contrast(look.of(ground), look.of(colour)) >= least, (ground, colour)
    for colour in _ON_INK:
        assert contrast(look.of(palette.CURSOR), look.of(colour)) >= (4.5 if "contrast" in look.name else 3.0), colour


def test_colours_for_colour_blind_eyes_tell_up_from_down_by_blue_and_orange() -> None:
    look = LOOKS["ghosttape-colour-blind"]
    up, down = (Color.parse(look.of(colour)).get_truecolor() for colour in (palette.UP, palette.DOWN))
    assert up.blue > up.red
    assert down.red > down.blue


def test_a_look_replaces_the_colours_of_the_palette_and_no_others() -> None:
    text = Text.assemble(("a", Style(color=palette.UP, bold=True)), ("b", Style(color="#123456")), "c")
    styles = [span.style for span in LIGHT.paint(text).spans]
    assert styles == [Style(color=LIGHT.of(palette.UP), bold=True), Style(color="#123456")]
    assert text.spans[0].style == Style(color=palette.UP, bold=True)
    assert DARK.paint(text) is text


def test_the_terminals_own_colours_are_used_where_it_has_only_sixteen() -> None:
    for colour in palette.ALL:
        painted = painted_style(TERMINAL, Style(color=colour)).color
        assert painted is not None
        assert painted.triplet is None


def test_without_colours_what_is_quiet_is_dim() -> None:
    quiet, loud = (painted_style(PLAIN, Style(color=colour, bold=True)) for colour in (palette.QUIET, palette.TEXT))
    assert (quiet.dim, loud.dim, quiet.bold) == (True, None, True)
    assert {painted_style(PLAIN, Style(color=colour)).color for colour in palette.ALL} == {Color.parse("default")}
    assert painted_style(TERMINAL, Style(color=palette.QUIET)).dim is None


@pytest.mark.parametrize(
    ("chosen", "system", "no_color", "name"),
    [
        ("ghosttape-plain", "truecolor", False, "ghosttape-plain"),
        ("", "truecolor", False, "ghosttape"),
        ("", "256", False, "ghosttape"),
        ("", "standard", False, "ghosttape-terminal"),
        ("", None, False, "ghosttape"),
        ("ghosttape-light", "standard", False, "ghosttape-light"),
        ("ghosttape-light", "truecolor", True, "ghosttape-plain"),
        ("no such theme", "256", False, "ghosttape"),
    ],
)
def test_the_look_suits_the_terminal_unless_one_was_chosen(chosen: str, system: str | None, no_color: bool, name: str) -> None:
    assert by_capability(chosen, system, no_color=no_color).name == name


@pytest.mark.parametrize("look", LOOKS.values(), ids=lambda look: look.name)
def test_each_is_a_theme_of_textual(look: Look) -> None:
    theme = look.theme()
    assert theme.name == look.name
    assert theme.to_color_system().generate()
