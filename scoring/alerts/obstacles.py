"""What keeps a rule from judging: a gap that its newest windows lie on, or a silence that took a pending from it.

Since when is part of it, and must not depend on how rows were cut into readings; so that is kept from one reading to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scoring.alerts.evidence import worst
from scoring.alerts.timeline import NEVER_NS, Reading
from scoring.alerts.verdicts import on_gaps
from scoring.records import Table


class Obstacle(NamedTuple):
    """One of them."""

    since_ns: int
    completeness: str
    """Of what there was to judge by, e.g. `open_gap(1)`; `no_data` for silence."""


class Obstacles:
    """Those of one rule on one symbol."""

    def __init__(self, tables: Sequence[Table]) -> None:
        """Begin without; `tables` are those the rule looks at."""
        self._tables = tables
        self.gap: Obstacle | None = None
        """Kept only for a rule that holds on gaps."""
        self.silence: Obstacle | None = None
        self.newest_ns = NEVER_NS
        """The newest instant of which is known whether it lies on a gap."""

    @property
    def foremost(self) -> Obstacle | None:
        """Give the one to tell."""
        return self.silence or self.gap

    def meet_gaps(self, reading: Reading) -> None:
        """Note whether the newest instant of a reading (at least one) lies on a gap, and since when all have."""
        gaps = on_gaps(reading)
        if self.gap is None or not gaps.all():
            whole = np.flatnonzero(~gaps)
            first = int(whole[-1]) + 1 if len(whole) else 0
            met = first < len(gaps)
            self.gap = Obstacle(int(reading.instants[first]), worst(self._tables, reading, first)) if met else None
        self.newest_ns = int(reading.instants[-1])

    def fall_silent(self, at_ns: int) -> None:
        """Note that a silence took a pending."""
        self.silence = Obstacle(at_ns, "no_data")
