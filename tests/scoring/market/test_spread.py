"""Spreads: the rows against plain arithmetic, and against every cut and order of the same tape."""

from __future__ import annotations

import gzip
import json
import math
import pickle
import random
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.duration import Duration
from scoring.market.spread import Spreads, SpreadSettings
from scoring.records import (
    ALL_SYMBOLS,
    CLOCK_GRID_NS,
    END_NS,
    Batch,
    BookUpdates,
    Clock,
    Column,
    Depth,
    End,
    Gap,
    Kind,
    MarketItem,
    Quote,
    Rows,
    SpreadMetrics,
    Table,
    columns_of,
    empty_columns,
    to_columns,
)

SECOND_NS = 1_000_000_000
WIDTH_NS = 30 * SECOND_NS
START_NS = 1_723_161_240 * SECOND_NS  # on the grid of windows

FinalRows: TypeAlias = dict[int, SpreadMetrics]


def at(seconds: float) -> int:
    return START_NS + round(seconds * 1000) * 1_000_000


def quote(seconds: float, bid: float = 100.0, ask: float = 101.0, bid_quantity: float = 3.0, ask_quantity: float = 1.0) -> Quote:
    return Quote(at(seconds), at(seconds), 1, bid, bid_quantity, ask, ask_quantity)


def depth(seconds: float, bid_quantity: float = 1.0, ask_quantity: float = 1.0) -> Depth:
    prices, bids, asks = [1.0] * 5, [bid_quantity] * 5, [ask_quantity] * 5
    return Depth(at(seconds), at(seconds) - SECOND_NS, 1, *prices, *bids, *prices, *asks)


def quotes(*rows: Quote) -> Batch:
    return Batch(Kind.QUOTE, "BTCUSDT", to_columns(Quote, rows))


def depths(*rows: Depth) -> Batch:
    return Batch(Kind.DEPTH, "BTCUSDT", to_columns(Depth, rows))


def gap(kind: str, from_s: float, to_s: float, source: str = "binance", missing: int = 0, repaired: int = 0) -> Gap:
    return Gap(source, "BTCUSDT", kind, at(from_s), at(to_s) if to_s else 0, 0, 0, missing, repaired, "disconnected")


def clock(seconds: float) -> Clock:
    return Clock(at(seconds))


def structs(rows: Rows) -> list[SpreadMetrics]:
    """Read rows back as Structs of plain Python values."""
    values = {name: column.tolist() for name, column in rows.columns.items()}
    return [SpreadMetrics(**{name: values[name][i] for name in values}) for i in range(len(rows))]


def final(told: Iterable[Rows]) -> FinalRows:
    """Upsert final rows by key."""
    return {row.window_start_ns: row for rows in told if not rows.provisional for row in structs(rows)}


def only(told: Iterable[Rows]) -> SpreadMetrics:
    (row,) = final(told).values()
    return row


def spreads(provisional: bool = False, config: SpreadSettings | None = None) -> Spreads:
    return Spreads("BTCUSDT", config or SpreadSettings(), provisional)


# --- one window ----------------------------------------------------------------------------------------------------------------------


def test_a_window_of_quotes_and_depth_becomes_one_row() -> None:
    told = spreads().update(
        [
            quotes(quote(0, 100, 101, 3, 1), quote(10, 100, 104, 1, 1), quote(20, 200, 202, 1, 3)),
            depths(depth(3, 3.0, 1.0), depth(4, 1.0, 1.0)),
            clock(40),
        ]
    )
    row = only(told)
    assert (row.symbol, row.window_start_ns, row.window_end_ns) == ("BTCUSDT", at(0), at(30))
    assert (row.quote_count, row.average_spread, row.minimum_spread, row.maximum_spread) == (3, 7 / 3, 1.0, 4.0)
    bps = [1 / 100.5 * 1e4, 4 / 102 * 1e4, 2 / 201 * 1e4]
    assert (row.minimum_spread_bps, row.maximum_spread_bps) == (min(bps), max(bps))
    assert row.average_spread_bps == pytest.approx(sum(bps) / 3, rel=1e-15)
    assert row.time_weighted_spread == pytest.approx((1 * 10 + 4 * 10 + 2 * 10) / 30, rel=1e-15)
    assert row.imbalance_top1 == 0.0
    assert (row.imbalance_top5, row.depth_count) == (0.25, 2)
    assert (row.bid_close, row.ask_close) == (200.0, 202.0)
    assert (row.spread_ratio, row.spread_warning) == (4.0, True)
    assert (row.late_rows, row.open_gaps, row.completeness) == (0, 0, "complete")


def test_rows_have_the_columns_of_the_table_in_its_types() -> None:
    (rows,) = spreads().update([quotes(quote(0)), clock(40)])
    assert (rows.table, rows.symbol, rows.provisional) == (Table.SPREAD_METRICS, "BTCUSDT", False)
    assert list(rows.columns) == list(columns_of(SpreadMetrics))
    assert {name: c.dtype for name, c in rows.columns.items()} == {name: c.dtype for name, c in empty_columns(SpreadMetrics).items()}


def test_what_is_not_there_is_nan() -> None:
    row = only(spreads().update([quotes(quote(1, 100, 100, 0, 0)), End()]))
    assert all(math.isnan(value) for value in (row.imbalance_top1, row.imbalance_top5, row.spread_ratio))
    assert (row.spread_warning, row.average_spread, row.depth_count) == (False, 0.0, 0)


@pytest.mark.parametrize(("widest", "ratio", "warning"), [(103.0, 3.0, False), (103.01, 3.0, True), (103.01, 3.5, False)])
def test_the_warning_says_that_the_widest_spread_is_more_than_the_factor_times_the_narrowest(
    widest: float, ratio: float, warning: bool
) -> None:
    told = spreads(config=SpreadSettings(warning_ratio=ratio)).update([quotes(quote(1, 100, 101), quote(2, 100, widest)), End()])
    assert only(told).spread_warning is warning


def test_width_and_lateness_are_settings() -> None:
    state = spreads(config=SpreadSettings(width=Duration.parse("5s"), lateness=Duration.parse("1s")))
    assert list(final(state.update([quotes(quote(1)), clock(5.75)]))) == []
    assert list(final(state.update([clock(6)]))) == [at(0)]


# --- when windows close --------------------------------------------------------------------------------------------------------------


def test_a_window_closes_when_both_inputs_have_passed_its_end_by_the_lateness() -> None:
    state = spreads()
    assert state.update([quotes(quote(1), quote(40))]) == []
    (rows,) = state.update([depths(depth(40))])
    assert ([row.window_start_ns for row in structs(rows)], rows.through_ns) == ([at(0)], at(30))


def test_a_mark_of_the_clock_tells_how_far_the_rows_have_come_even_without_a_row() -> None:
    (rows,) = spreads().update([clock(12.25)])
    assert (len(rows), rows.through_ns) == (0, at(2.25))
    assert list(rows.columns) == list(columns_of(SpreadMetrics))


def test_the_end_closes_everything() -> None:
    (rows,) = spreads().update([quotes(quote(1), quote(31)), depths(depth(65)), End()])
    assert ([row.window_start_ns for row in structs(rows)], rows.through_ns) == ([at(0), at(30)], END_NS)


def test_windows_with_depth_alone_and_other_kinds_give_no_row() -> None:
    trades = Batch(Kind.TRADE, "BTCUSDT", {"received_ns": np.array([at(1)])})
    assert final(spreads().update([depths(depth(1)), trades, BookUpdates("BTCUSDT", []), End()])) == {}


def test_a_quote_stands_through_a_silence_of_many_windows() -> None:
    told = final(spreads().update([quotes(quote(0, 100, 102)), clock(3000), quotes(quote(3010, 100, 105)), End()]))
    assert list(told) == [at(0), at(3000)]
    assert told[at(0)].time_weighted_spread == 2.0
    assert told[at(3000)].time_weighted_spread == pytest.approx((2 * 10 + 5 * 20) / 30, rel=1e-15)


def test_late_rows_are_dropped_and_counted_in_the_newest_window() -> None:
    told = final(spreads().update([quotes(quote(1), quote(45), quote(29)), depths(depth(2), depth(46), depth(5)), End()]))
    assert {start: (row.quote_count, row.depth_count, row.late_rows) for start, row in told.items()} == {
        at(0): (1, 1, 0),
        at(30): (1, 1, 2),
    }


def test_late_rows_of_windows_without_a_quote_are_counted_in_the_next_one_with_one() -> None:
    told = final(spreads().update([quotes(quote(1)), clock(45), quotes(quote(2)), depths(depth(3)), quotes(quote(61)), End()]))
    assert [row.late_rows for row in told.values()] == [0, 2]


# --- gaps ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "counted"), [("quote", 1), ("depth", 1), (ALL_SYMBOLS, 1), ("trade", 0)])
def test_a_gap_in_quotes_or_depth_counts_in_the_windows_it_overlaps(kind: str, counted: int) -> None:
    told = final(spreads().update([quotes(quote(1)), gap(kind, 10, 20), quotes(quote(31)), End()]))
    assert [row.open_gaps for row in told.values()] == [counted, 0]
    assert told[at(0)].completeness == ("open_gap(1)" if counted else "complete")


@pytest.mark.parametrize("kind", ["quote", "depth", ALL_SYMBOLS])
def test_a_window_is_told_again_when_a_late_gap_changes_its_completeness(kind: str) -> None:
    state = spreads()
    before = only(state.update([quotes(quote(1)), clock(60)]))
    (again,) = state.update([gap(kind, 10, 20)])
    assert repr(structs(again)) == repr([msgspec.structs.replace(before, open_gaps=1, completeness="open_gap(1)")])
    assert state.update([gap(kind, 10, 20)]) == []
    repaired = only(state.update([gap(kind, 10, 20, missing=2, repaired=2)]))
    assert repr(repaired) == repr(before)


def test_a_window_that_closed_longer_ago_than_is_retained_is_left_as_it_was() -> None:
    config = SpreadSettings(retained_windows=2)
    for closed, revised in ((89.75, True), (90, False)):
        state = spreads(config=config)
        state.update([quotes(quote(1)), clock(closed + 10)])
        assert bool(final(state.update([gap("quote", 10, 20)]))) is revised


def test_a_gap_is_judged_by_the_event_time_of_the_input_it_concerns() -> None:
    state = spreads(config=SpreadSettings(retained_windows=1))
    assert list(final(state.update([quotes(quote(1)), depths(depth(41)), quotes(quote(75))]))) == [at(0)]
    assert state.update([gap("quote", 10, 20)]) == []
    assert only(state.update([gap("depth", 10, 20)])).open_gaps == 1


@pytest.mark.parametrize("kind", ["quote", "depth"])
def test_an_old_gap_is_remembered_as_long_as_its_window_may_be_told_again(kind: str) -> None:
    state = spreads(config=SpreadSettings(retained_windows=2))
    assert only(state.update([quotes(quote(1)), gap(kind, 10, 12), clock(40)])).open_gaps == 1
    state.update([quotes(quote(41)), clock(90)])
    assert only(state.update([gap(kind, 10, 12, source="other")])).open_gaps == 2


def test_what_was_told_and_the_gaps_are_forgotten_in_time() -> None:
    state = spreads(config=SpreadSettings(retained_windows=3))
    for step in range(200):
        state.update([quotes(quote(30 * step)), gap("quote", 30 * step, 30 * step + 1), gap("depth", 30 * step, 30 * step + 1)])
        state.update([clock(30 * step + 29)])
    assert len(state.told) <= 4
    assert max(len(side.gaps.gaps) for side in (state.quotes, state.depth)) <= 8
    assert max(len(side.windows) for side in (state.quotes, state.depth)) <= 2


# --- what is shown before a window closes -------------------------------------------------------------------------------------------


def shown(told: Iterable[Rows]) -> list[SpreadMetrics]:
    return [row for rows in told if rows.provisional for row in structs(rows)]


def test_a_whole_second_shows_the_window_as_of_that_second() -> None:
    state = spreads(provisional=True)
    (row,) = shown(state.update([quotes(quote(0.5, 100, 102), quote(1.5, 100, 106)), depths(depth(1)), clock(2)]))
    assert (row.window_start_ns, row.quote_count, row.depth_count) == (at(0), 2, 1)
    assert row.time_weighted_spread == pytest.approx((2 * 1 + 6 * 0.5) / 1.5, rel=1e-15)
    assert shown(state.update([clock(2.5)])) == []
    assert shown(state.update([clock(3)])) == []
    assert [row.quote_count for row in shown(state.update([quotes(quote(3.5)), clock(4)]))] == [3]


def test_a_window_is_shown_whole_at_the_very_second_of_its_end() -> None:
    (row,) = shown(spreads(provisional=True).update([quotes(quote(29, 100, 102)), clock(30), quotes(quote(30)), clock(30.25)]))
    assert (row.window_start_ns, row.quote_count, row.time_weighted_spread) == (at(0), 1, 2.0)


def test_one_update_shows_the_newest_second_once_and_never_after_the_final_row() -> None:
    state = spreads(provisional=True)
    assert [row.quote_count for row in shown(state.update([quotes(quote(1)), clock(2), quotes(quote(3)), clock(4), clock(4.25)]))] == [2]
    told = state.update([quotes(quote(5)), clock(6), End()])
    assert (len(final(told)), shown(told)) == (1, [])


def test_nothing_is_shown_where_it_is_switched_off_or_there_is_no_quote() -> None:
    assert shown(spreads(provisional=False).update([quotes(quote(1)), clock(2)])) == []
    assert shown(spreads(provisional=True).update([depths(depth(1)), clock(2)])) == []
    assert shown(spreads(provisional=True).update([quotes(quote(1, 0.0, 101.0)), clock(2)])) == []


# --- the laws ------------------------------------------------------------------------------------------------------------------------


class Segment(msgspec.Struct):
    """What lies between two marks: its quotes and its depth rows are in order, each in its own."""

    quotes: dict[str, Column]
    depths: dict[str, Column]
    mark: Clock | Gap


def segment(seed: int, now_ns: int, bursts: Sequence[tuple[int, int, int]], mark: tuple[int, str]) -> Segment:
    """Draw the rows of bursts, each so many milliseconds after the one before, of so many quotes and depth rows."""
    generator = np.random.default_rng(seed)
    quote_ns: list[int] = []
    depth_ns: list[int] = []
    for pause_ms, quote_count, depth_count in bursts:
        now_ns += pause_ms * 1_000_000
        quote_ns += (now_ns + np.cumsum(generator.integers(0, 20_000_000, quote_count))).tolist()
        depth_ns += (now_ns + np.cumsum(generator.integers(0, 20_000_000, depth_count))).tolist()
        now_ns = max([now_ns, *quote_ns, *depth_ns]) if pause_ms > 0 else now_ns
    n = len(quote_ns)
    bid = np.round(generator.uniform(100, 110, n), 2)
    quote_columns = {
        "received_ns": np.array(quote_ns, np.int64),
        "bid_price": np.where(generator.uniform(size=n) < 0.02, 0.0, bid),
        "ask_price": np.round(bid + generator.uniform(-0.05, 2, n), 2),
        "bid_quantity": np.round(generator.uniform(0, 3, n)),
        "ask_quantity": np.round(generator.uniform(0, 3, n)),
    }
    depth_columns: dict[str, Column] = {"received_ns": np.array(depth_ns, np.int64)}
    for level in range(1, 6):
        for side in ("bid", "ask"):
            depth_columns[f"{side}_quantity_{level}"] = np.round(generator.uniform(0, 3, len(depth_ns)), 3)
    newest = max([now_ns, *quote_ns, *depth_ns])
    back_s, kind = mark
    if kind == "clock":
        return Segment(quote_columns, depth_columns, Clock(newest // CLOCK_GRID_NS * CLOCK_GRID_NS))
    from_ns = newest - back_s * SECOND_NS
    return Segment(quote_columns, depth_columns, Gap("a", "BTCUSDT", kind, from_ns, from_ns + 5 * SECOND_NS, 0, 0, 0, 0, "test"))


@st.composite
def tapes(draw: st.DrawFn) -> list[Segment]:
    pauses = st.sampled_from([0, 1, 200, 5_000, 12_000, 40_000, 130_000, -3, -3_000, -25_000])
    bursts = st.lists(st.tuples(pauses, st.sampled_from([0, 1, 2, 60, 150]), st.sampled_from([0, 1, 3, 60])), max_size=4)
    marks = st.tuples(st.sampled_from([1, 20, 70]), st.sampled_from(["clock", "clock", "quote", "depth", "trade", ALL_SYMBOLS]))
    tape, now_ns = [], START_NS
    for index, (burst, mark) in enumerate(draw(st.lists(st.tuples(bursts, marks), min_size=1, max_size=6))):
        tape.append(segment(draw(st.integers(0, 5)) * 10 + index, now_ns, burst, mark))
        rows = [*tape[-1].quotes["received_ns"].tolist(), *tape[-1].depths["received_ns"].tolist()]
        now_ns = max([now_ns, *rows])
    return tape


def pieces(kind: Kind, columns: dict[str, Column], chance: random.Random) -> list[Batch]:
    whole = Batch(kind, "BTCUSDT", columns)
    borders = sorted({0, len(whole), *(chance.randrange(len(whole) + 1) for _ in range(chance.choice([0, 0, 1, 5, 80])))})
    return [whole.slice(start, stop) for start, stop in pairwise(borders)]


def play(tape: Iterable[Segment], chance: random.Random | None, config: SpreadSettings) -> tuple[FinalRows, list[int]]:
    """Run a tape: as it stands, or cut, interleaved, grouped and pickled by chance."""
    state = Spreads("BTCUSDT", config, provisional=chance is not None)
    calls: list[list[MarketItem]] = [[]]
    for part in tape:
        if chance is None:
            calls[0] += [Batch(Kind.QUOTE, "BTCUSDT", part.quotes), Batch(Kind.DEPTH, "BTCUSDT", part.depths), part.mark]
            continue
        sides = [pieces(Kind.QUOTE, part.quotes, chance), pieces(Kind.DEPTH, part.depths, chance)]
        while any(sides):
            calls[-1].append(chance.choice([side for side in sides if side]).pop(0))
            if chance.random() < 0.4:
                calls.append([])
        calls[-1].append(part.mark)
    told: list[Rows] = []
    calls.append([End()])
    for items in calls:
        told += state.update(iter(items))
        if chance is not None and chance.random() < 0.3:
            state = pickle.loads(pickle.dumps(state))
    return final(told), [rows.through_ns for rows in told]


@settings(max_examples=60, deadline=None)
@given(tapes(), st.randoms(use_true_random=False), st.sampled_from([1, 20]))
def test_no_cut_no_order_of_the_kinds_and_no_pickling_moves_a_bit(tape: list[Segment], chance: random.Random, retained: int) -> None:
    config = SpreadSettings(retained_windows=retained)
    whole, _ = play(tape, None, config)
    cut, through_ns = play(tape, chance, config)
    assert {start: repr(row) for start, row in sorted(cut.items())} == {start: repr(row) for start, row in sorted(whole.items())}
    assert through_ns == sorted(through_ns)


# --- against plain arithmetic -------------------------------------------------------------------------------------------------------


class Reference:
    """Row by row, with fractions, all rows kept."""

    def __init__(self) -> None:
        self.reached_ns = {Kind.QUOTE: -1, Kind.DEPTH: -1}
        self.timeline: list[tuple[int, Fraction]] = []
        self.quotes: dict[int, list[tuple[Fraction, ...]]] = {}
        self.depths: dict[int, list[Fraction | None]] = {}
        self.late: list[int] = []

    def take(self, part: Segment) -> None:
        names = ("received_ns", "bid_price", "ask_price", "bid_quantity", "ask_quantity")
        for row in zip(*(part.quotes[name].tolist() for name in names), strict=True):
            self.quote(*row)
        levels = ("received_ns", *(f"{side}_quantity_{level}" for side in ("bid", "ask") for level in range(1, 6)))
        for row in zip(*(part.depths[name].tolist() for name in levels), strict=True):
            self.depth(*row)
        if isinstance(part.mark, Clock):
            self.reached_ns = {kind: max(reached_ns, part.mark.at_ns) for kind, reached_ns in self.reached_ns.items()}

    def admit(self, kind: Kind, received_ns: int) -> bool:
        before_ns = max(self.reached_ns[kind], received_ns - received_ns % CLOCK_GRID_NS)
        self.reached_ns[kind] = max(before_ns, received_ns)
        is_late = received_ns - received_ns % WIDTH_NS + WIDTH_NS <= before_ns - 10 * SECOND_NS
        self.late += [before_ns] * is_late
        return not is_late

    def quote(self, received_ns: int, *values: float) -> None:
        if self.admit(Kind.QUOTE, received_ns) and values[0] > 0:
            bid, ask, bid_quantity, ask_quantity = map(Fraction, values)
            self.quotes.setdefault(received_ns // WIDTH_NS, []).append((bid, ask, bid_quantity, ask_quantity))
            self.timeline.append((max(received_ns, self.timeline[-1][0] if self.timeline else 0), ask - bid))

    def depth(self, received_ns: int, *values: float) -> None:
        if self.admit(Kind.DEPTH, received_ns):
            bid, ask = sum(map(Fraction, values[:5])), sum(map(Fraction, values[5:]))
            self.depths.setdefault(received_ns // WIDTH_NS, []).append(Fraction(bid - ask) / (bid + ask) if bid + ask else None)

    def time_weighted(self, start_ns: int) -> Fraction | None:
        total, stood_ns = Fraction(0), 0
        ends = [since_ns for since_ns, _ in self.timeline[1:]] + [END_NS]
        for (since_ns, spread), until_ns in zip(self.timeline, ends, strict=True):
            length_ns = min(until_ns, start_ns + WIDTH_NS) - max(since_ns, start_ns)
            if length_ns > 0:
                total, stood_ns = total + spread * length_ns, stood_ns + length_ns
        return total / stood_ns if stood_ns else None

    def expected(self, start_ns: int) -> dict[str, Fraction | float]:
        rows, depths = self.quotes[start_ns // WIDTH_NS], self.depths.get(start_ns // WIDTH_NS, [])
        spread = [ask - bid for bid, ask, _, _ in rows]
        bps = [(ask - bid) / ((ask + bid) / 2) * 10_000 for bid, ask, _, _ in rows]
        weighted = self.time_weighted(start_ns)
        return {
            "quote_count": len(spread),
            "average_spread": mean(spread),
            "minimum_spread": min(spread),
            "maximum_spread": max(spread),
            "average_spread_bps": mean(bps),
            "minimum_spread_bps": min(bps),
            "maximum_spread_bps": max(bps),
            "time_weighted_spread": mean(spread) if weighted is None else weighted,
            "imbalance_top1": mean([(bid - ask) / (bid + ask) for _, _, bid, ask in rows if bid + ask]),
            "imbalance_top5": mean([lean for lean in depths if lean is not None]),
            "depth_count": len(depths),
            "bid_close": rows[-1][0],
            "ask_close": rows[-1][1],
            "spread_ratio": max(spread) / min(spread) if min(spread) > 0 else math.nan,
        }

    def check(self, told: FinalRows) -> None:
        assert sorted(told) == [index * WIDTH_NS for index in sorted(self.quotes)]
        counted_ns = 0
        for start_ns, row in sorted(told.items()):
            for name, value in self.expected(start_ns).items():
                assert getattr(row, name) == pytest.approx(float(value), rel=1e-9, abs=1e-9, nan_ok=True), (name, row)
            assert row.late_rows == sum(counted_ns <= before_ns < row.window_end_ns for before_ns in self.late)
            counted_ns = row.window_end_ns


def mean(values: Sequence[Fraction]) -> Fraction | float:
    return sum(values, Fraction(0)) / len(values) if values else math.nan


@settings(max_examples=40, deadline=None)
@given(tapes())
def test_rows_are_what_plain_arithmetic_gives(tape: list[Segment]) -> None:
    reference = Reference()
    for part in tape:
        reference.take(part)
    reference.check(play(tape, None, SpreadSettings())[0])


# --- on a real market ---------------------------------------------------------------------------------------------------------------


def real_quotes(path: Path, limit: int) -> dict[str, Column]:
    rows = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            received_ns, _, text = line.partition(" ")
            if "@bookTicker" in text:
                data = json.loads(text)["data"]
                prices = float(data["b"]), float(data["B"]), float(data["a"]), float(data["A"])
                rows.append(Quote(int(received_ns), int(received_ns), data["u"], *prices))
                if len(rows) == limit:
                    break
    return to_columns(Quote, rows)


def test_real_quotes_over_midnight_give_what_plain_arithmetic_gives(shared_data: Callable[[str], Path]) -> None:
    columns = real_quotes(shared_data("market/spot_btcusdt_20240809.gz"), 20_000)
    mark = Clock(int(columns["received_ns"][-1]) // CLOCK_GRID_NS * CLOCK_GRID_NS)
    tape = [Segment(columns, empty_columns(Depth), mark)]
    reference = Reference()
    reference.take(tape[0])
    whole, _ = play(tape, None, SpreadSettings())
    assert sum(row.quote_count for row in whole.values()) == 20_000
    reference.check(whole)
    cut, _ = play(tape, random.Random(7), SpreadSettings())
    assert repr(sorted(cut.items())) == repr(sorted(whole.items()))
