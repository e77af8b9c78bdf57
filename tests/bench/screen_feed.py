"""`python -m tests.bench.screen_feed [SYMBOLS ROWS_PER_SECOND]`: a real feed server under load; prints its port, runs until its input ends.

The load is what a flow says of many symbols: windows of trades and spreads as they stand, ten times a second each, and risk samples,
five. Each is another row, so that the conflation of the feed takes none away at its usual 100 ms.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Final

import numpy as np

from connectors.outputs.feed import FeedPartition, FeedSettings, FeedSink
from scoring.feed import Hello
from scoring.records import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, TABLES, Column, Pulse, Rows, Table, columns_of

START: Final = 1_785_585_600_000_000_000
TICK_S: Final = 0.1
SHOWN: Final = (Table.TRADE_METRICS, Table.SPREAD_METRICS, Table.RISK_METRICS)


def names(count: int) -> list[str]:
    """Name symbols, the same number of letters each.

    >>> names(2)
    ['S000USDT', 'S001USDT']
    """
    return [f"S{number:03}USDT" for number in range(count)]


def template(table: Table, symbol: str) -> dict[str, Column]:
    """Make the columns of a row with something in each of them."""
    return {
        name: np.array([symbol if name == "symbol" else "complete" if kind is str else kind(7)], dtype=object if kind is str else kind)
        for name, kind in columns_of(TABLES[table].row).items()
    }


def row(table: Table, symbol: str, columns: dict[str, Column], at_ns: int, price: float) -> Rows:
    """Make a row of a moment."""
    start = at_ns - at_ns % NANOSECONDS_PER_MINUTE
    news: dict[str, float] = {
        "window_start_ns": start,
        "window_end_ns": start + NANOSECONDS_PER_MINUTE,
        "sampled_ns": at_ns,
        "price": price,
        "close": price,
        "vwap": price * 0.999,
        "imbalance_top1": price % 2 - 1,
        "average_spread_bps": price % 1,
        "momentum_1m": price % 0.02 - 0.01,
    }
    changed = {name: np.array([value]) for name, value in news.items() if name in columns}
    return Rows(table, symbol, {**columns, **changed}, at_ns, provisional=table is not Table.RISK_METRICS)


def flood(feed: FeedPartition, symbols: list[str], rows_per_second: int, stop: threading.Event) -> None:
    """Say so many rows each second, a tenth of them each tenth."""
    per_tick = round(rows_per_second * TICK_S)
    cells = [(table, symbol, template(table, symbol)) for table in SHOWN[:2] for symbol in symbols]
    risks = [(SHOWN[2], symbol, template(SHOWN[2], symbol)) for symbol in symbols]
    began, tick = time.monotonic(), 0
    while not stop.wait(max(began + tick * TICK_S - time.monotonic(), 0)):
        tick += 1
        at = START + int(tick * TICK_S * NANOSECONDS_PER_SECOND)
        half = len(risks) // 2
        turn = (cells + (risks[:half] if tick % 2 else risks[half:]))[:per_tick]
        feed.write_batch([row(*cell, at, 100 + (tick * 7 + number) % 97 / 7) for number, cell in enumerate(turn)])
        feed.write_batch([Pulse("binance", at, tick * per_tick, 0, 0, at, 0, 0, 1.0, "live")])


def main(symbols: int, rows_per_second: int) -> None:
    """Serve until the input ends."""
    listed = names(symbols)
    hello = Hello("0.1.0", "flood", "live", listed, [str(table) for table in SHOWN])
    feed = FeedSink(FeedSettings(port=0), hello).build_part("feed", "one", None)
    stop = threading.Event()
    speaker = threading.Thread(target=flood, args=(feed, listed, rows_per_second, stop))
    speaker.start()
    print(feed.port, flush=True)
    sys.stdin.read()
    stop.set()
    speaker.join()
    feed.close()


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]] or [200, 5000]
    main(given[0], given[1])
