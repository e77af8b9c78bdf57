"""What a poller must not forget."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from connectors.inputs.poll_memory import Memory, load, save

MAY_S = dt.datetime(2026, 5, 31, 23, 59, tzinfo=dt.UTC).timestamp()
JUNE_S = MAY_S + 60


def test_calls_are_counted_by_the_calendar_month() -> None:
    memory = Memory()
    assert [memory.spend(MAY_S, 2) for _ in range(4)] == [True, True, False, False]
    assert (memory.month, memory.calls) == ("2026-05", 2)
    assert memory.spend(JUNE_S, 2)
    assert (memory.month, memory.calls) == ("2026-06", 1)


def test_calls_without_a_limit_are_counted_too() -> None:
    memory = Memory()
    assert all(memory.spend(MAY_S, 0) for _ in range(100))
    assert memory.calls == 100


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "polls" / "site.json"
    memory = Memory("2026-05", 7)
    poll = memory.of("prices", "https://x.test/a")
    poll.answered_s, poll.etag, poll.seen = 12.5, '"x"', ["a", "b"]
    save(file, memory)
    assert load(file) == memory
    assert [path.name for path in file.parent.iterdir()] == ["site.json"]


def test_a_poll_that_asks_something_else_starts_anew_but_knows_what_is_on_the_tape() -> None:
    memory = Memory()
    poll = memory.of("news", "https://x.test/a")
    poll.answered_s, poll.etag, poll.last_modified, poll.seen = 12.5, '"x"', "yesterday", ["a"]
    assert memory.of("news", "https://x.test/a") is poll
    other = memory.of("news", "https://x.test/b")
    assert (other.answered_s, other.etag, other.last_modified, other.seen) == (0.0, "", "", ["a"])
    assert memory.of("news", "https://x.test/b") is other


def test_polls_that_are_not_made_any_more_are_forgotten() -> None:
    memory = Memory()
    kept = memory.of("a", "x")
    memory.of("b", "y")
    memory.keep_only(frozenset({"a", "c"}))
    assert memory.polls == {"a": kept}


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"calls":"many"}', b"\xff", b"[" * 100_000])
def test_a_file_that_is_missing_or_broken_is_an_empty_memory(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "site.json"
    if content is not None:
        file.write_bytes(content)
    assert load(file) == Memory()


def test_half_a_file_never_replaces_a_whole_one(tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    save(file, Memory("2026-05", 7))
    (tmp_path / "site.new").mkdir()  # the disk refuses
    with pytest.raises(OSError, match="directory"):
        save(file, Memory("2026-05", 8))
    assert load(file).calls == 7
