"""Rolling risk: the right numbers at the right instants, whatever way the tape is cut.

Longer than others, because the plain oracle, the golden cases and the laws share their makers of trades and readers of rows.
"""

import bisect
import gzip
import itertools
import json
import math
import pickle
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.duration import Duration
from scoring.market.risk import Risk, RiskSettings
from scoring.records import (
    END_NS,
    Batch,
    BookUpdates,
    Clock,
    End,
    Gap,
    Kind,
    MarketItem,
    RiskMetrics,
    Rows,
    Table,
    Trade,
    columns_of,
    to_columns,
)

SECOND = 1_000_000_000
STEP = SECOND // 2
START = 1_723_161_254 * SECOND
SYMBOL = "BTCUSDT"
NANS = ("volatility", "volatility_1m", "momentum_1m", "vwap_1m")

Made = tuple[int, int, float, float]
"""Event time, trade id, price, quantity."""


def trades(made: Iterable[Made], delay: int = SECOND // 10, repaired: bool = False) -> Batch:
    rows = [Trade(at + delay, at, number, price, quantity, False, number, number, repaired) for at, number, price, quantity in made]
    return Batch(Kind.TRADE, SYMBOL, to_columns(Trade, rows))


def walk(count: int, step: int, seed: int = 1) -> list[Made]:
    """Give a random walk with a trade every `step` ns on average, from `START`."""
    random = np.random.default_rng(seed)
    at = START + np.cumsum(random.integers(0, 2 * step, count))
    price = np.round(60_000 * np.cumprod(1 + random.normal(0, 2e-5, count)), 2)
    quantity = np.round(random.exponential(0.05, count) + 1e-5, 5)
    return list(zip(at.tolist(), range(1, count + 1), price.tolist(), quantity.tolist(), strict=True))


def rows_of(found: Iterable[Rows], provisional: bool = False) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for each in found:
        if each.provisional is provisional:
            rows += [
                dict(zip(each.columns, values, strict=True)) for values in zip(*[c.tolist() for c in each.columns.values()], strict=True)
            ]
    return rows


def exactly(rows: list[dict[str, object]]) -> list[str]:
    """Write rows so that every bit counts and NaN equals NaN."""
    return [repr(row) for row in rows]


def numbers(rows: list[dict[str, object]], name: str) -> list[float]:
    return [float(str(row[name])) for row in rows]


def naive(made: list[Made]) -> list[dict[str, float]]:
    """Compute risk for one sample in eleven, from lists, for trades in order without a long silence."""
    instants = [at for at, *_ in made]
    first = -(-instants[0] // STEP)
    steps = range(first, -(-instants[-1] // STEP) + 1)
    price = {step: made[bisect.bisect_right(instants, step * STEP) - 1][2] for step in steps}
    rows = []
    for step in steps[::11]:
        row: dict[str, float] = {"sampled_ns": step * STEP, "price": price[step]}
        window = [price[each] for each in range(max(first, step - 59), step + 1)]
        row["volatility"] = deviation(window)
        row["drawdown"] = max((max(window[: place + 1]) - low) / max(window[: place + 1]) for place, low in enumerate(window))
        second = step - step % 2
        for minutes in (1, 5, 15):
            seconds = range(second - 120 * minutes, second + 1, 2)
            row[f"volatility_{minutes}m"] = deviation([price[each] for each in seconds if each >= first])
            row[f"volatility_{minutes}m_annualised"] = row[f"volatility_{minutes}m"] * math.sqrt(365 * 86400)
            past = price.get(step - 120 * minutes, math.nan)
            row[f"momentum_{minutes}m"] = (price[step] - past) / past
            begin, end = bisect.bisect_right(instants, step * STEP - 60 * minutes * SECOND), bisect.bisect_right(instants, step * STEP)
            base = math.fsum(quantity for *_, quantity in made[begin:end])
            quote = math.fsum(price * quantity for _, _, price, quantity in made[begin:end])
            row[f"vwap_{minutes}m"] = quote / base if base else math.nan
        rows.append(row)
    return rows


def deviation(window: list[float]) -> float:
    returns = [math.log(price / before) for before, price in itertools.pairwise(window)]
    return statistics.stdev(returns) if len(returns) > 1 else math.nan


def agree(rows: list[dict[str, object]], expected: list[dict[str, float]]) -> None:
    assert len(rows) > 600
    for row, wanted in zip(rows[::11], expected, strict=True):
        found = {name: row[name] for name in wanted}
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True)
        assert row["price"] == wanted["price"]
        assert row["sampled_ns"] == wanted["sampled_ns"]


def test_every_measure_is_what_plain_lists_give() -> None:
    made = walk(1500, 700_000_000)
    agree(rows_of(Risk(SYMBOL).update([trades(made), End()])), naive(made))


def test_real_trades_give_what_plain_lists_give(shared_data: Callable[[str], Path]) -> None:
    made = []
    with gzip.open(shared_data("market/spot_btcusdt_20240809.gz"), "rt") as lines:
        for line in lines:
            if "@trade" in line:
                data = json.loads(line.split(" ", 1)[1])["data"]
                made.append((data["T"] * 1_000_000, data["t"], float(data["p"]), float(data["q"])))
    agree(rows_of(Risk(SYMBOL).update([trades(made), End()])), naive(made))


def test_rows_have_the_columns_and_types_of_their_table() -> None:
    rows = Risk(SYMBOL).update([trades(walk(300, SECOND)), End()])[-1]
    kinds = {int: np.int64, float: np.float64, str: np.object_}
    assert rows.table is Table.RISK_METRICS
    assert {name: column.dtype.type for name, column in rows.columns.items()} == {
        name: kinds[kind] for name, kind in columns_of(RiskMetrics).items()
    }
    assert list(rows.columns) == list(columns_of(RiskMetrics))
    assert rows.through_ns == END_NS


def test_golden_volatility_and_drawdown(shared_data: Callable[[str], Path]) -> None:
    vectors = json.loads(shared_data("golden/vectors.json").read_text())
    for case in vectors["max_drawdown_from_returns"]:
        prices = [1000.0]
        for change in case["returns"]:
            prices.append(prices[-1] * (1 + change))
        assert last_row(prices)["drawdown"] == pytest.approx(case["mdd"], rel=1e-12, abs=1e-15)
    for case in vectors["annualised_volatility_ddof1"]:
        prices = [1000.0]
        for change in case["returns"]:  # the case's returns are taken as log returns
            prices.append(prices[-1] * math.exp(change))
        assert float(str(last_row(prices)["volatility"])) * math.sqrt(case["period"]) == pytest.approx(case["vol"], rel=1e-12)


def last_row(prices: list[float]) -> dict[str, object]:
    """Give the row after one trade per step."""
    return rows_of(Risk(SYMBOL).update([trades((START + at * STEP, at, price, 1.0) for at, price in enumerate(prices)), End()]))[-1]


def test_a_trade_exactly_at_an_instant_belongs_to_it_and_the_next_nanosecond_does_not() -> None:
    made = [(START, 1, 100.0, 1.0), (START + STEP, 2, 101.0, 1.0), (START + STEP + 1, 3, 102.0, 1.0)]
    rows = rows_of(Risk(SYMBOL).update([trades(made), End()]))
    assert [(row["sampled_ns"], row["price"], row["price_age_ms"]) for row in rows] == [
        (START, 100.0, 0.0),
        (START + STEP, 101.0, 0.0),
        (START + 2 * STEP, 102.0, (STEP - 1) / 1e6),
    ]


@pytest.mark.parametrize("count", [3, 200])
def test_the_price_of_a_step_is_that_of_its_highest_trade_id_and_of_equal_ids_the_newer(count: int) -> None:
    made = [(START + at, number, price, 1.0) for at, number, price in [(1, 5, 100.0), (2, 7, 101.0), (3, 7, 102.0), (4, 6, 103.0)]]
    rows = rows_of(Risk(SYMBOL).update([trades(made), trades([(START + 5, 1, 99.0, 1.0)] * count), End()]))
    assert [(row["price"], row["price_age_ms"]) for row in rows] == [(102.0, (STEP - 3) / 1e6)]


def test_nothing_is_known_before_there_is_enough() -> None:
    rows = rows_of(Risk(SYMBOL).update([trades((START + at * SECOND, at, 100.0 + at % 2, 1.0) for at in range(62)), End()]))
    known = {name: [at for at, value in enumerate(numbers(rows, name)) if not math.isnan(value)] for name in NANS}
    assert (known["volatility"][0], known["volatility_1m"][0], known["momentum_1m"][0], known["vwap_1m"][0]) == (2, 4, 120, 0)


def test_an_unchanged_price_has_a_volatility_of_exactly_zero_after_any_storm() -> None:
    made = [*walk(300, SECOND // 5), *((START + (100 + at) * SECOND, 1000 + at, 60_000.0, 0.1) for at in range(1000))]
    row = rows_of(Risk(SYMBOL).update([trades(made), End()]))[-1]
    assert [row[name] for name in ("volatility", "drawdown", "volatility_1m", "volatility_15m", "momentum_15m")] == [0.0] * 5


def test_an_instant_closes_once_event_time_has_passed_it_by_the_lateness() -> None:
    risk = Risk(SYMBOL)
    assert risk.update([trades([(START, 1, 100.0, 1.0)])]) == []
    assert risk.update([trades([(START + 10 * SECOND - 1, 2, 100.0, 1.0)])]) == []
    (rows,) = risk.update([trades([(START + 10 * SECOND, 3, 100.0, 1.0)])])
    assert (rows.columns["sampled_ns"].tolist(), rows.through_ns) == ([START], START)


def test_late_trades_are_counted_and_change_nothing() -> None:
    made = walk(400, SECOND // 4)
    late: list[Made] = [(START + SECOND, 10_000, 1.0, 1e6)]
    for many in (1, 150):
        clean, disturbed = Risk(SYMBOL), Risk(SYMBOL)
        expected = clean.update([trades(made), End()])
        found = disturbed.update([trades(made), trades(late * many), End()])
        assert exactly(rows_of(found)) == exactly(rows_of(expected))
        assert (clean.late_rows, disturbed.late_rows) == (0, many)


def test_trades_without_a_symbol_of_life_close_with_the_recorders_clock() -> None:
    risk = Risk(SYMBOL)
    risk.update([trades([(START, 1, 100.0, 1.0)])])
    (rows,) = risk.update([Clock(START + 17 * SECOND)])
    assert rows.columns["sampled_ns"].tolist() == [START + at * STEP for at in range(5)]
    assert rows.columns["price_age_ms"].tolist() == [at * 500.0 for at in range(5)]
    assert rows.through_ns == START + 2 * SECOND


def test_a_clock_says_how_far_rows_are_out_even_without_one() -> None:
    (rows,) = Risk(SYMBOL).update([Clock(START)])
    assert (len(rows), rows.through_ns) == (0, START - 15 * SECOND)
    assert list(rows.columns) == list(columns_of(RiskMetrics))


def test_sampling_stops_after_fifteen_silent_minutes_and_begins_afresh_with_the_next_trade() -> None:
    hour = 3600 * SECOND
    made = [(START, 1, 100.0, 1.0), (START + hour, 2, 50.0, 1.0), (START + hour + SECOND, 3, 51.0, 1.0)]
    (first, second) = Risk(SYMBOL, RiskSettings(lateness=Duration(0))).update([trades(made)])
    assert (len(first), len(second)) == (1801, 3)
    assert first.columns["sampled_ns"][-1] == first.through_ns == START + 900 * SECOND
    assert math.isnan(first.columns["vwap_15m"][-1])
    assert first.columns["momentum_15m"][-1] == 0.0
    assert second.columns["drawdown"].tolist() == [0.0] * 3
    assert np.isnan(second.columns["momentum_1m"]).all()


def test_a_wild_timestamp_costs_one_horizon_of_rows_and_no_more() -> None:
    risk = Risk(SYMBOL)
    found = risk.update([trades([(START, 1, 100.0, 1.0), (START * 2, 2, 100.0, 1.0)]), Clock(START * 2 + 10_000 * SECOND), End()])
    assert sum(map(len, found)) == 2 * 1801
    assert risk.update([End(), Clock(START * 2 + 20_000 * SECOND), trades([(START, 3, 1.0, 1.0)])])[-1].through_ns == END_NS
    assert risk.late_rows == 1


def gap(from_ns: int, to_ns: int, kind: str = "trade", missing: int = 0, repaired: int = 0) -> Gap:
    return Gap("binance", SYMBOL, kind, from_ns, to_ns, 0, 0, missing, repaired, "disconnected")


def test_a_gap_counts_for_later_instants_of_the_next_fifteen_minutes_that_are_not_closed_yet() -> None:
    seconds = [(START + at * SECOND, at, 100.0, 1.0) for at in range(1000)]
    risk = Risk(SYMBOL)
    found = risk.update(
        [trades(seconds[:31]), gap(START + 15 * SECOND, START + 25 * SECOND), gap(START, 0, "quote"), trades(seconds[31:]), End()]
    )
    counted = [(int(str(row["sampled_ns"])) - START) / SECOND for row in rows_of(found) if row["open_gaps"]]
    assert (counted[0], counted[-1], len(counted)) == (20.5, 925.0, 1810)
    assert {row["completeness"] for row in rows_of(found)} == {"complete", "open_gap(1)"}


def test_repaired_trades_are_named_for_fifteen_minutes() -> None:
    found = Risk(SYMBOL).update(
        [trades([(START, 1, 100.0, 1.0)], repaired=True), trades((START + at * SECOND, at, 100.0, 1.0) for at in range(1, 910)), End()]
    )
    assert [row["completeness"] for row in rows_of(found)] == ["repaired(1)"] * 1800 + ["complete"] * 19


def test_what_is_not_a_trade_is_ignored() -> None:
    quote = Batch(Kind.QUOTE, SYMBOL, {"event_ns": np.array([START]), "received_ns": np.array([START])})
    assert Risk(SYMBOL).update([quote, BookUpdates(SYMBOL, []), trades([]), gap(1, 2)]) == []


def test_provisional_rows_are_what_closes_later_if_nothing_more_comes() -> None:
    made = walk(500, SECOND // 5)
    risk = Risk(SYMBOL, provisional=True)
    found = []
    for at in range(0, len(made), 7):
        found += risk.update([trades(made[at : at + 7])])
    shown = rows_of(found, provisional=True)
    final = {row["sampled_ns"]: repr(row) for row in rows_of([*found, *risk.update([End()])])}
    assert [row for row in shown if final[row["sampled_ns"]] == repr(row)] == shown
    assert [int(str(row["sampled_ns"])) % SECOND for row in shown] == [0] * len(shown)
    assert len(shown) > 60
    assert len({str(row["sampled_ns"]) for row in shown}) == len(shown)
    assert exactly(rows_of(found)) == exactly(rows_of(Risk(SYMBOL).update([trades(made)])))


def test_no_provisional_row_where_the_newest_second_has_no_price_or_is_closed() -> None:
    risk = Risk(SYMBOL, provisional=True)
    assert risk.update([trades([(START + 1, 1, 100.0, 1.0)])]) == []
    silent = Risk(SYMBOL, RiskSettings(lateness=Duration(0)), provisional=True)
    assert [rows.provisional for rows in silent.update([trades([(START, 1, 100.0, 1.0)])])] == [False]


@pytest.mark.parametrize(("field", "value"), [("grid", Duration.parse("300ms")), ("grid", Duration(0)), ("samples", 2)])
def test_settings_that_hold_no_sample_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field} = .*: expected"):
        msgspec.structs.replace(RiskSettings(), **{field: value})


@st.composite
def tapes(draw: st.DrawFn) -> list[MarketItem]:
    """Give trades out of order, silences, clocks and gaps, as single rows."""
    items: list[MarketItem] = []
    now = START
    for number in range(draw(st.integers(20, 60))):
        now += draw(st.sampled_from([0, 1, 100_000_000, STEP, 3 * SECOND, 40 * SECOND, 1000 * SECOND]))
        what = draw(st.integers(0, 12))
        if what == 0:
            items.append(Clock(now // 250_000_000 * 250_000_000))
        elif what == 1:
            items.append(gap(now - draw(st.integers(0, 20)) * SECOND, now))
        else:
            made: list[Made] = []
            for _ in range(draw(st.sampled_from([1, 2, 5, 130]))):
                at = now - draw(st.sampled_from([0, 0, 1, STEP, 2 * SECOND, 9 * SECOND, 12 * SECOND]))
                made.append((at, number - draw(st.integers(0, 2)), 100.0 + draw(st.integers(0, 50)) / 7, 0.1 + len(made) / 3))
            items.append(trades(made, repaired=what == 2))
    return [*items, End()]


@settings(max_examples=15, deadline=None)
@given(tapes(), st.randoms(use_true_random=False))
def test_the_cut_of_the_tape_and_pickling_change_no_bit(items: list[MarketItem], random: np.random.RandomState) -> None:
    whole = Risk(SYMBOL)
    expected = whole.update(items)
    single = Risk(SYMBOL)
    found = []
    for item in items:
        cuts: list[MarketItem] = [item]
        if isinstance(item, Batch):
            at = sorted({0, len(item), *(random.randint(0, len(item)) for _ in range(3))})
            cuts = [item.slice(begin, end) for begin, end in itertools.pairwise(at)]
        for each in cuts:
            found += single.update([each])
        single = pickle.loads(pickle.dumps(single))
    assert exactly(rows_of(found)) == exactly(rows_of(expected))
    assert single.late_rows == whole.late_rows


@pytest.mark.parametrize("size", [1, 119, 120, 1000])
def test_a_dense_tape_gives_the_same_bits_by_rows_and_by_columns(size: int) -> None:
    made = walk(2500, 30_000_000)
    for at in range(0, 2500, 10):
        made[at], made[at + 9] = made[at + 9], made[at]
    risk, found = Risk(SYMBOL), []
    for at in range(0, len(made), size):
        found += risk.update([trades(made[at : at + size])])
    assert exactly(rows_of([*found, *risk.update([End()])])) == exactly(rows_of(Risk(SYMBOL).update([trades(made), End()])))
