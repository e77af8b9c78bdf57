"""How the flow is doing, for monitors: a line of JSON for a health check, and Prometheus text.

Pure: takes what the board has counted and gives text.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from connectors.outputs.feed_board import Board
from connectors.outputs.process_health import Vitals
from scoring.feed import Hello
from scoring.records import HEALTH_STATES, NANOSECONDS_PER_SECOND, Pulse, SourceHealth

_FINE: Final = frozenset({"live", "repairing"})
_OWN: Final = (
    ("frames", "counter", "Messages received."),
    ("rate", "gauge", "Messages per second, of late."),
    ("skew_ms", "gauge", "The other side's clock against ours."),
    ("reconnects", "counter", "Connections after the first."),
    ("gaps_open", "gauge", "Gaps it knows of and has not closed."),
    ("gaps_repaired", "counter", "Gaps it has closed."),
    ("rejects", "counter", "Answers it could not use."),
    ("lag", "gauge", "Messages that wait at the other side, or rows to be written."),
)
"""Fields of `SourceHealth` that are numbers."""
_VITALS: Final = (
    ("memory_bytes", "gauge", "Memory of this process."),
    ("disk_free_bytes", "gauge", "Room on the disk of the data folder."),
    ("threads", "gauge", "Threads of this process."),
    ("open_files", "gauge", "Files this process has open."),
    ("cpu_seconds", "counter", "Processor time of this process."),
)
"""Fields of `Vitals`."""


def health(hello: Hello, board: Board, clients: int) -> bytes:
    """Answer a health check, as JSON: no numbers of the market, so it may be read without the token."""
    sources = {each.source: each.state for _, each in sorted(board.counts.healths.items())}
    worst = max(sources.values(), key=_badness, default=HEALTH_STATES[0])
    status = "ended" if board.ended else "running" if worst in _FINE else "degraded"
    told = {"status": status, "version": hello.version, "mode": hello.mode, "clients": clients, "sources": sources}
    return msgspec.json.encode(told)


def metrics(board: Board, clients: int, sent: int) -> bytes:
    """Give everything counted, in the text format of Prometheus.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    pulses = dict(sorted(board.counts.pulses.items())).values()
    families = (
        _family("rows_total", "counter", "Rows the flow gave out.", (("table", t, n) for t, n in sorted(board.counts.rows.items()))),
        _family("frames_total", "counter", "Frames handed on.", (("source", p.source, p.frames) for p in pulses)),
        _family("rejects_total", "counter", "Frames that could not be decoded.", (("source", p.source, p.rejects) for p in pulses)),
        _family("gaps_total", "counter", "Spans in which data is missing.", (("source", p.source, p.gaps) for p in pulses)),
        _family("tape_seconds", "gauge", "Time on the tape, since the epoch.", (("source", p.source, _seconds(p.at_ns)) for p in pulses)),
        _family("last_frame_seconds", "gauge", "When the newest frame was received.", (_last_frame(p) for p in pulses if p.last_ns)),
        *_healths(dict(sorted(board.counts.healths.items())).values()),
        *_vitals(board.counts.vitals() if board.counts.vitals else None),
        _family("feed_clients", "gauge", "Screens connected.", (("", "", clients),)),
        _family("feed_messages_total", "counter", "Messages sent to screens.", (("", "", sent),)),
    )
    return "".join(line + "\n" for family in families for line in family).encode()


def _healths(healths: Collection[SourceHealth]) -> Iterator[Iterator[str]]:
    """Give the families of what inputs and outputs say of themselves; only where there are any."""
    if not healths:
        return
    up = (("source", each.source, float(each.state in _FINE)) for each in healths)
    yield _family("source_up", "gauge", "1 while an input or output is live or repairing.", up)
    for name, kind, text in _OWN:
        numbers = [(each.source, float(getattr(each, name))) for each in healths]
        unit = "_total" if kind == "counter" else ""
        yield _family(f"source_{name}{unit}", kind, text, [("source", source, number) for source, number in numbers if number == number])
    last = (("source", each.source, _seconds(each.last_ns)) for each in healths if each.last_ns)
    yield _family("source_last_message_seconds", "gauge", "When its newest message was received.", last)


def _vitals(vitals: Vitals | None) -> Iterator[Iterator[str]]:
    """Give the families of what this process takes of the machine, as far as the system says."""
    for name, kind, text in _VITALS if vitals else ():
        number = float(getattr(vitals, name))
        if number >= 0:
            yield _family(f"{name}_total" if kind == "counter" else name, kind, text, (("", "", number),))


def _badness(state: str) -> int:
    """Rank a state; a word that is none of them counts as worst."""
    return HEALTH_STATES.index(state) if state in HEALTH_STATES else len(HEALTH_STATES)


def _last_frame(pulse: Pulse) -> tuple[str, str, float]:
    return "source", pulse.source, _seconds(pulse.last_ns)


def _family(name: str, kind: str, help_text: str, samples: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    yield f"# HELP ghosttape_{name} {help_text}"
    yield f"# TYPE ghosttape_{name} {kind}"
    for label, text, number in samples:
        yield f"ghosttape_{name}{_label(label, text)} {number}"


def _label(name: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{escaped}"}}' if name else ""


def _seconds(at_ns: int) -> float:
    return math.floor(at_ns / NANOSECONDS_PER_SECOND * 1000) / 1000
