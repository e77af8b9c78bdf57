"""`python -m tests.bench.screen_day [HOURS]`: the memory of the screen over a simulated day of ten symbols and a crowd, as JSON.

Everything a feed says goes through the reducer and the app as fast as they take it; pages change every two minutes of the tape. What
is bounded by its number, such as alerts and the windows of a chart, comes so often that it is full within two hours: what still grows
after them has no bound.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from scoring.feed import AlertState, Hello, NewRows, PricePoints, Snapshot, SourceState, Topic, Value
from tui import sample
from tui.app import Ghosttape
from tui.pages import catalog
from tui.state import Event

SYMBOLS: Final = [f"S{number:03}USDT" for number in range(10)]
WINDOW_S: Final = 20
"""Length of a window: the screen keeps 240."""
ALERT_S: Final = 30
"""From one alert to the next: it keeps 200."""
STEP_S: Final = 5
"""From one price of a chart and one mood to the next, as a feed thins them: it keeps 720."""
_BREATH: Final = 200
"""Messages between two chances for the app to do something else."""
_PAGE: Final = 2_000
"""Messages between two pages: what the library keeps of what it has drawn is full within two hours, too."""


def memory_mb() -> float:
    """Give the resident memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def told(hour: int) -> Iterator[Event]:
    """Say an hour: prices each second, windows as they stand each ten, posts, moods, alerts, gaps and sources."""
    (_, _, snapshot) = sample.events()
    assert isinstance(snapshot, Snapshot)
    for second in range(hour * 3600, hour * 3600 + 3600):
        at = sample.AT + timedelta(seconds=second)
        text = at.isoformat().replace("+00:00", "Z")
        for number, symbol in enumerate(SYMBOLS):
            price = 100 + (second * 7 + number) % 97 / 7
            risk: dict[str, Value] = {"sampled_at": text, "price": price, "price_age_ms": 9.0, "momentum_1m": price % 1, "drawdown": 0.1}
            yield rows(Topic.RISK_METRICS, symbol, False, risk)
            if second % 10 == 0:
                start = at - timedelta(seconds=second % WINDOW_S)
                window: dict[str, Value] = {
                    "window_start": start.isoformat(),
                    "window_end": (start + timedelta(seconds=WINDOW_S)).isoformat(),
                    "close": price,
                    "vwap": price,
                    "completeness": "complete",
                }
                closed = second % WINDOW_S == 0
                yield rows(Topic.TRADE_METRICS, symbol, not closed, {**window, "open": price, "high": price, "low": price})
                yield rows(Topic.SPREAD_METRICS, symbol, not closed, {**window, "average_spread_bps": 0.1, "imbalance_top1": 0.2})
            if second % STEP_S == 0:
                yield PricePoints(symbol, STEP_S, [at], [price])
        if second % STEP_S == 0:
            key: dict[str, Value] = {"channel": f"c{second % 9}", "message_id": second, "posted_at": text}
            yield rows(Topic.POSTS, "c", False, {**key, "text": f"post number {second}", "assets": "dogecoin"})
            yield rows(Topic.SOCIAL_SIGNALS, "dogecoin", False, {**key, "asset": "dogecoin", "score": second % 200 / 100 - 1})
            stance: dict[str, Value] = {
                "asset": "dogecoin",
                "evaluated_at": text,
                "vibe": 0.3,
                "average_vibe": 0.1,
                "message_count": second % 99,
            }
            yield rows(Topic.DECOUPLING_SIGNALS, "S000USDT", False, stance)
        if second % 10 == 0:
            yield SourceState("binance", at, second, 0, 0, at, None, None, 1.0, "live")
        if second % ALERT_S == 0:
            alert: AlertState = msgspec.structs.replace(snapshot.alerts[0], alert_id=f"alert {second}", started_at=at, fired_at=at)
            yield alert
        if second % 60 == 0:
            gap: dict[str, Value] = {"source": "binance", "symbol": "*", "kind": "*", "from_at": text, "to_at": text, "reason": "x"}
            yield rows(Topic.GAPS, "binance", False, gap)


def rows(table: Topic, symbol: str, provisional: bool, cells: dict[str, Value]) -> NewRows:
    """Make a message of one row."""
    return NewRows(table, symbol, provisional, {name: [value] for name, value in cells.items()})


async def day(hours: int) -> dict[str, float]:
    """Show it; give the megabytes after each hour."""
    told_so_far, at_hour = 0, {0: memory_mb()}
    over = asyncio.Event()
    app: Ghosttape

    async def heard() -> AsyncGenerator[Event, None]:
        nonlocal told_so_far
        yield Hello("0.1.0", "day", "live", SYMBOLS, [str(topic) for topic in Topic])
        for hour in range(hours):
            for number, event in enumerate(told(hour)):
                yield event
                told_so_far += 1
                if isinstance(event, SourceState):
                    app.rewind.keep(app.state, event.at)
                if told_so_far % _BREATH == 0:
                    await asyncio.sleep(0)
                if number % _PAGE == 0:
                    app.open_page(catalog.CATALOG[number // _PAGE % len(catalog.CATALOG)].name)
                    await asyncio.sleep(0.1)
            at_hour[hour + 1] = memory_mb()
        over.set()

    began = time.perf_counter()
    app = Ghosttape(heard, wall=lambda: app.state.tape_at or sample.AT)
    async with app.run_test(size=(200, 60)):
        await over.wait()
    return {"messages": told_so_far, "seconds": time.perf_counter() - began, **{f"mb_{hour}": size for hour, size in at_hour.items()}}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(day(int(sys.argv[1]) if sys.argv[1:] else 24))))
