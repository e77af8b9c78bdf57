"""Prices by the second: the last one stands, the average is that of its seconds alone."""

import math
import pickle
from collections.abc import Iterable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.prices import PriceAt, Prices
from scoring.records import Rows, Table

SECOND = 1_000_000_000


def risk(samples: Iterable[tuple[float, float]], gaps: int = 0) -> Rows:
    listed = list(samples)
    columns = {
        "sampled_ns": np.array([round(at * SECOND) for at, _ in listed], np.int64),
        "price": np.array([price for _, price in listed], np.float64),
        "open_gaps": np.full(len(listed), gaps, np.int64),
        "completeness": np.array([f"open_gap({gaps})" if gaps else "complete"] * len(listed), object),
    }
    return Rows(Table.RISK_METRICS, "BTCUSDT", columns, 0)


def test_the_last_price_stands_and_the_average_is_over_the_seconds_that_have_one() -> None:
    prices = Prices(4)
    prices.take(risk([(2, 10.0), (2.5, 99.0), (3, 13.0)]))
    prices.take(risk([(6, 20.0)], gaps=2))
    assert [prices.at(second)[:2] for second in (2, 3, 4, 5, 6, 7)] == [
        (10.0, 10.0),
        (13.0, 11.5),
        (13.0, 12.0),
        (13.0, 12.25),
        (20.0, 14.75),
        (20.0, 16.5),
    ]
    assert prices.at(5)[2:] == (0, "complete")
    assert prices.at(6)[2:] == (2, "open_gap(2)")
    assert (prices.first, prices.newest_ns) == (2, 6 * SECOND)


def test_nothing_is_known_before_the_first_price() -> None:
    prices = Prices(4)
    assert prices.moved(math.nan, 0, 9) is None
    prices.take(risk([]))
    prices.take(Rows(Table.RISK_METRICS, "BTCUSDT", {}, 0))
    assert prices.first is None
    prices.take(risk([(2, 10.0)]))
    assert all(math.isnan(value) for value in prices.at(1)[:2])
    assert prices.at(1)[2:] == (0, "complete")


def test_the_first_second_at_which_the_price_is_another_is_found() -> None:
    prices = Prices(4)
    prices.take(risk([(2, 10.0), (3, 10.0), (5, 11.0), (8, 10.0)]))
    assert [prices.moved(10.0, start, 99) for start in (0, 2, 5, 7, 8, 20)] == [5, 5, 5, 7, None, None]
    assert [prices.moved(11.0, start, 99) for start in (0, 2, 5, 9, 20)] == [2, 2, 8, 9, 20]
    assert [prices.moved(10.0, 2, stop) for stop in (5, 6)] == [None, 5]
    assert prices.moved(math.nan, 0, 99) == 2
    assert prices.moved(11.0, 9, 9) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.floats(0.1, 9.0)), min_size=1, max_size=40), st.lists(st.integers(0, 40)), st.integers(1, 12)
)
def test_prices_cut_forgotten_and_pickled_are_what_a_plain_list_says(steps: list[tuple[int, float]], cuts: list[int], window: int) -> None:
    half_seconds = np.cumsum([step for step, _ in steps]).tolist()
    samples = [(at / 2, price) for at, (_, price) in zip(half_seconds, steps, strict=True)]
    prices, begin = Prices(window), 0
    for end in sorted({*(cut for cut in cuts if cut < len(samples)), len(samples)}):
        prices.take(risk(samples[begin:end]))
        prices = pickle.loads(pickle.dumps(prices))
        begin = end
        if end:
            for second in range(math.ceil(samples[end - 1][0]), math.ceil(samples[end - 1][0]) + 3):
                by_second = [
                    [price for at, price in samples[:end] if at <= each][-1]
                    for each in range(second - window + 1, second + 1)
                    if samples[0][0] <= each
                ]
                total = 0.0
                for price in by_second:
                    total += price
                assert prices.at(second) == PriceAt(by_second[-1], total / len(by_second), 0, "complete")
            prices.forget_before(math.ceil(samples[end - 1][0]))
