"""What the screen knows, as a table of messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce as fold

import pytest

from scoring.feed import AlertState, Heartbeat, Hello, NewRows, PricePoints, Snapshot, SourceState, Value
from tui.state import ALERT_LIMIT, POINT_LIMIT, SOURCE_LIMIT, SYMBOL_LIMIT, Connecting, Event, Link, Lost, RowKey, State, reduce

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
HELLO = Hello("0.1", "session", "replay", ["BTCUSDT", "ETHUSDT"], [])
LOST = Lost("the connection broke", AT, 1.0)
ENDED = Lost("the tape has ended", AT, 0.5, ended=True)


def after(*events: Event) -> State:
    return fold(reduce, events, State())


def risk(price: float, symbol: str = "BTCUSDT", provisional: bool = False) -> NewRows:
    return NewRows("risk_metrics", symbol, provisional, {"price": [price], "sampled_at": ["2026-08-01T12:00:00Z"]})


def window(table: str, seconds: int) -> NewRows:
    end = AT + timedelta(seconds=seconds)
    columns: dict[str, list[Value]] = {"window_start": [AT.isoformat()], "window_end": [end.isoformat()]}
    return NewRows(table, "BTCUSDT", False, columns)


def alert(identity: str, state: str = "firing") -> AlertState:
    return AlertState(identity, "R", "S", "info", state, AT, AT, None, "m", "m > 1", 1.0, 2.0, 2.0, "{}", "complete")


def source(name: str, seconds: float = 0, start: datetime | None = None, end: datetime | None = None) -> SourceState:
    return SourceState(name, AT + timedelta(seconds=seconds), 1, 0, 0, AT, start, end, 1.0, "live")


@pytest.mark.parametrize(
    ("events", "link"),
    [
        ([], Link.CONNECTING),
        ([Connecting("ws://x")], Link.CONNECTING),
        ([Connecting("ws://x"), LOST], Link.LOST),
        ([Connecting("ws://x"), LOST, Connecting("ws://x")], Link.LOST),
        ([Connecting("ws://x"), HELLO], Link.OPEN),
        ([HELLO, LOST, Connecting("ws://x"), HELLO], Link.OPEN),
        ([HELLO, ENDED], Link.ENDED),
        ([HELLO, ENDED, Connecting("ws://x"), LOST], Link.ENDED),
        ([HELLO, ENDED, Connecting("ws://x"), HELLO], Link.OPEN),
    ],
)
def test_the_link_follows_what_becomes_of_the_connection(events: list[Event], link: Link) -> None:
    assert after(*events).link is link


def test_numbers_stay_when_the_feed_is_lost_and_go_when_another_begins() -> None:
    lost = after(HELLO, risk(1.0), LOST)
    assert lost.symbols["BTCUSDT"].rows
    assert lost.loss == LOST
    again = reduce(lost, HELLO)
    assert not again.symbols["BTCUSDT"].rows
    assert again.loss is None


def test_the_address_outlives_a_hello() -> None:
    assert after(Connecting("ws://x"), HELLO).address == "ws://x"


def test_symbols_keep_the_order_of_the_settings_and_others_come_after() -> None:
    state = after(HELLO, risk(1.0, "ZUSDT"), risk(2.0, "ETHUSDT"), risk(3.0, "BTCUSDT"))
    assert list(state.symbols) == ["BTCUSDT", "ETHUSDT", "ZUSDT"]


def test_the_newest_row_of_each_table_width_and_finality_is_known() -> None:
    state = after(HELLO, risk(1.0), risk(2.0), risk(3.0, provisional=True), window("trade_metrics", 60), window("trade_metrics", 300))
    rows = state.symbols["BTCUSDT"].rows
    assert rows[RowKey("risk_metrics", False, 0.0)]["price"] == 2.0
    assert rows[RowKey("risk_metrics", True, 0.0)]["price"] == 3.0
    assert {key.width_s for key in rows if key.table == "trade_metrics"} == {60.0, 300.0}


@pytest.mark.parametrize("rows", [NewRows("posts", "", False, {"text": ["x"]}), NewRows("risk_metrics", "A", False, {"price": []})])
def test_rows_that_are_not_shown_change_nothing(rows: NewRows) -> None:
    before = after(HELLO)
    assert reduce(before, rows) is before


def test_what_the_crowd_says_is_known_and_goes_with_another_snapshot() -> None:
    post = NewRows("posts", "a", False, {"channel": ["a"], "message_id": [1], "posted_at": [AT.isoformat()], "text": ["x"]})
    stance = NewRows("decoupling_signals", "S", False, {"asset": ["s"], "evaluated_at": [AT.isoformat()]})
    state = after(HELLO, source("late", 5), post, stance)
    assert (list(state.crowd.posts), list(state.crowd.stances)) == ([("a", 1)], ["s"])
    assert not reduce(state, Snapshot([], [], [], [])).crowd.is_heard


def test_what_lies_before_the_newest_row_is_for_the_chart_alone() -> None:
    newest = window("trade_metrics", 60)
    columns: dict[str, list[Value]] = {
        "window_start": [(AT - timedelta(seconds=ago)).isoformat() for ago in (120, 60)],
        "window_end": [(AT - timedelta(seconds=ago)).isoformat() for ago in (60, 0)],
        "close": [1.0, 2.0],
    }
    before = after(HELLO, newest).symbols["BTCUSDT"]
    for events in (
        [newest, NewRows("trade_metrics", "BTCUSDT", False, columns, past=True)],
        [NewRows("trade_metrics", "BTCUSDT", False, columns, past=True), newest],
    ):
        known = after(HELLO, *events).symbols["BTCUSDT"]
        assert known.rows == before.rows
        assert [bar.close for bar in known.bars] == [1.0, 2.0, None]
    other = after(HELLO, newest)
    assert reduce(other, NewRows("spread_metrics", "BTCUSDT", False, columns, past=True)) is other


def test_prices_of_the_last_minutes_join_those_that_came_as_rows() -> None:
    second = timedelta(seconds=1)
    told = PricePoints("BTCUSDT", 1.0, [AT - 2 * second, AT - second, AT], [1.0, 2.0, 3.0], recent=True)
    known = after(HELLO, risk(9.0), told).symbols["BTCUSDT"]
    at_s = AT.timestamp()
    assert known.recent == ((at_s - 2, 1.0), (at_s - 1, 2.0), (at_s, 3.0))
    assert not known.points
    assert not known.past


def test_a_heartbeat_changes_nothing() -> None:
    before = after(HELLO)
    assert reduce(before, Heartbeat(1.0)) is before


def test_an_alert_that_changes_moves_to_the_end() -> None:
    state = after(HELLO, alert("a"), alert("b"), alert("a", "resolved"))
    assert [(key, known.state) for key, known in state.alerts.items()] == [("b", "firing"), ("a", "resolved")]


def test_a_rule_waits_until_its_next_word_about_the_same_symbol() -> None:
    state = after(HELLO, alert("a", "pending"), alert("b", "inhibited"))
    assert [(key, known.alert_id) for key, known in state.waiting.items()] == [(("R", "S"), "b")]
    assert not state.alerts
    assert not reduce(state, alert("b", "lapsed")).waiting
    assert not reduce(state, alert("b", "lapsed")).alerts
    fired = reduce(state, alert("b"))
    assert (list(fired.alerts), fired.waiting) == (["b"], {})
    assert not reduce(state, Snapshot([], [], [], [])).waiting
    assert reduce(State(), alert("a", "lapsed")) == State()


def test_a_snapshot_replaces_what_was_known() -> None:
    points = PricePoints("ETHUSDT", 5.0, [AT], [2.0])
    state = after(
        HELLO, risk(1.0), alert("old"), source("old"), Snapshot([risk(5.0, "ETHUSDT")], [alert("new")], [points], [source("new")])
    )
    assert list(state.symbols) == ["BTCUSDT", "ETHUSDT"]
    assert not state.symbols["BTCUSDT"].rows
    assert state.symbols["ETHUSDT"].points == {AT: 2.0}
    assert (list(state.alerts), list(state.sources)) == (["new"], ["new"])


def test_points_take_their_place_in_time() -> None:
    later, earlier = AT + timedelta(seconds=5), AT
    state = after(HELLO, PricePoints("BTCUSDT", 5.0, [later], [2.0]), PricePoints("BTCUSDT", 5.0, [earlier, later], [1.0, 3.0]))
    assert list(state.symbols["BTCUSDT"].points.items()) == [(earlier, 1.0), (later, 3.0)]


def test_what_another_machine_may_send_is_bounded() -> None:
    flood: list[Event] = [HELLO]
    flood += [alert(str(i)) for i in range(ALERT_LIMIT + 50)]
    flood += [source(str(i)) for i in range(SOURCE_LIMIT + 50)]
    flood += [risk(1.0, f"S{i}") for i in range(SYMBOL_LIMIT + 50)]
    flood.append(PricePoints("BTCUSDT", 5.0, [AT + timedelta(seconds=i) for i in range(POINT_LIMIT + 50)], [1.0] * (POINT_LIMIT + 50)))
    state = after(*flood)
    assert len(state.alerts) == ALERT_LIMIT
    assert len(state.sources) == SOURCE_LIMIT
    assert len(state.symbols) == SYMBOL_LIMIT
    assert len(state.symbols["BTCUSDT"].points) == POINT_LIMIT


def test_tape_time_is_that_of_the_furthest_source() -> None:
    assert after(HELLO).tape_at is None
    assert after(HELLO, source("a"), source("b", 3), source("c", 1)).tape_at == AT + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("seconds", "start", "end", "progress"),
    [
        (0, None, None, None),
        (5, AT, AT + timedelta(seconds=20), 0.25),
        (50, AT, AT + timedelta(seconds=20), 1.0),
        (5, AT, AT, None),
    ],
)
def test_progress_is_how_much_of_a_recording_has_been_replayed(
    seconds: float, start: datetime | None, end: datetime | None, progress: float | None
) -> None:
    assert after(HELLO, source("a", seconds, start, end)).progress == progress


def test_prices_leave_a_trail_of_each_second_and_one_of_the_grid() -> None:
    points = PricePoints("BTCUSDT", 5.0, [AT, AT + timedelta(seconds=5)], [1.0, 2.0])
    known = after(HELLO, points, risk(3.0), window("trade_metrics", 60)).symbols["BTCUSDT"]
    assert known.past == ((AT.timestamp(), 1.0), (AT.timestamp() + 5, 2.0))
    assert known.recent == ((AT.timestamp(), 3.0),)
