"""The chart as text: what lies where, at any size, and how long it takes."""

from __future__ import annotations

import math
import re
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.canvas import BLOCKS, BRAILLE, Dots
from tui.chart import draw
from tui.frame import Chart, frame_of
from tui.history import Candle, History, Hole, Mark, Point
from tui.ranges import RANGES, View

STEP_S = 5.0
COUNT = 1_200
NOW = 1_785_585_600.0 + COUNT * STEP_S


def made(count: int = COUNT) -> History:
    prices = [100 + 3 * math.sin(i / 40) + 0.5 * math.sin(i * 1.3) for i in range(count)]
    at = [NOW - (count - 1 - i) * STEP_S for i in range(count)]
    candles = [
        Candle(at[i], at[i] + 60, prices[i], max(part), min(part), part[-1], sum(part) / 12, 0.3)
        for i in range(0, count - 12, 12)
        for part in [prices[i : i + 12]]
    ]
    return History(
        prices=tuple(Point(*pair) for pair in zip(at, prices, strict=True)),
        candles=tuple(candles),
        moods=tuple(Point(at[i], math.sin(i / 70), 1e15) for i in range(0, count, 2)),
        is_mood_known=True,
        counts=tuple(Point(at[i], float(i % 90)) for i in range(0, count, 2)),
        marks=(Mark(NOW - 600, "critical", "PUMP[bold]\x1b[2J", False), Mark(NOW - 300, "odd", "WIDE", True)),
        holes=(Hole(NOW - 500, NOW - 450, False, "x"), Hole(NOW - 200, NOW - 150, True, "y")),
        asset="bitcoin",
    )


HISTORY = made()
NEWEST = View()


def chart(
    view: View = NEWEST, size: tuple[int, int] = (100, 30), known: History = HISTORY, *, candles: bool = False, dots: Dots = BRAILLE
) -> Chart:
    return Chart(known, frame_of(known, view, NOW, *size), view.cursor_s, NOW, candles, dots)


def lines(asked: Chart) -> list[str]:
    return ["".join(text for text, _ in line) for line in draw(asked)]


def dots_of(asked: Chart) -> int:
    return len(re.findall(r"[⠁-⣿]", "\n".join(lines(asked))))


def test_before_anything_is_heard_there_is_no_time_below() -> None:
    nothing = History()
    unheard = Chart(nothing, frame_of(nothing, NEWEST, 0.0, 100, 30), None, 0.0, is_candles=False)
    assert "╵" not in "\n".join(lines(unheard))


def test_it_shows_all_of_it() -> None:
    text = "\n".join(lines(chart()))
    for sign in ("■ PUMP", "○ WIDE", "+1", " 0", "−1", "◂", "░", "~", "█", "╵"):
        assert sign in text, sign
    assert re.search(r"[⠁-⣿]{3}", text)
    assert re.search(r"[▇█] .* 8\d *$", text, re.MULTILINE), "how many texts the highest bar stands for"
    one = msgspec.structs.replace(HISTORY, counts=(Point(NOW - 60, 1.0),), prices=(Point(NOW, 61_000.0),))
    assert "\n".join(lines(chart(known=one))).count("1 text ") == 1
    assert "▒" in "\n".join(lines(chart(candles=True)))


@pytest.mark.parametrize("rule", ["PUMP[bold]\x1b[2J", "泵" * 40, "é́́" * 40, "👨‍👩‍👧🇺🇸" * 9])
def test_other_peoples_names_are_harmless_and_move_nothing(rule: str) -> None:
    named = msgspec.structs.replace(HISTORY, marks=(Mark(NOW - 600, "critical", rule, False),))
    drawn = lines(chart(known=named))
    assert all(line.isprintable() for line in drawn)
    assert {cell_len(line) for line in drawn} == {100}


def test_in_blocks_there_is_no_braille() -> None:
    text = "\n".join(lines(chart(dots=BLOCKS)))
    assert "▀" in text
    assert not re.search(r"[⠁-⣿▁▂▃▅▆▇]", text)


def test_a_hole_breaks_the_line() -> None:
    def reached(hole_s: float) -> int:
        points = (Point(NOW - 800, 1.0), Point(NOW - 100, 1.0, hole_s))
        return dots_of(chart(known=History(prices=points)))

    assert reached(1e9) > 50
    assert reached(20.0) < 3


def test_what_was_before_the_first_candle_is_a_line() -> None:
    late = msgspec.structs.replace(HISTORY, moods=(), candles=HISTORY.candles[-3:])
    none = msgspec.structs.replace(late, candles=())
    assert dots_of(chart(known=late, candles=True)) > dots_of(chart(known=msgspec.structs.replace(late, prices=()), candles=True)) + 50
    assert "▒" not in "\n".join(lines(chart(known=none, candles=True)))
    assert lines(chart(known=none, candles=True)) == lines(chart(known=none))


def test_of_what_is_outside_only_the_way_there_is_drawn() -> None:
    known = History(prices=(Point(NOW - 5_000, 1.0, 1e9), Point(NOW + 5_000, 3.0, 1e9)))
    assert dots_of(chart(known=known)) > 50


def test_without_prices_it_is_empty_and_without_moods_there_is_no_axis_for_them() -> None:
    empty = lines(chart(known=History()))
    assert len(empty) == 30
    assert not re.search(r"[⠁-⣿]", "\n".join(empty))
    bare = chart(known=msgspec.structs.replace(HISTORY, moods=(), counts=()))
    assert (bare.frame.left, bare.frame.bars) == (0, 0)
    assert "+1" not in "\n".join(lines(bare))


def test_the_crosshair_stands_in_its_column() -> None:
    asked = chart(View(cursor_s=NOW - 450))
    column = asked.frame.left + asked.frame.window.column(NOW - 450)
    text = lines(asked)
    assert sum(line[column] == "│" for line in text) > 10
    assert "│" not in "\n".join(lines(chart(View(cursor_s=NOW - 90_000))))


def test_a_price_that_jumps_out_of_sight_is_still_on_the_axis() -> None:
    past = chart(View(end_s=NOW - 4_000))
    assert len(lines(past)) == 30


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(0, 140), st.integers(0, 45)),
    st.sampled_from([name for name, _ in RANGES]),
    st.integers(-6, 5),
    st.sampled_from([None, NOW - 3_000, NOW - 90_000]),
    st.booleans(),
    st.sampled_from([BRAILLE, BLOCKS]),
    st.sampled_from([0, 1, 2, 13, 200]),
)
def test_it_fills_any_place_exactly(
    size: tuple[int, int], name: str, zoom: int, end_s: float | None, candles: bool, dots: Dots, count: int
) -> None:
    known = made(count)
    drawn = lines(chart(View(name, zoom, end_s, end_s), size, known, candles=candles, dots=dots))
    assert len(drawn) in (0, size[1])
    assert {len(line) for line in drawn} <= {size[0]}


@pytest.mark.parametrize("candles", [False, True])
def test_a_large_chart_of_many_points_is_drawn_fast(candles: bool) -> None:
    asked = chart(View("all"), (150, 40), candles=candles)
    best = min(_seconds(asked) for _ in range(5))
    assert best < 0.05  # 10 ms are promised: see tests/bench; a busy machine takes longer


def _seconds(asked: Chart) -> float:
    started = time.process_time()
    draw(asked)
    return time.process_time() - started
