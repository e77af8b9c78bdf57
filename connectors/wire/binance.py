"""Frames of Binance to batches, book updates or rejects: any bytes give one of them, never an exception.

Two ways lead through here. Thousands of frames are split by stream, parsed by the stream in one call each, and laid out as
columns without a Python step per frame. A few frames, and every frame of a group that did not parse as a whole, are parsed one
by one, which costs microseconds each and finds out which of them is bad and why. Both use the same parsers and the same rules,
so the answer does not depend on the way.

A frame of a combined stream is what its stream says it is. A raw event says itself what it is. The answer of `/api/v3/depth`
says neither: it belongs to the only configured symbol.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import UNSET
from msgspec.json import Decoder
from numpy.typing import NDArray

from connectors.wire.binance_batches import Assembly
from connectors.wire.binance_routes import BARE, EVENTS, PREFIX_BYTES, WRAPPED, BinanceWireSettings, Event, Route, Routes, routes_for
from connectors.wire.binance_streams import Envelope
from connectors.wire.decoded import Decoded, Refusal

__all__ = ["BINANCE_FEED", "BinanceWireSettings", "decode"]

BINANCE_FEED: Final = "binance"
"""Frames of this feed are what the exchange sent, or answered."""
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the parser raises for bytes that are no JSON, or not of the expected shape, or nested too deeply."""
SHUTDOWN: Final = "serverShutdown"
_SHUTDOWN_STREAM: Final = "!serverShutdown"
_FEW: Final = 48
"""Below this many frames one by one is the faster way."""
_TOLD: Final = 200
"""How many characters of an error message a notice keeps."""
_ENVELOPE: Final = Decoder(Envelope)
_INDEX: Final = attrgetter("index")
_QUOTE: Final = "bookTicker"
"""What a raw quote would call itself."""
_DATA: Final = attrgetter("data")


def decode(
    payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64], settings: BinanceWireSettings
) -> Decoded:
    """Decode frames in tape order; `received_ns` and `positions` (int64[n]) say when each arrived and where it is on the tape."""
    call = _Call(payloads, received_ns, positions, settings)
    if len(payloads) < _FEW:
        for index in range(len(payloads)):
            call.parse_one(index)
    else:
        groups, others = call.routes.classify(payloads)
        frames = np.empty(len(payloads), object)
        frames[:] = payloads
        for route, indices in groups:
            call.parse_group(route, indices, frames[indices].tolist())
        for index in others:
            call.parse_one(index)
    return call.finish()


class _Call:
    """What one call of `decode` has found so far."""

    def __init__(
        self, payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64], settings: BinanceWireSettings
    ) -> None:
        self.payloads = payloads
        self.positions = positions
        self.routes: Routes = routes_for(settings)
        self.assembly = Assembly(received_ns, settings.max_ahead_ns)
        self.single: dict[Route, tuple[list[int], list[Any]]] = {}
        self.rejects: list[Refusal] = []
        self.notices: list[tuple[int, str]] = []
        self.ignored = 0

    # --- parsing ---------------------------------------------------------------------------------------------------------------------

    def parse_group(self, route: Route, indices: NDArray[np.int64], frames: list[bytes]) -> None:
        """Parse the frames of one combined stream together."""
        if not route.primary:
            self.ignored += len(frames)
            return
        try:
            found = WRAPPED[route.event].decode_lines(b"\n".join(frames))
        except UNREADABLE:
            found = []
        if len(found) == len(frames):
            self.assembly.add(route, indices, list(map(_DATA, found)))
        else:
            for index in indices.tolist():
                self.parse_one(index)

    def parse_one(self, index: int) -> None:
        """Parse one frame, of whatever kind."""
        payload = self.payloads[index]
        route = self.routes.prefixes.get(payload[:PREFIX_BYTES])
        try:
            if route is not None:
                self._take(index, route, payload, wrapped=True)
            else:
                self._open(index, payload)
        except UNREADABLE as error:
            self._refuse(index, str(error))

    def _take(self, index: int, route: Route, payload: bytes, *, wrapped: bool) -> None:
        if not route.primary:
            self.ignored += 1
            return
        event = WRAPPED[route.event].decode(payload).data if wrapped else BARE[route.event].decode(payload)
        indices, events = self.single.setdefault(route, ([], []))
        indices.append(index)
        events.append(event)

    def _open(self, index: int, payload: bytes) -> None:
        """Find out what a frame is that does not begin as its stream usually does."""
        envelope = _ENVELOPE.decode(payload)
        if envelope.stream is not UNSET:
            self._open_stream(index, payload, envelope.stream)
        elif envelope.event is not UNSET:
            self._open_event(index, payload, envelope.event, envelope.symbol)
        elif envelope.error is not UNSET:
            self._notice(index, f"error {bytes(envelope.error).decode(errors='replace')[:_TOLD]}")
        elif envelope.code is not UNSET and envelope.msg is not UNSET:
            self._notice(index, f"error {envelope.code} {envelope.msg[:_TOLD]}")
        elif envelope.result is not UNSET:
            self._notice(index, "reply")
        elif envelope.last_id is not UNSET:
            self._open_snapshot(index, payload)
        elif envelope.update_id is not UNSET:
            self._open_event(index, payload, _QUOTE, envelope.symbol)
        else:
            self._refuse(index, "neither a stream nor an event is named: expected a frame of a market data stream")

    def _open_stream(self, index: int, payload: bytes, stream: str) -> None:
        route = self.routes.by_stream.get(stream)
        if route is not None:
            self._take(index, route, payload, wrapped=True)
        elif stream == _SHUTDOWN_STREAM:
            self._notice(index, SHUTDOWN)
        elif stream.startswith("!") or self._is_known(stream.partition("@")[0].upper()):
            self.ignored += 1
        else:
            self._refuse(index, f"unknown symbol in stream {stream[:_TOLD]!r}: expected one of {self._symbols()}")

    def _open_event(self, index: int, payload: bytes, event: str, symbol: str | msgspec.UnsetType) -> None:
        if event == SHUTDOWN:
            self._notice(index, SHUTDOWN)
        elif symbol is UNSET:
            self._refuse(index, f'event {event[:_TOLD]!r} without a symbol: expected "s"')
        elif not self._is_known(symbol):
            self._refuse(index, f"unknown symbol {symbol[:_TOLD]!r}: expected one of {self._symbols()}")
        elif (route := self.routes.by_event.get((EVENTS.get(event), symbol))) is not None:
            self._take(index, route, payload, wrapped=False)
        else:
            self.ignored += 1

    def _open_snapshot(self, index: int, payload: bytes) -> None:
        if len(self.routes.symbols) == 1:
            self._take(index, self.routes.by_event[Event.SNAPSHOT, self.routes.symbols[0]], payload, wrapped=False)
        else:
            self._refuse(index, f"a book that names no symbol: expected a stream name, with {len(self.routes.symbols)} symbols configured")

    def _is_known(self, symbol: str) -> bool:
        return symbol in self.routes.symbols

    def _symbols(self) -> str:
        return ", ".join(self.routes.symbols)

    def _refuse(self, index: int, reason: str) -> None:
        self.rejects.append(Refusal(index, int(self.positions[index]), reason))

    def _notice(self, index: int, text: str) -> None:
        self.notices.append((index, text))

    # --- putting together ------------------------------------------------------------------------------------------------------------

    def finish(self) -> Decoded:
        """Give all that was found."""
        assembly = self.assembly
        for route, (indices, events) in self.single.items():
            assembly.add(route, np.array(indices, np.int64), events)
        for index, reason in assembly.refused:
            self._refuse(index, reason)
        return Decoded(
            batches=assembly.batches(),
            books=assembly.books(),
            rejects=sorted(self.rejects, key=_INDEX),
            notices=[text for _, text in sorted(self.notices)],
            ignored=self.ignored + assembly.ignored,
        )
