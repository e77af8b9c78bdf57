"""Health and counts as text."""

from __future__ import annotations

import json

from connectors.outputs.feed_board import Board
from connectors.outputs.feed_health import health, metrics
from scoring.feed import Hello
from scoring.records import Pulse

HELLO = Hello("0.1.0", "session", "replay", [], [])


def board() -> Board:
    known = Board(cells=10, alerts=10, events=10, step_ns=5, points=5)
    known.put([Pulse('bin"ance\n', 2_500_000_000, 7, 1, 2, 1_000_000_000, 0, 0, 1.0, "live")])
    return known


def test_health_says_whether_the_tape_has_ended() -> None:
    known = board()
    assert json.loads(health(HELLO, known, 2)) == {"status": "running", "version": "0.1.0", "mode": "replay", "clients": 2}
    known.put([Pulse('bin"ance\n', 2_500_000_000, 7, 1, 2, 1_000_000_000, 0, 0, 1.0, "ended")])
    assert json.loads(health(HELLO, known, 2))["status"] == "ended"


def test_counts_are_prometheus_text_and_labels_are_escaped() -> None:
    lines = metrics(board(), clients=3, sent=9).decode().splitlines()
    assert 'ghosttape_frames_total{source="bin\\"ance\\n"} 7' in lines
    assert 'ghosttape_tape_seconds{source="bin\\"ance\\n"} 2.5' in lines
    assert "ghosttape_feed_clients 3" in lines
    assert "# TYPE ghosttape_gaps_total counter" in lines
