"""The same windows as one SQL statement each: DuckDB on one thread over the same Parquet. It keeps no state and writes nothing."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import duckdb

TRADES = """
SELECT symbol, event_ns // 60000000000 AS w, arg_min(price, trade_id), max(price), min(price), arg_max(price, trade_id), sum(quantity),
       sum(price * quantity), sum(price * quantity) / sum(quantity), count(*), sum(CASE WHEN buyer_is_maker THEN 0 ELSE quantity END),
       stddev_samp(price), max(1 - price / peak)
FROM (SELECT *, max(price) OVER (PARTITION BY symbol, event_ns // 60000000000 ORDER BY trade_id) AS peak FROM read_parquet(?))
GROUP BY ALL
"""
QUOTES = """
SELECT symbol, received_ns // 30000000000 AS w, avg(ask_price - bid_price), min(ask_price - bid_price), max(ask_price - bid_price),
       avg(20000 * (ask_price - bid_price) / (ask_price + bid_price)), count(*),
       avg((bid_quantity - ask_quantity) / (bid_quantity + ask_quantity))
FROM read_parquet(?) GROUP BY ALL
"""


def measure(columns: Path) -> dict[str, float]:
    """Run both statements."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    started = time.perf_counter()
    windows = sum(
        len(connection.execute(statement, [str(columns / name)]).fetchall())
        for statement, name in ((TRADES, "trade.parquet"), (QUOTES, "quote.parquet"))
    )
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "windows": windows, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
