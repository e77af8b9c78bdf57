"""How the flow is doing, for monitors: a line of JSON for a health check, and Prometheus text.

Pure: takes what the board has counted and gives text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec

from connectors.outputs.feed_board import Board
from scoring.feed import Hello
from scoring.records import NANOSECONDS_PER_SECOND, Pulse


def health(hello: Hello, board: Board, clients: int) -> bytes:
    """Answer a health check, as JSON: no numbers of the market, so it may be read without the token."""
    status = "ended" if board.ended else "running"
    return msgspec.json.encode({"status": status, "version": hello.version, "mode": hello.mode, "clients": clients})


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
        _family("feed_clients", "gauge", "Screens connected.", (("", "", clients),)),
        _family("feed_messages_total", "counter", "Messages sent to screens.", (("", "", sent),)),
    )
    return "".join(line + "\n" for family in families for line in family).encode()


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
