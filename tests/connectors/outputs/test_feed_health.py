"""Health and counts as text."""

from __future__ import annotations

import json

from connectors.outputs.feed_board import Board
from connectors.outputs.feed_health import health, metrics
from connectors.outputs.feed_settings import FeedSettings
from connectors.outputs.process_health import Vitals
from scoring.feed import Hello
from scoring.records import Pulse, SourceHealth

HELLO = Hello("0.1.0", "session", "replay", [], [])


def board() -> Board:
    known = Board(FeedSettings())
    known.put([Pulse('bin"ance\n', 2_500_000_000, 7, 1, 2, 1_000_000_000, 0, 0, 1.0, "live")])
    return known


def test_health_says_whether_the_tape_has_ended() -> None:
    known = board()
    assert json.loads(health(HELLO, known, 2)) == {"status": "running", "version": "0.1.0", "mode": "replay", "clients": 2, "sources": {}}
    known.put([Pulse('bin"ance\n', 2_500_000_000, 7, 1, 2, 1_000_000_000, 0, 0, 1.0, "ended")])
    assert json.loads(health(HELLO, known, 2))["status"] == "ended"


def test_counts_are_prometheus_text_and_labels_are_escaped() -> None:
    lines = metrics(board(), clients=3, sent=9).decode().splitlines()
    assert 'ghosttape_frames_total{source="bin\\"ance\\n"} 7' in lines
    assert 'ghosttape_tape_seconds{source="bin\\"ance\\n"} 2.5' in lines
    assert "ghosttape_feed_clients 3" in lines
    assert "# TYPE ghosttape_gaps_total counter" in lines


def test_what_inputs_say_of_themselves_is_told_to_monitors() -> None:
    known = board()
    known.put([SourceHealth("binance 1/2", 5, "live", 4_000_000_000, 10, 2.5, -3.0, 1, 2, 3, 4, 5)])
    assert json.loads(health(HELLO, known, 0))["status"] == "running"
    known.put([SourceHealth("telegram", 5, "stale")])
    told = json.loads(health(HELLO, known, 0))
    assert (told["status"], told["sources"]) == ("degraded", {"binance 1/2": "live", "telegram": "stale"})
    lines = metrics(known, 0, 0).decode().splitlines()
    wanted = (
        "source_up",
        "source_frames_total",
        "source_skew_ms",
        "source_gaps_repaired_total",
        "source_lag",
        "source_last_message_seconds",
    )
    found = {name: [line for line in lines if line.startswith(f"ghosttape_{name}{{")] for name in wanted}
    assert found["source_up"] == ['ghosttape_source_up{source="binance 1/2"} 1.0', 'ghosttape_source_up{source="telegram"} 0.0']
    # What is not known is not told.
    assert found["source_skew_ms"] == ['ghosttape_source_skew_ms{source="binance 1/2"} -3.0']
    assert found["source_last_message_seconds"] == ['ghosttape_source_last_message_seconds{source="binance 1/2"} 4.0']
    assert len(found["source_frames_total"]) == len(found["source_lag"]) == 2


def test_a_state_nobody_knows_counts_as_the_worst() -> None:
    known = board()
    known.put([SourceHealth("a", 5, "live"), SourceHealth("b", 5, "melting")])
    assert json.loads(health(HELLO, known, 0))["status"] == "degraded"


def test_what_the_process_takes_is_told_as_far_as_the_system_says() -> None:
    known = board()
    assert b"memory" not in metrics(known, 0, 0)
    known.counts.vitals = lambda: Vitals(412_000_000, 79_000_000_000, 31, -1, 12.5)
    lines = metrics(known, 0, 0).decode().splitlines()
    assert "ghosttape_memory_bytes 412000000.0" in lines
    assert "ghosttape_disk_free_bytes 79000000000.0" in lines
    assert "ghosttape_threads 31.0" in lines
    assert "# TYPE ghosttape_cpu_seconds_total counter" in lines
    assert "ghosttape_cpu_seconds_total 12.5" in lines
    assert not any("open_files" in line for line in lines)
