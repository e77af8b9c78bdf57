"""The terms a condition is built of: numbers and verdicts as functions of columns.

Apart from `expression`, which reads a text and puts these together. A verdict carries, beside where it holds, where it is known:
NaN means not known here, and a verdict on it must not pass for false, since `not` would make it true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.alerts.metrics import ConditionError, Metric

Values: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]
Columns: TypeAlias = Mapping[Metric, Values]
"""float64[n] for each metric of a condition, all of one length."""

Number: TypeAlias = Callable[[Columns], Values]
"""Gives one value, or one per row."""
Truth: TypeAlias = Callable[[Columns], tuple[Truths, Truths]]
"""Gives (holds, known); where it is not known, `holds` means nothing."""


def constant(value: float) -> Number:
    """Give a number at every row.

    Raises:
        ConditionError: it is too large for a float.
    """
    try:
        constant = np.array([float(value)])
    except OverflowError:
        raise ConditionError("a number is too large") from None
    return lambda _: constant


def evaluate_fixed(number: Number) -> float:
    """Give the value of a number in which no metric stands."""
    with np.errstate(all="ignore"):
        return float(number({})[0])


def pick(metric: Metric) -> Number:
    """Give the values of a metric."""
    return lambda columns: columns[metric]


def apply(function: np.ufunc, operands: Sequence[Number]) -> Number:
    """Give a function of numbers, folded from the left where they are more than two."""
    if len(operands) == 1:
        return lambda columns: function(operands[0](columns))

    def applied(columns: Columns) -> Values:
        result = operands[0](columns)
        for operand in operands[1:]:
            result = function(result, operand(columns))
        return result

    return applied


def link(function: np.ufunc, left: Number, right: Number) -> Truth:
    """Compare two numbers; the verdict is known where both are."""

    def compared(columns: Columns) -> tuple[Truths, Truths]:
        a, b = left(columns), right(columns)
        return function(a, b), (a == a) & (b == b)

    return compared


def negate(truth: Truth) -> Truth:
    """Turn a verdict round; what is not known stays so."""

    def negated(columns: Columns) -> tuple[Truths, Truths]:
        holds, known = truth(columns)
        return ~holds, known

    return negated


def fold(function: np.ufunc, truths: Sequence[Truth]) -> Truth:
    """Join verdicts by `and` or `or`; the whole is known where every part is."""
    if len(truths) == 1:
        return truths[0]

    def folded(columns: Columns) -> tuple[Truths, Truths]:
        holds, known = truths[0](columns)
        for truth in truths[1:]:
            more_holds, more_known = truth(columns)
            holds, known = function(holds, more_holds), known & more_known
        return holds, known

    return folded
