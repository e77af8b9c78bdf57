"""The log of alerts as a list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len

from tests.tui.alerts_heard import AT, OTHERS, alert, source
from tui.silences import silence
from tui.standing import COLUMNS, Standing, at, chosen, heading, standings, told, wished, written
from tui.state import State

STATE = State(alerts={each.alert_id: each for each in (*OTHERS, alert())}, sources={"binance": source()})
SILENCES = silence((), OTHERS[0], AT, timedelta(hours=1))
FOUND = standings(STATE, ("a4",), SILENCES)


def ids(found: list[Standing]) -> list[str]:
    return [standing.alert.alert_id for standing in found]


def line(standing: Standing, width: int = 200) -> str:
    return "".join(text for text, _ in written(standing, chosen(width)))


def test_the_newest_is_first_and_of_two_of_one_instant_the_one_that_changed_last() -> None:
    assert ids(FOUND) == ["a1", "a2", "a4", "a3"]


def test_a_line_says_everything_in_words_and_signs() -> None:
    first = line(FOUND[0])
    for word in ("■ critical", "firing", "DRAWDOWN", "DOGEUSDT", "drawdown", "0.02", "0.01", "12:09:40", "20s", "✓ whole"):
        assert word in first


@pytest.mark.parametrize(
    ("alert_id", "words"),
    [("a2", "⊘ 13:10:00"), ("a3", "over"), ("a4", "no data ✓"), ("a4", "ETHUSDT !"), ("a4", "! 2 gap"), ("a3", "● info")],
)
def test_how_it_stands_is_no_matter_of_colour(alert_id: str, words: str) -> None:
    assert words in line(next(standing for standing in FOUND if standing.alert.alert_id == alert_id))


def test_what_a_narrow_line_leaves_out_is_told_below_it() -> None:
    assert told(FOUND[1]) == "SPREAD_WARNING BTCUSDT · firing, since 12:07:00 · silenced until 13:10:00 · data whole"
    assert told(FOUND[2]) == "DATA ETHUSDT · no data, since 12:00:00 · acknowledged · data 2 gap"
    assert told(FOUND[3]) == "VOLUME_SPIKE DOGEUSDT · over at 12:02:00, since 12:00:00 · data whole"
    other_day = standings(STATE, (), silence((), alert(), AT, timedelta(days=1)))[0]
    assert "silenced until 2026-08-02 12:10:00" in told(other_day)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["a1", "a2", "a4", "a3"]),
        ("doge", ["a1", "a3"]),
        ("firing critical", ["a1"]),
        ("WARNING", ["a2", "a4"]),
        ("⊘", ["a2"]),
        ("over", ["a3"]),
        ("gap", ["a4"]),
        ("nothing", []),
    ],
)
def test_every_typed_word_must_be_there(typed: str, found: list[str]) -> None:
    assert ids(wished(FOUND, typed, "", descending=False)) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("Severity", ["a1", "a2", "a4", "a3"]),
        ("State", ["a1", "a2", "a4", "a3"]),
        ("Rule", ["a4", "a1", "a2", "a3"]),
        ("Symbol", ["a2", "a1", "a3", "a4"]),
        ("Age", ["a1", "a2", "a4", "a3"]),
        ("no such column", ["a1", "a2", "a4", "a3"]),
    ],
)
def test_it_is_sorted_by_a_column_and_the_newest_stays_first_among_equals(sort: str, found: list[str]) -> None:
    assert ids(wished(FOUND, "", sort, descending=False)) == found


@pytest.mark.parametrize("column", [column.title for column in COLUMNS])
def test_every_column_sorts_also_what_is_not_known(column: str) -> None:
    unknown = alert(alert_id="a9", value=None, threshold=None, started_at=None, fired_at=None, severity="odd", state="odd", completeness="")
    found = standings(State(alerts={**STATE.alerts, "a9": unknown}), (), ())
    both = [ids(wished(found, "", column, descending=turned)) for turned in (False, True)]
    assert [sorted(each) for each in both] == [["a1", "a2", "a3", "a4", "a9"]] * 2


@pytest.mark.parametrize("width", [74, 88, 104, 127, 128, 200])
@pytest.mark.parametrize(
    "known", [alert(), alert(rule="[b]\x1b[2J\n" * 9, symbol="\u202e" * 99, severity="z" * 90, metric="m" * 999, state="é́" * 99)]
)
def test_a_line_is_as_wide_as_its_place_and_harmless(width: int, known: object) -> None:
    found = standings(State(alerts={"x": known}), (), ())  # type: ignore[dict-item]
    text = line(found[0], width)
    assert cell_len(text) == width
    assert text.isprintable()
    assert told(found[0]).isprintable()
    assert cell_len("".join(piece for piece, _ in heading(chosen(width)))) == width


def test_the_title_that_is_sorted_by_has_an_arrow_and_can_be_found_by_its_place() -> None:
    layout = chosen(120)
    assert "Rule▾" in "".join(text for text, _ in heading(layout, "Rule", descending=True))
    assert "Rule▴" in "".join(text for text, _ in heading(layout, "Rule"))
    found = [at(layout, x) for x in (0, 12, 24, 5_000)]
    assert [column.title if column else None for column in found] == ["Severity", "State", "Rule", None]
