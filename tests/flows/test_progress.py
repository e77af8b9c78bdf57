"""The line that moves: how far a replay has come."""

from __future__ import annotations

import pytest

from flows.progress import ProgressSink
from scoring.records import Pulse


def pulse(source: str, at_ns: int, frames: int) -> Pulse:
    return Pulse(source, at_ns, frames, 0, 0, at_ns, 100, 300, 1.0, "replaying")


def test_it_shows_the_slowest_partition_and_the_frames_of_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    sink = ProgressSink("story")
    assert (sink.list_parts(), sink.part_fn("anything")) == (["one"], 0)
    part = sink.build_part("progress", "one", None)
    part.write_batch([])
    part.write_batch([pulse("binance", 200, 1_500), pulse("telegram", 150, 20)])
    part.write_batch([pulse("telegram", 250, 30)])
    part.close()
    said = capsys.readouterr().err
    assert "story" in said
    assert "1,530 frames" in said


def test_it_is_silent_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    part = ProgressSink("story").build_part("progress", "one", None)
    part.write_batch([pulse("binance", 200, 1_500)])
    part.close()
    assert capsys.readouterr().err == ""
