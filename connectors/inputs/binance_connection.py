"""The life of one shard: connect, receive, watch, replace, reconnect, in one thread that sleeps until something is due.

    dial ─► link ─► frames ─► tape            a link that is lost, or silent, opens a gap on the tape and is dialled again
              │                                after a backoff; the first frame of the next one closes the gap
              └─ old enough, or the server goes: dial ─► second link ─► handover ─► the second is the link, without a gap

The thread waits for its sockets and for the next deadline at once: no poll, and `close` ends it wherever it is. Frames are stamped
after the read that brought them and go on the tape as they came, one commit a read; nothing is parsed except during a handover.
"""

from __future__ import annotations

import logging
import selectors
import threading
import time
from collections.abc import Callable, Sequence

from connectors.inputs.backoff import Backoff
from connectors.inputs.binance_dial import Dialled, Dialler, Refused
from connectors.inputs.binance_link import Link
from connectors.inputs.binance_readings import Readings
from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.binance_shards import ConnectionBudget, subscription, symbol_of
from connectors.inputs.binance_succession import NEVER, ROTATIONS_KEPT, Rotation, Succession
from connectors.inputs.lost_spans import LostSpan
from connectors.inputs.waker import Waker
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BINANCE_FEED
from connectors.wire.gap import GAP_FEED
from scoring.errors import ResourceError
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth

_log = logging.getLogger("ghosttape.binance")
_log.addHandler(logging.NullHandler())


class Connection:
    """One shard of the streams."""

    def __init__(
        self,
        name: str,
        streams: Sequence[str],
        settings: BinanceSettings,
        budget: ConnectionBudget,
        lost: LostSpan,
        on_connected: Callable[[Sequence[str]], None],
    ) -> None:
        """Prepare to receive these streams; `lost` says on the tape when nothing comes."""
        self.name, self._settings, self._lost, self._on_connected = name, settings, lost, on_connected
        self.symbols = tuple(dict.fromkeys(map(symbol_of, streams)))
        self._asked, self._budget = subscription(streams, settings), budget
        self._silence_s = settings.silence.seconds
        self._backoff = Backoff(settings.backoff_first.seconds, settings.backoff_most.seconds)
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._succession: Succession | None = None
        self._dial_at = self._rotate_at = NEVER
        self._readings = Readings()
        self._opened = self._reconnects = 0
        self._next_try_ns = 0
        self._last_error = ""
        self._broken = False
        self.rotations: tuple[Rotation, ...] = ()
        """The newest ones."""

    def start(self, recorder: Recorder, gaps: Sequence[bytes]) -> None:
        """Begin to receive; `gaps` go on the tape first."""
        self._recorder, self._now = recorder, recorder.now
        self._selector = selectors.DefaultSelector()
        self._waker = Waker(self._selector)
        self._dialler = Dialler(self._settings, self._asked.path, self._budget, self._waker.wake)
        if gaps:
            recorder.put_many(self._now(), GAP_FEED, gaps)
        self._dial()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end, once started."""
        self._stopped = True
        self._waker.wake()

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join()

    def health(self) -> SourceHealth:
        """Say how it is doing."""
        readings, is_open = self._readings, int(self._lost.is_open)
        return SourceHealth(
            self.name, self._now(), self._state(), readings.last_ns, readings.frames, readings.rate(), readings.skew_ms,
            reconnects=self._reconnects, gaps_open=is_open, next_try_ns=self._next_try_ns, last_error=self._last_error,
        )  # fmt: skip

    def _state(self) -> str:
        link = self._link
        if link is None or self._broken:
            return "down" if self._next_try_ns or self._broken else "connecting"
        if not link.heard:
            return "connecting"
        return "stale" if time.monotonic() - link.heard_at > self._settings.stale.seconds else "live"

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._turn()
        except ResourceError as error:
            self._broken, self._last_error = True, str(error)  # whoever reads the tape is told the same, and ends the flow
        finally:
            self._dialler.close()
            for link in self._links():
                self._drop(link)
            self._selector.close()
            self._waker.close()

    def _turn(self) -> None:
        """Wait for bytes or a deadline, and do what is due."""
        due_at = self._due_at()
        for key, _ in self._selector.select(None if due_at == NEVER else max(0.0, due_at - time.monotonic())):
            link: Link | None = key.data
            if link is None:
                self._waker.clear()
                self._take_outcome()
            elif link in self._links():
                self._read(link)
        self._keep_time(time.monotonic())

    def _links(self) -> list[Link]:
        """Give the link that is followed, and the one that will be."""
        successor = self._succession.successor if self._succession is not None else None
        return [link for link in dict.fromkeys((self._link, successor)) if link is not None]

    def _due_at(self) -> float:
        """Give the next deadline."""
        due_at = self._succession.due_at if self._succession is not None else self._rotate_at
        for link in self._links():
            due_at = min(due_at, link.gives_up_at(self._silence_s), link.sends_at)
        return min(due_at, self._dial_at)

    def _keep_time(self, now: float) -> None:
        """Do what a deadline asks for."""
        for link in self._links():
            if now >= link.gives_up_at(self._silence_s):
                self._lose(link, f"{'nothing' if link.ready else 'no reply'} came for {self._settings.silence}")
            elif now >= link.sends_at:
                self._send(link)
        if now >= self._dial_at:
            self._dial()
        if self._succession is None:
            if now >= self._rotate_at:
                self._succession = Succession(self._settings.overlap.seconds)
                self._dial()
        elif now >= self._succession.due_at:
            self._proceed(self._succession, now)

    def _dial(self) -> None:
        self._dial_at, self._next_try_ns = NEVER, 0
        self._dialler.start()

    def _take_outcome(self) -> None:
        outcome = self._dialler.take()
        if isinstance(outcome, Dialled):
            self._open(outcome)
        elif isinstance(outcome, Refused):
            self._last_error = outcome.reason
            _log.warning("%s: %s", self.name, outcome.reason)
            self._try_later(outcome.wait_s)

    def _try_later(self, at_least_s: float = 0.0) -> None:
        """Dial again after the next wait; a rotation begins anew."""
        wait_s = max(at_least_s, self._backoff.next())
        if self._link is not None:
            if self._succession is not None:
                self._succession.give_up(time.monotonic())
            self._rotate_at = time.monotonic() + wait_s
        elif not self._dialler.busy:
            self._dial_at = time.monotonic() + wait_s
            self._next_try_ns = self._now() + round(wait_s * NANOSECONDS_PER_SECOND)

    def _open(self, dialled: Dialled) -> None:
        link = Link(dialled.client, dialled.host, self._asked.messages, self._settings.messages_per_second)
        self._last_error = dialled.refusals or self._last_error
        self._selector.register(link.client, selectors.EVENT_READ, link)
        if self._link is None or self._succession is None:
            self._follow(link)
            self._reconnects += bool(self._opened)
        else:
            self._succession.successor = link
        self._opened += 1
        if link.ready:
            self._become_ready(link)
        self._take(link, b"")  # what came behind the handshake

    def _follow(self, link: Link) -> None:
        """Make this the link that is followed."""
        self._link, self._succession = link, None
        self._rotate_at = link.opened_at + self._settings.rotate_after.seconds

    def _become_ready(self, link: Link) -> None:
        if link is self._link:
            self._on_connected(self.symbols)
        elif self._succession is not None:
            self._succession.begin(time.monotonic())

    def _send(self, link: Link) -> None:
        try:
            link.keep_pace()
        except OSError as error:
            self._lose(link, str(error))

    def _read(self, link: Link) -> None:
        try:
            data = link.client.receive()
        except OSError as error:
            self._lose(link, str(error))
            return
        self._take(link, data)

    def _take(self, link: Link, data: bytes) -> None:
        """Put on the tape what a read brought."""
        received_ns = self._now()
        frames = link.client.split(data)
        if frames:
            was_ready, was_heard = link.ready, link.heard
            link.hear(received_ns, frames)
            self._readings.sample(received_ns, data)
            self._put(link, received_ns, self._succession.passing(link, frames) if self._succession is not None else frames)
            link.heard_at = time.monotonic()  # a slow disk is not the exchange's silence
            if link.heard and not was_heard:
                self._backoff.reset()  # not at the handshake: a server may accept and drop
            if link.ready and not was_ready:
                self._become_ready(link)
            if link.error:
                self._last_error, link.error = link.error, ""
            if link.shutting_down and link is self._link:
                self._rotate_at = min(self._rotate_at, link.heard_at)
        if link.client.ended:
            self._lose(link, link.client.ended)

    def _put(self, link: Link, received_ns: int, frames: Sequence[bytes]) -> None:
        self._readings.count(received_ns, len(frames))
        if self._lost.is_open and link.ready and link.heard:
            closed = self._lost.close(received_ns)
            self._recorder.put_group(((received_ns, GAP_FEED, closed), (received_ns, BINANCE_FEED, frames)))
        elif frames:
            self._recorder.put_many(received_ns, BINANCE_FEED, frames)

    def _lose(self, link: Link, why: str) -> None:
        """Let go of a link that brings nothing any more."""
        self._last_error = f"{link.host}: {why}: connecting again"
        _log.warning("%s: %s", self.name, self._last_error)
        succession = self._succession
        successor = succession.successor if succession is not None else None
        if succession is not None and successor is not None and link is self._link is not successor and successor.ready:
            self._proceed(succession, time.monotonic())
            return
        self._drop(link)
        if link is self._link:
            self._link = self._succession = None
            self._tell_lost(link)
        if self._link is None and successor is not None and successor is not link:
            self._follow(successor)
            self._reconnects += 1
        else:
            self._try_later()

    def _tell_lost(self, link: Link) -> None:
        """Open the gap behind a link, unless nothing ever came: then nothing is known to be missing."""
        from_ns = link.last_ns or self._readings.last_ns
        if from_ns and (gaps := self._lost.open(from_ns)):
            self._recorder.put_many(self._now(), GAP_FEED, gaps)

    def _proceed(self, succession: Succession, now: float) -> None:
        """Go over to the successor, or be done with it."""
        old, successor = self._link, succession.successor
        if succession.settling or old is None or successor is None:
            self._succession = None
            return
        self._drop(old)
        self._follow(successor)
        self._succession = succession
        self._rotate_at = now if successor.shutting_down else self._rotate_at
        rotation, held = succession.settle(self._now(), now)
        if not rotation.proven:
            self._tell_lost(old)
            self._on_connected(self.symbols)
        if held:
            self._put(successor, self._now(), held)
        self.rotations = (*self.rotations, rotation)[-ROTATIONS_KEPT:]
        _log.info("%s: replaced a connection, %s", self.name, rotation)

    def _drop(self, link: Link) -> None:
        self._selector.unregister(link.client)
        link.client.close()
