"""Falls from the running peak: published vectors, and a plain loop as the oracle."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.drawdown import deepest_falls


def plain(prices: list[float], peak: float) -> tuple[float, float]:
    deepest = 0.0
    for price in prices:
        peak = max(peak, price)
        if peak > 0:
            deepest = max(deepest, (peak - price) / peak)
    return deepest, peak


@settings(max_examples=80, deadline=None)
@given(
    segments=st.lists(
        st.tuples(
            st.lists(st.sampled_from([0.0, 1.0, 3.0, 99.25, 100.0, 101.5]), min_size=1, max_size=6), st.sampled_from([-np.inf, 2.0, 120.0])
        ),
        min_size=1,
        max_size=5,
    )
)
def test_each_segment_falls_from_its_own_peak(segments: list[tuple[list[float], float]]) -> None:
    prices = np.array([price for chunk, _ in segments for price in chunk])
    starts = np.cumsum([0, *(len(chunk) for chunk, _ in segments[:-1])])
    falls, peaks = deepest_falls(prices, starts, np.array([peak for _, peak in segments]))
    assert list(zip(falls.tolist(), peaks.tolist(), strict=True)) == [plain(chunk, peak) for chunk, peak in segments]


def test_published_cases_agree(shared_data: Callable[[str], Path]) -> None:
    cases = json.loads(shared_data("golden/vectors.json").read_text())["max_drawdown_from_returns"]
    for case in cases:
        wealth = np.cumprod([1.0, *(1 + change for change in case["returns"])])
        falls, _ = deepest_falls(wealth, np.array([0]), np.array([-np.inf]))
        assert falls[0] == pytest.approx(case["mdd"], rel=1e-12, abs=1e-15)
