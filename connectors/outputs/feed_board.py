"""What the feed knows now, and what has changed since any moment: the newest state of everything, bounded, and no queue.

The flow writes, the server's thread reads. Each thing that can be shown (the newest row of a table about a symbol, an alert, a
source) is one entry under one key, and a change moves it to the end under a higher number. Whoever wants to follow keeps the
number it has seen and asks for what is newer: a slow reader then gets fewer and newer entries, and costs nothing while it waits.
What charts are drawn from is kept beside it (`feed_charts`): a new reader is told it once, and then what it has missed of it. So
are the verdicts on audited minutes (`feed_audits`), which are many and alike.
Turning an entry into JSON is left to the reading side, and done once for all clients.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import msgspec
import numpy as np

from connectors.outputs import feed_messages
from connectors.outputs.feed_audits import Audits
from connectors.outputs.feed_charts import Charts
from connectors.outputs.feed_ledger import Ledger
from connectors.outputs.feed_settings import FeedSettings
from connectors.outputs.process_health import Vitals
from scoring.feed import LAPSED, AlertState, HealthState, Message, NewRows, PaceState, Snapshot, SourceState, Topic, encode
from scoring.records import NANOSECONDS_PER_MINUTE, TABLES, Pulse, Rows, SourceHealth, Table

_EVENTS: Final = frozenset({Table.ALERTS, Table.GAPS, Table.REJECTS, Table.POSTS, Table.SOCIAL_SIGNALS})
"""Tables whose every row is news; of the others only the newest row is."""
_AUDITS: Final = 3_000
"""Audited minutes kept: two days of one symbol, so that a new screen can say how many agree with the exchange."""
_AHEAD_NS: Final = NANOSECONDS_PER_MINUTE
"""How far a stance of the crowd may be ahead of the sources: the flow makes both in any order."""


class Entry:
    """One thing that can be shown, as it stands."""

    __slots__ = ("_build", "_frame", "symbol", "topic")

    def __init__(self, topic: str, symbol: str, build: Callable[[], Message]) -> None:
        """Keep what is needed to write it, unwritten."""
        self.topic = topic
        self.symbol = symbol
        self._build = build
        self._frame: bytes | None = None

    def message(self) -> Message:
        """Build the message."""
        return self._build()

    def frame(self) -> bytes:
        """Give the message as JSON, written at the first call."""
        if self._frame is None:
            self._frame = encode(self._build())
        return self._frame


class Counts:
    """What a monitor asks for."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.rows: Counter[str] = Counter()
        self.pulses: dict[str, Pulse] = {}
        self.healths: dict[str, SourceHealth] = {}
        self.vitals: Callable[[], Vitals] | None = None
        """Reads what the process takes of the machine; None where nobody told how."""


class Board:
    """The newest state; any thread may call any method."""

    def __init__(self, settings: FeedSettings) -> None:
        """Keep at most as much of everything as the settings say."""
        self._lock = threading.Lock()
        self._sequence = 0
        self._cells: Ledger[tuple[str, str, bool, int], Entry] = Ledger(settings.cells)
        self._events: dict[Table, Ledger[tuple[object, ...], Entry]] = {
            table: Ledger(settings.alerts if table is Table.ALERTS else settings.events) for table in sorted(_EVENTS)
        }
        self._audits = Audits(_AUDITS)
        self._waiting: Ledger[tuple[str, str], Entry] = Ledger(settings.cells)
        """What each rule without an alert says of each symbol."""
        self._pulses: Ledger[str, Entry] = Ledger(settings.cells)
        self._healths: Ledger[str, Entry] = Ledger(settings.cells)
        self._pace: Ledger[str, Entry] = Ledger(1)
        self._charts = Charts(settings)
        self._tape_ns = 0
        """The furthest that any source has come."""
        self.counts = Counts()

    @property
    def ended(self) -> bool:
        """Whether every source has said that its tape is over."""
        pulses = list(self.counts.pulses.values())
        return bool(pulses) and all(pulse.state == "ended" for pulse in pulses)

    def put(self, items: Iterable[Rows | Pulse | SourceHealth]) -> None:
        """Take what the flow says."""
        with self._lock:
            for item in items:
                if isinstance(item, Pulse):
                    self._put_pulse(item)
                elif isinstance(item, SourceHealth):
                    self._put_health(item)
                else:
                    self._put_rows(item)

    def put_pace(self, pace: PaceState) -> None:
        """Take how the tape runs."""
        with self._lock:
            self._sequence += 1
            self._pace.put("", Entry(Topic.PULSE, "", partial(_same, pace)), self._sequence)

    def since(self, sequence: int) -> tuple[int, list[Entry]]:
        """Give what is newer than a number, and the number to ask with next."""
        with self._lock:
            if sequence >= self._sequence:
                return self._sequence, []
            found = self._cells.since(sequence)
            for ledger in self._events.values():
                found += ledger.since(sequence)
            found += [Entry(Topic.AUDITS, symbol, write) for symbol, write in self._audits.since(sequence)]
            found += self._waiting.since(sequence)  # behind the alerts: it is the later word
            if sequence:  # a new reader is told the past for itself
                found += [Entry(*told) for told in self._charts.past_since(sequence)]
            return self._sequence, found + self._pulses.since(sequence) + self._healths.since(sequence) + self._pace.since(sequence)

    def snapshot(self, wanted: Callable[[Entry], bool]) -> tuple[int, Snapshot]:
        """Give all that is known and wanted, and the number to ask with next."""
        sequence, entries = self.since(0)
        messages = [entry.message() for entry in entries if wanted(entry)]
        return sequence, Snapshot(
            rows=[message for message in messages if isinstance(message, NewRows)],
            alerts=[message for message in messages if isinstance(message, AlertState) and message.state != LAPSED],
            points=[],  # of the past, which comes behind it
            pulses=[message for message in messages if isinstance(message, SourceState)],
            healths=[message for message in messages if isinstance(message, HealthState)],
            pace=next((message for message in messages if isinstance(message, PaceState)), None),
        )

    def past(self, wanted: Callable[[Entry], bool]) -> Iterator[Entry]:
        """Give piece by piece what charts are drawn from, as it is when a piece is taken, but for what the snapshot has."""
        with self._lock:
            pasts = list(self._charts.pasts())
        for topic, symbol, history in pasts:
            with self._lock:
                write = history.since(0)
            if write and wanted(entry := Entry(topic, symbol, write)):
                yield entry

    def _put_pulse(self, pulse: Pulse) -> None:
        self._sequence += 1
        self._tape_ns = max(self._tape_ns, pulse.at_ns)
        self.counts.pulses[pulse.source] = pulse
        self._pulses.put(pulse.source, Entry(Topic.PULSE, "", partial(feed_messages.source_state, pulse)), self._sequence)

    def _put_health(self, health: SourceHealth) -> None:
        self._sequence += 1
        self.counts.healths[health.source] = health
        self._healths.put(health.source, Entry(Topic.HEALTH, "", partial(feed_messages.health_state, health)), self._sequence)

    def _put_rows(self, rows: Rows) -> None:
        length = len(rows)
        if not length:
            return
        self._sequence += 1
        if rows.table is Table.ALERTS and rows.provisional:
            self._put_waiting(rows, length)
            return
        self.counts.rows[rows.table] += length
        if rows.table in _EVENTS:
            self._put_events(rows, length)
            return
        if rows.table is Table.AUDITS:
            self._audits.put(rows, self._sequence)
            return
        if rows.table is Table.DECOUPLING_SIGNALS and self._tape_ns:
            rows = _up_to(rows, self._tape_ns + _AHEAD_NS)
            if not (length := len(rows)):
                return
        self._charts.put(rows, self._sequence)
        is_charted = rows.table is Table.TRADE_METRICS and not rows.provisional
        for index in _newest_of_each_width(rows, length):
            row = {name: column[index] for name, column in rows.columns.items()}
            width = int(row["window_end_ns"] - row["window_start_ns"]) if "window_end_ns" in row else 0
            if is_charted and self._charts.is_past(rows.symbol, int(row["window_start_ns"]), width):
                continue
            subject = str(row["asset"]) if rows.table is Table.DECOUPLING_SIGNALS else rows.symbol  # assets may have one symbol
            build = partial(feed_messages.new_rows, rows.table, rows.symbol, rows.provisional, row)
            self._cells.put((rows.table, subject, rows.provisional, width), Entry(rows.table, rows.symbol, build), self._sequence)

    def _put_events(self, rows: Rows, length: int) -> None:
        key, ledger = TABLES[rows.table].key, self._events[rows.table]
        for index in range(length):
            self._sequence += 1
            row = {name: column[index] for name, column in rows.columns.items()}
            symbol = str(row.get("symbol", rows.symbol))
            build: Callable[[], Message] = (
                partial(feed_messages.alert_state, row)
                if rows.table is Table.ALERTS
                else partial(feed_messages.new_rows, rows.table, symbol, rows.provisional, row)
            )
            ledger.put(tuple(row[name] for name in key), Entry(rows.table, symbol, build), self._sequence)
            if rows.table is Table.ALERTS:
                self._waiting.drop((str(row["rule"]), symbol))

    def _put_waiting(self, rows: Rows, length: int) -> None:
        """Keep what rules wait for: the newest word of each about each symbol, whatever its id, and no longer than until an alert."""
        for index in range(length):
            self._sequence += 1
            row = {name: column[index] for name, column in rows.columns.items()}
            build = partial(feed_messages.alert_state, row)
            self._waiting.put((str(row["rule"]), rows.symbol), Entry(rows.table, rows.symbol, build), self._sequence)


def _newest_of_each_width(rows: Rows, length: int) -> Iterable[int]:
    """Say where the newest row of each window width is: a table may hold windows of several widths."""
    if length == 1 or "window_end_ns" not in rows.columns:
        return (length - 1,)
    widths = rows.columns["window_end_ns"] - rows.columns["window_start_ns"]
    _, from_the_end = np.unique(widths[::-1], return_index=True)
    return (int(length - 1 - index) for index in from_the_end)


def _up_to(rows: Rows, last_ns: int) -> Rows:
    """Leave out rows of the time after: at the end of a tape the flow goes on until the last window is empty."""
    instants = rows.columns["evaluated_ns"]
    if instants[-1] <= last_ns:
        return rows
    return msgspec.structs.replace(rows, columns={name: column[instants <= last_ns] for name, column in rows.columns.items()})


def _same(message: Message) -> Message:
    return message
