"""The terms of a condition keep what is not known apart from what is false."""

import math

import numpy as np
import pytest

from scoring.alerts import terms
from scoring.alerts.metrics import ConditionError, find_metric

VWAP = find_metric("vwap")
COLUMNS = {VWAP: np.array([1.0, 3.0, math.nan])}
ABOVE_TWO = terms.link(np.greater, terms.pick(VWAP), terms.constant(2))


def told(truth: terms.Truth) -> tuple[list[bool], list[bool]]:
    holds, known = truth(COLUMNS)
    return holds.tolist(), known.tolist()


def test_a_comparison_is_known_where_both_sides_are() -> None:
    assert told(ABOVE_TWO) == ([False, True, False], [True, True, False])


def test_turning_a_verdict_round_does_not_make_it_known() -> None:
    assert told(terms.negate(ABOVE_TWO))[1] == [True, True, False]


def test_a_whole_is_known_where_every_part_is() -> None:
    always = terms.link(np.less, terms.constant(1), terms.constant(2))
    assert told(terms.fold(np.logical_or, [always, ABOVE_TWO])) == ([True, True, True], [True, True, False])
    assert terms.fold(np.logical_or, [always]) is always


def test_functions_fold_from_the_left() -> None:
    number = terms.apply(np.subtract, [terms.constant(9), terms.constant(3), terms.constant(1)])
    assert terms.evaluate_fixed(number) == 5
    assert terms.evaluate_fixed(terms.apply(np.negative, [number])) == -5


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(ConditionError, match="too large"):
        terms.constant(10**400)
