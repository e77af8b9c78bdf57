"""`just import FILES… --to SESSION`: other people's recordings become a session.

Raw frame logs become frames as they are. The exchange's public daily archives become columns. Either way a malformed line is a
reject with its line number, on the tape of the new session.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec
from rich.progress import Progress

from connectors.inputs.archives import ArchiveName, parse_name, read_archive
from connectors.inputs.frame_logs import is_frame_log, read_frame_logs
from connectors.tape.columns import ColumnWriter
from connectors.tape.manifest import MANIFEST, Form, Manifest, PartitionInfo, refresh, save
from connectors.tape.writer import FrameWriter
from connectors.wire.binance import BINANCE_FEED
from flows.commands.arguments import Arguments
from flows.decoders import REJECT_FEED
from flows.running import refusing_in_one_line
from flows.sessions import new_manifest, with_symbols
from flows.settings import load
from scoring.duration import nanoseconds
from scoring.errors import SessionError
from scoring.records import Batch, Gap, Kind, Reject, to_columns

PARTITION = "binance"
Partitions: TypeAlias = dict[str, PartitionInfo]
_SYMBOL = re.compile(rb'"s": ?"([A-Z0-9]+)"|"stream": ?"([a-z0-9]+)@')
"""An event names its symbol, but a book only does so in the name of its stream."""


def import_files(files: Sequence[Path], session: Path) -> Manifest:
    """Write a new session from files of one kind.

    Raises:
        SessionError: the session exists, or a file is neither a frame log nor an archive.
    """
    if (session / MANIFEST).exists():
        raise SessionError(f"{session}: holds a session already: choose another name, or remove it first")
    if session.exists() and (not session.is_dir() or any(session.iterdir())):
        raise SessionError(f"{session}: holds something else, expected no such folder or an empty one: choose another name")
    logs = [file for file in files if is_frame_log(_found(file))]
    if logs and len(logs) != len(files):
        raise SessionError(f"{session}: frame logs and archives given together: import them into sessions of their own")
    partial = session.with_name(f".{session.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partitions, remark = _write_frames(sorted(files, key=_first_ns), partial) if logs else _write_columns(files, partial)
    symbols = tuple(sorted({symbol for info in partitions.values() for symbol in info.symbols}))
    origin = f"imported from {', '.join(file.name for file in files)}; {remark}"
    save(partial, new_manifest(session.name, partitions, with_symbols(load()[0].shaping, symbols), origin))
    refresh(partial)
    partial.rename(session)
    return refresh(session)


def _found(file: Path) -> Path:
    if not file.is_file():
        raise SessionError(f"{file}: is no file, expected a frame log or an archive of the exchange")
    return file


def _first_ns(log: Path) -> int:
    """When the first frame of a log was received: logs go on the tape in this order, however they are given."""
    return next((int(chunk.received_ns[0]) for chunk in read_frame_logs((log,)) if len(chunk.received_ns)), 0)


def _write_frames(files: Sequence[Path], session: Path) -> tuple[Partitions, str]:
    """Write frames as they are; what is no frame goes on the tape as a reject. Also say what is to be said of it."""
    writer = FrameWriter(session / "frames" / PARTITION)
    symbols: set[str] = set()
    rejects, last_ns = 0, 0
    for file in _shown(files):
        for chunk in read_frame_logs((file,)):
            if len(chunk.payloads):
                writer.extend(chunk.received_ns, BINANCE_FEED, chunk.payloads)
                symbols |= {(named or streamed.upper()).decode() for named, streamed in _SYMBOL.findall(b"\n".join(chunk.payloads))}
                last_ns = int(chunk.received_ns[-1])
            for reject in chunk.rejects:
                writer.append(last_ns, REJECT_FEED, msgspec.json.encode(reject))
            rejects += len(chunk.rejects)
            writer.commit()
    writer.close()
    remark = f"{rejects} rejects" + (f", {writer.clamped} receive times before the one in front raised to it" if writer.clamped else "")
    return {PARTITION: PartitionInfo(symbols=tuple(sorted(symbols)), forms=(Form.FRAMES,))}, remark


def _write_columns(files: Sequence[Path], session: Path) -> tuple[Partitions, str]:
    """Write decoded batches: a partition per symbol, because one symbol's day must not make the next one's late."""
    named = sorted(((parse_name(file), file) for file in files), key=lambda pair: (pair[0].symbol, pair[0].date, pair[0].series))
    _refuse_both_kinds_of_trades([name for name, _ in named])
    rejects = 0
    last_ns: dict[str, int] = {}
    partitions: Partitions = {}
    writers: dict[str, ColumnWriter] = {}
    sources = dict(zip((file for _, file in named), (name for name, _ in named), strict=True))
    for file in _shown(list(sources)):
        symbol = sources[file].symbol
        at_ns = max(last_ns.get(symbol, 0), _begin_ns(sources[file]))
        partition = f"{PARTITION}-{symbol}"
        partitions[partition] = PartitionInfo(symbols=(symbol,), forms=(Form.COLUMNS,))
        writer = writers.setdefault(partition, ColumnWriter(session / "columns" / partition))
        for chunk in read_archive(file):
            rejects += len(chunk.rejects)
            items: list[Batch | Gap] = [*chunk.batches, *_rejected(chunk.rejects, at_ns)]
            last_ns[symbol] = at_ns = max((int(batch["received_ns"][-1]) for batch in chunk.batches), default=at_ns)
            writer.write(items, at_ns)
    for writer in writers.values():
        writer.close()
    return partitions, f"{rejects} rejects"


def _refuse_both_kinds_of_trades(names: Sequence[ArchiveName]) -> None:
    """Trades and aggregate trades of one symbol are the same trades: together they would count twice."""
    for symbol in {name.symbol for name in names}:
        series = {name.series for name in names if name.symbol == symbol}
        if {"trades", "aggTrades"} <= series:
            raise SessionError(f"{symbol}: trades and aggTrades given together, expected one of them: no trade may count twice")


def _begin_ns(name: ArchiveName) -> int:
    """When the day, or the month, of an archive begins."""
    return nanoseconds(datetime.fromisoformat(f"{name.date}-01"[:10]))


def _rejected(rejects: Sequence[Reject], at_ns: int) -> Iterator[Batch]:
    """Give rejects the instant of their place on the tape: a line that is none has no time of its own."""
    if rejects:
        placed = [msgspec.structs.replace(reject, received_ns=at_ns) for reject in rejects]
        yield Batch(Kind.REJECT, rejects[0].source, to_columns(Reject, placed))


def _shown(files: Sequence[Path]) -> Iterable[Path]:
    """Move a bar on by the size of each file that is done."""
    with Progress(transient=True) as progress:
        task = progress.add_task("importing", total=sum(file.stat().st_size for file in files))
        for file in files:
            progress.update(task, description=file.name)
            yield file
            progress.advance(task, file.stat().st_size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("import", __doc__)
    parser.add_argument("files", nargs="+", type=Path, help="frame logs (plain or .gz), or archives (.csv or .zip) of the exchange")
    parser.add_argument("--to", required=True, type=Path, help="folder of the new session, e.g. recordings/bitcoin")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        manifest = import_files(given.files, given.to)
        rows = sum(info.rows for info in manifest.files)
        symbols = ", ".join(symbol for info in manifest.partitions.values() for symbol in info.symbols)
        print(f"{given.to}: {rows:,} rows of {symbols}; {manifest.origin}")


if __name__ == "__main__":
    main()
