"""Conditions: a small whitelisted language over metrics, evaluated with numpy a column at a time.

    volume_spike > 5 and trade_count >= 30
    abs(risk_metrics.momentum_5m) > 0.01 or not trade_metrics.vwap < 60_000

Metrics, numbers, comparisons (chained too), `and`, `or`, `not`, `+ - * /`, `abs`, `min`, `max`, parentheses: nothing else, and
the text is parsed, never executed. What is not known is never an alarm: a condition holds only where both sides of every
comparison in it are known, so `not x > 5` does not hold while x is NaN, and neither does `x > 5 or y > 5` while only y is known.
Division by zero follows IEEE 754: an infinity is known, 0/0 is not. Only operations that IEEE 754 makes exact appear here, so
the same rows give the same verdict on every machine and in every batch.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from scoring.alerts import terms
from scoring.alerts.metrics import METRICS, ConditionError, Metric, find_metric
from scoring.alerts.terms import Columns, Number, Truth, Truths, Values
from scoring.records import Table

__all__ = ["Columns", "Condition", "ConditionError", "Metric", "Truths", "compile_condition"]

MAX_LENGTH: Final = 500
"""Characters; the longest sensible rule has some 200."""
MAX_DEPTH: Final = 24
"""Levels of nesting; in `a + b + c` each `+` is one."""

_ARITHMETIC: Final[Mapping[type[ast.operator], np.ufunc]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_COMPARISONS: Final[Mapping[type[ast.cmpop], np.ufunc]] = {
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_MARGINS: Final[Mapping[type[ast.cmpop], Callable[[Values, Values], Values]]] = {
    ast.Gt: lambda left, right: left - right,
    ast.GtE: lambda left, right: left - right,
    ast.Lt: lambda left, right: right - left,
    ast.LtE: lambda left, right: right - left,
    ast.Eq: lambda left, right: -np.abs(left - right),
    ast.NotEq: lambda left, right: np.abs(left - right),
}
"""By how much a comparison is met: the further above zero, the further from the threshold."""
_FOLDS: Final[Mapping[str, np.ufunc]] = {"min": np.minimum, "max": np.maximum}
_FUNCTIONS: Final = frozenset({"abs", *_FOLDS})
_CONNECTIVES: Final[Mapping[type[ast.boolop], np.ufunc]] = {ast.And: np.logical_and, ast.Or: np.logical_or}
_ALLOWED: Final = "only metrics, numbers, comparisons, and, or, not, + - * /, abs(), min(), max() and parentheses are allowed"


class Condition:
    """A compiled condition. Two of the same text are equal; pickled as its text."""

    __slots__ = ("_margin", "_truth", "metrics", "tables", "text", "threshold")

    def __init__(self, text: str) -> None:
        """Compile; see `compile_condition`."""
        self.text = " ".join(text.split())
        compiler = _Compiler()
        self._truth = compiler.truth(_parse(self.text), False)
        if compiler.margin is None:
            raise ConditionError("the condition names no metric")
        self._margin = compiler.margin
        self.metrics: tuple[Metric, ...] = tuple(compiler.metrics)
        """In order of appearance."""
        self.tables: tuple[Table, ...] = tuple(dict.fromkeys(metric.table for metric in self.metrics))
        self.threshold: float = compiler.threshold
        """What the first metric is compared with; NaN where that is not a number."""

    def judge(self, columns: Columns) -> tuple[Truths, Truths]:
        """Say where the condition holds and where it is known, each bool[n]; it holds only where it is known."""
        with np.errstate(all="ignore"):
            holds, known = self._truth(columns)
        return holds & known, known

    def evaluate(self, columns: Columns) -> Truths:
        """Say where the condition holds, bool[n]."""
        return self.judge(columns)[0]

    def margin(self, columns: Columns) -> Values:
        """Give by how much the first metric's comparison is met, float64[n], in units of that comparison."""
        with np.errstate(all="ignore"):
            return self._margin(columns)

    def __eq__(self, other: object) -> bool:
        """Compare texts."""
        return isinstance(other, Condition) and self.text == other.text

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self.text)

    def __repr__(self) -> str:
        """Write it as the call that makes it."""
        return f"compile_condition({self.text!r})"

    def __reduce__(self) -> tuple[type[Condition], tuple[str]]:
        """Pickle the text: what was compiled from it is made again."""
        return Condition, (self.text,)


def compile_condition(text: str) -> Condition:
    """Compile a condition.

    Raises:
        ConditionError: it is none; says why.

    >>> condition = compile_condition("volume_spike > 5")
    >>> condition.evaluate({condition.metrics[0]: np.array([4.0, 6.0, np.nan])}), condition.threshold
    (array([False,  True, False]), 5.0)
    """
    return Condition(text)


def _parse(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"the condition has {len(text)} characters, more than {MAX_LENGTH}")
    if "#" in text:
        raise ConditionError(f"'#' has no meaning here; {_ALLOWED}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ConditionError(f"the condition cannot be read: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError, Warning) as error:
        raise ConditionError(f"the condition cannot be read: {type(error).__name__}") from None
    if _depth(body) > MAX_DEPTH:
        raise ConditionError(f"the condition is nested deeper than {MAX_DEPTH} levels")
    return body


class _Compiler:
    """Turns a syntax tree into closures and notes what it meets on the way, left to right."""

    def __init__(self) -> None:
        self.metrics: dict[Metric, None] = {}
        self.margin: Number | None = None
        self.threshold = float("nan")

    def truth(self, node: ast.expr, negated: bool) -> Truth:
        match node:
            case ast.BoolOp(op=op, values=values):
                return terms.fold(_CONNECTIVES[type(op)], [self.truth(value, negated) for value in values])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return terms.negate(self.truth(operand, not negated))
            case ast.Compare():
                return self._comparison(node, negated)
            case ast.Name() | ast.Attribute():
                return self._flag(node, negated)
        self.number(node)  # says what is forbidden; what is left is a number without a comparison
        raise ConditionError(f"{_text(node)} is a number, not a condition: compare it with something")

    def number(self, node: ast.expr) -> Number:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return terms.constant(value)
            case ast.Name() | ast.Attribute():
                return terms.pick(self._metric(node))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return terms.apply(np.negative, [self.number(operand)])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return terms.apply(_ARITHMETIC[type(op)], [self.number(left), self.number(right)])
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise ConditionError(f"{_text(node)} is not understood as a number; {_ALLOWED}")

    def _call(self, name: str, arguments: list[ast.expr]) -> Number:
        if name == "abs" and len(arguments) == 1:
            return terms.apply(np.absolute, [self.number(arguments[0])])
        if name in _FOLDS and len(arguments) > 1:
            return terms.apply(_FOLDS[name], [self.number(argument) for argument in arguments])
        raise ConditionError(f"{name}() of {len(arguments)} is not understood; write abs(a), min(a, b) or max(a, b)")

    def _metric(self, node: ast.Name | ast.Attribute) -> Metric:
        if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
            raise ConditionError(f"{_text(node)} is not a metric: write table.column")
        metric = find_metric(ast.unparse(node))
        self.metrics[metric] = None
        return metric

    def _flag(self, node: ast.Name | ast.Attribute, negated: bool) -> Truth:
        """Let a yes-or-no metric stand by itself."""
        metric = self._metric(node)
        if METRICS[metric] is not bool:
            raise ConditionError(f"{_text(node)} is a number, not a condition: compare it with something")
        value, zero = terms.pick(metric), terms.constant(0)
        self._note(negated, value, zero, ast.NotEq, float("nan"))
        return terms.link(np.not_equal, value, zero)

    def _comparison(self, node: ast.Compare, negated: bool) -> Truth:
        operands = [node.left, *node.comparators]
        numbers = [self.number(operand) for operand in operands]
        moves = [_moves(operand) for operand in operands]
        links: list[Truth] = []
        for i, op in enumerate(node.ops):
            if type(op) not in _COMPARISONS:
                raise ConditionError(f"{_text(node)} is not understood; {_ALLOWED}")
            left, right = numbers[i], numbers[i + 1]
            if moves[i] or moves[i + 1]:
                threshold = float("nan") if moves[i] and moves[i + 1] else terms.evaluate_fixed(right if moves[i] else left)
                self._note(negated, left, right, type(op), threshold)
            links.append(terms.link(_COMPARISONS[type(op)], left, right))
        return terms.fold(np.logical_and, links)

    def _note(self, negated: bool, left: Number, right: Number, op: type[ast.cmpop], threshold: float) -> None:
        """Remember the first comparison that has a metric in it: the alert's threshold, and how far it was passed."""
        if self.margin is None:
            distance, sign = _MARGINS[op], -1.0 if negated else 1.0
            self.margin = lambda columns: sign * distance(left(columns), right(columns))
            self.threshold = threshold


def _depth(body: ast.expr) -> int:
    """Count the levels of a tree without recursion, which a hostile text could exhaust."""
    depth, level = 0, [body]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return depth


def _text(node: ast.expr) -> str:
    """Quote a piece of the condition, shortened: it may be hostile."""
    text = ast.unparse(node)
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _moves(node: ast.expr) -> bool:
    """Say whether a metric stands in it: every other name is a function's."""
    return any(isinstance(part, ast.Name) and part.id not in _FUNCTIONS for part in ast.walk(node))
