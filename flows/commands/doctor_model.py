"""Does the model load and say of one sentence what every model must."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flows.commands.doctor_checks import Finding, failed, well
from flows.commands.model import SOURCES
from scoring.crowd.finbert import load
from scoring.crowd.sentiment import ScoringSettings, SentimentSettings

_CLEARLY = 0.5
"""Score above which a sentence is a good word."""


def model(sentiment: SentimentSettings, scoring: ScoringSettings) -> Iterator[Finding]:
    """Load it and score FinBERT's own example."""
    began = time.perf_counter()
    loaded = load(sentiment, scoring)
    ready = time.perf_counter()
    sentence = SOURCES["finbert"].sentence
    (score,) = loaded.score([sentence])
    took = time.perf_counter() - ready
    found = f"{loaded.name} {loaded.hash} loads in {ready - began:.2f} s and scores {sentence!r} {score.score:+.2f} in {took * 1e3:.1f} ms"
    if score.score > _CLEARLY:
        yield well("model", found)
    else:
        yield failed("model", f"{found}, expected above {_CLEARLY:+.1f}", "fetch it again (just model finbert), or take 'starter'")
