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
        return [_source(text, value).decode() for value in body.values]
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
    number = _number_in(next(node for node in comparisons if _moves(node)))
    source = condition.text.encode()
    written = f"{int(threshold) if threshold == int(threshold) else threshold!r}".encode()
    return (source[: number.col_offset] + written + source[number.end_col_offset :]).decode()


def _number_in(comparison: ast.Compare) -> ast.expr:
    """Find the number that the first metric is compared with."""
    operands = [comparison.left, *comparison.comparators]
    metric = next(i for i, operand in enumerate(operands) if _moves(operand))
    # A metric after the first operand was met in the link before it.
    return operands[metric - 1 if metric else 1]


def _source(text: str, node: ast.expr) -> bytes:
    """Cut a piece out as it was written; places count bytes."""
    return text.encode()[node.col_offset : node.end_col_offset]


def _moves(node: ast.expr) -> bool:
    """Say whether a metric stands in it: every other name is a function's."""
    return any(isinstance(part, ast.Name) and part.id not in _FUNCTIONS for part in ast.walk(node))
