"""Our minutes beside the exchange's: verdicts by table, and a plain reading of both sides that any cut and order has to match."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scoring.market.audit import AuditSettings, AuditTrail
from scoring.market.windows import TradeWindow
from scoring.records import END_NS, NANOSECONDS_PER_MINUTE, Audit, CandleRow, Rows, Table, TradeMetrics, to_columns

SYMBOL = "BTCUSDT"


def window(minute: int, **changes: object) -> TradeMetrics:
    made = TradeWindow(minute)
    for trade_id, price in enumerate((10.0, 12.0, 9.0, 11.0), 4 * minute):
        made.add(0, trade_id, price, 0.5, trade_id % 2 == 0, 1, False)
    return replace(made.metrics(SYMBOL, NANOSECONDS_PER_MINUTE, 0), **changes)


def candle(minute: int, **changes: object) -> CandleRow:
    return replace(CandleRow(SYMBOL, minute * NANOSECONDS_PER_MINUTE, 10.0, 12.0, 9.0, 11.0, 2.0, 21.0, 4, 1.0), **changes)


def windows(*rows: TradeMetrics, through: int | None = None) -> Rows:
    through_ns = max(row.window_end_ns for row in rows) if through is None else through * NANOSECONDS_PER_MINUTE
    return Rows(Table.TRADE_METRICS, SYMBOL, to_columns(TradeMetrics, rows), through_ns)


def candles(*rows: CandleRow) -> Rows:
    return Rows(Table.CANDLES, SYMBOL, to_columns(CandleRow, rows), max(row.open_ns for row in rows))


def begun() -> AuditTrail:
    """Give a trail whose first window was minute 0."""
    trail = AuditTrail(SYMBOL)
    assert trail.update([windows(window(0))]) == []
    return trail


def audits(told: Iterable[Rows]) -> list[Audit]:
    return [
        Audit(*values) for rows in told for values in zip(*(rows.columns[name].tolist() for name in Audit.__struct_fields__), strict=True)
    ]


def verdicts(told: Iterable[Rows]) -> list[tuple[int, str]]:
    return [(audit.open_ns // NANOSECONDS_PER_MINUTE, audit.verdict) for audit in audits(told)]


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_minute_both_sides_agree_on_is_verified(ours_first: bool) -> None:
    sides = [windows(window(1)), candles(candle(1))]
    told = begun().update(sides if ours_first else sides[::-1])
    assert audits(told) == [Audit(SYMBOL, NANOSECONDS_PER_MINUTE, "verified", "{}", "complete")]
    assert told[-1].through_ns == NANOSECONDS_PER_MINUTE
    assert told[-1].table is Table.AUDITS


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({"open": 10.01}, {"open": [10.0, 10.01]}),
        ({"high": 12.01, "low": 8.0}, {"high": [12.0, 12.01], "low": [9.0, 8.0]}),
        ({"close": 11.000000000000002}, {"close": [11.0, 11.000000000000002]}),
        ({"trade_count": 5}, {"trade_count": [4, 5]}),
        ({"volume_base": 2.0 + 1e-8}, {"volume_base": [2.0, 2.00000001]}),
        ({"volume_quote": 21.0 - 1e-7}, {"volume_quote": [21.0, 20.9999999]}),
        ({"taker_buy_base": 0.0}, {"taker_buy_base": [1.0, 0.0]}),
        ({"volume_base": 2.0 + 1e-9, "volume_quote": 21.0 - 1e-8}, {}),
    ],
)
def test_prices_and_counts_must_agree_exactly_and_volumes_nearly(changes: dict[str, float], differences: dict[str, list[float]]) -> None:
    (audit,) = audits(begun().update([windows(window(1)), candles(candle(1, **changes))]))
    assert audit.verdict == ("differs" if differences else "verified")
    assert json.loads(audit.differences) == differences


def test_a_volume_that_is_nothing_must_be_nothing() -> None:
    (audit,) = audits(begun().update([windows(window(1, taker_buy_base=0.0)), candles(candle(1, taker_buy_base=0.0))]))
    assert audit.verdict == "verified"


def test_a_revision_is_told_again_only_where_it_changes_what_was_said() -> None:
    trail = begun()
    lost = window(1, trade_count=3, completeness="open_gap(1)")
    assert verdicts(trail.update([windows(lost), candles(candle(1))])) == [(1, "differs")]
    assert trail.update([windows(lost)]) == []
    repaired = trail.update([windows(window(1, completeness="repaired(1)"))])
    assert [(audit.verdict, audit.completeness) for audit in audits(repaired)] == [("verified", "repaired(1)")]
    assert trail.update([candles(candle(1))]) == []
    assert verdicts(trail.update([candles(candle(1, trade_count=9))])) == [(1, "differs")]


def test_a_minute_of_theirs_that_we_have_passed_without_a_trade_is_missing() -> None:
    trail = begun()
    assert verdicts(trail.update([candles(candle(1))])) == []
    assert verdicts(trail.update([windows(window(0), through=1)])) == []
    assert audits(trail.update([windows(through=2)])) == [Audit(SYMBOL, NANOSECONDS_PER_MINUTE, "no trades", "{}", "")]
    assert verdicts(trail.update([windows(window(1))])) == [(1, "verified")]


def test_a_minute_without_trades_on_either_side_is_verified() -> None:
    assert verdicts(begun().update([windows(through=2), candles(candle(1, trade_count=0))])) == [(1, "verified")]


def test_a_minute_of_ours_that_later_candles_have_passed_has_none() -> None:
    trail = begun()
    assert verdicts(trail.update([windows(window(1), window(2), window(3)), candles(candle(2))])) == [(2, "verified")]
    assert verdicts(trail.update([candles(candle(3))])) == [(1, "no candle"), (3, "verified")]
    assert verdicts(trail.update([candles(candle(1))])) == [(1, "verified")]


def test_the_end_of_a_tape_is_no_later_candle() -> None:
    ended = Rows(Table.CANDLES, SYMBOL, to_columns(CandleRow, ()), END_NS)
    (rows,) = begun().update([windows(window(1), through=5), ended])
    assert (len(rows), rows.through_ns) == (0, 5 * NANOSECONDS_PER_MINUTE)


def test_the_minute_we_came_into_is_not_judged_nor_any_before_it() -> None:
    trail = AuditTrail(SYMBOL)
    told = trail.update([candles(candle(3), candle(4), candle(5)), windows(window(4)), windows(window(5)), windows(window(3))])
    assert verdicts(told) == [(5, "verified")]


def test_only_final_windows_of_one_minute_are_compared() -> None:
    trail = begun()
    short = window(1, window_end_ns=NANOSECONDS_PER_MINUTE + 1)
    shown = replace(windows(window(1)), provisional=True)
    other = Rows(Table.GAPS, SYMBOL, {}, 9 * NANOSECONDS_PER_MINUTE)
    assert trail.update([windows(short, through=1), shown, other]) == []
    assert verdicts(trail.update([candles(candle(1))])) == []


def test_memory_is_bounded_and_what_is_forgotten_is_not_judged_again() -> None:
    trail = AuditTrail(SYMBOL, AuditSettings(minutes=3))
    for minute in range(20):
        trail.update([windows(window(minute)), candles(candle(minute))])
        assert len(trail.minutes) <= 3
    assert verdicts(trail.update([windows(window(16)), candles(candle(15)), windows(window(17, trade_count=1))])) == [(17, "differs")]


PIECES = st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.sampled_from([4, 4, 5])), max_size=30)


@settings(max_examples=80, deadline=None)
@given(pieces=PIECES, data=st.data())
def test_the_last_word_on_a_minute_does_not_depend_on_cuts_or_on_which_side_came_first(
    pieces: list[tuple[bool, int, int]], data: st.DataObject
) -> None:
    ours = [windows(window(0))] + [windows(window(minute, trade_count=count)) for is_ours, minute, count in pieces if is_ours]
    theirs = [candles(candle(minute, trade_count=count)) for is_ours, minute, count in pieces if not is_ours]
    plain = {audit.open_ns: audit for audit in audits(AuditTrail(SYMBOL).update([*ours, *theirs]))}
    trail, told = AuditTrail(SYMBOL), list[Rows]()
    while ours or theirs:
        side = ours if ours and (not theirs or data.draw(st.booleans())) else theirs
        count = data.draw(st.integers(1, len(side)))
        told += trail.update(side[:count])
        del side[:count]
        trail = pickle.loads(pickle.dumps(trail))
    assert {audit.open_ns: audit for audit in audits(told)} == plain
    throughs = [rows.through_ns for rows in told]
    assert throughs == sorted(throughs)
