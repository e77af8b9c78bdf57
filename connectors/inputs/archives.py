"""The exchange's public daily archives, trades, aggregate trades and 1-minute candles as CSV or zip, as batches.

What an archive says was never received by anyone here, so its receive time is its event time. Blocks of rows go through Arrow's
CSV reader; a block it refuses is halved until the rows that are wrong stand alone and become rejects, so that the same row is
judged by the same parser wherever it stands. Times are milliseconds before 2025 and microseconds from then on, told by their size.
Archives are read as streams: nothing is unpacked to disk, and no path inside a zip is ever used.

Source: https://github.com/binance/binance-public-data
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from connectors.inputs.line_blocks import ByteStream, LineBlock, line_blocks
from scoring.errors import SessionError
from scoring.records import Batch, Column, Kind, Reject

_NAME: Final = re.compile(r"([A-Z0-9]{2,30})-(aggTrades|trades|klines-1m|1m)-(\d{4}-\d{2}(?:-\d{2})?)\.(?:csv|zip)")
_EXPECTED: Final = "SYMBOL-aggTrades-DATE, SYMBOL-trades-DATE or SYMBOL-klines-1m-DATE, ending in .csv or .zip"
_LONGEST_LINE: Final = 1 << 12
"""Bytes; a row has about 100."""
_EARLIEST_MICROSECONDS: Final = 10**14
"""As milliseconds the year 5138, as microseconds 1973."""
_LATEST_MICROSECONDS: Final = 9 * 10**15
"""The year 2255: later ones do not fit nanoseconds in 64 bits."""
_UNUSED: Final = frozenset({"quote_quantity", "best_match", "taker_buy_quote", "ignore"})
"""Columns nothing here is made from: whatever they hold is fine."""

_Table: TypeAlias = Mapping[str, Column]


class ArchiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How archives are read."""

    block_bytes: int = 4 << 20
    """Bytes read at once, some 50,000 rows: what memory is bounded by."""


class ArchiveChunk(msgspec.Struct, frozen=True):
    """Rows in the order of the file, and the lines that are none."""

    batches: list[Batch]
    """Of one kind and symbol; none without a good row."""
    rejects: list[Reject]


class ArchiveName(msgspec.Struct, frozen=True):
    """What the name of an archive says."""

    symbol: str
    series: str
    """`aggTrades`, `trades` or `klines-1m`."""
    date: str
    """`YYYY-MM-DD`, or `YYYY-MM` for a whole month."""


class _Series(msgspec.Struct, frozen=True):
    """The rows of one series."""

    types: Mapping[str, pa.DataType]
    """Columns in order; the ones the exchange leaves out in some markets stand last."""
    optional: int
    """How many of the last may be missing."""
    kind: Kind
    positive: tuple[str, ...]
    """Columns that must be finite and above 0."""
    times: tuple[str, ...]
    columns: Callable[[_Table], dict[str, Column]]
    """Makes the columns of the kind; times are in ns already."""


def parse_name(path: Path) -> ArchiveName:
    """Read what the name of an archive says.

    Raises:
        SessionError: it is not named as the exchange names them.

    >>> parse_name(Path("BTCUSDT-aggTrades-2024-08-08.zip")).series
    'aggTrades'
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise SessionError(f"{path}: not the name of an archive, expected {_EXPECTED}: rename the file")
    return ArchiveName(match[1], "klines-1m" if match[2] == "1m" else match[2], match[3])


def read_archive(path: Path, settings: ArchiveSettings | None = None) -> Iterator[ArchiveChunk]:
    """Read one archive.

    Raises:
        SessionError: its name says nothing, it cannot be opened, or it is a zip without exactly one CSV inside.
    """
    settings = settings or ArchiveSettings()
    name = parse_name(path)
    series = _SERIES[name.series]
    with contextlib.ExitStack() as stack:
        stream = _open(path, stack)
        width = 0
        for block in line_blocks(stream, settings.block_bytes, _LONGEST_LINE):
            if block.problem:
                yield ArchiveChunk([], [_reject(path, block, block.problem)])
                continue
            if block.first_line == 1 and not block.lines[0][:1].isdigit():
                block = LineBlock(2, block.lines[1:])
            if block.lines:
                width = width or _width(block.lines[0], series)
                yield _chunk(path, name.symbol, series, width, block)


def _open(path: Path, stack: contextlib.ExitStack) -> ByteStream:
    try:
        if path.suffix != ".zip":
            return stack.enter_context(path.open("rb"))
        archive = stack.enter_context(zipfile.ZipFile(path))
        members = [member for member in archive.infolist() if member.filename.endswith(".csv")]
        if len(members) != 1:
            raise SessionError(f"{path}: {len(members)} CSV files inside, expected one: download it again")
        return stack.enter_context(archive.open(members[0]))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        # RuntimeError: it is encrypted; NotImplementedError: a compression nobody uses.
        raise SessionError(f"{path}: {error}, expected an archive of the exchange: download it again") from error


def _width(line: bytes, series: _Series) -> int:
    """Count the columns of a file by its first row, within what the series allows."""
    most = len(series.types)
    return min(max(line.count(b",") + 1, most - series.optional), most)


def _chunk(path: Path, symbol: str, series: _Series, width: int, block: LineBlock) -> ArchiveChunk:
    batches: list[Batch] = []
    rejects: list[Reject] = []
    waiting = [block]
    while waiting:
        part = waiting.pop()
        columns = _parse(series, width, part.lines)
        if not isinstance(columns, str):
            batches.append(Batch(series.kind, symbol, columns))
        elif len(part.lines) == 1:
            rejects.append(_reject(path, part, columns))
        else:
            half = len(part.lines) // 2
            waiting += [LineBlock(part.first_line + half, part.lines[half:]), LineBlock(part.first_line, part.lines[:half])]
    return ArchiveChunk([_joined(batches)] if batches else [], rejects)


def _parse(series: _Series, width: int, lines: list[bytes]) -> dict[str, Column] | str:
    """Give the columns of the kind, or why the lines are refused."""
    names = list(series.types)[:width]
    used = [name for name in names if name not in _UNUSED]
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(b"\n".join(lines)),
            read_options=pyarrow.csv.ReadOptions(column_names=names),
            parse_options=pyarrow.csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict(series.types), include_columns=used, null_values=[]),
        )
    except pa.ArrowException as error:
        return f"{str(error).splitlines()[0]}, expected {','.join(names)}"
    if len(table) != len(lines):
        return f"{len(table)} rows in {len(lines)} lines, expected {','.join(names)}"
    values = {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}
    for name in series.positive:
        if not (np.isfinite(values[name]) & (values[name] > 0)).all():
            return f"{name} {values[name][0]}, expected a number above 0"
    for name in series.times:
        if not ((values[name] > 0) & (values[name] <= _LATEST_MICROSECONDS)).all():
            return f"{name} {values[name][0]}, expected milliseconds or microseconds since 1970"
        values[name] = _nanoseconds(values[name])
    return series.columns(values)


def _nanoseconds(times: NDArray[np.int64]) -> NDArray[np.int64]:
    return times * np.where(times >= _EARLIEST_MICROSECONDS, 1_000, 1_000_000)


def _joined(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    first = batches[0]
    return Batch(first.kind, first.symbol, {name: np.concatenate([batch[name] for batch in batches]) for name in first.columns})


def _reject(path: Path, block: LineBlock, reason: str) -> Reject:
    return Reject(path.name, block.first_line, 0, reason, block.lines[0])


def _trade(values: _Table, first_id: str, last_id: str) -> dict[str, Column]:
    return {
        "received_ns": values["time"],
        "event_ns": values["time"],
        "trade_id": values["id"],
        "price": values["price"],
        "quantity": values["quantity"],
        "buyer_is_maker": values["buyer_is_maker"],
        "first_id": values[first_id],
        "last_id": values[last_id],
        "repaired": np.zeros(len(values["id"]), np.bool_),
    }


def _candle(values: _Table) -> dict[str, Column]:
    names = ("open", "high", "low", "close", "volume_base", "volume_quote", "trade_count", "taker_buy_base")
    instants = {"received_ns": values["close_time"], "event_ns": values["close_time"], "open_ns": values["open_time"]}
    return instants | {name: values[name] for name in names}


_SERIES: Final[Mapping[str, _Series]] = {
    "aggTrades": _Series(
        {
            "id": pa.int64(),
            "price": pa.float64(),
            "quantity": pa.float64(),
            "first_id": pa.int64(),
            "last_id": pa.int64(),
            "time": pa.int64(),
            "buyer_is_maker": pa.bool_(),
            "best_match": pa.string(),
        },
        optional=1,
        kind=Kind.TRADE,
        positive=("price", "quantity"),
        times=("time",),
        columns=lambda values: _trade(values, "first_id", "last_id"),
    ),
    "trades": _Series(
        {
            "id": pa.int64(),
            "price": pa.float64(),
            "quantity": pa.float64(),
            "quote_quantity": pa.float64(),
            "time": pa.int64(),
            "buyer_is_maker": pa.bool_(),
            "best_match": pa.string(),
        },
        optional=1,
        kind=Kind.TRADE,
        positive=("price", "quantity"),
        times=("time",),
        columns=lambda values: _trade(values, "id", "id"),
    ),
    "klines-1m": _Series(
        {
            "open_time": pa.int64(),
            "open": pa.float64(),
            "high": pa.float64(),
            "low": pa.float64(),
            "close": pa.float64(),
            "volume_base": pa.float64(),
            "close_time": pa.int64(),
            "volume_quote": pa.float64(),
            "trade_count": pa.int64(),
            "taker_buy_base": pa.float64(),
            "taker_buy_quote": pa.float64(),
            "ignore": pa.string(),
        },
        optional=1,
        kind=Kind.CANDLE,
        positive=("open", "high", "low", "close"),
        times=("open_time", "close_time"),
        columns=_candle,
    ),
}
"""Columns as the exchange writes them, under our names."""
