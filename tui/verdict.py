"""What a "what if" answers, in words: whether it would have fired, and what that rests on.

Says no more than is known: of an alert that lies outside what this screen has seen nothing is said but since when it knows.
"""

from __future__ import annotations

from datetime import datetime

from scoring.feed import AlertState
from tui.whatif import Answer


def words(answer: Answer, alert: AlertState, *, is_as_it_was: bool) -> list[str]:
    """Say it, and what it rests on."""
    if answer.problem:
        return [f"cannot be judged: {answer.problem}"]
    if answer.missing or answer.from_at is None or answer.to_at is None:
        return [f"cannot be judged: this screen has seen nothing of {', '.join(answer.missing)} about {alert.symbol}", *_then(answer)]
    span = f"{answer.from_at:%H:%M:%S} to {answer.to_at:%H:%M:%S}"
    basis = f"judged on {answer.rows:,} {'row' if answer.rows == 1 else 'rows'} this screen saw, {span}"
    basis += f"; longest silence {answer.widest_s:g} s" if answer.rows > 1 else ""
    if not answer.covers(alert):
        return [_uncovered(answer, alert), *_then(answer), basis]
    others = len(answer.fired) - len(answer.mine)
    elsewhere = f"; {_times(others)} more in the span" if others else ""
    if not answer.mine and not answer.is_sure:
        lead = "it cannot be found again" if is_as_it_was else "not known whether it would have fired"
        return [f"{lead}: this screen saw too few rows{elsewhere}", *([] if is_as_it_was else _then(answer)), basis]
    if not answer.mine:
        reached = "" if answer.furthest is None else f": {alert.metric} reached {answer.furthest:.6g}"
        return [f"it would not have fired{reached}{elsewhere}", basis]
    first = answer.mine[0]
    later = _later(first.fired_at, alert.fired_at)
    if is_as_it_was:
        others_said = f", and by what this screen saw at {first.fired_at:%H:%M:%S}" if later else ""
        return [f"as it was it fired at {alert.fired_at or first.fired_at:%H:%M:%S}{others_said}{elsewhere}", basis]
    if first.began_at <= answer.from_at:
        later = f" at the latest: it held already at {answer.from_at:%H:%M:%S}, and nothing is known before"
    return [f"it would have fired at {first.fired_at:%H:%M:%S}{later}{elsewhere}", basis]


def _uncovered(answer: Answer, alert: AlertState) -> str:
    begun = alert.started_at or alert.fired_at
    if begun is None or answer.from_at is None or answer.from_at <= begun:
        return "not known for this alert: what this screen has seen does not reach to when it fired"
    later = [spell for spell in answer.fired if spell.began_at > answer.from_at]
    known = f"known since {answer.from_at:%H:%M:%S}" + (", when it held already" if len(later) < len(answer.fired) else "")
    since = f"; since then it would have fired {_times(len(later))}" if later else ""
    return f"not known for this alert, which began at {begun:%H:%M:%S}: {known}{since}"


def _then(answer: Answer) -> list[str]:
    if answer.held_then is None:
        return []
    return [f"on the numbers it fired on, the condition would {'have held too' if answer.held_then else 'not have held'}"]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _later(at: datetime, fired: datetime | None) -> str:
    seconds = round((at - fired).total_seconds(), 1) if fired else 0.0
    return "" if not seconds else f", {abs(seconds):g} s {'later' if seconds > 0 else 'earlier'}"
