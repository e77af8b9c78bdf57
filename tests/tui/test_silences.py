"""What somebody has said about alerts, and what still interrupts."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from scoring.feed import Hello
from tests.tui.alerts_heard import AT, OTHERS, alert, source
from tui.memory import Memory, Store
from tui.silences import (
    SEEN_LIMIT,
    SILENCE_LIMIT,
    Said,
    Sayings,
    Silence,
    acknowledge,
    is_seen,
    loud,
    silence,
    silent_until,
    unsilence,
)
from tui.state import State

MINUTE = timedelta(minutes=1)
BEGUN = alert().fired_at or AT
LIVE, OTHER_LIVE = (Hello("0.1", "example", "live", [], [], run=run) for run in ("1", "2"))
FIRST, AGAIN = (Hello("0.1", "example", "replay", [], [], run=run) for run in ("1", "2"))
STATE = State(alerts={each.alert_id: each for each in (*OTHERS, alert())}, sources={"binance": source()})


@pytest.mark.parametrize(
    ("now", "silent"),
    [(AT - MINUTE, False), (BEGUN, True), (AT, True), (AT + 9 * MINUTE, True), (AT + 10 * MINUTE, False), (None, False)],
)
def test_a_silence_begins_with_the_alert_and_ends_on_the_tape(now: datetime | None, silent: bool) -> None:
    silences = silence((), alert(), AT, 10 * MINUTE)
    assert silent_until(alert(), silences, now) == (AT + 10 * MINUTE if silent else None)


def test_a_silence_is_about_one_rule_on_one_symbol_and_every_alert_of_it() -> None:
    silences = silence((), alert(), AT, MINUTE)
    heard = [alert(alert_id="later"), alert(symbol="BTCUSDT"), alert(rule="OTHER")]
    assert [silent_until(each, silences, AT) is not None for each in heard] == [True, False, False]


def test_a_new_silence_takes_the_place_of_the_old_and_forgets_what_is_over() -> None:
    longer = silence(silence((), alert(), AT, MINUTE), alert(), AT, 60 * MINUTE)
    assert longer == (Silence("DRAWDOWN", "DOGEUSDT", BEGUN, AT + 60 * MINUTE),)
    over = silence((), OTHERS[0], AT - 9 * MINUTE, MINUTE)
    assert over == (Silence("SPREAD_WARNING", "BTCUSDT", AT - 9 * MINUTE, AT - 8 * MINUTE),)
    assert silence(over, alert(), AT, MINUTE) == (Silence("DRAWDOWN", "DOGEUSDT", BEGUN, AT + MINUTE),)
    assert unsilence((*longer, *over), alert()) == over


def test_what_is_kept_is_bounded_in_number_and_length(tmp_path: Path) -> None:
    silences: tuple[Silence, ...] = ()
    seen: tuple[str, ...] = ()
    for i in range(300):
        silences = silence(silences, alert(rule=f"R{i}" + "汉" * 10_000, symbol="汉" * 10_000), AT, MINUTE)
        seen = acknowledge(seen, alert(alert_id=f"{i}" + "汉" * 10_000))
    assert (len(silences), len(seen)) == (SILENCE_LIMIT, SEEN_LIMIT)
    hello = msgspec.structs.replace(FIRST, run="汉" * 10_000)
    memory = Memory(sayings=Sayings(Said("", seen, silences)).put(hello, Said(Sayings().of(hello).run, seen, silences)))
    assert Store(tmp_path / "screen.json").save(memory) == ""
    assert Store(tmp_path / "screen.json").load() == (memory, "")
    assert memory.sayings.of(hello).seen == seen
    assert silent_until(alert(rule="R299" + "汉" * 10_000, symbol="汉" * 10_000), silences, AT)
    assert is_seen(alert(alert_id="299" + "汉" * 10_000), seen)


def test_to_acknowledge_twice_takes_it_back() -> None:
    once = acknowledge(("other",), alert())
    assert (once, acknowledge(once, alert())) == (("other", "a1"), ("other",))


def test_only_what_was_not_seen_and_is_not_silent_interrupts() -> None:
    assert loud(STATE, Sayings()) is STATE
    assert loud(STATE, Sayings(Said(seen=("gone",)))) is STATE
    assert set(loud(STATE, Sayings(Said(seen=("a1",)))).alerts) == {"a2", "a3", "a4"}
    assert set(loud(STATE, Sayings(Said(silences=silence((), OTHERS[0], AT, MINUTE)))).alerts) == {"a1", "a3", "a4"}
    assert set(STATE.alerts) == {"a1", "a2", "a3", "a4"}


def heard(sayings: Sayings, hello: Hello) -> set[str]:
    return set(loud(msgspec.structs.replace(STATE, hello=hello), sayings).alerts)


def restarted(sayings: Sayings, folder: Path) -> Sayings:
    """Give what a screen knows that starts after another has ended."""
    assert Store(folder / "screen.json").save(Memory(sayings=sayings)) == ""
    return Store(folder / "screen.json").load()[0].sayings


QUIET = {"seen": ("a4",), "silences": silence((), alert(), AT, MINUTE)}


def test_on_a_live_feed_it_is_remembered_from_one_start_to_the_next(tmp_path: Path) -> None:
    said = msgspec.structs.replace(Sayings().of(LIVE), **QUIET)
    sayings = restarted(Sayings().put(LIVE, said), tmp_path)
    assert heard(sayings, LIVE) == heard(sayings, OTHER_LIVE) == {"a2", "a3"}
    assert heard(sayings, FIRST) == set(STATE.alerts)


def test_in_a_replay_it_belongs_to_that_run_alone(tmp_path: Path) -> None:
    said = msgspec.structs.replace(Sayings().of(FIRST), **QUIET)
    sayings = restarted(Sayings().put(FIRST, said), tmp_path)
    assert heard(sayings, FIRST) == {"a2", "a3"}
    assert heard(sayings, AGAIN) == heard(sayings, LIVE) == set(STATE.alerts)
    assert heard(sayings.put(AGAIN, sayings.of(AGAIN)), FIRST) == set(STATE.alerts)


def test_what_was_said_on_a_live_feed_survives_a_replay(tmp_path: Path) -> None:
    sayings = Sayings().put(LIVE, msgspec.structs.replace(Sayings().of(LIVE), **QUIET))
    for hello in (FIRST, AGAIN):
        sayings = restarted(sayings.put(hello, msgspec.structs.replace(sayings.of(hello), seen=("a1",))), tmp_path)
    assert heard(sayings, LIVE) == {"a2", "a3"}


def test_a_silence_without_a_zone_is_no_memory_of_ours(tmp_path: Path) -> None:
    broken = '{"rule": "a", "symbol": "b", "from_at": "2026-08-01T12:00:00", "until": "2026-08-01T12:00:00"}'
    (tmp_path / "screen.json").write_text(f'{{"sayings": {{"live": {{"silences": [{broken}]}}}}}}')
    memory, complaint = Store(tmp_path / "screen.json").load()
    assert memory == Memory()
    assert "could not be read" in complaint
