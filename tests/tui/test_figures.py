"""How numbers and other people's text are written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui import figures

NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_clean_text_has_nothing_that_steers_a_terminal(text: str) -> None:
    cleaned = figures.clean(text)
    assert cleaned.isprintable()
    assert "\x1b" not in cleaned


@settings(max_examples=100)
@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_fitted_text_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert cell_len(figures.fit(figures.clean(text), width, right=right)) == width


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (61234.5, "61,234.50"),
        (999.999, "1000.00"),
        (2.5, "2.5000"),
        (0.10234, "0.102340"),
        (0.00000812, "0.000008120"),
        (1e-12, "0.000000000"),
        (0.0, "0.00"),
        (None, "–"),
    ],
)
def test_a_price_has_the_digits_that_matter_at_its_size(value: float | None, expected: str) -> None:
    assert figures.price(value) == expected


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(0.0124, "▲ +1.24%"), (-0.0031, "▼ −0.31%"), (0.0, "= 0.00%"), (-0.00001, "= 0.00%"), (None, "–")],
)
def test_a_change_says_its_direction_with_arrow_and_sign(fraction: float | None, expected: str) -> None:
    assert figures.signed_percent(fraction) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.44, "0.4s"),
        (-3.0, "0.0s"),
        (9.96, "10s"),
        (59, "59s"),
        (61, "1m"),
        (119, "1m"),
        (150, "2m"),
        (7300, "2h"),
        (2e5, "2d"),
        (None, "–"),
    ],
)
def test_an_age_is_short(seconds: float | None, expected: str) -> None:
    assert figures.age(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (1_284_033, "1.28M"), (2_000_000_000, "2.00G")]
)
def test_a_count_is_short(value: int, expected: str) -> None:
    assert figures.count(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(3.0, "3"), (4.2712, "4.271"), (61_234.5, "61,234"), (-2e9, "-2e+09"), (None, "–")])
def test_a_number_of_any_size_is_short(value: float | None, expected: str) -> None:
    assert figures.number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(12.3, "12.30 bp"), (0.7, "0.70 bp"), (0.0016, "0.002 bp"), (0.0, "0.000 bp")])
def test_a_spread_of_one_tick_is_not_nothing(value: float, expected: str) -> None:
    assert figures.basis_points(value) == expected


def test_speed_percent_and_clock() -> None:
    assert [figures.speed(60.0), figures.speed(0.5), figures.speed(None)] == ["×60", "×0.5", "×max"]
    assert [figures.percent(0.673), figures.percent(None)] == ["67.3%", "–"]
    assert [figures.clock(datetime(2026, 8, 1, 9, 5, 7, tzinfo=UTC)), figures.clock(None)] == ["09:05:07", "–"]
    assert figures.clock_order(None) == 0.0


@settings(max_examples=100)
@given(st.one_of(st.none(), st.floats(-2, 2)), st.integers(1, 8))
def test_both_halves_of_a_balance_have_their_width_and_only_one_is_drawn(value: float | None, half: int) -> None:
    left, right = figures.balance(value, half)
    assert (len(left), len(right)) == (half, half)
    assert not (left.strip() and right.strip())
    if value is not None and abs(value) >= 1:
        assert "█" * half in (left, right)


@settings(max_examples=100)
@given(st.lists(NUMBERS, max_size=50), st.integers(0, 20), st.integers(1, 3))
def test_a_line_never_takes_more_room_than_it_has(values: list[float], width: int, height: int) -> None:
    assert len(figures.sparkline(values, width)) == min(len(values), width)
    drawn = figures.curve(values, width, height)
    assert len(drawn) == height
    assert {len(line) for line in drawn} == {(min(len(values), 2 * width) + 1) // 2}


def test_a_line_spans_from_its_lowest_to_its_highest_and_ends_with_the_newest() -> None:
    line = figures.sparkline([5, 1, *([3] * 100), 9], 10)
    assert line[-1] == "█"
    assert figures.sparkline([1, 9], 5) == "▁█"
    assert figures.sparkline([7, 7, 7], 5) == "▁▁▁"


def test_a_curve_has_no_holes() -> None:
    (line,) = figures.curve([0, 10, 0, 10], 2, 1)
    assert [bin(ord(cell) - 0x2800).count("1") for cell in line] == [4, 6]
