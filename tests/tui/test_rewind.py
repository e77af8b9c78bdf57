"""What was shown of late, and a screen that stands still."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from scoring.feed import Hello
from tests.tui.alerts_heard import AT, NOON, SYMBOL, events, source
from tui.rewind import SPAN, Rewind, step
from tui.state import Link, Lost, State, reduce

SECOND = timedelta(seconds=1)


def state_at(second: int) -> State:
    """Give what is known so many seconds after noon."""
    state = State()
    for event in [*events(alerts=()), source(NOON + second * SECOND)]:
        state = reduce(state, event)
    at = NOON + second * SECOND
    symbol = state.symbols[SYMBOL]
    points = {when: price for when, price in symbol.points.items() if when <= at}
    past = tuple(point for point in symbol.past if point[0] <= at.timestamp())
    known = msgspec.structs.replace(symbol, points=points, past=past)
    return msgspec.structs.replace(state, symbols={**state.symbols, SYMBOL: known}, sources={"binance": source(at)})


def filled(seconds: int, symbols: int = 3) -> Rewind:
    rewind = Rewind()
    for second in range(seconds):
        for part in range(4):
            state = state_at(min(second, 500))
            wide = {**state.symbols, **{f"S{i}": state.symbols["BTCUSDT"] for i in range(symbols - 3)}}
            rewind.keep(msgspec.structs.replace(state, symbols=wide), AT + (second + part / 4) * SECOND)
    return rewind


def test_one_state_a_second_is_kept_and_scrolled_through() -> None:
    rewind = filled(20)
    newest = state_at(20)
    rewind.freeze(newest, AT + 20 * SECOND)
    assert rewind.frozen
    assert (len(rewind.frozen.kept), rewind.frozen.state is newest, rewind.frozen.back_s) == (21, True, 0)
    rewind.move(-5)
    assert (rewind.frozen.state.tape_at, rewind.frozen.back_s) == (NOON + 15 * SECOND, 5)
    rewind.move(-100)
    assert (rewind.frozen.state.tape_at, rewind.frozen.back_s) == (NOON, 20)
    rewind.move(1_000)
    assert rewind.frozen.state is newest


def test_lines_of_prices_end_where_the_tape_stood_then() -> None:
    rewind = filled(40)
    rewind.freeze(state_at(60), AT + 60 * SECOND)
    rewind.move(-20)
    assert rewind.frozen
    then = rewind.frozen.state
    assert then.tape_at == NOON + 20 * SECOND
    assert list(then.symbols[SYMBOL].points)[-1] == NOON + 20 * SECOND
    assert then.symbols[SYMBOL].past[-1][0] == (NOON + 20 * SECOND).timestamp()


def test_what_is_kept_is_bounded() -> None:
    rewind = filled(700)
    rewind.freeze(state_at(0), AT + 700 * SECOND)
    assert rewind.frozen
    assert len(rewind.frozen.kept) <= SPAN // SECOND + 1
    assert rewind.frozen.kept[0].wall >= AT + 700 * SECOND - SPAN - SECOND
    assert (step(5), step(500)) == (SECOND, 25 * SECOND)


def test_of_many_symbols_fewer_states_are_kept() -> None:
    rewind = filled(60, symbols=200)
    rewind.freeze(state_at(0), AT + 60 * SECOND)
    assert rewind.frozen
    assert len(rewind.frozen.kept) == 7


def test_before_there_is_a_feed_nothing_is_kept_and_a_clock_that_was_set_back_stops_nothing() -> None:
    rewind = Rewind()
    rewind.keep(State(), AT)
    rewind.keep(state_at(0), AT)
    rewind.keep(state_at(1), AT - 100 * SECOND)
    rewind.freeze(state_at(2), AT)
    assert rewind.frozen
    assert len(rewind.frozen.kept) == 3


def test_a_frozen_screen_still_says_that_the_feed_was_lost() -> None:
    rewind = filled(5)
    newest = state_at(5)
    rewind.freeze(newest, AT)
    later = reduce(state_at(9), Lost("gone", AT, 1.0))
    shown = rewind.shown(later)
    assert (shown.link, shown.tape_at) == (Link.LOST, NOON + 5 * SECOND)
    assert rewind.shown(later) is shown
    rewind.thaw()
    assert rewind.shown(later) is later


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_screen_that_is_not_frozen_does_not_move(steps: int) -> None:
    rewind = filled(5)
    rewind.move(steps)
    assert rewind.frozen is None
    assert isinstance(state_at(1).hello, Hello)
