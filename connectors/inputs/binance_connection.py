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
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from connectors.inputs.backoff import Backoff
from connectors.inputs.binance_dial import Dialled, Dialler, Refused
from connectors.inputs.binance_ids import Handover, Rotation
from connectors.inputs.binance_link import Link
from connectors.inputs.binance_readings import Readings
from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.binance_shards import ConnectionBudget, subscription, symbol_of
from connectors.inputs.lost_spans import LostSpan
from connectors.inputs.waker import Waker
from connectors.tape.recorder import Recorder
from connectors.wire.gap import GAP_FEED
from scoring.errors import ResourceError
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth

BINANCE_FEED: Final = "binance"
"""The feed of its frames on the tape."""
_NEVER: Final = float("inf")
_ROTATIONS_KEPT: Final = 32
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
        self._backoff = Backoff(_seconds(settings.backoff_first), _seconds(settings.backoff_most))
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._next: Link | None = None
        self._handover: Handover | None = None
        self._dial_at = _NEVER
        self._rotate_at = _NEVER
        self._overlap_began = self._settled_at = _NEVER
        self._readings = Readings()
        self._opened = self._reconnects = 0
        self._next_try_ns = 0
        self._last_error = ""
        self._broken = False
        self.rotations: deque[Rotation] = deque(maxlen=_ROTATIONS_KEPT)
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
        if self._broken:
            return "down"
        if link is None:
            return "down" if self._next_try_ns else "connecting"
        if not link.heard:
            return "connecting"
        return "stale" if time.monotonic() - link.heard_at > _seconds(self._settings.stale) else "live"

    # --- the thread ------------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._turn()
        except ResourceError as error:
            self._broken, self._last_error = True, str(error)  # whoever reads the tape is told the same, and ends the flow
        finally:
            self._dialler.close()
            for link in (self._link, self._next):
                if link is not None:
                    self._drop(link)
            self._selector.close()
            self._waker.close()

    def _turn(self) -> None:
        """Wait for bytes or a deadline, and do what is due."""
        due_at = self._due_at()
        for key, _ in self._selector.select(None if due_at == _NEVER else max(0.0, due_at - time.monotonic())):
            link: Link | None = key.data
            if link is None:
                self._waker.clear()
                self._take_outcome()
            elif link in (self._link, self._next):
                self._read(link)
        self._keep_time(time.monotonic())

    def _due_at(self) -> float:
        """Give the next deadline."""
        link, successor, silence_s = self._link, self._next, _seconds(self._settings.silence)
        due_at = min(self._dial_at, self._settled_at)
        if link is not None:
            due_at = min(due_at, link.heard_at + silence_s, link.sends_at, self._rotate_at if self._handover is None else _NEVER)
        if successor is not None:
            due_at = min(due_at, successor.heard_at + silence_s, successor.sends_at, self._overlap_ends_at())
        return due_at

    def _keep_time(self, now: float) -> None:
        """Do what a deadline asks for."""
        for link in (self._link, self._next):
            if link is None:
                continue
            if now - link.heard_at >= _seconds(self._settings.silence):
                self._lose(link, f"{link.host}: nothing came for {self._settings.silence}: connecting again")
            elif now >= link.sends_at:
                self._send(link)
        if now >= self._dial_at:
            self._dial()
        if now >= self._settled_at:
            self._handover, self._settled_at = None, _NEVER
        if self._link is not None and self._handover is None and now >= self._rotate_at:
            self._handover = Handover()
            self._dial()
        if now >= self._overlap_ends_at():
            self._promote(now)

    def _overlap_ends_at(self) -> float:
        """Give when the old link is let go: later where the old one has not caught up."""
        overlap_s = _seconds(self._settings.overlap)
        lags = self._handover is not None and self._handover.holds
        return self._overlap_began + (2 * overlap_s if lags else overlap_s)

    # --- connecting ------------------------------------------------------------------------------------------------------------------

    def _dial(self) -> None:
        self._dial_at, self._next_try_ns = _NEVER, 0
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
            self._handover, self._rotate_at = None, time.monotonic() + wait_s
        elif not self._dialler.busy:
            self._dial_at = time.monotonic() + wait_s
            self._next_try_ns = self._now() + round(wait_s * NANOSECONDS_PER_SECOND)

    def _open(self, dialled: Dialled) -> None:
        link = Link(dialled.client, dialled.host, self._asked.messages, self._settings.messages_per_second)
        self._last_error = dialled.refusals or self._last_error
        self._selector.register(link.client, selectors.EVENT_READ, link)
        if self._link is None:
            self._follow(link)
            self._reconnects += bool(self._opened)
        else:
            self._next = link
        self._opened += 1
        _log.info("%s: connected to %s", self.name, link.host)
        if link.ready:
            self._become_ready(link)
        self._take(link, b"")  # what came behind the handshake

    def _follow(self, link: Link) -> None:
        """Make this the link that is followed."""
        self._link, self._next, self._handover = link, None, None
        self._overlap_began = self._settled_at = _NEVER
        self._rotate_at = link.opened_at + _seconds(self._settings.rotate_after)

    def _become_ready(self, link: Link) -> None:
        if link is self._next:
            self._overlap_began = time.monotonic()
        else:
            self._on_connected(self.symbols)

    def _send(self, link: Link) -> None:
        try:
            link.keep_pace()
        except OSError as error:
            self._lose(link, f"{link.host}: {error}: connecting again")

    # --- receiving -------------------------------------------------------------------------------------------------------------------

    def _read(self, link: Link) -> None:
        try:
            data = link.client.receive()
        except OSError as error:
            self._lose(link, f"{link.host}: {error}: connecting again")
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
            self._put(link, received_ns, self._pass(link, frames))
            if link.heard and not was_heard:
                self._backoff.reset()  # not at the handshake: a server may accept and drop
            if link.ready and not was_ready:
                self._become_ready(link)
            if link.error:
                self._last_error, link.error = link.error, ""
            if link.shutting_down and link is self._link:
                self._rotate_at = min(self._rotate_at, link.heard_at)
        if link.client.ended:
            self._lose(link, f"{link.host}: {link.client.ended}: connecting again")

    def _pass(self, link: Link, frames: list[bytes]) -> list[bytes]:
        """Leave out what the other link has brought, and hold back what comes too early."""
        if self._handover is None:
            return frames
        following_old = link is self._link and self._settled_at == _NEVER
        return self._handover.old(frames) if following_old else self._handover.new(frames)

    def _put(self, link: Link, received_ns: int, frames: Sequence[bytes]) -> None:
        self._readings.count(received_ns, len(frames))
        if self._lost.is_open and link.ready and link.heard:
            closed = self._lost.close(received_ns)
            self._recorder.put_group(((received_ns, GAP_FEED, closed), (received_ns, BINANCE_FEED, frames)))
        elif frames:
            self._recorder.put_many(received_ns, BINANCE_FEED, frames)

    # --- losing and replacing --------------------------------------------------------------------------------------------------------

    def _lose(self, link: Link, why: str) -> None:
        """Let go of a link that brings nothing any more."""
        if link is self._link and self._next is not None and self._next.ready:
            self._last_error = why
            self._promote(time.monotonic())
            return
        self._drop(link)
        self._last_error = why
        _log.warning("%s: %s", self.name, why)
        if link is self._next:
            self._next, self._overlap_began = None, _NEVER
            self._try_later()
            return
        self._link, self._handover, self._settled_at = None, None, _NEVER
        self._tell_lost(link.last_ns)
        if self._next is not None:
            self._follow(self._next)
            self._reconnects += 1
        else:
            self._try_later()

    def _tell_lost(self, from_ns: int) -> None:
        """Open the gap, unless nothing ever came: then nothing is known to be missing."""
        if from_ns and (gaps := self._lost.open(from_ns)):
            self._recorder.put_many(self._now(), GAP_FEED, gaps)

    def _promote(self, now: float) -> None:
        """Go over to the next link."""
        old, successor, handover, began = self._link, self._next, self._handover, self._overlap_began
        if old is None or successor is None or handover is None:
            return
        proven = handover.proven
        held = handover.finish()
        self._drop(old)
        self._follow(successor)
        self._handover, self._settled_at = handover, now + _seconds(self._settings.overlap)
        self._rotate_at = now if successor.shutting_down else self._rotate_at
        if not proven:
            self._tell_lost(old.last_ns)
            self._on_connected(self.symbols)
        if held:
            self._put(successor, self._now(), held)
        rotation = Rotation(self._now(), now - began, handover.duplicates, proven)
        self.rotations.append(rotation)
        _log.info("%s: replaced a connection, %s", self.name, rotation)

    def _drop(self, link: Link) -> None:
        self._selector.unregister(link.client)
        link.client.close()


def _seconds(duration: int) -> float:
    return duration / NANOSECONDS_PER_SECOND
