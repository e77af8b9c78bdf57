"""What an exchange plays: the market frames of a session, of all its partitions, in the order they were received.

A frame is told apart by the name of its stream, which lies between two quotes at its beginning, so nothing is parsed. The few
frames that were recorded from raw streams are given the wrapper of a combined one here, and everything after this is alike.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType, field
from numpy.typing import NDArray

from connectors.tape.manifest import Form, load
from connectors.tape.reader import FrameReader
from connectors.wire.binance import BINANCE_FEED
from connectors.wire.binance_routes import OPENING
from scoring.errors import SessionError

MIDDLE: Final = b'","data":'
"""What stands between the name of a stream and its data."""
REST: Final = "@rest"
"""How the names of recorded REST answers end: they are known to the exchange, and streamed to nobody."""


class Block(msgspec.Struct, frozen=True):
    """Frames that follow one another."""

    received_ns: NDArray[np.int64]
    """int64[n], never decreasing."""
    names: list[bytes]
    """The stream of each frame; empty where it has none."""
    payloads: list[bytes]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.payloads)


class Raws(msgspec.Struct, frozen=True):
    """What tells the stream of an event without a wrapper."""

    event: str | UnsetType = field(name="e", default=UNSET)
    symbol: str | UnsetType = field(name="s", default=UNSET)
    candle: dict[str, Raw] | UnsetType = field(name="k", default=UNSET)
    update_id: Raw | UnsetType = field(name="u", default=UNSET)
    book: Raw | UnsetType = field(name="lastUpdateId", default=UNSET)


_RAWS: Final = msgspec.json.Decoder(Raws)
_STREAM_OF: Final = {"trade": "trade", "aggTrade": "aggTrade", "depthUpdate": "depth@100ms"}


class ExchangeTape:
    """The market frames of a session."""

    def __init__(self, session: Path, block_rows: int) -> None:
        """Look into a session; `block_rows` bounds what is read at once from a partition.

        Raises:
            SessionError: it is missing, or holds no frames of the market.
        """
        self._session, self._block_rows = session, block_rows
        manifest = load(session)
        self._partitions = sorted(name for name, info in manifest.partitions.items() if Form.FRAMES in info.forms)
        self.symbols: tuple[str, ...] = tuple(sorted({symbol for info in manifest.partitions.values() for symbol in info.symbols}))
        """Symbols as the exchange writes them, from the manifest."""
        first = next(self.blocks(), None)
        if first is None:
            raise SessionError(
                f"{session}: holds no frames of the feed '{BINANCE_FEED}', expected some: serve a session that was recorded as frames"
            )
        self.first_ns: int = int(first.received_ns[0])
        """When the first frame was received."""

    def blocks(self) -> Generator[Block]:
        """Give all frames from the beginning on, block by block.

        Raises:
            SessionError: a segment is broken.
        """
        flows = [self._partition(name) for name in self._partitions]
        heads = {number: block for number, flow in enumerate(flows) if (block := next(flow, None)) is not None}
        while heads:
            # Everything up to the end of the shortest block is there; what comes later may still be preceded.
            until_ns = min(int(block.received_ns[-1]) for block in heads.values())
            parts = []
            for number, block in list(heads.items()):
                stop = int(np.searchsorted(block.received_ns, until_ns, "right"))
                parts.append(_cut(block, 0, stop))
                rest = _cut(block, stop, len(block)) if stop < len(block) else next(flows[number], None)
                if rest is None:
                    del heads[number]
                else:
                    heads[number] = rest
            yield _merge([part for part in parts if len(part)])

    def _partition(self, name: str) -> Generator[Block]:
        reader = FrameReader(self._session / Form.FRAMES / name)
        row = reader.first_row
        try:
            while (chunk := reader.read(row, self._block_rows)) is not None:
                row = chunk.end_row
                indices = chunk.rows_of(BINANCE_FEED)
                if len(indices):
                    payloads = [self._wrapped(chunk.payloads[index]) for index in indices.tolist()]
                    yield Block(chunk.received_ns[indices], [_name(payload) for payload in payloads], payloads)
        finally:
            reader.close()

    def _wrapped(self, payload: bytes) -> bytes:
        if payload.startswith(OPENING):
            return payload
        try:
            found = _RAWS.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return payload
        stream = self._stream_of(found)
        return OPENING + stream.encode() + MIDDLE + payload + b"}" if stream else payload

    def _stream_of(self, found: Raws) -> str:
        """Name the stream of a raw event; empty where it is none."""
        if found.book is not UNSET:
            return f"{self.symbols[0].lower()}@depth{REST}" if len(self.symbols) == 1 else ""
        if found.symbol is UNSET:
            return ""
        if found.candle is not UNSET:
            kind = "kline_" + bytes(found.candle.get("i", Raw(b'""'))).decode().strip('"')
        elif found.event is UNSET:
            kind = "bookTicker" if found.update_id is not UNSET else ""
        else:
            kind = _STREAM_OF.get(found.event, "")
        return f"{found.symbol.lower()}@{kind}" if kind else ""


def _name(payload: bytes) -> bytes:
    if not payload.startswith(OPENING):
        return b""
    return payload[len(OPENING) : payload.find(b'"', len(OPENING))]


def _cut(block: Block, start: int, stop: int) -> Block:
    return Block(block.received_ns[start:stop], block.names[start:stop], block.payloads[start:stop])


def _merge(blocks: list[Block]) -> Block:
    """Put blocks into one, in the order of time, and of partitions where they are equal."""
    if len(blocks) == 1:
        return blocks[0]
    received_ns = np.concatenate([block.received_ns for block in blocks])
    order = np.argsort(received_ns, kind="stable")
    names = [name for block in blocks for name in block.names]
    payloads = [payload for block in blocks for payload in block.payloads]
    places = order.tolist()
    return Block(received_ns[order], [names[place] for place in places], [payloads[place] for place in places])
