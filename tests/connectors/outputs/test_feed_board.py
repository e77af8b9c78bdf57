"""The board of the feed: newest state only, bounded, and told by what changed since."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest

from connectors.outputs.feed_board import Board, Entry
from connectors.outputs.feed_settings import FeedSettings
from scoring.feed import AlertState, Heartbeat, NewRows, PricePoints, SourceState, Value
from scoring.records import Alert, DecouplingSignal, Pulse, Reject, RiskMetrics, Rows, Table, TradeMetrics, columns_of, to_columns

SECOND = 1_000_000_000
START = 1_785_585_600 * SECOND
BOUNDS = FeedSettings(cells=100, history_points=240)


def board(bounds: FeedSettings = BOUNDS) -> Board:
    return Board(bounds)


def a_row(struct: type[msgspec.Struct], **known: object) -> msgspec.Struct:
    blank: dict[type, object] = {int: 0, float: 0.0, bool: False, str: "", bytes: b""}
    return struct(**{name: blank[kind] for name, kind in columns_of(struct).items()} | known)


def risk(*prices: float, symbol: str = "BTCUSDT", at_s: float = 0, provisional: bool = False) -> Rows:
    samples = [a_row(RiskMetrics, symbol=symbol, sampled_ns=START + int((at_s + i / 2) * SECOND), price=p) for i, p in enumerate(prices)]
    return Rows(Table.RISK_METRICS, symbol, to_columns(RiskMetrics, samples), 0, provisional)


def trades(*widths_s: int) -> Rows:
    windows = [
        a_row(TradeMetrics, symbol="BTCUSDT", window_start_ns=START, window_end_ns=START + w * SECOND, vwap=float(w)) for w in widths_s
    ]
    return Rows(Table.TRADE_METRICS, "BTCUSDT", to_columns(TradeMetrics, windows), 0)


def alert(identity: str, state: str = "firing", rule: str = "R") -> Rows:
    row = a_row(Alert, alert_id=identity, rule=rule, symbol="BTCUSDT", state=state, started_ns=START, threshold=float("nan"), value=2.0)
    return Rows(Table.ALERTS, "BTCUSDT", to_columns(Alert, [row]), 0, provisional=state in ("pending", "inhibited", "lapsed"))


def pulse(source: str = "binance", state: str = "replaying") -> Pulse:
    return Pulse(source, START, 10, 1, 0, 0, START, START + SECOND, float("inf"), state)


def messages(entries: list[Entry]) -> list[object]:
    return [entry.message() for entry in entries]


def test_only_the_newest_row_of_a_table_about_a_symbol_is_kept() -> None:
    known = board()
    known.put([risk(1.0, 2.0), risk(3.0, 4.0)])
    found = [m for m in messages(known.since(0)[1]) if isinstance(m, NewRows)]
    assert [m.columns["price"] for m in found] == [[4.0]]


def test_final_and_provisional_rows_do_not_replace_each_other() -> None:
    known = board()
    known.put([risk(1.0), risk(2.0, provisional=True)])
    found = [m for m in messages(known.since(0)[1]) if isinstance(m, NewRows)]
    assert [(m.provisional, m.columns["price"]) for m in found] == [(False, [1.0]), (True, [2.0])]


def window(start_s: int, vwap: float) -> Rows:
    row = a_row(
        TradeMetrics, symbol="BTCUSDT", window_start_ns=START + start_s * SECOND, window_end_ns=START + (start_s + 60) * SECOND, vwap=vwap
    )
    return Rows(Table.TRADE_METRICS, "BTCUSDT", to_columns(TradeMetrics, [row]), 0)


def vwaps(entries: Iterable[Entry]) -> list[tuple[bool, list[Value]]]:
    return [(m.past, m.columns["vwap"]) for m in messages(list(entries)) if isinstance(m, NewRows)]


def test_the_past_is_told_once_and_then_what_was_missed_of_it() -> None:
    known = board()
    known.put([window(minute * 60, float(minute)) for minute in range(4)])
    seen, snapshot = known.snapshot(lambda _: True)
    assert [row.columns["vwap"] for row in snapshot.rows] == [[3.0]]
    assert vwaps(known.past(lambda _: True)) == [(True, [0.0, 1.0, 2.0])]
    known.put([window(240, 4.0)])
    seen, entries = known.since(seen)
    assert vwaps(entries) == [(False, [4.0])]
    known.put([window(300, 5.0), window(360, 6.0)])
    assert vwaps(known.since(seen)[1]) == [(False, [6.0]), (True, [5.0])]


def test_a_window_that_is_revised_is_not_taken_for_the_newest() -> None:
    known = board()
    known.put([window(0, 1.0), window(60, 2.0)])
    seen, _ = known.since(0)
    known.put([window(0, 9.0)])
    seen, entries = known.since(seen)
    assert vwaps(entries) == [(True, [9.0])]
    known.put([window(60, 8.0)])
    assert vwaps(known.since(seen)[1]) == [(False, [8.0])]


def test_of_the_past_a_client_is_told_what_it_wants() -> None:
    known = board()
    known.put([window(0, 1.0), window(60, 2.0), risk(1.0, 2.0, 3.0)])
    assert [entry.topic for entry in known.past(lambda _: True)] == ["trade_metrics", "points"]
    assert [entry.topic for entry in known.past(lambda entry: entry.topic == "points")] == ["points"]


def stances(*seconds: int, asset: str = "bitcoin") -> Rows:
    made = [a_row(DecouplingSignal, asset=asset, evaluated_ns=START + second * SECOND, message_count=second) for second in seconds]
    return Rows(Table.DECOUPLING_SIGNALS, "BTCUSDT", to_columns(DecouplingSignal, made), 0)


def test_what_the_flow_says_of_a_time_after_the_tape_is_not_told() -> None:
    known = board()
    known.put([stances(0)])
    known.put([pulse(), stances(5, 60, 61), stances(300)])
    (newest,) = (m for m in messages(known.since(0)[1]) if isinstance(m, NewRows))
    assert newest.columns["message_count"] == [60]
    (past,) = (m for m in messages(list(known.past(lambda _: True))) if isinstance(m, NewRows))
    assert past.columns["message_count"] == [0.0, 5.0]


def test_two_assets_of_one_symbol_do_not_replace_each_other() -> None:
    known = board()
    known.put([stances(1), stances(2, asset="BTCUSDT"), stances(3)])
    found = [m for m in messages(known.since(0)[1]) if isinstance(m, NewRows)]
    assert [(m.symbol, m.columns["asset"], m.columns["message_count"]) for m in found] == [
        ("BTCUSDT", ["BTCUSDT"], [2]),
        ("BTCUSDT", ["bitcoin"], [3]),
    ]


def test_windows_of_different_widths_are_different_things() -> None:
    known = board()
    known.put([trades(60, 300, 60)])
    found = [m for m in messages(known.since(0)[1]) if isinstance(m, NewRows)]
    assert sorted(m.columns["vwap"] for m in found) == [[60.0], [300.0]]


def test_columns_have_the_names_of_storage_and_instants_are_text() -> None:
    known = board()
    known.put([risk(1.0)])
    (row,) = (m for m in messages(known.since(0)[1]) if isinstance(m, NewRows))
    assert row.columns["sampled_at"] == ["2026-08-01T12:00:00.000000Z"]
    assert "sampled_ns" not in row.columns


def test_what_was_seen_is_not_told_again() -> None:
    known = board()
    known.put([risk(1.0), pulse()])
    seen, first = known.since(0)
    assert len(first) == 2
    assert known.since(seen) == (seen, [])
    known.put([risk(2.0, symbol="ETHUSDT")])
    assert {entry.symbol for entry in known.since(seen)[1]} == {"ETHUSDT"}


def test_an_alert_is_one_thing_through_all_its_states_and_its_unknown_numbers_are_null() -> None:
    known = board()
    known.put([alert("a"), alert("b"), alert("a", "resolved")])
    found = [m for m in messages(known.since(0)[1]) if isinstance(m, AlertState)]
    assert [(m.alert_id, m.state, m.threshold, m.resolved_at) for m in found] == [
        ("b", "firing", None, None),
        ("a", "resolved", None, None),
    ]


def states_of(known: Board, sequence: int = 0) -> list[tuple[str, str]]:
    return [(m.alert_id, m.state) for m in messages(known.since(sequence)[1]) if isinstance(m, AlertState)]


def test_of_a_rule_that_waits_only_the_newest_word_is_kept_until_it_fires() -> None:
    known = board()
    known.put([alert("a", "pending"), alert("b", "pending"), alert("c", "pending", rule="S"), alert("old", "resolved")])
    assert states_of(known) == [("old", "resolved"), ("c", "pending")]  # the alert is of the same rule, and came later
    seen, _ = known.since(0)
    known.put([alert("c", "lapsed", rule="S")])
    assert states_of(known, seen) == [("c", "lapsed")]
    assert [a.state for a in known.snapshot(lambda _: True)[1].alerts] == ["resolved"]
    known.put([alert("d"), alert("d", "resolved"), alert("e", "pending")])
    assert states_of(known, seen) == [("d", "resolved"), ("c", "lapsed"), ("e", "pending")]


def test_a_rule_that_waits_is_no_alert_in_what_a_monitor_is_told() -> None:
    known = board()
    known.put([alert("a", "pending"), alert("b")])
    assert known.counts.rows[Table.ALERTS] == 1


def test_memory_is_bounded_by_the_settings() -> None:
    known = board(FeedSettings(alerts=3, events=2, cells=4, history_points=5))
    known.put([alert(str(i)) for i in range(50)])
    known.put([Rows(Table.REJECTS, "x", to_columns(Reject, [Reject("x", i, START, "bad", b"\xff") for i in range(50)]), 0)])
    known.put([risk(1.0, symbol=f"S{i}") for i in range(50)])
    known.put([risk(*([1.0] * 40), symbol="S0", at_s=s) for s in range(0, 200, 20)])
    snapshot = known.snapshot(lambda _: True)[1]
    assert [a.alert_id for a in snapshot.alerts] == ["47", "48", "49"]
    rejects = [row.columns["position"] for row in snapshot.rows if row.table == "rejects"]
    assert rejects == [[48], [49]]
    assert sum(row.table == "risk_metrics" for row in snapshot.rows) == 4
    points = [message for entry in known.past(lambda _: True) if isinstance(message := entry.message(), PricePoints)]
    assert max(len(p.at) for p in points if not p.recent) == 4, "one of five is not over"
    assert len(points) <= 4 * 2


def test_rows_without_a_row_change_nothing() -> None:
    known = board()
    known.put([Rows(Table.RISK_METRICS, "BTCUSDT", to_columns(RiskMetrics, []), START)])
    assert known.since(0) == (0, [])
    assert not known.ended


def test_the_tape_has_ended_when_every_source_says_so() -> None:
    known = board()
    said = [known.ended]
    for news in ([pulse("a", "ended"), pulse("b")], [pulse("b", "ended")]):
        known.put(news)
        said.append(known.ended)
    assert said == [False, False, True]
    found = [m for m in messages(known.since(0)[1]) if isinstance(m, SourceState)]
    assert [(m.source, m.state, m.speed) for m in found] == [("a", "ended", None), ("b", "ended", None)]


def small_line(entries: list[Entry]) -> list[tuple[int, float]]:
    points = [m for m in messages(entries) if isinstance(m, PricePoints) and not m.recent]
    return [(at.second, price) for message in points for at, price in zip(message.at, message.price, strict=True)]


def test_prices_are_thinned_to_the_last_of_each_step_and_told_once_when_it_is_over() -> None:
    known = board()
    known.put([risk(*[float(i) for i in range(30)])])
    seen = known.since(0)[0]
    assert small_line(list(known.past(lambda _: True))) == [(0, 9.0), (5, 19.0)]
    known.put([risk(99.0, float("nan"), at_s=14.5)])
    seen, entries = known.since(seen)
    assert small_line(entries) == [], "the newest price is told as a row"
    known.put([risk(5.0, at_s=15)])
    seen, entries = known.since(seen)
    assert small_line(entries) == [(10, 99.0)]
    known.put([risk(6.0, at_s=15.5), risk(7.0, at_s=9.5)])
    assert small_line(known.since(seen)[1]) == [(5, 7.0)], "one that is revised is told again"


def test_json_is_written_once_for_all_clients() -> None:
    built: list[int] = []

    def build() -> Heartbeat:
        built.append(1)
        return Heartbeat(1.0)

    entry = Entry("pulse", "", build)
    assert entry.frame() is entry.frame()
    assert len(built) == 1


@pytest.mark.parametrize("rows", [1, 2000])
def test_writing_costs_little_even_at_full_replay_speed(rows: int) -> None:
    known = board()
    items = [risk(*np.linspace(1, 2, rows).tolist())]
    started = time.perf_counter()
    for _ in range(200):
        known.put(items)
    each = (time.perf_counter() - started) / 200
    assert each < 0.005, f"{each * 1e6:.0f} us for one Rows of {rows}"
