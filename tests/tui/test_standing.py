"""The log of alerts as a list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len

from scoring.feed import Hello
from tests.tui.alerts_heard import AT, OTHERS, alert, source
from tests.tui.test_phases import RULE, over, pending
from tui.phases import Standing
from tui.silences import Said, silence
from tui.standing import COLUMNS, at, chosen, heading, rules_of, standing_of, standings, told, wished, written
from tui.state import State

STATE = State(alerts={each.alert_id: each for each in (*OTHERS, alert())}, sources={"binance": source()})
SILENCES = silence((), OTHERS[0], AT, timedelta(hours=1))
FOUND = standings(STATE, Said(seen=("a4",), silences=SILENCES))


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
    other_day = standings(STATE, Said(silences=silence((), alert(), AT, timedelta(days=1))))[0]
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
    found = standings(State(alerts={**STATE.alerts, "a9": unknown}), Said())
    both = [ids(wished(found, "", column, descending=turned)) for turned in (False, True)]
    assert [sorted(each) for each in both] == [["a1", "a2", "a3", "a4", "a9"]] * 2


WAITING = State(
    hello=Hello("0.1", "s", "live", [], [], rules=[RULE]),
    alerts={"a1": over(60), "a9": alert(alert_id="a9", rule="OTHER")},
    waiting={
        ("DRAWDOWN", "BTCUSDT"): pending(12, alert_id="p1", symbol="BTCUSDT"),
        ("GAPPY", "ETHUSDT"): alert(alert_id="p2", rule="GAPPY", symbol="ETHUSDT", state="inhibited", completeness="open_gap(1)"),
    },
    sources={"binance": source()},
)


def test_what_waits_stands_among_the_alerts_and_says_for_what() -> None:
    found = {standing.alert.alert_id: standing for standing in standings(WAITING, Said())}
    assert "◔ pending" in line(found["p1"], 80)
    assert "12 s of 30 s" in line(found["p1"], 120)
    assert "until 12:19:00" in line(found["a1"], 120)
    assert told(found["p1"]) == "DRAWDOWN BTCUSDT · pending 12 s of 30 s, since 12:09:48 · data whole"
    assert told(found["a1"]) == "DRAWDOWN DOGEUSDT · over at 12:09:00, cooling until 12:19:00, since 12:09:40 · data whole"
    assert told(found["p2"]).startswith("GAPPY ETHUSDT · inhibited data 1 gap, since 12:09:40")


@pytest.mark.parametrize(
    ("typed", "found"), [("pending", ["p1"]), ("cooling", ["a1"]), ("inhibited", ["p2"]), ("firing", ["a9"]), ("◔", ["p1"]), ("over", [])]
)
def test_the_log_can_be_filtered_by_state(typed: str, found: list[str]) -> None:
    assert ids(wished(standings(WAITING, Said()), typed, "", descending=False)) == found


def test_states_are_sorted_by_how_much_they_matter() -> None:
    assert ids(wished(standings(WAITING, Said()), "", "State", descending=False)) == ["a9", "p1", "p2", "a1"]


def test_one_is_found_by_its_id_and_one_that_waits_no_more_has_lapsed() -> None:
    waiting = WAITING.waiting["DRAWDOWN", "BTCUSDT"]
    found = standing_of(WAITING, "p1", None, Said())
    assert found == Standing(waiting, seen=False, silent_until=None, now=AT, rule=RULE)
    later = standing_of(STATE, "p1", waiting, Said())
    assert later is not None
    assert (later.state, later.is_waiting, later.rule) == ("lapsed", True, None)
    assert standing_of(STATE, "a1", None, Said()) == Standing(alert(), seen=False, silent_until=None, now=AT)
    quiet = Said(seen=("a1",), silences=silence((), alert(), AT, timedelta(hours=1)))
    assert standing_of(STATE, "a1", None, quiet) == Standing(alert(), seen=True, silent_until=AT + timedelta(hours=1), now=AT)
    gone = standing_of(STATE, "gone", alert(alert_id="gone"), Said())
    assert gone is not None
    assert gone.state == "firing"
    assert standing_of(STATE, "never", None, Said()) is None
    assert rules_of(WAITING) == {"DRAWDOWN": RULE}


@pytest.mark.parametrize("width", [74, 88, 104, 122, 145, 146, 200])
@pytest.mark.parametrize(
    "known", [alert(), alert(rule="[b]\x1b[2J\n" * 9, symbol="\u202e" * 99, severity="z" * 90, metric="m" * 999, state="é́" * 99)]
)
def test_a_line_is_as_wide_as_its_place_and_harmless(width: int, known: object) -> None:
    found = standings(State(alerts={"x": known}), Said())  # type: ignore[dict-item]
    text = line(found[0], width)
    assert cell_len(text) == width
    assert text.isprintable()
    assert told(found[0]).isprintable()
    assert cell_len("".join(piece for piece, _ in heading(chosen(width)))) == width


def test_the_title_that_is_sorted_by_has_an_arrow_and_can_be_found_by_its_place() -> None:
    layout = chosen(120)
    assert "Rule▾" in "".join(text for text, _ in heading(layout, "Rule", descending=True))
    assert "Rule▴" in "".join(text for text, _ in heading(layout, "Rule"))
    found = [at(layout, x) for x in (0, 12, 26, 5_000)]
    assert [column.title if column else None for column in found] == ["Severity", "State", "Rule", None]
