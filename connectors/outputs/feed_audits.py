"""The verdicts on audited minutes, as lean as they are many: a screen that connects late says how many agree with the exchange.

Nearly all of them say the same, so what is kept of each is its place and three shared words, which is less than half of what a row
takes that is kept as such; and a reader is told them by the hundred.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from connectors.outputs.feed_ledger import Ledger
from scoring.feed import NewRows, instant_text
from scoring.records import Rows, Table

_AT_ONCE: Final = 100
"""Most rows of one message: so many a screen takes."""


class Verdict(NamedTuple):
    """What is said of a minute."""

    symbol: str
    open_ns: int
    verdict: str
    differences: str
    completeness: str


class Audits:
    """The newest verdict on each minute of each symbol; those changed longest ago go when there are more than `limit`."""

    def __init__(self, limit: int) -> None:
        """Start without any."""
        self._verdicts: Ledger[tuple[str, int], Verdict] = Ledger(limit)

    def __len__(self) -> int:
        """Count the minutes."""
        return len(self._verdicts)

    def put(self, rows: Rows, sequence: int) -> None:
        """Take rows of audits under a number that is higher than any before."""
        columns = (rows.columns[name].tolist() for name in ("symbol", "open_ns", "verdict", "differences", "completeness"))
        for symbol, open_ns, *words in zip(*columns, strict=True):
            said = Verdict(sys.intern(symbol), open_ns, *map(sys.intern, words))
            self._verdicts.put((said.symbol, open_ns), said, sequence)

    def since(self, sequence: int) -> Iterator[tuple[str, partial[NewRows]]]:
        """Give symbols, and what writes the verdicts on them put under a later number, oldest change first."""
        found: dict[str, list[Verdict]] = {}
        for said in self._verdicts.since(sequence):
            found.setdefault(said.symbol, []).append(said)
        for symbol, verdicts in found.items():
            for start in range(0, len(verdicts), _AT_ONCE):
                yield symbol, partial(_message, symbol, verdicts[start : start + _AT_ONCE])


def _message(symbol: str, verdicts: Sequence[Verdict]) -> NewRows:
    return NewRows(
        Table.AUDITS,
        symbol,
        False,
        {
            "symbol": [symbol] * len(verdicts),
            "open_at": [instant_text(said.open_ns) for said in verdicts],
            "verdict": [said.verdict for said in verdicts],
            "differences": [said.differences for said in verdicts],
            "completeness": [said.completeness for said in verdicts],
        },
    )
