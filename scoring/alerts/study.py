"""Were the alerts right? What followed them, against what followed random instants of the same symbol and recording.

A rise after an alert proves nothing where the market rose all day, so every alert has its own matched instants, drawn from the
same recording but not from around an alert, and what counts is the difference. How sure that is says a bootstrap over the alerts:
draw as many of them with replacement, take the mean difference, many times over, and give the span that holds most of the means.
Chance comes in as an argument, numbers from 0 up to 1, so that the same seed gives the same study; sums run in order, so that it
gives it on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.excursion import Excursions, Fractions, Instants, Track, eligible, follow
from scoring.duration import Duration


class StudySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How alerts are studied."""

    horizons: tuple[Duration, ...] = (Duration.parse("1m"), Duration.parse("5m"), Duration.parse("15m"), Duration.parse("1h"))
    """How long after an alert its price is looked at."""
    delay: Duration = Duration(0)
    """From the instant an alert fired to the entry: what it takes to be told and to act (windows alone wait 10 s for late trades)."""
    matches: int = 200
    """Random instants per alert."""
    apart: Duration = Duration.parse("5m")
    """Random instants keep this far from every alert of the rule on the symbol."""
    rounds: int = 2_000
    """Resamples of the bootstrap."""
    confidence: float = 0.95
    """Share of the resampled means inside the interval."""
    least_alerts: int = 5
    """Below so many alerts no interval is given: resampling two numbers says nothing."""
    stale: Duration = Duration.parse("10s")
    """An entry whose newest price is older is left out."""


class Comparison(NamedTuple):
    """k alerts of one rule on one symbol over one horizon."""

    own: Excursions
    """What followed the alerts."""
    matched: Excursions
    """The means of what followed their random instants."""
    rank: Fractions
    """float64[k]: share of its random instants that did worse, those that did as well counted half; 0.5 is chance."""


class Finding(NamedTuple):
    """What became of the alerts of one rule over one horizon."""

    alerts: int
    """Those whose horizon the recordings hold, with random instants to compare with."""
    forward: float
    """Mean forward return, fraction; this and all below are NaN without an alert."""
    matched: float
    """The same of the random instants."""
    difference: float
    low: float
    """The bootstrap interval of the difference; NaN below `least_alerts`."""
    high: float
    best: float
    """Mean best excursion, fraction."""
    worst: float
    rank: float
    """Mean rank."""


def compare(track: Track, fired: Instants, horizon: Duration, draws: NDArray[np.float64], settings: StudySettings) -> Comparison:
    """Follow alerts and their random instants; `draws` is float64[k, matches], each from 0 up to 1."""
    own = follow(track, fired + settings.delay, horizon, settings.stale)
    choices = eligible(track, fired, settings.apart, horizon)
    matched = Excursions(*(np.full(len(fired), np.nan) for _ in Excursions._fields))
    rank = np.full(len(fired), np.nan)
    for i in np.flatnonzero(own.forward == own.forward).tolist() if len(choices) else ():
        others = follow(track, choices[(draws[i] * len(choices)).astype(np.int64)], horizon, settings.stale)
        for into, values in zip(matched, others, strict=True):
            into[i] = _mean(values)
        beaten, equal = others.forward < own.forward[i], others.forward == own.forward[i]
        rank[i] = (2 * int(beaten.sum()) + int(equal.sum())) / (2 * len(others.forward))
    return Comparison(own, matched, rank)


def join(comparisons: Sequence[Comparison]) -> Comparison:
    """Put comparisons over the same horizon behind one another: other symbols, other recordings."""
    own, matched = ([getattr(each, name) for each in comparisons] for name in ("own", "matched"))
    return Comparison(
        Excursions(*(np.concatenate(parts) for parts in zip(*own, strict=True))),
        Excursions(*(np.concatenate(parts) for parts in zip(*matched, strict=True))),
        np.concatenate([each.rank for each in comparisons]),
    )


def find(comparison: Comparison, draws: NDArray[np.float64], settings: StudySettings) -> Finding:
    """Sum alerts up; `draws` is float64[rounds, at least k], each from 0 up to 1."""
    known = comparison.rank == comparison.rank
    own = Excursions(*(values[known] for values in comparison.own))
    matched = comparison.matched.forward[known]
    differences = own.forward - matched
    low, high = interval(differences, draws, settings)
    means = (_mean(own.forward), _mean(matched), _mean(differences), low, high, _mean(own.best), _mean(own.worst))
    return Finding(int(known.sum()), *means, _mean(comparison.rank[known]))


def interval(differences: Fractions, draws: NDArray[np.float64], settings: StudySettings) -> tuple[float, float]:
    """Give the bootstrap interval of a mean (percentiles of the resampled means); NaN below `least_alerts`."""
    count = len(differences)
    if count < settings.least_alerts:
        return np.nan, np.nan
    resamples = differences[(draws[:, :count] * count).astype(np.int64)]
    means = np.sort(np.add.accumulate(resamples, axis=1)[:, -1] / count)
    outside = int(len(means) * (1 - settings.confidence) / 2)
    return float(means[outside]), float(means[len(means) - 1 - outside])


def _mean(values: Fractions) -> float:
    """Sum in order: `np.sum` cuts sums up as the machine likes."""
    return float(np.add.accumulate(values)[-1]) / len(values) if len(values) else np.nan
