"""Lines of dots have no holes, stay inside, and can be told apart without colour."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.canvas import BLOCKS, BRAILLE, DASHED, DOTTED, SOLID, SPARSE, Canvas, Dash, Dots, by_terminal


def drawn(points: list[tuple[int, int]], width: int, height: int, dots: Dots = BRAILLE, dash: Dash = SOLID) -> list[str]:
    canvas = Canvas(width, height, dots)
    layer = canvas.layer()
    canvas.line(layer, points, dash)
    return ["".join(canvas.glyph(layer.get((row, column), 0)) for column in range(width)) for row in range(height)]


@pytest.mark.parametrize(
    ("points", "dots", "expected"),
    [
        ([(0, 0), (3, 0)], BRAILLE, ["⠉⠉"]),
        ([(0, 3), (3, 0)], BRAILLE, ["⡠⠊"]),
        ([(0, 3), (0, 0)], BRAILLE, ["⡇⠀"]),
        ([(1, 2)], BRAILLE, ["⠠⠀"]),
        ([(0, 0), (1, 1)], BLOCKS, ["▀▄"]),
        ([(0, 1), (0, 0), (1, 0)], BLOCKS, ["█▀"]),
    ],
)
def test_a_line_is_drawn_in_dots(points: list[tuple[int, int]], dots: Dots, expected: list[str]) -> None:
    assert drawn(points, 2, 1, dots) == expected


def test_dashes_differ() -> None:
    lines = {drawn([(0, 0), (31, 0)], 16, 1, dash=dash)[0] for dash in (SOLID, DASHED, DOTTED, SPARSE)}
    assert len(lines) == 4


def test_what_is_drawn_twice_adds_up() -> None:
    canvas = Canvas(1, 1)
    layer = canvas.layer()
    for y in (0, 3):
        canvas.upright(layer, 0, y, y)
    assert canvas.glyph(layer[0, 0]) == "⡁"


POINTS = st.lists(st.tuples(st.integers(-20, 60), st.integers(-30, 60)), min_size=1, max_size=30).map(sorted)


@settings(max_examples=60, deadline=None)
@given(POINTS, st.sampled_from([BRAILLE, BLOCKS]))
def test_a_line_stays_inside_and_has_no_holes(points: list[tuple[int, int]], dots: Dots) -> None:
    canvas = Canvas(20, 8, dots)
    layer = canvas.layer()
    canvas.line(layer, points)
    assert all(0 <= row < 8 and 0 <= column < 20 for row, column in layer)
    seen: dict[int, set[int]] = {}
    for (row, column), bits in layer.items():
        for x in range(dots.across):
            for y in range(dots.down):
                if bits & dots.bits[x][y]:
                    seen.setdefault(column * dots.across + x, set()).add(row * dots.down + y)
    for rows in seen.values():
        assert max(rows) - min(rows) + 1 == len(rows)
    for x in seen:
        if x + 1 in seen:
            assert min(abs(a - b) for a in seen[x] for b in seen[x + 1]) <= 1


@pytest.mark.parametrize(
    ("term", "encoding", "dots"),
    [
        ("xterm-256color", "UTF-8", BRAILLE),
        ("screen", "utf8", BRAILLE),
        ("linux", "UTF-8", BLOCKS),
        ("xterm", "ANSI_X3.4-1968", BLOCKS),
        ("", "utf-8", BRAILLE),
    ],
)
def test_braille_is_drawn_where_the_terminal_has_it(term: str, encoding: str, dots: Dots) -> None:
    assert by_terminal({"TERM": term}, encoding) is dots
