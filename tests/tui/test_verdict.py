"""What a "what if" answers, in words, judged over what a screen saw."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scoring.duration import Duration
from scoring.feed import AlertState, NewRows
from tests.tui.alerts_heard import AT, RISK, alert, fall, risk
from tui.measures import Measures
from tui.verdict import words
from tui.whatif import judge


def seen(*, since_s: int = -60) -> Measures:
    """Give what a screen knows that was started so many seconds before now."""
    measures = Measures()
    for row in fall()[60 + since_s :]:
        measures.take(row)
    return measures


def said(known: AlertState, threshold: float | None, held: str, since_s: int = -60) -> str:
    return "\n".join(words(judge(known, seen(since_s=since_s), threshold, Duration.parse(held)), known, is_as_it_was=False))


@pytest.mark.parametrize(
    ("threshold", "held", "answer"),
    [
        (None, "5s", "it would have fired at 12:09:40\n"),
        (0.01, "5s", "it would have fired at 12:09:40\n"),
        (0.01, "0s", "it would have fired at 12:09:35, 5 s earlier\n"),
        (0.01, "10s", "it would have fired at 12:09:45, 5 s later\n"),
        (0.01, "30s", f"it would not have fired: {RISK} reached 0.03\n"),
        (0.025, "0s", "it would have fired at 12:09:47, 7 s later\n"),
        (0.025, "5s", "it would not have fired"),
        (0.04, "0s", f"it would not have fired: {RISK} reached 0.03\n"),
    ],
)
def test_it_is_judged_as_the_flow_judges(threshold: float | None, held: str, answer: str) -> None:
    assert said(alert(), threshold, held).startswith(answer)


def test_it_says_what_it_rests_on() -> None:
    assert said(alert(), 0.01, "5s").endswith("judged on 61 rows this screen saw, 12:09:00 to 12:10:00; longest silence 1 s")


def test_a_screen_that_was_started_later_does_not_pretend() -> None:
    answer = said(alert(), 0.025, "0s", since_s=-18)
    known_since = "not known for this alert, which began at 12:09:35: known since 12:09:42"
    assert answer.startswith(f"{known_since}; since then it would have fired once\n")
    assert said(alert(), 0.04, "0s", since_s=-18).startswith(f"{known_since}\n")
    assert said(alert(), 0.015, "0s", since_s=-18).startswith(f"{known_since}, when it held already\n")
    assert "on the numbers it fired on, the condition would not have held" in answer
    assert "would have held too" in said(alert(), 0.015, "0s", since_s=-18)


def test_without_history_only_the_stored_numbers_speak() -> None:
    answer = words(judge(alert(symbol="BTCUSDT"), seen(), 0.015, Duration(0)), alert(symbol="BTCUSDT"), is_as_it_was=False)
    assert answer == [
        "cannot be judged: this screen has seen nothing of risk_metrics about BTCUSDT",
        "on the numbers it fired on, the condition would have held too",
    ]
    assert len(words(judge(alert(symbol="B", evidence="{}"), seen(), 1.0, Duration(0)), alert(), is_as_it_was=False)) == 1


def test_as_it_was_and_not_found_again_is_no_verdict() -> None:
    known = alert(started_at=AT - timedelta(seconds=50), fired_at=AT - timedelta(seconds=45), resolved_at=AT - timedelta(seconds=40))
    answer = words(judge(known, seen(), None, Duration.parse("5s")), known, is_as_it_was=True)
    assert answer[0] == "it cannot be found again: this screen saw too few rows; once more in the span"


def slope() -> list[NewRows]:
    """Give rows of a minute in which the price fell by 0.6 % before it fell by 2 %."""
    fallen = ((-35, 0.0), (-25, 0.006), (-10, 0.02), (1, 0.0))
    return [risk(AT + timedelta(seconds=second), next(by for end, by in fallen if second < end)) for second in range(-60, 1)]


@pytest.mark.parametrize(
    ("since_s", "held", "answer"),
    [
        (-60, "0s", "it would have fired at 12:09:25, 15 s earlier"),
        (-60, "10s", "it would have fired at 12:09:35, 5 s earlier"),
        (-30, "0s", "it would have fired at 12:09:30 at the latest: it held already at 12:09:30, and nothing is known before"),
    ],
)
def test_another_threshold_may_have_fired_before_the_alert_began(since_s: int, held: str, answer: str) -> None:
    measures = Measures()
    for row in slope()[60 + since_s :]:
        measures.take(row)
    judged = judge(alert(), measures, 0.005, Duration.parse(held), Duration.parse("5s"))
    assert words(judged, alert(), is_as_it_was=False)[0] == answer


@pytest.mark.parametrize(
    ("peak", "was_held", "answer"),
    [
        (0.05, "0s", "not known whether it would have fired: this screen saw too few rows"),
        (0.03, "0s", f"it would not have fired: {RISK} reached 0.02"),
        (0.03, "20s", "not known whether it would have fired: this screen saw too few rows"),
    ],
)
def test_it_is_not_said_that_it_would_not_have_where_the_rows_do_not_show_the_alert_as_it_was(
    peak: float, was_held: str, answer: str
) -> None:
    known = alert(peak_value=peak)
    judged = judge(known, thinned(without_s=range(-24, -10)), 0.04, Duration(0), Duration.parse(was_held))
    assert words(judged, known, is_as_it_was=False)[0].startswith(answer)


def thinned(*, without_s: range) -> Measures:
    """Give what a screen knows whose feed left out the rows of some seconds."""
    measures = Measures()
    for second, row in zip(range(-60, 1), fall(), strict=True):
        if second not in without_s:
            measures.take(row)
    return measures


@pytest.mark.parametrize(
    ("threshold", "answer"),
    [
        (None, "as it was it fired at 12:09:40"),
        (0.005, "it would have fired at 12:09:40"),
        (0.02, "it would have fired at 12:09:47, 7 s later"),
    ],
)
def test_the_row_it_fired_on_is_judged_too_where_the_feed_left_it_out(threshold: float | None, answer: str) -> None:
    known = alert(started_at=AT - timedelta(seconds=20))
    judged = judge(known, thinned(without_s=range(-25, -14)), threshold, Duration(0))
    assert words(judged, known, is_as_it_was=threshold is None)[0] == answer
    assert judged.rows == 61 - 11  # what an answer rests on is what was seen


def test_the_row_it_fired_on_reaches_no_further_back_than_what_was_seen() -> None:
    known = alert(started_at=AT - timedelta(seconds=20))
    judged = judge(known, thinned(without_s=range(-60, -14)), None, Duration(0))
    assert words(judged, known, is_as_it_was=True)[0].startswith("not known for this alert")


def test_as_it_was_it_fired_when_it_fired_whatever_this_screen_saw() -> None:
    known = alert(started_at=AT - timedelta(seconds=20), evidence="{}")
    answer = words(judge(known, thinned(without_s=range(-25, -14)), None, Duration(0)), known, is_as_it_was=True)
    assert answer[0] == "as it was it fired at 12:09:40, and by what this screen saw at 12:09:46"


@pytest.mark.parametrize(
    ("known", "threshold", "problem"),
    [
        (alert(condition="import os"), None, "the condition is none that this screen understands"),
        (alert(condition="x" * 100_000), None, "the condition is none"),
        (alert(condition="risk_metrics.momentum_1m > 0.1"), 0.2, "the feed says nothing of risk_metrics.momentum_1m"),
        (alert(condition="risk_metrics.drawdown > risk_metrics.price"), 0.2, "there is no threshold to change"),
    ],
)
def test_what_cannot_be_judged_says_why(known: AlertState, threshold: float | None, problem: str) -> None:
    assert problem in words(judge(known, seen(), threshold, Duration(0)), known, is_as_it_was=False)[0]
