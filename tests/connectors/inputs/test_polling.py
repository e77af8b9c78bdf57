"""A poller against a real site, on a real tape."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from connectors.inputs.answers import Question
from connectors.inputs.poll_memory import load
from connectors.inputs.polling import Poller
from connectors.inputs.polls import Poll, PollingSettings, Reading
from connectors.tape.recorder import Recorder
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, Site, frames, running, serving
from tests.waiting import wait_until

SOON = Duration.parse("30ms")
LATER = Duration.parse("1h")
QUICK = PollingSettings(silence=Duration.parse("500ms"), jitter=0.0)
MAY_S = dt.datetime(2026, 5, 31, tzinfo=dt.UTC).timestamp()


class Wall:
    """A clock of the world that a test sets."""

    def __init__(self, now_s: float = MAY_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def poll(site: Site, path: str = "/a", interval: Duration = SOON) -> Poll:
    return Poll(path, "coingecko", Question(f"{site.address}{path}"), interval)


def poller(folder: Path, *polls: Poll, calls: int = 0, wall: Wall | None = None, settings: PollingSettings = QUICK) -> Poller:
    return Poller("site", polls, folder / "site.json", settings, calls, wall or Wall(), random=lambda: 0.01)


def used_up(made: Poller) -> bool:
    return "used up" in made.health()[0].last_error


def test_answers_go_on_the_tape_as_often_as_asked(tmp_path: Path) -> None:
    with serving({"/a": [Reply(b'{"n":1}'), Reply(b'{"n":2}')]}) as site:
        made = poller(tmp_path, poll(site))
        assert made.health() == ()
        before_ns = time.time_ns()
        with running(made, tmp_path / "frames" / "live") as recorder:
            assert frames(recorder, "coingecko", 3)[:3] == [b'{"n":1}', b'{"n":2}', b'{"n":2}']
            wait_until(lambda: made.health()[0].frames >= 3)  # counted once they are on the tape
            (health,) = made.health()
        gaps = [later.at - earlier.at for earlier, later in zip(site.asked, site.asked[1:], strict=False)]
    assert min(gaps) >= 0.03
    assert (health.source, health.state, health.last_error, health.next_try_ns, health.rejects) == ("/a", "live", "", 0, 0)
    assert before_ns <= health.last_ns <= health.at_ns <= time.time_ns()


def test_nothing_new_puts_nothing_on_the_tape_and_is_well(tmp_path: Path) -> None:
    first = Reply(b'{"n":1}', headers={"ETag": '"x"', "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT"})
    with serving({"/a": [first, Reply(status=304)]}) as site:
        made = poller(tmp_path, poll(site))
        with running(made, tmp_path / "frames" / "live") as recorder:
            site.wait_for(4)
            assert made.health()[0].state == "live"
            recorder.flush()
            assert recorder.committed("coingecko") == 1
    assert {asked.headers["if-none-match"] for asked in site.asked[1:]} == {'"x"'}
    assert {asked.headers["if-modified-since"] for asked in site.asked[1:]} == {"Fri, 01 May 2026 12:00:00 GMT"}


def test_a_restart_waits_until_the_interval_has_passed_and_asks_for_what_is_new(tmp_path: Path) -> None:
    wall = Wall()
    with serving({"/a": [Reply(b"{}", headers={"ETag": '"x"'})]}) as site:
        tape = tmp_path / "frames" / "live"
        with running(poller(tmp_path, poll(site, interval=LATER), wall=wall), tape) as recorder:
            frames(recorder, "coingecko", 1)
            wait_until(lambda: load(tmp_path / "site.json").polls["/a"].answered_s)
        wall.now_s += 3599.9
        again = poller(tmp_path, poll(site, interval=LATER), wall=wall)
        with running(again, tape) as recorder:
            started = time.monotonic()
            (health,) = again.health()
            assert (health.state, health.last_ns) == ("live", round(MAY_S * 1e9))
            assert site.wait_for(2)[1].at - started >= 0.08
        assert site.asked[1].headers["if-none-match"] == '"x"'
        wall.now_s += 100_000
        with running(poller(tmp_path, poll(site, interval=LATER), wall=wall), tape):
            site.wait_for(3)


@pytest.mark.parametrize(
    ("refusal", "least_s"),
    [
        (Reply(status=429, headers={"Retry-After": "1"}), 1.0),
        (Reply(status=503, headers={"Retry-After": "1"}), 1.0),
        (Reply(status=500), 0.0),
        (Reply(status=408), 0.0),
    ],
)
def test_a_refusal_that_passes_is_tried_again_when_the_site_says_or_soon(tmp_path: Path, refusal: Reply, least_s: float) -> None:
    with serving({"/a": [refusal, Reply(b"{}")], "/b": [Reply(b"{}")]}) as site:
        made = poller(tmp_path, poll(site, interval=LATER))
        with running(made, tmp_path / "frames" / "live") as recorder:
            wait_until(lambda: made.health()[0].last_error or recorder.committed("coingecko"))
            (health,) = made.health()
            if least_s:
                assert health.state == "down"  # no answer yet at all
                assert health.last_error == f"{site.address[7:]}: HTTP {refusal.status}, expected 200: it is tried again"
                assert 0.5e9 < health.next_try_ns - health.at_ns <= 1e9
            frames(recorder, "coingecko", 1)
            wait_until(lambda: made.health()[0].state == "live")
            (health,) = made.health()
    assert (health.rejects, health.last_error, health.next_try_ns) == (1, "", 0)
    assert least_s <= site.asked[1].at - site.asked[0].at < least_s + 2


def test_a_pause_that_a_site_asks_for_is_kept_by_all_its_polls(tmp_path: Path) -> None:
    replies = {"/a": [Reply(b"{}", status=429, headers={"Retry-After": "1"}), Reply(b"{}")], "/b": [Reply(b"{}")]}
    with serving(replies) as site, running(poller(tmp_path, poll(site), poll(site, "/b")), tmp_path / "frames" / "live"):
        asked = site.wait_for(3)
    assert asked[1].at - asked[0].at >= 1.0


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 204])
def test_a_refusal_that_does_not_pass_is_tried_again_after_the_interval(tmp_path: Path, status: int) -> None:
    with serving({"/a": [Reply(status=status)]}) as site:
        made = poller(tmp_path, poll(site, interval=LATER))
        with running(made, tmp_path / "frames" / "live") as recorder:
            wait_until(lambda: made.health()[0].last_error)
            (health,) = made.health()
            assert recorder.committed("coingecko") == 0
    assert health.last_error.endswith(f"HTTP {status}, expected 200: look at its address and key")
    assert 3_590e9 < health.next_try_ns - health.at_ns <= 3_600e9
    assert len(site.asked) == 1


def test_a_source_that_fails_is_stale_then_down_then_live_again(tmp_path: Path) -> None:
    replies = [Reply(b"{}"), *[Reply(status=500)] * 40, Reply(b"{}")]
    states: list[str] = []
    settings = PollingSettings(jitter=0.0, stale_after=6.0)
    with serving({"/a": replies}) as site:
        made = Poller("site", [poll(site, interval=Duration.parse("50ms"))], tmp_path / "site.json", settings, random=lambda: 0.02)
        with running(made, tmp_path / "frames" / "live"):

            def back() -> bool:
                states.append(made.health()[0].state)
                return "down" in states and states[-1] == "live"

            wait_until(back)
    changes = [state for state, before in zip(states, ["", *states], strict=False) if state != before]
    assert changes == ["connecting", "live", "stale", "down", "live"] or changes == ["live", "stale", "down", "live"]


def test_a_source_whose_answers_are_overdue_is_stale(tmp_path: Path) -> None:
    settings = PollingSettings(jitter=0.0, stale_after=0.01)
    with serving({"/a": [Reply(b"{}")]}) as site:
        made = poller(tmp_path, poll(site, interval=Duration.parse("20s")), settings=settings)
        with running(made, tmp_path / "frames" / "live"):
            wait_until(lambda: made.health()[0].state == "live")
            wait_until(lambda: made.health()[0].state == "stale")
            assert made.health()[0].last_error == ""


def test_what_is_no_json_goes_on_the_tape_as_it_is_and_is_asked_for_again_after_the_interval(tmp_path: Path) -> None:
    page = Reply(b"<html>log in</html>", headers={"ETag": '"page"'})
    with serving({"/a": [page]}) as site:
        made = poller(tmp_path, poll(site, interval=LATER))
        with running(made, tmp_path / "frames" / "live") as recorder:
            assert frames(recorder, "coingecko", 1) == [page.body]
            wait_until(lambda: made.health()[0].last_error)
            (health,) = made.health()
    assert "the answer could not be read (no JSON object" in health.last_error
    assert health.next_try_ns - health.at_ns > 3_590e9
    assert load(tmp_path / "site.json").polls["/a"].etag == ""


def test_the_calls_of_a_month_are_bounded_for_all_polls_over_restarts_and_failures(tmp_path: Path) -> None:
    wall = Wall()
    tape = tmp_path / "frames" / "live"
    replies = {"/a": [Reply(b"{}")], "/b": [Reply(status=404)]}
    with serving(replies) as site:
        for _ in range(2):
            made = poller(tmp_path, poll(site), poll(site, "/b"), calls=5, wall=wall)
            with running(made, tape):
                wait_until(partial(used_up, made))
                (health, _) = made.health()
                time.sleep(0.1)
            assert health.last_error == "the 5 calls of 2026-05 are used up: see `monthly_calls`"
        assert len(site.asked) == 5
        wall.now_s += 2 * 86_400
        with running(poller(tmp_path, poll(site), poll(site, "/b"), calls=5, wall=wall), tape):
            site.wait_for(10)
            time.sleep(0.1)
        assert len(site.asked) == 10


def test_a_call_is_counted_before_it_is_made(tmp_path: Path) -> None:
    with serving({"/a": [Reply(b"{}", delay_s=0.4)]}) as site, running(poller(tmp_path, poll(site)), tmp_path / "frames" / "live"):
        site.wait_for(1)
        assert load(tmp_path / "site.json").calls == 1


def test_jitter_only_makes_a_wait_longer(tmp_path: Path) -> None:
    settings = PollingSettings(jitter=1.0)
    with serving({"/a": [Reply(b"{}")]}) as site:
        made = Poller("site", [poll(site, interval=Duration.parse("100ms"))], tmp_path / "site.json", settings, random=lambda: 1.0)
        with running(made, tmp_path / "frames" / "live"):
            asked = site.wait_for(2)
    assert asked[1].at - asked[0].at >= 0.2


@pytest.mark.parametrize("delay_s", [0.0, 5.0])
def test_it_can_be_stopped_while_it_waits_and_while_it_asks_and_puts_nothing_on_the_tape_after(tmp_path: Path, delay_s: float) -> None:
    settings = PollingSettings(silence=Duration.parse("20s"))
    with serving({"/a": [Reply(b"{}", delay_s=delay_s)]}) as site:
        made = poller(tmp_path, poll(site, interval=LATER), settings=settings)
        recorder = Recorder(tmp_path / "frames" / "live")
        made.start(recorder)
        site.wait_for(1)
        started = time.monotonic()
        made.close()
        assert time.monotonic() - started < 4
        recorder.close()


def test_an_answer_that_is_read_after_the_stop_is_dropped(tmp_path: Path) -> None:
    reading, stopped, read = threading.Event(), threading.Event(), threading.Event()

    def slowly(body: bytes, seen: Sequence[str]) -> Reading:
        reading.set()
        stopped.wait(10)
        read.set()
        return Reading((body,), seen)

    with serving({"/a": [Reply(b"{}")]}) as site:
        made = poller(tmp_path, Poll("/a", "coingecko", Question(f"{site.address}/a"), LATER, slowly))
        recorder = Recorder(tmp_path / "frames" / "live")
        made.start(recorder)
        reading.wait(10)
        made.close()
        stopped.set()
        assert read.wait(10)
        made.close()  # the thread is out by now
        recorder.flush()
        assert recorder.committed("coingecko") == 0
        assert load(tmp_path / "site.json").polls["/a"].answered_s == 0.0
        recorder.close()


def test_a_tape_that_cannot_be_written_ends_the_thread(tmp_path: Path) -> None:
    with serving({"/a": [Reply(b"{}")]}) as site:
        made = poller(tmp_path, poll(site))
        recorder = Recorder(tmp_path / "frames" / "live")
        recorder.close()
        made.start(recorder)
        wait_until(lambda: "the recorder is closed" in made.health()[0].last_error)
        made.close()
    assert len(site.asked) == 1


def test_a_disk_that_refuses_the_memory_stops_the_asking_and_heals(tmp_path: Path) -> None:
    (tmp_path / "site.new").mkdir()
    with serving({"/a": [Reply(b"{}")]}) as site:
        made = poller(tmp_path, poll(site))
        with running(made, tmp_path / "frames" / "live"):
            wait_until(lambda: "site.new" in made.health()[0].last_error)
            assert site.asked == []
            (tmp_path / "site.new").rmdir()
            site.wait_for(1)


def test_what_a_crash_kept_from_being_noted_is_recalled_from_the_end_of_the_tape(tmp_path: Path) -> None:
    told: list[Sequence[str]] = []

    def read(_body: bytes, seen: Sequence[str]) -> Reading:
        told.append(list(seen))
        return Reading((), seen)

    tape = tmp_path / "frames" / "live"
    recorder = Recorder(tape)
    for number in range(10):
        recorder.put(recorder.now(), "coingecko", b"%d" % number)
        recorder.put(recorder.now(), "binance", b"{}")
    recorder.close()
    with serving({"/a": [Reply(b"{}")], "/b": [Reply(b"{}")]}) as site:
        asks = Poll("/a", "coingecko", Question(f"{site.address}/a"), LATER, read, lambda payload: [payload.decode(), "7"])
        settings = PollingSettings(recall_rows=8)
        with running(poller(tmp_path, asks, poll(site, "/b"), settings=settings), tape):
            wait_until(lambda: told)
    assert "9" in told[0]
    assert "7" in told[0]
    assert "1" not in told[0]
    assert len(told[0]) == len(set(told[0]))


def test_a_poller_without_polls_does_nothing(tmp_path: Path) -> None:
    made = poller(tmp_path)
    with running(made, tmp_path / "frames" / "live"):
        assert made.health() == ()


def test_a_poller_that_was_never_started_can_be_closed(tmp_path: Path) -> None:
    poller(tmp_path).close()
