"""The measures of a run: the same one by one and many at once, and what they are called."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.measures import MEASURES, Measures
from scoring.records import RiskMetrics, columns_of

SECOND = 1_000_000_000


def fresh(price: float, grid_ns: int = SECOND // 2, samples: int = 4) -> Measures:
    measures = Measures(grid_ns, samples)
    measures.restart(price)
    return measures


def test_their_names_are_those_of_the_table() -> None:
    columns = list(columns_of(RiskMetrics))
    assert columns[4 : 4 + len(MEASURES)] == list(MEASURES)


def test_a_first_sample_has_a_drawdown_and_a_volume_weighted_price_and_nothing_else() -> None:
    row = dict(zip((*MEASURES, "repaired"), fresh(100.0).push(2, 100.0, (300.0, 3.0, 1.0)), strict=True))
    known = {name: value for name, value in row.items() if not math.isnan(value)}
    assert known == {"drawdown": 0.0, "vwap_1m": 100.0, "vwap_5m": 100.0, "vwap_15m": 100.0, "repaired": 1.0}


def test_minutes_are_measured_on_whole_seconds_and_held_in_between() -> None:
    measures = fresh(100.0)
    found = [
        measures.push(number, price, (0.0, 0.0, 0.0))[2] for number, price in enumerate([100.0, 500.0, 110.0, 7.0, 121.0, 1.0, 121.0], 10)
    ]
    assert [math.isnan(value) for value in found] == [True] * 4 + [False] * 3
    assert found[4] == found[5] == pytest.approx(0.0, abs=1e-8)
    assert found[6] == pytest.approx(math.log(1.1) / math.sqrt(3))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from([1, 2, 4]), st.lists(st.sampled_from([1, 2, 3, 70, 500, 2000]), min_size=1, max_size=8))
def test_many_at_once_are_one_by_one_to_the_last_bit_across_restarts_and_pickling(seed: int, per_second: int, sizes: list[int]) -> None:
    random = np.random.default_rng(seed)
    one, many = fresh(100.0, SECOND // per_second), fresh(100.0, SECOND // per_second)
    at = int(random.integers(0, 10_000))
    for size in sizes:
        prices = np.round(100 * np.cumprod(1 + random.normal(0, 1e-3, size)), 2)
        volumes = np.round(random.exponential(1.0, (3, size)) * (random.random(size) < 0.1), 3)
        singly = [one.push(at + place, prices.item(place), volumes[:, place].tolist()) for place in range(size)]
        together = many.extend(at, prices, volumes).T.tolist()
        assert repr(together) == repr(singly)
        at += size
        many = pickle.loads(pickle.dumps(many))
        if random.random() < 0.3:
            at += int(random.integers(0, 5000))
            one.restart(50.0)
            many.restart(50.0)


def test_a_copy_goes_its_own_way() -> None:
    measures, untouched = fresh(100.0), fresh(100.0)
    other = measures.copy()
    for number in range(9):
        other.push(number, 100.0 + number % 3, (5.0, 5.0, 5.0))
    expected = [untouched.push(number, 101.0, (1.0, 1.0, 0.0)) for number in range(4)]
    assert repr([measures.push(number, 101.0, (1.0, 1.0, 0.0)) for number in range(4)]) == repr(expected)
