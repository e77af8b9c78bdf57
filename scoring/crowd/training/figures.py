"""How good a model is, in the two numbers of the model card, and the two rules that it must beat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from scoring.crowd.training.texts import Label

LEXICON_THRESHOLD: Final = 0.05
"""VADER's own: a compound at or above it is positive, at or below minus it negative."""
_ALPHA: Final = 15.0
"""VADER's normalisation of the sum of valences: x / √(x² + 15)."""
_NEGATION_WEIGHT: Final = -0.74
"""VADER's: what a negation makes of the valence of one of the next three words."""
_NEGATIONS: Final = frozenset(
    ("not", "no", "never", "none", "without", "cannot", "neither", "nor", "isn't", "wasn't", "don't", "doesn't", "didn't", "won't", "can't")
)


def accuracy(truth: Sequence[Label], said: Sequence[Label]) -> float:
    """Give the share that was said right.

    >>> accuracy([Label.POSITIVE, Label.NEUTRAL], [Label.POSITIVE, Label.NEGATIVE])
    0.5
    """
    return sum(a == b for a, b in zip(truth, said, strict=True)) / len(truth)


def macro_f1(truth: Sequence[Label], said: Sequence[Label]) -> float:
    """Give the plain mean over the labels that occur of F1 = 2·right / (said + true)."""
    right = Counter(a for a, b in zip(truth, said, strict=True) if a == b)
    true, claimed = Counter(truth), Counter(said)
    labels = sorted(true | claimed)
    return sum(2 * right[label] / (true[label] + claimed[label]) for label in labels) / len(labels)


def majority(truth: Sequence[Label]) -> Label:
    """Name the label that is most frequent: the first rule to beat."""
    return Counter(truth).most_common(1)[0][0]


def lexicon_label(text: str, lexicon: Mapping[str, float]) -> Label:
    """Judge by the words alone, as VADER does in its plain form: the second rule to beat.

    Source: Hutto & Gilbert, VADER, ICWSM 2014.

    >>> lexicon_label("not good", {"good": 1.9}).name
    'NEGATIVE'
    """
    words = [word.strip(".,!?;:\"'()").lower() or word for word in text.split()]
    total = 0.0
    for index, word in enumerate(words):
        valence = lexicon.get(word, 0.0)
        negated = valence and _NEGATIONS.intersection(words[max(index - 3, 0) : index])
        total += valence * _NEGATION_WEIGHT if negated else valence
    compound = total / (total * total + _ALPHA) ** 0.5
    if abs(compound) < LEXICON_THRESHOLD:
        return Label.NEUTRAL
    return Label.POSITIVE if compound > 0 else Label.NEGATIVE


def without_links(text: str) -> str:
    """Leave out what a link spells: `good` in an address is no mood."""
    return re.sub(r"https?://\S+", " ", text)
