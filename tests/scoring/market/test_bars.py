"""Tumbling windows of trades: real frames against golden numbers, a naive oracle, and the laws every state keeps."""

from __future__ import annotations

import csv
import gzip
import json
import math
import pickle
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.duration import Duration
from scoring.market.bar_settings import BarSettings
from scoring.market.bars import Bars
from scoring.market.continuity import Continuity
from scoring.market.windows import TradeWindow
from scoring.records import (
    ALL_SYMBOLS,
    END_NS,
    Batch,
    BookUpdates,
    Clock,
    End,
    Gap,
    Kind,
    MarketItem,
    Rows,
    Trade,
    TradeMetrics,
    to_columns,
)
from scoring.watermark import Watermark

SYMBOL = "BTCUSDT"
SECOND_NS = 10**9


def duration(text: str) -> Duration:
    return Duration.parse(text)


def batch(rows: Iterable[Trade]) -> Batch:
    return Batch(Kind.TRADE, SYMBOL, to_columns(Trade, rows))


def trade(second: float, trade_id: int = 1, price: float = 100.0, quantity: float = 1.0, repaired: bool = False) -> Trade:
    event_ns = int(second * SECOND_NS)
    return Trade(event_ns, event_ns, trade_id, price, quantity, False, trade_id, trade_id, repaired)


def gap(from_second: float, to_second: float, missing: int = 1, repaired: int = 0, kind: str = "trade") -> Gap:
    return Gap("tape", SYMBOL, kind, int(from_second * SECOND_NS), int(to_second * SECOND_NS), 0, 0, missing, repaired, "id jump")


def clock(second: float) -> Clock:
    return Clock(int(second * SECOND_NS))


def structs(told: Iterable[Rows], provisional: bool = False) -> list[TradeMetrics]:
    return [
        TradeMetrics(*values)
        for rows in told
        if rows.provisional is provisional
        for values in zip(*(column.tolist() for column in rows.columns.values()), strict=True)
    ]


def tens(**changes: object) -> BarSettings:
    """Ten-second windows that close at once, unless said otherwise."""
    plain = BarSettings(widths=(duration("10s"),), lateness=duration("0s"), idle=duration("0s"))
    return msgspec.structs.replace(plain, **changes)


# --- real frames ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session(shared_data: Callable[[str], Path]) -> Batch:
    rows: list[Trade] = []
    for name in ("market/spot_btcusdt_20240808.gz", "market/spot_btcusdt_20240809.gz"):
        with gzip.open(shared_data(name), "rt") as lines:
            for line in lines:
                received, body = line.split(" ", 1)
                if '@trade"' in body:
                    frame = json.loads(body)["data"]
                    price, quantity, trade_id = float(frame["p"]), float(frame["q"]), frame["t"]
                    rows.append(
                        Trade(int(received), frame["T"] * 1_000_000, trade_id, price, quantity, frame["m"], trade_id, trade_id, False)
                    )
    return batch(rows)


@pytest.mark.parametrize("seconds", [1, 10, 60])
@pytest.mark.parametrize("size", [40, 3000, 20_000])
def test_real_trades_give_the_golden_windows(seconds: int, size: int, session: Batch, shared_data: Callable[[str], Path]) -> None:
    bars = Bars(SYMBOL, BarSettings(widths=(duration(f"{seconds}s"),)))
    told = [rows for start in range(0, len(session), size) for rows in bars.update([session.slice(start, start + size)])]
    rows = structs([*told, *bars.update([End()])])
    with shared_data(f"golden/spot_btcusdt_trades_tumbling_{seconds}s.csv").open() as lines:
        golden = list(csv.DictReader(lines))
    assert len(rows) == len(golden)
    for row, wanted in zip(rows, golden, strict=True):
        assert row.window_start_ns == int(wanted["window_start_ms"]) * 1_000_000
        assert row.window_end_ns - row.window_start_ns == seconds * SECOND_NS
        assert row.trade_count == int(wanted["n_trades"])
        assert (row.first_trade_id, row.last_trade_id) == (int(wanted["first_trade_id"]), int(wanted["last_trade_id"]))
        assert (row.open, row.high, row.low, row.close) == tuple(float(wanted[name]) for name in ("open", "high", "low", "close"))
        assert row.volume_base == pytest.approx(float(wanted["base_vol"]), rel=1e-12)
        assert row.volume_quote == pytest.approx(float(wanted["quote_vol"]), rel=1e-12)
        assert row.vwap == pytest.approx(float(wanted["vwap"]), rel=1e-12)
        assert row.taker_buy_base == pytest.approx(float(wanted["taker_buy_base_vol"]), rel=1e-12)
        # A fall of one tick is the difference of two rounded prices: half a last place of each, as a fraction of the price.
        assert row.max_drawdown == pytest.approx(float(wanted["max_drawdown_frac"]), rel=1e-12, abs=2**-52)
        assert (row.late_rows, row.completeness) == (0, "complete")


def test_the_whole_session_has_its_known_average_price(session: Batch) -> None:
    rows = structs(Bars(SYMBOL).update([session, End()]))
    base, quote = (sum(Decimal(getattr(row, name)) for row in rows) for name in ("volume_base", "volume_quote"))
    assert sum(row.trade_count for row in rows) == 19_904
    assert float(quote / base) == pytest.approx(61671.551606654178, rel=1e-13)


def test_a_clock_behind_the_exchange_shows_as_skew_and_not_as_latency(session: Batch) -> None:
    rows = structs(Bars(SYMBOL).update([session, End()]))
    assert rows
    for row in rows:
        assert row.skew_ms == pytest.approx(-1274, abs=3)
        assert 0 <= row.latency_ms < 100
        assert row.late_rows == 0


# --- promises by table ---------------------------------------------------------------------------------------------------------------


def test_a_window_closes_when_event_time_has_passed_it_by_the_lateness() -> None:
    bars = Bars(SYMBOL, tens(lateness=duration("2s")))
    assert bars.update([batch([trade(1), trade(11.9, 2)])]) == []
    (rows,) = bars.update([batch([trade(12, 3)])])
    assert (len(rows), rows.through_ns) == (1, 10 * SECOND_NS)


def test_a_mark_of_the_clock_closes_where_trades_are_silent_and_moves_through_on() -> None:
    bars = Bars(SYMBOL, tens(idle=duration("5s")))
    bars.update([batch([trade(1)])])
    (empty,) = bars.update([clock(12)])
    assert (len(empty), empty.through_ns) == (0, 7 * SECOND_NS)
    assert {name: column.dtype for name, column in empty.columns.items()} == {n: c.dtype for n, c in to_columns(TradeMetrics, ()).items()}
    (rows,) = bars.update([clock(15)])
    assert (len(rows), rows.through_ns) == (1, 10 * SECOND_NS)


def test_the_end_closes_everything_and_says_that_nothing_more_will_come() -> None:
    bars = Bars(SYMBOL, tens(widths=(duration("10s"), duration("5s"))))
    (rows,) = bars.update([batch([trade(1), trade(7, 2)]), End()])
    assert [(row.window_start_ns // SECOND_NS, row.window_end_ns // SECOND_NS) for row in structs([rows])] == [(0, 5), (0, 10), (5, 10)]
    assert rows.through_ns == END_NS
    (after,) = bars.update([batch([trade(8, 3)]), End()])
    assert len(after) == 0


def test_through_covers_every_width() -> None:
    bars = Bars(SYMBOL, tens(widths=(duration("10s"), duration("2s"))))
    (rows,) = bars.update([batch([trade(1), trade(5, 2)])])
    assert rows.through_ns == 5 * SECOND_NS


def test_windows_without_trades_give_no_row() -> None:
    rows = structs(Bars(SYMBOL, tens()).update([batch([trade(1), trade(45, 2)]), End()]))
    assert [row.window_start_ns // SECOND_NS for row in rows] == [0, 40]


def test_aggregates_count_their_single_trades() -> None:
    rows = [Trade(0, 0, 7, 10.0, 1.0, True, 20, 24, False), Trade(0, 0, 8, 10.0, 1.0, False, 25, 25, False)]
    (row,) = structs(Bars(SYMBOL).update([batch(rows), End()]))
    assert (row.trade_count, row.first_trade_id, row.last_trade_id, row.taker_buy_base) == (6, 7, 8, 1.0)


@pytest.mark.parametrize("columnar_rows", [1, 1000])
def test_late_rows_are_counted_where_event_time_stood_and_revise_the_window_they_belong_to(columnar_rows: int) -> None:
    bars = Bars(SYMBOL, tens(lateness=duration("2s"), columnar_rows=columnar_rows))
    rows = [trade(1), trade(13, 2), trade(9, 3), trade(25, 4), trade(5, 5), trade(19, 6), trade(22.5, 7)]
    told = structs(bars.update([batch(rows), End()]))
    # The first window is told when it closes, again before the second closes, and again at the end.
    assert [(row.window_start_ns // SECOND_NS, row.trade_count, row.late_rows) for row in told] == [
        (0, 1, 0),
        (0, 2, 0),
        (10, 1, 1),
        (0, 3, 0),
        (10, 2, 1),
        (20, 2, 2),
    ]


def test_a_late_trade_makes_the_window_it_belongs_to() -> None:
    bars = Bars(SYMBOL, tens())
    told = structs(bars.update([clock(30), batch([trade(1)]), clock(45), End()]))
    assert [(row.window_start_ns, row.trade_count, row.completeness) for row in told] == [(0, 1, "complete")]


def test_late_rows_counted_in_a_window_without_trades_are_told_when_one_comes() -> None:
    bars = Bars(SYMBOL, tens())
    bars.update([batch([trade(21, 2)]), clock(55), batch([trade(1, 1)]), clock(75)])
    # The window from second 50 has closed without a trade, and news of a gap in it has nothing to say yet.
    assert [len(rows) for rows in bars.update([gap(55, 56), clock(76)])] == [0]
    told = structs(bars.update([batch([trade(51, 3)]), clock(77)]))
    assert [(row.window_start_ns // SECOND_NS, row.trade_count, row.late_rows, row.open_gaps) for row in told] == [(50, 1, 1, 1)]


def test_a_late_trade_of_a_forgotten_window_is_dropped_and_makes_no_row() -> None:
    bars = Bars(SYMBOL, tens(retained_windows=1))
    assert structs(bars.update([clock(30), batch([trade(1)]), clock(45), End()])) == []


def test_volume_is_measured_against_the_windows_before() -> None:
    rows = [trade(second, k, quantity=volume) for k, (second, volume) in enumerate([(1, 2.0), (11, 4.0), (41, 9.0), (51, 6.5)], 1)]
    told = structs(Bars(SYMBOL, tens(spike_windows=2)).update([batch(rows), End()]))
    assert math.isnan(told[0].volume_spike)
    assert [row.volume_spike for row in told[1:]] == [2.0, 3.0, 1.0]


def test_a_repaired_trade_revises_a_closed_window_with_the_next_mark_of_the_clock() -> None:
    bars = Bars(SYMBOL, tens())
    first = structs(bars.update([batch([trade(1, 1), trade(11, 4, quantity=4.0), trade(21, 5)])]))
    assert [row.repaired_trades for row in first] == [0, 0]
    assert bars.update([batch([trade(12, 3, quantity=2.0, repaired=True)])]) == []
    revised, moved = bars.update([clock(22)])
    (row,) = structs([revised])
    assert (row.window_start_ns, row.trade_count, row.volume_base, row.volume_spike) == (10 * SECOND_NS, 2, 6.0, 6.0)
    assert (row.first_trade_id, row.repaired_trades, row.completeness, row.late_rows) == (3, 1, "repaired(1)", 0)
    assert (len(moved), moved.through_ns) == (0, 22 * SECOND_NS)
    assert len(bars.update([clock(22.25)])[0]) == 0


def test_a_revision_comes_out_before_the_next_window_closes() -> None:
    bars = Bars(SYMBOL, tens())
    bars.update([batch([trade(1), trade(11, 3)])])
    told = bars.update([batch([trade(2, 2, repaired=True), trade(12, 4), trade(20, 5)])])
    assert [[row.window_start_ns // SECOND_NS for row in structs([rows])] for rows in told] == [[0], [10]]
    assert [rows.through_ns // SECOND_NS for rows in told] == [12, 20]


def test_a_repair_makes_the_windows_that_were_lost_altogether() -> None:
    bars = Bars(SYMBOL, tens())
    bars.update([batch([trade(1, 1, quantity=2.0), trade(31, 5)])])
    (row,) = structs(bars.update([batch([trade(15, 3, quantity=3.0, repaired=True)]), End()])[:1])
    assert (row.window_start_ns, row.trade_count, row.volume_spike, row.completeness) == (10 * SECOND_NS, 1, 1.5, "repaired(1)")


def test_a_repaired_trade_of_a_forgotten_window_is_late() -> None:
    bars = Bars(SYMBOL, tens(retained_windows=2))
    bars.update([batch([trade(1), trade(35, 2)])])
    told = structs(bars.update([batch([trade(2, 3, repaired=True)]), End()]))
    assert [(row.window_start_ns // SECOND_NS, row.late_rows, row.repaired_trades) for row in told] == [(30, 1, 0)]


def test_a_repaired_trade_in_time_is_like_any_other() -> None:
    (row,) = structs(Bars(SYMBOL, tens()).update([batch([trade(1), trade(2, 2, repaired=True)]), End()]))
    assert (row.trade_count, row.repaired_trades, row.completeness) == (2, 1, "repaired(1)")


def test_windows_say_how_many_gaps_overlap_them() -> None:
    items: list[MarketItem] = [
        batch([trade(1)]),
        gap(1, 12),
        gap(1, 2, kind=ALL_SYMBOLS),
        gap(1, 2, kind="quote"),
        batch([trade(12, 9), trade(25, 10)]),
    ]
    told = structs(Bars(SYMBOL, tens()).update([*items, End()]))
    assert list({row.window_start_ns: row.completeness for row in told}.values()) == ["open_gap(1)", "open_gap(1)", "complete"]


def test_news_of_a_gap_tells_a_closed_window_again_if_it_changes_what_was_said() -> None:
    bars = Bars(SYMBOL, tens())
    bars.update([batch([trade(1), trade(11, 2), trade(21, 3)])])
    bars.update([gap(2, 3)])
    told = structs(bars.update([clock(21)]))
    assert [(row.window_start_ns, row.completeness, row.open_gaps) for row in told] == [(0, "open_gap(1)", 1)]
    bars.update([gap(2, 3, repaired=0)])
    assert structs(bars.update([clock(21)])) == []
    bars.update([gap(2, 3, repaired=1)])
    assert [row.completeness for row in structs(bars.update([clock(21)]))] == ["complete"]


def lost(from_second: float, to_second: float) -> Gap:
    return Gap("live", ALL_SYMBOLS, ALL_SYMBOLS, int(from_second * SECOND_NS), int(to_second * SECOND_NS), 0, 0, 0, 0, "disconnected")


@pytest.mark.parametrize("columnar_rows", [1, 1000])
def test_the_first_newer_trade_shows_what_a_lost_connection_has_cost(columnar_rows: int) -> None:
    bars = Bars(SYMBOL, tens(columnar_rows=columnar_rows))
    told = structs(bars.update([batch([trade(1, 1), trade(2, 4)]), lost(3, 0), clock(15)]))
    assert [row.completeness for row in told] == ["open_gap(1)"]
    # It is back, and an old trade that was fetched proves nothing.
    told = structs(bars.update([lost(3, 15), batch([trade(2, 3, repaired=True)]), clock(15.5)]))
    assert [row.completeness for row in told] == ["open_gap(1)"]
    told = structs(bars.update([batch([trade(2, 2, repaired=True), trade(16, 5)]), clock(17)]))
    assert [(row.window_start_ns, row.completeness) for row in told] == [(0, "repaired(2)")]
    assert bars.unproven == set()


def test_a_lost_connection_that_has_cost_trades_leaves_the_gap_of_their_ids() -> None:
    bars = Bars(SYMBOL, tens())
    calls: list[list[MarketItem]] = [
        [batch([trade(1, 1)]), lost(3, 0), clock(15)],
        [lost(3, 15), gap(1, 16), clock(16)],
        [batch([trade(16, 5)]), clock(17)],
    ]
    told = [[row.completeness for row in structs(bars.update(items))] for items in calls]
    assert told == [["open_gap(1)"], ["open_gap(2)"], ["open_gap(1)"]]


def test_news_of_a_gap_leaves_forgotten_windows_alone() -> None:
    bars = Bars(SYMBOL, tens(retained_windows=1))
    bars.update([batch([trade(1), trade(21, 3)]), clock(21), gap(2, 3)])
    assert structs(bars.update([clock(21)])) == []


def test_trades_that_swapped_places_fall_as_they_were_made() -> None:
    rows = [trade(1, 1, 10.0), trade(2, 2, 8.0), trade(3, 3, 20.0), trade(4, 4, 15.0)]
    for order, columnar_rows in (((0, 1, 2, 3), 1), ((2, 1, 3, 0), 1), ((2, 1, 3, 0), 1000)):
        (row,) = structs(Bars(SYMBOL, tens(columnar_rows=columnar_rows)).update([batch([rows[at] for at in order]), End()]))
        assert (row.open, row.high, row.low, row.close, row.max_drawdown) == (10.0, 20.0, 8.0, 15.0, 0.25)
        assert (row.first_trade_id, row.last_trade_id, row.late_rows) == (1, 4, 0)


def test_a_revision_tells_again_the_windows_whose_usual_volume_it_changes() -> None:
    bars = Bars(SYMBOL, tens(spike_windows=1))
    bars.update([batch([trade(1, 1, quantity=2.0), trade(11, 3, quantity=4.0), trade(21, 4, quantity=6.0), trade(31, 5)])])
    (revised, _) = bars.update([batch([trade(2, 2, quantity=3.0)]), clock(31)])
    assert [(row.window_start_ns // SECOND_NS, row.volume_base, row.volume_spike) for row in structs([revised])[1:]] == [(10, 4.0, 0.8)]


def test_what_is_of_no_concern_is_ignored() -> None:
    bars = Bars(SYMBOL)
    assert bars.update([Batch(Kind.PRICE, SYMBOL, {"event_ns": np.array([5])}), BookUpdates(SYMBOL, []), batch([])]) == []


@pytest.mark.parametrize("columnar_rows", [1, 1000])
def test_the_open_window_is_shown_as_of_the_newest_second(columnar_rows: int) -> None:
    several = tens(lateness=duration("5s"), widths=(duration("10s"), duration("5s")), columnar_rows=columnar_rows)
    bars = Bars(SYMBOL, several, provisional=True)
    told = bars.update([batch([trade(1.2, 1), trade(1.9, 2), trade(3.5, 3), trade(3.6, 4)])])
    (row,) = structs(told, provisional=True)
    assert (row.window_start_ns, row.window_end_ns, row.trade_count) == (0, 10 * SECOND_NS, 2)
    assert structs(bars.update([batch([trade(3.7, 5)])]), provisional=True) == []
    told = bars.update([batch([trade(10, 6), trade(10.5, 7)])])
    (row,) = structs(told, provisional=True)
    assert (row.window_start_ns, row.trade_count) == (0, 5)
    told = bars.update([clock(17)])
    (row,) = structs(told, provisional=True)
    assert (row.window_start_ns, row.trade_count) == (10 * SECOND_NS, 2)
    assert structs(bars.update([clock(18.5)]), provisional=True) == []


@pytest.mark.parametrize("widths", [(), ("0s",), ("1m", "60s")])
def test_widths_that_make_no_sense_are_refused(widths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="widths: expected"):
        BarSettings(widths=tuple(duration(width) for width in widths))


def test_a_window_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="runs: expected 1 or more, not 0"):
        BarSettings(runs=0)


# --- the laws ------------------------------------------------------------------------------------------------------------------------

SETTINGS = BarSettings(
    widths=(duration("10s"), duration("3s")), lateness=duration("4s"), idle=duration("2s"), spike_windows=2, retained_windows=3, gaps=3
)


@st.composite
def tapes(draw: st.DrawFn) -> list[Trade | Gap | Clock | End]:
    """Anything that may happen to one symbol: rows out of order, late, repeated, repaired; gaps; silence."""
    tape: list[Trade | Gap | Clock | End] = []
    half_seconds, received_ns, trade_id = 40, 20 * SECOND_NS, 100
    repairs = draw(st.booleans())
    for _ in range(draw(st.integers(1, 30))):
        what = draw(st.sampled_from("tttttttttttggc"))
        if what == "t":
            half_seconds = max(0, half_seconds + draw(st.sampled_from([0, 0, 0, 1, 1, 2, 5, -1, -3, 9, 41])))
            event_ns = max(0, half_seconds - draw(st.sampled_from([0, 0, 0, 0, 3, 12, 60]))) * SECOND_NS // 2 - draw(st.integers(0, 1))
            received_ns = max(received_ns, event_ns + draw(st.integers(-(10**9), 10**9)))
            trade_id += draw(st.sampled_from([1, 1, 1, 2, 0, -3]))
            price = draw(st.sampled_from([100.0, 100.01, 99.9, 103.3, 61671.55]))
            quantity = draw(st.sampled_from([0.1, 0.2, 0.3, 1e-5, 7.77]))
            singles = draw(st.integers(0, 2))
            repaired = repairs and draw(st.integers(0, 5)) == 0
            tape.append(
                Trade(received_ns, event_ns, trade_id, price, quantity, draw(st.booleans()), trade_id, trade_id + singles, repaired)
            )
        elif what == "g":
            start = max(1, half_seconds - draw(st.integers(0, 50))) / 2
            end = draw(st.sampled_from([0, start + 1, start + 8]))
            tape.append(lost(start, end) if draw(st.booleans()) else gap(start, end, 2, draw(st.integers(0, 2))))
        else:
            received_ns += draw(st.sampled_from([0, SECOND_NS // 4, 5 * SECOND_NS, 30 * SECOND_NS]))
            tape.append(Clock(received_ns // (SECOND_NS // 4) * (SECOND_NS // 4)))
    return [*tape, End()] if draw(st.booleans()) else tape


def in_calls(tape: Sequence[Trade | Gap | Clock | End], cut: Callable[[], int]) -> list[list[MarketItem]]:
    """Cut a tape into batches, and batches into calls, wherever `cut` says 1 or more."""
    calls: list[list[MarketItem]] = [[]]
    run: list[Trade] = []
    for item in [*tape, None]:
        if run and (not isinstance(item, Trade) or cut()):
            calls[-1].append(batch(run))
            run = []
        if isinstance(item, Trade):
            run.append(item)
        elif item is not None:
            calls[-1].append(item)
        if not run and cut() > 1:
            calls.append([])
    return calls


def final(told: Iterable[TradeMetrics]) -> list[TradeMetrics]:
    """Keep the last row of each window, in order."""
    last = {(row.window_start_ns, row.window_end_ns): row for row in told}
    return [last[key] for key in sorted(last)]


def told_exactly(rows: Iterable[TradeMetrics]) -> list[str]:
    return [repr(row) for row in rows]


@settings(max_examples=150, deadline=None)
@given(tape=tapes(), cuts=st.data(), columnar_rows=st.sampled_from([1, 2, 4, 1000]), provisional=st.booleans())
def test_no_cut_and_no_pickling_changes_a_bit(
    tape: list[Trade | Gap | Clock | End], cuts: st.DataObject, columnar_rows: int, provisional: bool
) -> None:
    whole = Bars(SYMBOL, msgspec.structs.replace(SETTINGS, columnar_rows=1000))
    expected = [rows for call in in_calls(tape, lambda: 0) for rows in whole.update(call)]
    pieces = Bars(SYMBOL, msgspec.structs.replace(SETTINGS, columnar_rows=columnar_rows), provisional)
    told: list[Rows] = []
    for call in in_calls(tape, lambda: cuts.draw(st.integers(0, 3))):
        told += pieces.update(call)
        pieces = pickle.loads(pickle.dumps(pieces))
    # Not only the final rows: every row ever told, in the order told.
    assert told_exactly(structs(told)) == told_exactly(structs(expected))
    assert pieces.through_ns == whole.through_ns
    throughs = [rows.through_ns for rows in told]
    assert throughs == sorted(throughs)


@settings(max_examples=80, deadline=None)
@given(tape=tapes(), cuts=st.data(), columnar_rows=st.sampled_from([1, 3, 1000]))
def test_what_is_shown_as_of_a_second_does_not_depend_on_the_cut(
    tape: list[Trade | Gap | Clock | End], cuts: st.DataObject, columnar_rows: int
) -> None:
    one_by_one = Bars(SYMBOL, msgspec.structs.replace(SETTINGS, columnar_rows=1000), provisional=True)
    every_second = set()
    for call in in_calls(tape, lambda: 2):
        one_by_one.has_news = True
        every_second |= set(told_exactly(structs(one_by_one.update(call), provisional=True)))
    bars = Bars(SYMBOL, msgspec.structs.replace(SETTINGS, columnar_rows=columnar_rows), provisional=True)
    for call in in_calls(tape, lambda: cuts.draw(st.integers(0, 3))):
        shown = told_exactly(structs(bars.update(call), provisional=True))
        assert len(shown) <= 1
        assert every_second.issuperset(shown)


def naive(tape: Sequence[Trade | Gap | Clock | End], width_ns: int) -> dict[int, TradeWindow]:
    """Final windows without repair by a plain reading of the rule: a dict of windows and one instant."""
    windows: dict[int, TradeWindow] = {}
    watermark = Watermark(SETTINGS.lateness, SETTINGS.idle)
    for item in tape:
        if isinstance(item, Clock):
            watermark.tick(item.at_ns)
        elif isinstance(item, Trade):
            before_ns = watermark.advance_one(item.event_ns, item.received_ns)
            index = item.event_ns // width_ns
            closed_ns = before_ns - SETTINGS.lateness
            if (index + 1) * width_ns <= closed_ns:
                standing = before_ns // width_ns
                windows.setdefault(standing, TradeWindow(standing)).late_rows += 1
                if index < closed_ns // width_ns - SETTINGS.retained_windows:
                    continue
            singles = item.last_id - item.first_id + 1
            windows.setdefault(index, TradeWindow(index)).add(
                item.received_ns - item.event_ns, item.trade_id, item.price, item.quantity, item.buyer_is_maker, singles, False
            )
    return {index: window for index, window in windows.items() if window.rows}


@settings(max_examples=80, deadline=None)
@given(tape=tapes(), columnar_rows=st.sampled_from([1, 1000]))
def test_a_naive_reading_of_the_rule_gives_the_same_windows(tape: list[Trade | Gap | Clock | End], columnar_rows: int) -> None:
    plain = [
        msgspec.structs.replace(item, repaired=False) if isinstance(item, Trade) else item for item in tape if not isinstance(item, Gap)
    ]
    bars = Bars(SYMBOL, msgspec.structs.replace(SETTINGS, columnar_rows=columnar_rows))
    told = structs(rows for call in in_calls([*plain, End()], lambda: 0) for rows in bars.update(call))
    for width_ns in SETTINGS.widths:
        expected = naive(plain, width_ns)
        volumes: list[float] = []
        rows = [row for row in final(told) if row.window_end_ns - row.window_start_ns == width_ns]
        assert [row.window_start_ns // width_ns for row in rows] == sorted(expected)
        for row in rows:
            window = expected[row.window_start_ns // width_ns]
            last = volumes[-SETTINGS.spike_windows :]
            window.usual_volume = (0.0 + last[0] + last[-1]) / 2 if len(last) > 1 else (last[0] if last else math.nan)
            assert repr(row) == repr(window.metrics(SYMBOL, width_ns, 0))
            volumes.append(window.volume_base)


EXACTLY = (
    "window_start_ns",
    "window_end_ns",
    "open",
    "high",
    "low",
    "close",
    "max_drawdown",
    "trade_count",
    "first_trade_id",
    "last_trade_id",
)
NEARLY = ("volume_base", "volume_quote", "vwap", "taker_buy_base", "price_stddev", "price_stddev_bps", "volume_spike")
WIDE = BarSettings(
    widths=(duration("10s"), duration("3s")), lateness=duration("4s"), idle=duration("2s"), spike_windows=3, retained_windows=400
)


@st.composite
def broken_tapes(draw: st.DrawFn) -> tuple[list[Trade], list[Trade | Clock]]:
    """Trades as they were made, and as they came: out of order, twice, or lost and fetched later, once or twice."""
    made: list[Trade] = []
    half_seconds = 40
    for trade_id in range(1, draw(st.integers(2, 30))):
        half_seconds += draw(st.sampled_from([0, 0, 0, 1, 1, 2, 5, 19]))
        price, quantity = draw(st.sampled_from([100.0, 100.01, 99.9, 103.3, 61671.55])), draw(st.sampled_from([0.1, 0.3, 1e-5, 7.77]))
        at_ns = half_seconds * SECOND_NS // 2
        made.append(Trade(at_ns, at_ns, trade_id, price, quantity, draw(st.booleans()), trade_id, trade_id + 1, False))
    # Each row comes a number of rows late, some of them twice; the first is what all ids are counted from.
    delays = st.sampled_from([0, 0, 0, 0, 0, 1, 2, 7, 30])
    came = [(place + (draw(delays) if place else 0), place, row) for place, row in enumerate(made)]
    came += [(place + 1 + draw(delays), place, row) for _, place, row in came if draw(st.integers(0, 4)) == 0]
    tape: list[Trade | Clock] = []
    received_ns = 0
    for arrival, place, row in sorted(came):
        received_ns = max(received_ns, row.event_ns)
        if draw(st.integers(0, 5)) == 0:
            received_ns += draw(st.sampled_from([SECOND_NS, 30 * SECOND_NS]))
            tape.append(Clock(received_ns // (SECOND_NS // 4) * (SECOND_NS // 4)))
        tape.append(msgspec.structs.replace(row, received_ns=received_ns, repaired=arrival > place and draw(st.booleans())))
    return made, tape


@settings(max_examples=150, deadline=None)
@given(tapes=broken_tapes(), cuts=st.data(), columnar_rows=st.sampled_from([1, 3, 1000]))
def test_however_trades_come_the_final_rows_are_those_of_the_unbroken_sequence(
    tapes: tuple[list[Trade], list[Trade | Clock]], cuts: st.DataObject, columnar_rows: int
) -> None:
    made, came = tapes
    unbroken = final(structs(Bars(SYMBOL, WIDE).update([batch(made), End()])))
    continuity, bars = Continuity("tape"), Bars(SYMBOL, msgspec.structs.replace(WIDE, columnar_rows=columnar_rows))
    told: list[Rows] = []
    for call in in_calls([*came, End()], lambda: cuts.draw(st.integers(0, 3))):
        told += bars.update(continuity.update(call))
        continuity, bars = pickle.loads(pickle.dumps((continuity, bars)))
    rows = final(structs(told))
    assert [[getattr(row, name) for name in EXACTLY] for row in rows] == [[getattr(row, name) for name in EXACTLY] for row in unbroken]
    for row, wanted in zip(rows, unbroken, strict=True):
        for name in NEARLY:
            assert getattr(row, name) == pytest.approx(getattr(wanted, name), rel=1e-12, abs=0.0, nan_ok=True), name
        assert row.open_gaps == 0
    assert continuity.gaps == {}


def test_memory_is_bounded_by_the_settings() -> None:
    bars = Bars(SYMBOL, SETTINGS)
    for second in range(0, 3000, 2):
        bars.update([batch([trade(second, second)]), gap(second, second + 1), clock(second)])
    assert all(len(windows.open) <= 4 and len(windows.closed) <= 3 and len(windows.volumes) <= 2 + 3 for windows in bars.widths)
    assert len(bars.gaps.gaps) <= 3
