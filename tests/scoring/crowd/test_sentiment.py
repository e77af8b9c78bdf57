"""From logits to scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scoring.crowd.sentiment import LOGIT_GRID, LabelOrder, Score, label_order, scores_of

ORDER = LabelOrder(0, 1, 2)
ROWS = arrays(np.float32, st.tuples(st.integers(0, 12), st.just(3)), elements=st.floats(-30, 30, width=32))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"0": "positive", "1": "negative", "2": "neutral"}, LabelOrder(0, 1, 2)),
        ({"0": "NEUTRAL", "1": "Positive ", "2": "Negative"}, LabelOrder(1, 2, 0)),
        ({"2": "neutral", "0": "Bearish", "1": "Bullish"}, LabelOrder(1, 0, 2)),
    ],
)
def test_labels_are_found_in_any_order_and_case(names: dict[str, str], expected: LabelOrder) -> None:
    assert label_order(names) == expected


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({}, "no labels"),
        ({"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}, "0: 'LABEL_0'"),
        ({"0": "positive", "1": "negative"}, "1: 'negative'"),
        ({"0": "positive", "1": "bullish", "2": "neutral"}, "1: 'bullish'"),
        ({"0": "positive", "1": "negative", "2": "neutral", "3": "bullish"}, "3: 'bullish'"),
        ({"0": "positive", "1": "negative", "3": "neutral"}, "3: 'neutral'"),
        ({"0": "positive", "1": "negative", "x": "neutral"}, "x: 'neutral'"),
    ],
)
def test_labels_that_cannot_be_mapped_are_refused_with_what_was_found(names: dict[str, str], found: str) -> None:
    with pytest.raises(ValueError, match="expected 0, 1 and 2 to be positive") as refusal:
        label_order(names)
    assert found in str(refusal.value)


def test_labels_are_taken_from_where_the_model_has_them() -> None:
    (score,) = scores_of(np.array([[0.0, 3.0, 1.0]]), LabelOrder(positive=1, negative=2, neutral=0))
    assert score.positive > score.negative > score.neutral
    assert score.score > 0


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_scores_are_the_softmax_of_the_logits(logits: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    wide = logits.astype(np.float64)
    weights = np.exp(wide - wide.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    for score, (positive, negative, neutral) in zip(scores_of(logits, ORDER), shares.tolist(), strict=True):
        assert score.positive == pytest.approx(positive, abs=3e-4)
        assert score.negative == pytest.approx(negative, abs=3e-4)
        assert score.neutral == pytest.approx(neutral, abs=3e-4)
        assert score.score == pytest.approx(positive - negative, abs=5e-4)
        assert -1.0 <= score.score <= 1.0


def test_on_the_grid_the_softmax_is_right_to_six_decimals() -> None:
    logits = np.random.default_rng(1).integers(-6_000, 6_000, (500, 3)) / LOGIT_GRID
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    said = np.array([[score.positive, score.negative, score.neutral] for score in scores_of(logits, ORDER)])
    assert np.abs(said - shares).max() <= 0.500001e-6


@given(ROWS, st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_a_score_does_not_depend_on_the_rows_beside_it(logits: np.ndarray[tuple[int, int], np.dtype[np.float32]], cut: int) -> None:
    together = scores_of(logits, ORDER)
    assert together == [*scores_of(logits[:cut], ORDER), *scores_of(logits[cut:], ORDER)]
    assert together == [score for row in logits for score in scores_of(row[None, :], ORDER)]


def test_the_last_bits_of_a_logit_do_not_move_a_score() -> None:
    steps = np.random.default_rng(2).integers(-4_000, 4_000, (200, 3)) / LOGIT_GRID
    noise = np.random.default_rng(3).uniform(-4e-4, 4e-4, steps.shape)
    assert scores_of(steps + noise, ORDER) == scores_of(steps, ORDER)


def test_large_logits_are_no_trouble() -> None:
    assert scores_of(np.array([[1e30, 0.0, -1e30]]), ORDER) == [Score(1.0, 1.0, 0.0, 0.0)]


def test_a_score_of_nothing_is_zero_without_a_sign() -> None:
    (score,) = scores_of(np.zeros((1, 3)), ORDER)
    assert str(score.score) == "0.0"


@pytest.mark.parametrize("logits", [np.zeros(3), np.zeros((2, 2)), np.zeros((1, 1, 3))])
def test_logits_of_another_shape_are_refused(logits: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    with pytest.raises(ValueError, match=r"expected \[texts, 3\]"):
        scores_of(logits, ORDER)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        scores_of(np.array([[0.0, value, 0.0]]), ORDER)


def test_known_bits() -> None:
    """These numbers were made once; every machine must make them again."""
    logits = np.array([[2.5, -1.25, 0.375], [-0.123, 0.456, 0.789], [-7.0, 9.0, 0.0]], np.float32)
    assert scores_of(logits, ORDER) == [
        Score(0.854352, 0.874928, 0.020576, 0.104495),
        Score(-0.148736, 0.189609, 0.338345, 0.472045),
        Score(-0.999876, 0.0, 0.999876, 0.000123),
    ]
