"""The instants a set of tables is judged at, and what was known of each table at each of them.

Rules that look at the same tables share one `Timeline`. It takes the rows of each table in order of their instants, holds them
until every table is out up to an instant, and then reads: one entry per instant at which any table has a row, with the newest
values of each. So the reading does not depend on which table's rows came first (law 3). What it holds is bounded, because
`through_ns` of every table advances with the clock; a timeline of one table holds nothing but the last row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.alerts.metrics import Metric
from scoring.records import END_NS, TABLES, Column, Rows, Table

Instants: TypeAlias = NDArray[np.int64]
"""int64[n], nanoseconds UTC."""

NEVER_NS: Final = -(1 << 62)
"""Instant of the row before the first."""


class Piece(NamedTuple):
    """Rows of one table: what rules need of them."""

    instants: Instants
    values: Mapping[Metric, NDArray[np.float64]]
    open_gaps: NDArray[np.int64]
    completeness: Column

    def take(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Piece:
        """Give some of the rows."""
        values = {metric: column[rows] for metric, column in self.values.items()}
        return Piece(self.instants[rows], values, self.open_gaps[rows], self.completeness[rows])


def nothing(metrics: Sequence[Metric]) -> Piece:
    """Give the row that stands before a table's first: nothing in it is known."""
    return Piece(np.array([NEVER_NS]), {metric: np.array([np.nan]) for metric in metrics}, np.zeros(1, np.int64), np.array([""], object))


def _join(pieces: Sequence[Piece]) -> Piece:
    values = {metric: np.concatenate([piece.values[metric] for piece in pieces]) for metric in pieces[0].values}
    instants, open_gaps, completeness = (np.concatenate([piece[i] for piece in pieces]) for i in (0, 2, 3))
    return Piece(instants, values, open_gaps, completeness)


class Intake:
    """One table as it comes in: revisions and rows before what was already seen are dropped, the frontier moves on."""

    def __init__(self, table: Table, metrics: Sequence[Metric]) -> None:
        """Take the metrics that any rule needs of the table."""
        self.table = table
        self.metrics = tuple(metrics)
        self.last_ns = NEVER_NS
        """Instant of the newest row."""
        self.through_ns = NEVER_NS
        """Its rows are out up to here; `END_NS` after the end of the tape."""
        self.watched_ns = NEVER_NS
        """The same before the end of the tape: only up to here is silence a fact."""

    def accept(self, rows: Rows) -> Piece | None:
        """Take rows in order of their instants; give those that are news, None where none is."""
        instants = rows.columns[TABLES[self.table].instant]
        piece = self._piece(rows, instants) if len(instants) else None
        if piece is not None:
            self.last_ns = int(piece.instants[-1])
        self.through_ns = max(self.through_ns, self.last_ns, rows.through_ns)
        self.watched_ns = max(self.watched_ns, self.last_ns, rows.through_ns if rows.through_ns < END_NS else NEVER_NS)
        return piece

    def _piece(self, rows: Rows, instants: Instants) -> Piece | None:
        columns = rows.columns
        values = {metric: np.asarray(columns[metric.column], np.float64) for metric in self.metrics}
        piece = Piece(instants, values, columns["open_gaps"], columns["completeness"])
        before = np.empty_like(instants)
        before[0] = self.last_ns
        before[1:] = instants[:-1]
        np.maximum.accumulate(before, out=before)
        news = instants > before
        if news.all():
            return piece
        return piece.take(news) if news.any() else None


class TableReading(NamedTuple):
    """One table along the instants of a reading."""

    as_of: Instants
    """Instant of its newest row at each instant; `NEVER_NS` before the first."""
    open_gaps: NDArray[np.int64]
    completeness: Column
    rows: Instants
    """Instants of its own rows in the reading, with the last one before them in front (`NEVER_NS` where there was none)."""
    widest_ns: int
    """Longest silence between two of `rows`."""
    more: bool
    """Its next row is known already, and lies after the reading."""
    watched_ns: int
    """Where it has no next row: how far its silence is a fact."""


class Reading(NamedTuple):
    """What a rule judges: n instants, and the values known at each."""

    instants: Instants
    through_ns: int
    """Everything up to here is in this reading or an earlier one."""
    values: Mapping[Metric, NDArray[np.float64]]
    tables: Mapping[Table, TableReading]


class Timeline:
    """The rows of some tables, waiting for each other."""

    def __init__(self, intakes: Sequence[Intake]) -> None:
        """Take the tables' intakes; whoever feeds them passes on what they accept to `add`."""
        self._intakes = tuple(intakes)
        self._last = {intake.table: nothing(intake.metrics) for intake in intakes}
        self._waiting: dict[Table, list[Piece]] = {intake.table: [] for intake in intakes}

    def add(self, table: Table, piece: Piece) -> None:
        """Take rows of a table, if it is one of ours."""
        if table in self._waiting:
            self._waiting[table].append(piece)

    @property
    def through_ns(self) -> int:
        """All tables are out up to here."""
        return min(intake.through_ns for intake in self._intakes)

    @property
    def watched_ns(self) -> int:
        """The same, not counting that the tape ended."""
        return min(intake.watched_ns for intake in self._intakes)

    def read(self) -> Reading:
        """Give what can be judged now; its instants are never given again."""
        through_ns = self.through_ns
        known = {intake.table: self._release(intake.table, through_ns) for intake in self._intakes}
        if len(known) == 1:
            ((_, piece),) = known.items()
            instants = piece.instants[1:]
        else:
            instants = np.unique(np.concatenate([piece.instants[1:] for piece in known.values()]))
        values: dict[Metric, NDArray[np.float64]] = {}
        tables = {}
        for intake in self._intakes:
            piece = known[intake.table]
            rows = piece.instants
            along = piece.take(slice(1, None) if len(known) == 1 else np.searchsorted(rows, instants, "right") - 1)
            values.update(along.values)
            silences = np.diff(rows[1:] if rows[0] == NEVER_NS else rows)
            tables[intake.table] = TableReading(
                along.instants,
                along.open_gaps,
                along.completeness,
                rows,
                int(silences.max()) if len(silences) else 0,
                bool(self._waiting[intake.table]),
                intake.watched_ns,
            )
        return Reading(instants, through_ns, values, tables)

    def _release(self, table: Table, through_ns: int) -> Piece:
        """Give the last row already read and all after it up to `through_ns`; the rest goes on waiting."""
        waiting = self._waiting[table]
        if not waiting or waiting[0].instants[0] > through_ns:
            return self._last[table]
        known = _join([self._last[table], *waiting])
        count = int(np.searchsorted(known.instants, through_ns, "right"))
        self._waiting[table] = [known.take(slice(count, None))] if count < len(known.instants) else []
        known = known.take(slice(count))
        self._last[table] = known.take(slice(-1, None))
        return known
