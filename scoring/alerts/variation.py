"""A condition taken apart and changed: its parts, and the same with another threshold.

Apart from `expression`, which only ever judges a condition as it stands. What comes out is text again, and compiled again.
"""

from __future__ import annotations

import ast
from typing import Final

from scoring.alerts.expression import ConditionError, compile_condition

_FUNCTIONS: Final = frozenset({"abs", "min", "max"})


def parts_of(text: str) -> list[str]:
    """Give the parts of a condition that must all hold.

    >>> parts_of("hype_momentum > 100 and delta_price < 0.02")
    ['hype_momentum > 100', 'delta_price < 0.02']
    """
    body = ast.parse(text, mode="eval").body
    if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And):
        return [ast.unparse(value) for value in body.values]
    return [text]


def with_threshold(text: str, threshold: float) -> str:
    """Give a condition with another number in its first comparison.

    Raises:
        ConditionError: it cannot be compiled, or its first metric is not compared with a number.

    >>> with_threshold("hype_momentum > 100 and delta_price < 0.02", 40)
    'hype_momentum > 40 and delta_price < 0.02'
    """
    condition = compile_condition(text)
    if condition.threshold != condition.threshold:
        raise ConditionError(f"the first metric of {condition.text!r} is not compared with a number: there is no threshold to change")
    body = ast.parse(condition.text, mode="eval").body
    # Comparisons do not nest, so their places in the text are the order in which the first one is looked for.
    comparisons = sorted((node for node in ast.walk(body) if isinstance(node, ast.Compare)), key=lambda node: node.col_offset)
    _replace(next(node for node in comparisons if _moves(node)), _number(threshold))
    return ast.unparse(body)


def _replace(comparison: ast.Compare, number: ast.expr) -> None:
    """Put a number where the first metric's is."""
    operands = [comparison.left, *comparison.comparators]
    metric = next(i for i, operand in enumerate(operands) if _moves(operand))
    # A metric after the first operand was met in the link before it.
    place = metric - 1 if metric else 1
    operands[place] = number
    comparison.left, comparison.comparators = operands[0], operands[1:]


def _number(value: float) -> ast.expr:
    plain = abs(int(value) if value == int(value) else value)
    return ast.UnaryOp(ast.USub(), ast.Constant(plain)) if value < 0 else ast.Constant(plain)


def _moves(node: ast.expr) -> bool:
    """Say whether a metric stands in it: every other name is a function's."""
    return any(isinstance(part, ast.Name) and part.id not in _FUNCTIONS for part in ast.walk(node))
