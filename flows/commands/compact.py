"""`just compact SESSION`: decodes frames once, into columns that replay several times faster and give the same results."""

from __future__ import annotations

import itertools
import pickle
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from rich.progress import track

from connectors.inputs.source import Chunk
from connectors.tape.columns import ColumnWriter
from connectors.tape.frames import FrameChunk
from connectors.tape.manifest import Form, Manifest, load, refresh, save
from connectors.tape.reader import FrameReader
from connectors.wire.gap import GAP_FEED
from flows.commands.arguments import Arguments
from flows.decode import Decode, Parcel, Talk
from flows.ports import partition_of
from flows.running import refusing_in_one_line
from flows.sessions import shaping_of
from scoring.errors import SessionError
from scoring.market.book import Book
from scoring.records import ALL_SYMBOLS, Batch, BookUpdates, Gap, Kind, MarketItem

Items: TypeAlias = list[Batch | Gap]
"""What a chunk of columns holds: gaps are written first, in their order."""

CHUNK_ROWS = 65_536
"""Frames decoded at once: large enough for Parquet to be quick, small enough to be read whole."""


def compact(session: Path) -> Manifest:
    """Write the columns of every partition that has frames, beside them, and say so in the manifest.

    Raises:
        SessionError: the session has no frames, or is compacted already.
    """
    manifest = load(session)
    names = [name for name, info in manifest.partitions.items() if Form.FRAMES in info.forms]
    if not names or any(Form.COLUMNS in manifest.partitions[name].forms for name in names):
        raise SessionError(f"{session}: nothing to do, expected a session of frames that is not compacted yet")
    for name in names:
        _compact_partition(session, name, manifest)
    both = (Form.FRAMES, Form.COLUMNS)
    partitions = {name: msgspec.structs.replace(info, forms=both) for name, info in manifest.partitions.items()}
    save(session, msgspec.structs.replace(manifest, partitions=partitions))
    return refresh(session)


def _compact_partition(session: Path, name: str, manifest: Manifest) -> None:
    """Write to a folder beside the final one, so that columns are there whole or not at all."""
    final, partial = session / "columns" / name, session / "columns" / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    reader = FrameReader(session / "frames" / name)
    writer = ColumnWriter(partial)
    decoding = _Decoding(name, Decode({name: partition_of(name, manifest, shaping_of(manifest, session), 1.0)}))
    total = reader.end_row - reader.first_row
    chunks = track(_chunks(reader), description=name, total=max(total // CHUNK_ROWS, 1), transient=True)
    for chunk, following_ns in _with_following(chunks):
        for items, clock_ns in decoding.pieces(chunk, following_ns):
            writer.write(items, clock_ns)
    writer.close()
    reader.close()
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)


def _chunks(reader: FrameReader) -> Iterator[FrameChunk]:
    """Read the frames in chunks that begin at every gap on the tape."""
    row = reader.first_row
    while (frames := reader.read(row, CHUNK_ROWS)) is not None:
        cuts = [0, *frames.rows_of(GAP_FEED).tolist(), len(frames)]
        yield from (frames.slice(start, stop) for start, stop in itertools.pairwise(cuts) if stop > start)
        row += len(frames)


def _with_following(chunks: Iterable[FrameChunk]) -> Iterator[tuple[FrameChunk, int]]:
    """Give each chunk with the receive time of the frame after it: all that was received before has been handed on then."""
    for chunk, following in itertools.pairwise(itertools.chain(chunks, (None,))):
        assert chunk is not None
        yield chunk, int((chunk.received_ns[-1:] if following is None else following.received_ns[:1])[0])


class _Decoding:
    """Decodes a partition from its beginning; the books are what it remembers from one chunk to the next."""

    def __init__(self, name: str, decode: Decode) -> None:
        self._name, self._decode = name, decode
        self._books: dict[str, Book] = {}

    def pieces(self, frames: FrameChunk, following_ns: int) -> Iterator[tuple[Items, int]]:
        """Give items, and the receive time of the frame after them.

        Gaps come first in a chunk of columns, so where a book breaks or heals behind other rows a new chunk has to begin, and
        exactly there: the clock of the chunk before may pass no row that is still to come. The frame is found by halving.
        """
        before = pickle.dumps(self._books)
        parts = self._parts(frames)
        if len(parts) > 1 and len(frames) > 1:
            self._books = pickle.loads(before)
            half = len(frames) // 2
            yield from self.pieces(frames.slice(0, half), int(frames.received_ns[half]))
            yield from self.pieces(frames.slice(half, len(frames)), following_ns)
        else:
            held = [part for part in parts if part]
            # Of one frame's parts only the last may let the clock go on to the next frame.
            yield from ((part, int(frames.received_ns[-1])) for part in held[:-1])
            yield from ((part, following_ns) for part in held[-1:])

    def _parts(self, frames: FrameChunk) -> list[Items]:
        """Give the items of some frames; more than one list where a gap stands behind rows of its symbol."""
        parts: list[Items] = [[]]
        for _, value in self._decode((Chunk(self._name, frames, (), len(frames), int(frames.received_ns[-1]), 0),)):
            if isinstance(value, Parcel):
                _lay_out(self._with_depth(value), parts)
            elif isinstance(value, Talk):
                parts[0] += [item for item in value.items if isinstance(item, Batch)]
            elif isinstance(value, Batch):
                _keep_loose(value, parts[0])
        return parts

    def _with_depth(self, parcel: Parcel) -> Iterator[MarketItem]:
        book = self._books.setdefault(parcel.symbol, Book(parcel.symbol, source=parcel.symbol))
        for item in parcel.items:
            if isinstance(item, BookUpdates):
                yield from book.update((item,))
            else:
                yield item


def _lay_out(items: Iterator[MarketItem], parts: list[Items]) -> None:
    """Put one symbol's items into the parts, going to the next part at each gap behind rows."""
    at, filled = 0, False
    for item in items:
        if isinstance(item, Gap) and item.symbol != ALL_SYMBOLS:
            at += filled
            filled = False
        elif isinstance(item, Batch):
            filled = True
        else:
            continue
        parts.extend([] for _ in range(at + 1 - len(parts)))
        parts[at].append(item)


def _keep_loose(batch: Batch, part: Items) -> None:
    """Keep what belongs to no symbol. A lost connection stands here once, though it is told to every symbol."""
    if batch.kind is Kind.GAP:
        part[:0] = [Gap(*values) for values in zip(*(column.tolist() for column in batch.columns.values()), strict=True)]
    else:
        part.append(batch)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("compact", __doc__)
    parser.add_argument("session", help="folder of a recorded session")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        manifest = compact(Path(given.session))
        size = {form: sum(info.bytes for info in manifest.files if info.path.startswith(form)) for form in Form}
        print(f"{given.session}: {size[Form.FRAMES]:,} bytes of frames have {size[Form.COLUMNS]:,} bytes of columns beside them")


if __name__ == "__main__":
    main()
