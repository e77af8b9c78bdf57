"""A feed that asks: the answers of a site, polled at intervals, go on the tape.

A poller is a thread for one site or account: its polls are made one after the other, share a number of calls a month, and a site
that asks for a pause gets it from all of them. After a restart a poll waits until its interval since the last answer has passed.
Waits are seconds of this machine whatever clock the recorder follows, because the other side lives in the world; only stamps are
the recorder's. A failure is shown and tried again, and never stops the flow; it is no gap on the tape either, because the next
answer says what the missed one would have said, or, dated as it is, what holds now.
"""

from __future__ import annotations

import random as random_numbers
import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from connectors.inputs.answers import Answer, NoAnswer, ask
from connectors.inputs.poll_memory import Memory, load, save
from connectors.inputs.polls import Poll, PollingSettings, Turn
from connectors.tape.recorder import Recorder
from scoring.errors import ResourceError
from scoring.records import SourceHealth

if TYPE_CHECKING:
    import requests

_LAST_WORDS_SECONDS: Final = 1.0
"""How long a thread that is told to stop may take to note what it has put on the tape."""
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that heal by themselves, like every 5xx."""


class Poller:
    """Polls in a thread of its own: a `LiveFeed`."""

    def __init__(
        self,
        name: str,
        polls: Sequence[Poll],
        memory: Path,
        settings: PollingSettings,
        monthly_calls: int = 0,
        wall: Callable[[], float] = time.time,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        """Take what is polled, the file to remember it in, and how many calls a month are allowed (0: any number)."""
        self._name, self._file, self._settings, self._monthly_calls = name, memory, settings, monthly_calls
        self._wall, self._random = wall, random
        self._turns = [Turn(poll, random) for poll in polls]
        self._held_until: dict[str, float] = {}
        self._memory = Memory()
        self._stopped = threading.Event()
        self._putting = threading.Lock()
        self._recorder: Recorder | None = None
        self._thread: threading.Thread | None = None

    def start(self, recorder: Recorder) -> None:
        """Remember where each poll stands, then begin."""
        self._recorder = recorder
        self._memory = load(self._file)
        self._memory.keep_only(frozenset(turn.poll.name for turn in self._turns))
        for turn in self._turns:
            turn.resume(self._memory.of(turn.poll.name, turn.asked), self._wall(), self._settings)
        _recall(recorder, self._turns, self._settings.recall_rows)
        self._thread = threading.Thread(target=self._run, args=(recorder,), name=f"poll {self._name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put nothing more on the tape from now on; a question under way is left to its time limit."""
        with self._putting:
            self._stopped.set()
        if self._thread is not None:
            self._thread.join(_LAST_WORDS_SECONDS)

    def health(self) -> Sequence[SourceHealth]:
        """Say how each poll is doing."""
        recorder, now = self._recorder, time.monotonic()
        return tuple(turn.health(recorder.now(), now) for turn in self._turns) if recorder else ()

    def _run(self, recorder: Recorder) -> None:
        import requests

        with requests.Session() as session:
            while self._turns:
                turn = min(self._turns, key=self._due)
                if self._stopped.wait(max(self._due(turn) - time.monotonic(), 0.0)):
                    return
                try:
                    self._take_turn(turn, session, recorder)
                except ResourceError as error:  # the tape cannot be written any more: who reads it is told the same, and ends the flow
                    for lost in self._turns:
                        lost.fail(str(error), 0.0)
                    return
                except OSError as error:
                    turn.fail(f"{self._file}: {error}", turn.backoff.next())

    def _due(self, turn: Turn) -> float:
        return max(turn.due, self._held_until.get(turn.poll.question.host, 0.0))

    def _take_turn(self, turn: Turn, session: requests.Session, recorder: Recorder) -> None:
        if not self._memory.spend(self._wall(), self._monthly_calls):
            turn.fail(f"the {self._monthly_calls} calls of {self._memory.month} are used up: see `monthly_calls`", turn.interval_s)
            return
        save(self._file, self._memory)
        memory = turn.memory
        question = msgspec.structs.replace(turn.poll.question, etag=memory.etag, last_modified=memory.last_modified)
        try:
            answer = ask(session, question, self._settings, self._stopped)
        except NoAnswer as error:
            turn.fail(str(error), turn.backoff.next())
            return
        received_ns = recorder.now()
        if answer.status == HTTPStatus.OK:
            self._take_answer(turn, answer, received_ns, recorder)
        elif answer.status == HTTPStatus.NOT_MODIFIED:
            self._note(turn, received_ns)
        else:
            self._take_refusal(turn, answer, question.host)

    def _take_answer(self, turn: Turn, answer: Answer, received_ns: int, recorder: Recorder) -> None:
        try:
            reading = turn.poll.read(answer.body, turn.memory.seen)
        except ValueError as error:
            self._put(turn, received_ns, (answer.body,), recorder)
            turn.fail(f"{turn.poll.question.host}: the answer could not be read ({error})", self._pause(turn))
            return
        if self._put(turn, received_ns, reading.payloads, recorder):
            turn.memory.etag, turn.memory.last_modified, turn.memory.seen = answer.etag, answer.last_modified, list(reading.seen)
            self._note(turn, received_ns)

    def _take_refusal(self, turn: Turn, answer: Answer, host: str) -> None:
        turn.rejects += 1
        passing = answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        self._held_until[host] = max(self._held_until.get(host, 0.0), time.monotonic() + answer.hold_s)
        wait_s = max(turn.backoff.next(), answer.hold_s) if passing else self._pause(turn)
        advice = "it is tried again" if passing else "look at its address and key"
        turn.fail(f"{host}: HTTP {answer.status}, expected 200: {advice}", wait_s)

    def _put(self, turn: Turn, received_ns: int, payloads: Sequence[bytes], recorder: Recorder) -> bool:
        """Put frames on the tape, unless we were stopped; True once they are there."""
        with self._putting:
            if self._stopped.is_set():
                return False
            if payloads:
                recorder.put_many(received_ns, turn.poll.feed, payloads)
        recorder.flush()
        turn.frames += len(payloads)
        return True

    def _note(self, turn: Turn, received_ns: int) -> None:
        turn.succeed(received_ns, self._pause(turn), self._settings.stale_after)
        turn.memory.answered_s = self._wall()
        save(self._file, self._memory)

    def _pause(self, turn: Turn) -> float:
        return turn.interval_s * (1 + self._settings.jitter * self._random())


def _recall(recorder: Recorder, turns: Sequence[Turn], rows: int) -> None:
    """Note what stands at the end of the tape; the recorder has no other reader yet when feeds are started."""
    row = max(recorder.first_row, recorder.end_row - rows)
    recalling = [(turn.poll.feed, turn.poll.recall, turn.memory) for turn in turns if turn.poll.recall]
    while recalling and (chunk := recorder.read(row, rows)) is not None:
        row += len(chunk)
        for feed, recall, memory in recalling:
            keys = [key for at in chunk.rows_of(feed).tolist() for key in recall(chunk.payloads[at])]
            memory.seen = list(dict.fromkeys([*memory.seen, *keys]))
