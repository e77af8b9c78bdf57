"""From what a model says to a score that every machine agrees on.

A model gives three logits a text. Their last bits depend on the processor, on the threads and, for many models, on which texts
shared a batch, so they are rounded to a grid first, and from there on only operations that IEEE 754 defines to the last bit are
used: no library's `exp`. What keeps the logits themselves apart from batches and threads is told in `finbert`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.duration import Duration

Logits: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
"""float[n, 3], one row a text."""

STARTER: Final = "starter"
"""The model that is bundled."""
LOGIT_GRID: Final = 1024.0
"""Logits are rounded to 1/1024: that moves a score by less than 0.0005; noise of 1e-6 tips one logit in a thousand."""
DECIMALS: Final = 1_000_000.0
"""Probabilities and scores are rounded to six decimals."""
_NAMES: Final = {
    "positive": "positive",
    "bullish": "positive",
    "negative": "negative",
    "bearish": "negative",
    "neutral": "neutral",
}
_LOG2_E: Final = 1.4426950408889634
_LN2_HIGH: Final = 0.6931471803691238
"""The upper 33 bits of ln 2: a whole number below 2^20 times it is exact."""
_LN2_LOW: Final = 1.9082149292705877e-10
_LOWEST: Final = -64.0
"""exp of less is 0 in six decimals."""
_TERMS: Final = 14
"""Of the Taylor series on ±ln 2 / 2: the next one is below half a last bit."""


class SentimentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shapes a score: stored beside every recording."""

    model: str = STARTER
    """`starter`, or a folder with `config.json`, `tokenizer.json` and an ONNX file (`just model finbert` fetches one)."""
    max_tokens: int = 64
    """Word pieces of a text that count, its two marks included, 4 to 512; 83 % of channel posts are shorter than 64."""
    max_characters: int = 2_000
    """Characters of a text that are looked at: the bound on what a hostile text costs."""
    batching: Literal["exact", "fast"] = "exact"
    """`exact`: a score depends on the text and the model alone. `fast`: texts share batches also where that moves the scores of the
    model a little, so that a replay may differ from its recording; up to twice as fast with a quantised model."""


class ScoringSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How scoring is run; with `exact` batching on the processor no result depends on it."""

    provider: Literal["cpu", "cuda", "auto"] = "cpu"
    """Where the model runs; `auto` takes CUDA where ONNX Runtime has it. A card computes with its own rounding."""
    threads: int = 0
    """Texts or batches scored at once, each on one core; 0 leaves one core of the machine to the market."""
    deadline: Duration = Duration.parse("50ms")
    """How long a post waits for others to be scored with, live: what follows from several at once costs the market less than from each
    alone. A replay waits for nothing."""
    batch_tokens: int = 512
    """Word pieces in one batch, padding included, where texts share batches; found by measuring: 8 full texts."""
    cache_entries: int = 10_000
    """Texts whose score is remembered, the least recently seen forgotten first; four posts in ten repeat another."""


class LabelOrder(NamedTuple):
    """Which output of a model is which."""

    positive: int
    negative: int
    neutral: int


class Score(msgspec.Struct, frozen=True):
    """The mood of one text."""

    score: float
    """P(positive) − P(negative), −1 to 1."""
    positive: float
    """Probability, 0 to 1."""
    negative: float
    neutral: float


def label_order(names: Mapping[str, str]) -> LabelOrder:
    """Read `id2label` of a model's `config.json`, in any order and case; bullish and bearish are understood.

    Raises:
        ValueError: they are not these three, once each; it says what was found.

    >>> label_order({"0": "Bearish", "1": "Bullish", "2": "Neutral"})
    LabelOrder(positive=1, negative=0, neutral=2)
    """
    places = {_NAMES.get(name.strip().casefold(), name): index for index, name in names.items()}
    if set(places) != set(LabelOrder._fields) or len(names) != len(places) or {*places.values()} != {"0", "1", "2"}:
        found = ", ".join(f"{index}: {name!r}" for index, name in names.items()) or "no labels"
        raise ValueError(f"{found}; expected 0, 1 and 2 to be positive (or bullish), negative (or bearish) and neutral")
    return LabelOrder(**{name: int(index) for name, index in places.items()})


def scores_of(logits: Logits, order: LabelOrder) -> list[Score]:
    """Turn logits into scores; each row by itself.

    Raises:
        ValueError: the logits are not float[n, 3], or not finite.

    >>> scores_of(np.array([[2.0, 0.0, 0.0]]), LabelOrder(0, 1, 2))
    [Score(score=0.680479, positive=0.786986, negative=0.106507, neutral=0.106507)]
    """
    if logits.ndim != 2 or logits.shape[1] != len(order):
        raise ValueError(f"logits of shape {list(logits.shape)}; expected [texts, {len(order)}]")
    if not np.isfinite(logits).all():
        raise ValueError("logits that are not finite; expected numbers")
    columns = np.rint(logits.astype(np.float64)[:, list(order)] * LOGIT_GRID) / LOGIT_GRID
    weights = _exp(columns - columns.max(axis=1, keepdims=True))
    total = weights[:, 0] + weights[:, 1] + weights[:, 2]
    shares = _rounded(weights / total[:, None])
    scores = _rounded(shares[:, 0] - shares[:, 1])
    return [Score(score, *row) for score, row in zip(scores.tolist(), shares.tolist(), strict=True)]


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to six decimals, half to even; + 0.0 turns a negative zero into zero."""
    return np.rint(values * DECIMALS) / DECIMALS + 0.0


def _exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give e^x for x ≤ 0, with the same bits on every machine: 2^k times a Taylor series in Horner's form."""
    bounded = np.maximum(values, _LOWEST)
    powers = np.rint(bounded * _LOG2_E)
    rest = (bounded - powers * _LN2_HIGH) - powers * _LN2_LOW
    series = np.ones_like(rest)
    for term in range(_TERMS, 0, -1):
        series = 1.0 + series * rest / term
    return np.ldexp(series, powers.astype(np.int64))
