"""The line of what fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from scoring.feed import AlertState
from tests.tui.seen import press, show, text_of
from tui.app import Ghosttape
from tui.state import State
from tui.widgets.banner import Banner, banner, firing

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALERT = AlertState(
    "a", "IMMINENT_HYPE_PUMP", "DOGEUSDT", "critical", "firing", AT, AT, None, "t.hype_momentum", "c", 100.0, 143.2, 150.0, "{}", "complete"
)


def changed(**fields: object) -> AlertState:
    return msgspec.structs.replace(ALERT, **fields)


def known(*alerts: AlertState) -> State:
    return State(alerts={str(number): alert for number, alert in enumerate(alerts)})


def test_it_says_in_words_what_about_whom_how_far_since_when_and_on_what_data() -> None:
    words = "■  critical  IMMINENT_HYPE_PUMP  DOGEUSDT  hype_momentum  143.2 vs 100  since 12:00:00  data whole"
    assert banner(known(ALERT), 117).plain == words


@pytest.mark.parametrize(
    "alert",
    [changed(severity="info"), changed(severity="odd"), changed(state="resolved"), changed(state="no_data"), changed(state="pending")],
)
def test_it_is_silent_unless_something_grave_fires(alert: AlertState) -> None:
    assert banner(known(alert), 117).plain == ""


def test_of_those_as_grave_the_newest_is_told_and_the_others_counted() -> None:
    later = changed(rule="LATER", fired_at=AT + timedelta(seconds=1))
    without_fired = changed(rule="OLD", fired_at=None, started_at=AT - timedelta(seconds=1))
    state = known(ALERT, later, without_fired, changed(severity="info", fired_at=AT + timedelta(days=1)))
    assert [alert.rule for alert in firing(state)] == ["LATER", "IMMINENT_HYPE_PUMP", "OLD"]
    assert banner(state, 117).plain.split()[2] == "LATER"
    assert banner(state, 117).plain.endswith("  +2 more")


def test_the_gravest_is_told_however_many_newer_ones_there_are() -> None:
    warnings = [changed(severity="warning", rule=f"WIDE_{i}", fired_at=AT + timedelta(seconds=i)) for i in (1, 2)]
    state = known(warnings[0], ALERT, warnings[1])
    assert [alert.rule for alert in firing(state)] == ["IMMINENT_HYPE_PUMP", "WIDE_2", "WIDE_1"]
    assert banner(state, 117).plain.startswith("■  critical  IMMINENT_HYPE_PUMP")
    assert banner(state, 117).plain.endswith("  +2 more")


def test_of_two_that_began_at_one_instant_the_last_that_was_heard_is_told() -> None:
    assert [alert.rule for alert in firing(known(ALERT, changed(rule="LATER")))] == ["LATER", "IMMINENT_HYPE_PUMP"]


@pytest.mark.parametrize("width", [10, 30, 50, 77, 97, 117, 197])
@pytest.mark.parametrize("alert", [ALERT, changed(rule="x" * 200, symbol="y" * 200, metric="m" * 200), changed(rule="汉" * 99)])
def test_it_never_breaks_and_never_loses_the_count(alert: AlertState, width: int) -> None:
    text = banner(known(alert, alert), width).plain
    assert cell_len(text) <= width
    assert text.endswith("+1 more")


def test_where_there_is_little_room_the_rule_the_symbol_and_the_numbers_stay() -> None:
    text = banner(known(ALERT, ALERT, ALERT), 60).plain
    assert text == "■  IMMINENT_HYPE_PUMP  DOGEUSDT  143.2 vs 100  +2 more"


def test_the_key_that_explains_it_stands_at_its_end_where_there_is_room() -> None:
    assert banner(known(ALERT), 78, "e").plain == "■  IMMINENT_HYPE_PUMP  DOGEUSDT  143.2 vs 100  since 12:00:00  e Why"
    assert banner(known(ALERT, ALERT), 66, "e").plain == "■  IMMINENT_HYPE_PUMP  DOGEUSDT  143.2 vs 100  +1 more  e Why"
    assert banner(known(ALERT, ALERT), 59, "e").plain.endswith("  +1 more")


@pytest.mark.parametrize("keys", [{}, {"screen.why": "z,ctrl+w"}])
def test_its_key_and_a_click_explain_what_it_tells_and_lead_back(keys: dict[str, str]) -> None:
    key = "z" if keys else "e"

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "DRAWDOWN" in await press(pilot, app, "1")
        assert text_of(app).splitlines()[2].rstrip().endswith(f"  +1 more  {key} Why")
        for _ in range(2):
            assert "Why · DRAWDOWN DOGEUSDT" in await press(pilot, app, key)
        assert "Symbols" in await press(pilot, app, "escape")
        await pilot.click(Banner)
        assert "Why · DRAWDOWN DOGEUSDT" in await press(pilot, app)
        assert "Why · SPREAD_WARNING BTCUSDT" in await press(pilot, app, "a", key)
        assert "Symbols" in await press(pilot, app, "a", "1", key)

    show(act, keys=keys)


@pytest.mark.parametrize(("completeness", "words"), [("open_gap(2)", "data 2 gap"), ("repaired(12)", "data 12 fixed")])
def test_data_that_is_not_whole_is_told_even_where_there_is_little_room(completeness: str, words: str) -> None:
    assert words in banner(known(changed(completeness=completeness)), 64).plain


def test_numbers_that_are_not_known_are_no_numbers() -> None:
    assert "– vs –" in banner(known(changed(value=None, threshold=None)), 117).plain


def test_hostile_text_is_harmless() -> None:
    text = banner(known(changed(rule="[bold]\x1b[2J\n", symbol="\u202e", metric="\x07", completeness="\x1b(\x1b)")), 117).plain
    assert text.isprintable()
    assert "[bold]" in text
