"""What somebody has said about alerts, and what still interrupts."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.tui.alerts_heard import AT, OTHERS, alert, source
from tui.memory import Memory, Store
from tui.silences import SEEN_LIMIT, SILENCE_LIMIT, Silence, acknowledge, is_seen, loud, silence, silent_until, unsilence
from tui.state import State

MINUTE = timedelta(minutes=1)
STATE = State(alerts={each.alert_id: each for each in (*OTHERS, alert())}, sources={"binance": source()})


@pytest.mark.parametrize(
    ("now", "silent"),
    [(AT - MINUTE, False), (AT, True), (AT + 9 * MINUTE, True), (AT + 10 * MINUTE, False), (None, False)],
)
def test_a_silence_begins_and_ends_on_the_tape(now: datetime | None, silent: bool) -> None:
    silences = silence((), alert(), AT, 10 * MINUTE)
    assert silent_until(alert(), silences, now) == (AT + 10 * MINUTE if silent else None)


def test_a_silence_is_about_one_rule_on_one_symbol_and_every_alert_of_it() -> None:
    silences = silence((), alert(), AT, MINUTE)
    heard = [alert(alert_id="later"), alert(symbol="BTCUSDT"), alert(rule="OTHER")]
    assert [silent_until(each, silences, AT) is not None for each in heard] == [True, False, False]


def test_a_new_silence_takes_the_place_of_the_old_and_forgets_what_is_over() -> None:
    longer = silence(silence((), alert(), AT, MINUTE), alert(), AT, 60 * MINUTE)
    assert longer == (Silence("DRAWDOWN", "DOGEUSDT", AT, AT + 60 * MINUTE),)
    over = silence((), OTHERS[0], AT - 9 * MINUTE, MINUTE)
    assert silence(over, alert(), AT, MINUTE) == (Silence("DRAWDOWN", "DOGEUSDT", AT, AT + MINUTE),)
    assert unsilence((*longer, *over), alert()) == over


def test_what_is_kept_is_bounded_in_number_and_length() -> None:
    silences: tuple[Silence, ...] = ()
    seen: tuple[str, ...] = ()
    for i in range(300):
        silences = silence(silences, alert(rule=f"R{i}" + "x" * 10_000), AT, MINUTE)
        seen = acknowledge(seen, alert(alert_id=f"{i}" + "x" * 10_000))
    assert (len(silences), len(seen)) == (SILENCE_LIMIT, SEEN_LIMIT)
    assert len(msgspec.json.encode([silences, seen])) < 64 * 1024
    assert silent_until(alert(rule="R299" + "x" * 10_000), silences, AT)
    assert is_seen(alert(alert_id="299" + "x" * 10_000), seen)


def test_to_acknowledge_twice_takes_it_back() -> None:
    once = acknowledge(("other",), alert())
    assert (once, acknowledge(once, alert())) == (("other", "a1"), ("other",))


def test_only_what_was_not_seen_and_is_not_silent_interrupts() -> None:
    assert loud(STATE, (), ()) is STATE
    assert loud(STATE, ("gone",), ()) is STATE
    assert set(loud(STATE, ("a1",), ()).alerts) == {"a2", "a3", "a4"}
    assert set(loud(STATE, (), silence((), OTHERS[0], AT, MINUTE)).alerts) == {"a1", "a3", "a4"}
    assert set(STATE.alerts) == {"a1", "a2", "a3", "a4"}


def test_it_is_remembered_from_one_start_to_the_next(tmp_path: Path) -> None:
    memory = Memory(seen=("a1",), silences=silence((), alert(), AT, MINUTE))
    assert Store(tmp_path / "screen.json").save(memory) == ""
    assert Store(tmp_path / "screen.json").load() == (memory, "")


def test_a_silence_without_a_zone_is_no_memory_of_ours(tmp_path: Path) -> None:
    broken = '{"silences": [{"rule": "a", "symbol": "b", "from_at": "2026-08-01T12:00:00", "until": "2026-08-01T12:00:00"}]}'
    (tmp_path / "screen.json").write_text(broken)
    memory, complaint = Store(tmp_path / "screen.json").load()
    assert memory == Memory()
    assert "could not be read" in complaint
