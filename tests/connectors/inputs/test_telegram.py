"""The feed of groups against a stand-in with the library's own objects: live, downtime, floods, edits, deletions, losses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("telethon")

from telethon import errors

from connectors.inputs.backoff import Backoff
from connectors.inputs.telegram import TelegramFeed, TelegramSettings
from connectors.inputs.telegram_client import sole_use
from connectors.tape.reader import FrameReader
from connectors.tape.recorder import Recorder
from connectors.wire.gap import decode_gap
from connectors.wire.telegram import decode
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import Gap, Kind
from tests.connectors.inputs.telegram_stand_in import CALLS, OTHER, SMALL, Messenger, flood
from tests.waiting import wait_until

API_HASH = "0123456789abcdef0123456789abcdef"
Rows = list[tuple[object, ...]]


class Bench:
    """A messenger, a tape, and the feed between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tape" / "frames" / "live"
        self.messenger = Messenger()
        session = folder / "telegram.session"
        session.touch()
        self.settings = TelegramSettings(
            groups=("@Calls", str(SMALL)),
            api_id=7,
            api_hash=API_HASH,
            session=str(session),
            reconcile=Duration.parse("30s"),
            hole_wait=Duration.parse("20ms"),
            timeout=Duration.parse("2s"),
        )
        self.recorder: Recorder | None = None
        self.feed: TelegramFeed | None = None

    def start(self, **changes: object) -> TelegramFeed:
        """Start a recorder and a feed, wait until it is live."""
        feed = self.begin(**changes)
        wait_until(lambda: feed.health()[0].state == "live")
        return feed

    def begin(self, **changes: object) -> TelegramFeed:
        """Start a recorder and a feed."""
        self.settings = msgspec.structs.replace(self.settings, **changes)
        self.recorder = Recorder(self.folder)
        self.feed = TelegramFeed(self.settings, self.folder, self.messenger.open, backoff=Backoff(0.02, 0.02, lambda: 1.0))
        self.feed.start(self.recorder)
        return self.feed

    def stop(self) -> None:
        """Close both; the feed waits for nothing."""
        if self.feed is not None and self.recorder is not None:
            started = time.monotonic()
            self.feed.close()
            assert time.monotonic() - started < 1.5, "it waited for an answer, for up to 2 s"
            self.recorder.close()
            self.feed = self.recorder = None

    def _frames(self, feed: str) -> Iterator[tuple[int, bytes]]:
        if self.recorder is not None:
            self.recorder.flush()
        reader = FrameReader(self.folder)
        chunk = reader.read(reader.first_row, 1_000_000)
        reader.close()
        if chunk is not None:
            yield from ((int(chunk.received_ns[row]), chunk.payloads[row]) for row in chunk.rows_of(feed).tolist())

    def _rows(self, kind: Kind, *names: str) -> Rows:
        frames = list(self._frames("telegram"))
        found = decode([payload for _, payload in frames], np.array([at for at, _ in frames], np.int64), np.arange(len(frames)))
        assert found.rejects == []
        columns = [[batch[name].tolist() for name in names] for batch in found.batches if batch.kind is kind]
        return list(zip(*columns[0], strict=True)) if columns else []

    def posts(self) -> Rows:
        """Give (channel, id, text) of the posts on the tape."""
        return self._rows(Kind.POST, "channel", "message_id", "text")

    def authors(self) -> list[object]:
        """Give the authors of the posts on the tape."""
        return [author for (author,) in self._rows(Kind.POST, "author")]

    def edits(self) -> Rows:
        """Give (channel, id, deleted, text) of the edits on the tape."""
        return self._rows(Kind.EDIT, "channel", "message_id", "deleted", "text")

    def gaps(self) -> list[Gap]:
        """Give the gaps on the tape."""
        return [decode_gap(payload) for _, payload in self._frames("gap")]

    def wait_for_posts(self, count: int) -> Rows:
        """Wait until so many posts are on the tape."""
        wait_until(lambda: len(self.posts()) >= count)
        return self.posts()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.stop()


def test_what_is_posted_is_on_the_tape_at_once_and_nothing_older_or_of_other_chats(bench: Bench) -> None:
    bench.messenger.post(CALLS, 1, "before the feed was there")
    bench.start()
    bench.messenger.post(CALLS, 2, "buy")
    bench.messenger.post(-555, 3, "a private word")
    bench.messenger.post(SMALL, 900, "sell")
    assert bench.wait_for_posts(2) == [("calls", 2, "buy"), (str(SMALL), 900, "sell")]


def test_a_feed_that_never_started_closes_and_has_nothing_to_say(bench: Bench) -> None:
    feed = TelegramFeed(bench.settings, bench.folder, bench.messenger.open)
    assert feed.health() == ()
    feed.close()


def test_authors_are_left_out_unless_asked_for_and_then_hashed(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "a")
    bench.wait_for_posts(1)
    bench.stop()
    bench.start(authors=True)
    for number, sender in ((2, 42), (3, 42), (4, 43), (5, None)):
        bench.messenger.post(CALLS, number, "b", sender=sender)
    bench.wait_for_posts(5)
    silent, ann, again, bob, channel = bench.authors()
    assert (silent, channel) == ("", "")
    assert ann == again != bob
    assert isinstance(ann, str)
    assert len(ann) == 16


def test_what_was_posted_in_a_downtime_is_fetched_oldest_first_and_the_gap_is_closed(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "first")
    bench.messenger.post(SMALL, 900, "small first")
    bench.wait_for_posts(2)
    bench.stop()
    for number in range(2, 8):
        bench.messenger.post(CALLS, number, f"missed {number}")
    bench.messenger.post(SMALL, 950, "small missed")
    feed = bench.start(page=2)
    posts = bench.posts()
    assert [number for channel, number, _ in posts if channel == "calls"] == [1, 2, 3, 4, 5, 6, 7]
    assert [number for channel, number, _ in posts if channel != "calls"] == [900, 950]
    *_, opened, closed = bench.gaps()
    assert (opened.source, opened.symbol, opened.kind, opened.reason, opened.to_ns) == ("live", "*", "post", "restarted", 0)
    assert (closed.from_ns, closed.missing, closed.repaired) == (opened.from_ns, 7, 7)
    assert closed.to_ns > closed.from_ns > 0
    assert (feed.health()[0].gaps_open, feed.health()[0].gaps_repaired) == (0, 1)


def test_a_restart_finds_what_a_crash_cut_out_of_the_middle_and_what_was_edited_meanwhile(bench: Bench) -> None:
    bench.start(hole_wait=Duration.parse("1h"))
    bench.messenger.post(CALLS, 1, "one")
    bench.messenger.post(CALLS, 2, "two", told=False)
    bench.messenger.post(CALLS, 3, "three")
    bench.wait_for_posts(2)
    bench.stop()
    bench.messenger.edit(CALLS, 3, "three, edited", 60)
    bench.start()
    assert bench.posts() == [("calls", 1, "one"), ("calls", 3, "three"), ("calls", 2, "two")]
    assert bench.edits() == [("calls", 3, False, "three, edited")]


def test_a_missing_number_asks_the_history(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "one")
    bench.messenger.post(CALLS, 2, "never told", told=False)
    bench.messenger.post(CALLS, 3, "three")
    assert bench.wait_for_posts(3) == [("calls", 1, "one"), ("calls", 3, "three"), ("calls", 2, "never told")]
    assert bench.gaps() == []


def test_numbers_of_small_groups_say_nothing_and_are_not_asked_about(bench: Bench) -> None:
    bench.start()
    asked = bench.messenger.requests
    for number in (900, 910, 933):
        bench.messenger.post(SMALL, number, "hello")
    bench.wait_for_posts(3)
    time.sleep(0.1)
    assert bench.messenger.requests == asked


def test_the_history_is_asked_from_time_to_time_for_what_was_never_told(bench: Bench) -> None:
    bench.start(reconcile=Duration.parse("50ms"))
    bench.messenger.post(CALLS, 1, "never told", told=False)
    bench.messenger.post(SMALL, 901, "nor this", told=False)
    assert sorted(bench.wait_for_posts(2)) == [(str(SMALL), 901, "nor this"), ("calls", 1, "never told")]


def test_messages_that_come_twice_or_late_stand_on_the_tape_once(bench: Bench) -> None:
    bench.start()
    for number in (2, 1, 1, 2, 3, 2):
        bench.messenger.post(CALLS, number, f"text {number}")
    bench.wait_for_posts(3)
    bench.messenger.drop()
    feed = bench.feed
    assert feed is not None
    wait_until(lambda: feed.health()[0].reconnects == 1 and feed.health()[0].state == "live")
    bench.messenger.post(CALLS, 4, "text 4")
    assert sorted(bench.wait_for_posts(4)) == [("calls", number, f"text {number}") for number in (1, 2, 3, 4)]


def test_service_messages_are_not_posts_and_leave_no_hole(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "one")
    bench.messenger.join(CALLS, 2)
    bench.messenger.post(CALLS, 3, "three")
    bench.wait_for_posts(2)
    time.sleep(0.1)
    asked = bench.messenger.requests
    bench.messenger.post(CALLS, 4, "four")
    assert [number for _, number, _ in bench.wait_for_posts(3)] == [1, 3, 4]
    time.sleep(0.1)
    assert bench.messenger.requests == asked


def test_edits_of_the_text_are_told_once_and_reactions_never(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "buy")
    bench.messenger.edit(CALLS, 1, "buy", 5)
    bench.messenger.edit(CALLS, 1, "sell", 6)
    bench.messenger.edit(CALLS, 1, "sell", 6)
    bench.messenger.edit(CALLS, 1, "buy", 5)
    bench.messenger.post(CALLS, 2, "done")
    bench.wait_for_posts(2)
    assert bench.edits() == [("calls", 1, False, "sell")]


def test_an_edit_of_a_post_that_was_never_told_is_that_post(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "typo", told=False)
    bench.messenger.edit(CALLS, 1, "right", 6)
    bench.messenger.post(CALLS, 2, "done")
    assert bench.wait_for_posts(2) == [("calls", 1, "right"), ("calls", 2, "done")]
    assert bench.edits() == []


def test_an_edit_of_a_post_from_before_the_tape_is_kept(bench: Bench) -> None:
    bench.messenger.post(CALLS, 1, "old")
    bench.messenger.post(CALLS, 2, "older than the feed")
    bench.start()
    bench.messenger.edit(CALLS, 1, "new words", 6)
    wait_until(lambda: bench.edits() == [("calls", 1, False, "new words")])
    assert bench.posts() == []


def test_deletions_are_told_once_where_they_can_be_placed(bench: Bench) -> None:
    bench.start()
    bench.messenger.post(CALLS, 1, "one")
    bench.messenger.post(SMALL, 900, "small")
    bench.wait_for_posts(2)
    bench.messenger.delete(CALLS, 1, 5)
    bench.messenger.delete(CALLS, 1)
    bench.messenger.delete(SMALL, 900, 901)
    bench.messenger.delete(OTHER, 1)
    wait_until(lambda: len(bench.edits()) >= 3)
    bench.messenger.post(CALLS, 6, "after")
    bench.wait_for_posts(3)
    assert bench.edits() == [("calls", 1, True, ""), ("calls", 5, True, ""), (str(SMALL), 900, True, "")]


def test_a_lost_connection_is_a_gap_until_what_was_missed_is_there(bench: Bench) -> None:
    feed = bench.start()
    bench.messenger.post(CALLS, 1, "one")
    bench.wait_for_posts(1)
    bench.messenger.connect_refusals = [OSError("no route"), OSError("no route"), TimeoutError()]
    bench.messenger.drop(OSError("reset by peer"))
    bench.messenger.post(CALLS, 2, "missed")
    wait_until(lambda: feed.health()[0].reconnects == 4 and feed.health()[0].state == "live")
    bench.messenger.post(CALLS, 3, "three")
    assert [number for _, number, _ in bench.wait_for_posts(3)] == [1, 2, 3]
    opened, closed = bench.gaps()
    assert (opened.reason, opened.to_ns, opened.from_ns) == ("disconnected", 0, closed.from_ns)
    assert (closed.missing, closed.repaired) == (1, 1)
    assert bench.messenger.most_connected == 1


def test_posts_fetched_over_several_connections_count_for_one_gap(bench: Bench) -> None:
    feed = bench.start()
    bench.messenger.post(CALLS, 1, "one")
    bench.wait_for_posts(1)
    for number in range(2, 8):
        bench.messenger.post(CALLS, number, f"missed {number}", told=False)
    bench.messenger.cuts_after = 3
    bench.messenger.drop()
    wait_until(lambda: feed.health()[0].gaps_repaired == 1)
    _, closed = bench.gaps()
    assert (closed.missing, closed.repaired, feed.health()[0].reconnects) == (6, 6, 2)
    assert [number for _, number, _ in bench.posts()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_gap_that_was_open_at_the_end_of_a_run_is_closed_by_the_next(bench: Bench) -> None:
    feed = bench.start()
    bench.messenger.post(CALLS, 1, "one")
    bench.wait_for_posts(1)
    bench.messenger.connect_refusals = [OSError("no route")] * 1_000
    bench.messenger.drop()
    wait_until(lambda: feed.health()[0].gaps_open == 1)
    bench.stop()
    bench.messenger.connect_refusals = []
    bench.messenger.post(CALLS, 2, "missed")
    bench.start()
    opened, closed = bench.gaps()
    assert (opened.from_ns, opened.to_ns, closed.from_ns, closed.repaired) == (closed.from_ns, 0, opened.from_ns, 1)


def test_a_request_that_is_cancelled_by_a_lost_connection_is_a_lost_connection(bench: Bench) -> None:
    feed = bench.start()
    bench.messenger.hangs = True
    bench.messenger.post(CALLS, 5, "after a hole")
    asked = bench.messenger.requests
    wait_until(lambda: bench.messenger.requests > asked)
    bench.messenger.hangs = False
    bench.messenger.drop()
    wait_until(lambda: feed.health()[0].reconnects == 1 and feed.health()[0].state == "live")
    assert feed.health()[0].last_error == "the connection was lost"


def test_an_answer_that_does_not_come_gives_the_connection_up(bench: Bench) -> None:
    bench.messenger.hangs = True
    feed = bench.begin(timeout=Duration.parse("50ms"))
    wait_until(lambda: feed.health()[0].reconnects >= 1)
    bench.messenger.hangs = False
    wait_until(lambda: feed.health()[0].state == "live")
    assert feed.health()[0].last_error == "no answer within 50ms"


def test_a_flood_wait_is_obeyed_shown_and_does_not_stop_live_messages(bench: Bench) -> None:
    feed = bench.start()
    bench.messenger.refusals = [flood(1.0)]
    bench.messenger.post(CALLS, 1, "one")
    bench.messenger.post(CALLS, 3, "three")
    wait_until(lambda: feed.health()[0].state == "stale")
    health, asked, began = feed.health()[0], bench.messenger.requests, time.monotonic()
    assert 0 < health.next_try_ns - health.at_ns <= 1_000_000_000
    assert "wait of" in health.last_error
    bench.messenger.post(CALLS, 4, "while waiting")
    assert bench.wait_for_posts(3)[-1] == ("calls", 4, "while waiting")
    assert bench.messenger.requests == asked
    wait_until(lambda: bench.messenger.requests > asked)
    assert time.monotonic() - began > 0.5
    wait_until(lambda: feed.health()[0].state == "live")
    assert feed.health()[0].next_try_ns == 0
    assert bench.gaps() == []


def test_a_flood_wait_at_the_door_is_obeyed(bench: Bench) -> None:
    bench.messenger.connect_refusals = [flood(1.0)]
    feed = bench.begin()
    wait_until(lambda: feed.health()[0].state == "stale")
    assert bench.messenger.connects == 1
    time.sleep(0.15)
    assert bench.messenger.connects == 1
    wait_until(lambda: feed.health()[0].state == "live")


def test_a_flood_wait_while_groups_are_looked_up_is_obeyed(bench: Bench) -> None:
    bench.messenger.lookup_refusals = [flood(0.1)]
    feed = bench.begin()
    wait_until(lambda: feed.health()[0].state == "stale")
    wait_until(lambda: feed.health()[0].state == "live")
    assert (bench.messenger.connects, bench.messenger.most_connected) == (2, 1)


def test_a_connection_lost_in_a_flood_wait_is_not_waited_for(bench: Bench) -> None:
    feed = bench.start()
    bench.messenger.refusals = [flood(60)]
    bench.messenger.post(CALLS, 5, "after a hole")
    wait_until(lambda: feed.health()[0].state == "stale")
    bench.messenger.drop()
    wait_until(lambda: feed.health()[0].reconnects == 1)


def test_a_session_that_is_missing_or_not_logged_in_says_what_to_do_and_is_tried_again(bench: Bench) -> None:
    Path(bench.settings.session).unlink()
    feed = bench.begin()
    wait_until(lambda: "just telegram-login" in feed.health()[0].last_error)
    assert (feed.health()[0].state, bench.messenger.connects) == ("down", 0)
    bench.messenger.authorized = False
    Path(bench.settings.session).touch()
    wait_until(lambda: "not logged in" in feed.health()[0].last_error)
    bench.messenger.authorized = True
    wait_until(lambda: feed.health()[0].state == "live")
    assert bench.messenger.most_connected == 1


def test_a_session_in_use_is_left_alone(bench: Bench) -> None:
    with sole_use(Path(bench.settings.session)):
        feed = bench.begin()
        wait_until(lambda: "in use by another program" in feed.health()[0].last_error)
        assert bench.messenger.connects == 0
    wait_until(lambda: feed.health()[0].state == "live")


def test_a_group_that_is_not_there_is_said_and_the_others_are_heard(bench: Bench) -> None:
    feed = bench.start(groups=("nobody", "calls"))
    assert feed.health()[0].last_error == 'nobody: No user has "nobody" as username: join it, then run just telegram-login'
    bench.messenger.post(CALLS, 1, "heard")
    bench.wait_for_posts(1)


def test_a_group_that_is_closed_to_us_does_not_silence_the_others(bench: Bench) -> None:
    bench.start()
    bench.messenger.refusals = [errors.ChannelPrivateError(None)]
    bench.messenger.post(CALLS, 5, "after a hole")
    feed = bench.feed
    assert feed is not None
    wait_until(lambda: feed.health()[0].last_error.startswith("calls: The channel specified is private"))
    wait_until(lambda: feed.health()[0].state == "live")
    bench.messenger.post(SMALL, 900, "heard")
    assert bench.wait_for_posts(2)[-1] == (str(SMALL), 900, "heard")
    assert (feed.health()[0].reconnects, bench.messenger.connects) == (0, 1)


def test_without_any_group_it_is_down(bench: Bench) -> None:
    feed = bench.begin(groups=("nobody",))
    wait_until(lambda: feed.health()[0].state == "down")
    assert "nobody" in feed.health()[0].last_error


def test_closing_does_not_wait_for_a_farewell_or_an_answer(bench: Bench) -> None:
    bench.messenger.hangs_on_farewell = True
    bench.start()
    bench.stop()
    bench.messenger.hangs = True
    bench.begin()
    asked = bench.messenger.requests
    wait_until(lambda: bench.messenger.requests > asked)
    bench.stop()
    assert [thread.name for thread in threading.enumerate() if thread.name == "telegram"] == []


@pytest.mark.parametrize("kind", ["post", "deletion"])
def test_a_tape_that_cannot_be_written_ends_the_feed(bench: Bench, kind: str) -> None:
    feed = bench.start()
    assert bench.recorder is not None
    bench.recorder.close()
    if kind == "post":
        bench.messenger.post(CALLS, 1, "one")
    else:
        bench.messenger.delete(CALLS, 1)
    wait_until(lambda: feed.health()[0].state == "down")
    assert "the recorder is closed" in feed.health()[0].last_error


def test_secrets_are_on_no_tape_and_in_no_word(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    feed = bench.start(authors=True)
    bench.messenger.post(CALLS, 1, "one")
    bench.wait_for_posts(1)
    bench.messenger.drop(OSError("reset by peer"))
    wait_until(lambda: feed.health()[0].reconnects == 1)
    said = f"{feed.health()} {bench.settings!r} {caplog.text}"
    bench.stop()
    assert API_HASH not in said
    assert all(API_HASH.encode() not in path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())
    session, api_id, api_hash, timeout_s = bench.messenger.given[0]
    assert (str(session), api_id, api_hash, timeout_s) == (bench.settings.session, 7, API_HASH, 2.0)


@pytest.mark.parametrize("changes", [{"api_id": 0}, {"api_hash": ""}])
def test_nothing_to_log_in_with_stops_the_start(bench: Bench, changes: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=r"my\.telegram\.org"):
        TelegramFeed(msgspec.structs.replace(bench.settings, **changes), bench.folder, bench.messenger.open)


def test_health_counts(bench: Bench) -> None:
    feed = bench.start()
    for number in (1, 2, 3):
        bench.messenger.post(CALLS, number, "text")
    bench.wait_for_posts(3)
    (health,) = feed.health()
    assert (health.source, health.frames, health.rate, health.gaps_open) == ("telegram", 3, 3 / 60, 0)
    assert 0 < health.last_ns <= health.at_ns
    assert health.skew_ms > 0
