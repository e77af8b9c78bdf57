"""The columns of the table of symbols."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.text import Text

from tui import columns, palette
from tui.readings import Reading, SymbolReadings

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
NOW = columns.Moment(AT, live=True)
ALL = columns.columns("15m", 60.0)


def row(age_s: float = 0.0, completeness: str = "complete", change: float | None = 0.0124) -> SymbolReadings:
    at = AT - timedelta(seconds=age_s)
    return SymbolReadings(
        symbol="BTCUSDT",
        last=Reading(61_234.5, at),
        change=Reading(change, at),
        vwap=Reading(61_200.0, at),
        spread_bps=Reading(1.5, at),
        imbalance=Reading(-0.5, at),
        volatility=Reading(0.41, at),
        drawdown=Reading(0.002, at),
        completeness=completeness,
        line=(1.0, 2.0, 3.0),
    )


def drawn(readings: SymbolReadings, moment: columns.Moment, layout: columns.Layout) -> Text:
    return columns.as_text(columns.lines(readings, moment, layout))


def titles(width: int) -> list[str]:
    return [column.title for column, _ in columns.chosen(ALL, width)]


@pytest.mark.parametrize("width", [1, 30, 50, 76, 116, 196, 400])
@pytest.mark.parametrize("height", [1, 2, 3])
def test_every_line_has_the_width_of_the_heading_whatever_the_room(width: int, height: int) -> None:
    layout = columns.chosen(ALL, width)
    moment = columns.Moment(AT, True, height)
    lines = drawn(row(), moment, layout).plain.split("\n")
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {cell_len(columns.heading(layout).plain)}
    if width >= 11:
        assert cell_len(lines[0]) <= width


def test_columns_go_by_rank_when_the_screen_is_narrow() -> None:
    assert titles(74) == ["Symbol", "Last", "Change 15m", "To VWAP", "Spread", "Age", "Trend"]
    assert "Drawdown" in titles(126)
    assert {"Data", "Vol 5m", "Vol 15m", "VWAP 1m"} <= set(titles(196))
    assert titles(28) == ["Symbol", "Last"]
    assert titles(1) == ["Symbol"]


def test_every_column_says_what_it_means() -> None:
    assert all(column.meaning for column in ALL)


def style_of(text: Text, words: str) -> str:
    """Give the colour in which some words stand."""
    at = text.plain.index(words)
    colours = [
        span.style.color.name for span in text.spans if span.start <= at < span.end and not isinstance(span.style, str) and span.style.color
    ]
    return colours[-1]


def test_what_is_not_news_is_dim() -> None:
    layout = columns.chosen(ALL, 196)
    assert style_of(drawn(row(), NOW, layout), "61,200.00") == palette.TEXT
    assert style_of(drawn(row(age_s=40), NOW, layout), "61,200.00") == palette.QUIET
    assert style_of(drawn(row(), columns.Moment(AT, live=False), layout), "61,200.00") == palette.QUIET


@pytest.mark.parametrize(
    ("change", "words", "colour"), [(0.0124, "▲ +1.24%", palette.UP), (-0.02, "▼ −2.00%", palette.DOWN), (0.0, "= 0.00%", palette.TEXT)]
)
def test_direction_is_colour_and_sign(change: float, words: str, colour: str) -> None:
    assert style_of(drawn(row(change=change), NOW, columns.chosen(ALL, 196)), words) == colour


@pytest.mark.parametrize(
    ("completeness", "mark", "words"),
    [
        ("complete", "BTCUSDT   ✓", "whole"),
        ("repaired(12)", "BTCUSDT   ~", "12 fixed"),
        ("open_gap(1)", "BTCUSDT   !", "1 gap"),
        ("", "BTCUSDT    ", "–"),
    ],
)
def test_data_that_is_not_whole_is_marked_at_any_width(completeness: str, mark: str, words: str) -> None:
    assert drawn(row(completeness=completeness), NOW, columns.chosen(ALL, 30)).plain.startswith(mark)
    assert words in drawn(row(completeness=completeness), NOW, columns.chosen(ALL, 196)).plain


def test_a_hostile_name_neither_steers_the_terminal_nor_breaks_the_table() -> None:
    import msgspec

    hostile = msgspec.structs.replace(row(completeness="\x1b[31m(\n)"), symbol="[red]\x1b[2J\nX" * 5)
    layout = columns.chosen(ALL, 196)
    text = drawn(hostile, NOW, layout).plain
    assert text.isprintable()
    assert cell_len(text) == cell_len(columns.heading(layout).plain)


def test_the_length_of_the_window_is_in_the_heading() -> None:
    assert [column.title for column in columns.columns("1m", 10.0)][4] == "VWAP 10s"
    assert [column.title for column in columns.columns("1m", None)][4] == "VWAP"


def test_a_number_never_stands_without_its_age() -> None:
    for width in range(30, 400):
        assert "Age" in titles(width), width


def test_hidden_columns_are_left_out_but_never_the_name() -> None:
    shown = [column.name for column, _ in columns.chosen(ALL, 196, ("symbol", "spread", "trend"))]
    assert shown[0] == "symbol"
    assert not {"spread", "trend"} & set(shown)


def test_the_title_sorted_by_has_an_arrow() -> None:
    layout = columns.chosen(ALL, 196)
    for column, _ in layout:
        for down, arrow in ((True, "↓"), (False, "↑")):
            text = columns.heading(layout, column.name, descending=down).plain
            assert text.count(arrow) == 1, column.name
            assert cell_len(text) == cell_len(columns.heading(layout).plain)


def test_a_click_finds_the_column_it_hits() -> None:
    layout = columns.chosen(ALL, 100)
    heading = columns.heading(layout).plain
    for title in ("Symbol", "Last", "Change 15m", "Age"):
        hit = columns.at(layout, heading.index(title))
        assert hit is not None
        assert hit.title == title
    assert columns.at(layout, 11) is None
    assert columns.at(layout, 999) is None


def test_the_chosen_cell_is_underlined() -> None:
    layout = columns.chosen(ALL, 100)
    underlined = [text for text, style in columns.lines(row(), NOW, layout, "last")[0] if style.underline]
    assert "".join(underlined).strip() == "61,234.50"
    tall = columns.lines(row(), columns.Moment(AT, live=True, height=3), layout, "last")
    assert [any(style.underline for _, style in line) for line in tall] == [False, True, False]


@pytest.mark.parametrize(("z", "words"), [(7.4, "!+7.4"), (-4.0, "!−4.0"), (3.9, "+3.9"), (None, "–")])
def test_a_crowd_far_from_its_habit_is_marked(z: float | None, words: str) -> None:
    import msgspec

    loud = msgspec.structs.replace(row(), hype_z=Reading(z, AT))
    column = next(column for column in ALL if column.name == "hype")
    assert columns.as_text(column.draw(loud, NOW, 7)).plain.strip() == words
