"""Twenty minutes of results, written by hand: two bursts of hype, and a price that jumps by a tenth after the first.

    second    0 … 539   540 … 590   600   601 …       900 … 950   960 … 1200
    hype            0         120     0       0             120            0
    price         100         100   100     110             110          110

The rule for hype fires at 540 and is resolved at 600; its cooldown of ten minutes swallows the second burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from connectors.outputs.archive import Archive, ArchiveSettings
from connectors.outputs.warehouse import Warehouse, WarehouseSettings
from flows.alerts import Judge
from scoring.alerts.rules import compile_rules, default_rules
from scoring.alerts.state import Alerts
from scoring.crowd.excerpt import excerpt
from scoring.crowd.witness import Witness
from scoring.duration import Duration
from scoring.records import END_NS, Gap, PostRow, Rows, SocialSignal, Table, to_columns
from tests.scoring.alerts.metric_rows import SYMBOL, metric_rows, nanoseconds

ASSET = "bitcoin"
LENGTH = 1200
BURSTS = ((540, 600), (900, 960))
JUMP = 600
HOSTILE = "\x1b[31m[bold]buy[/bold]\nnow\u202e " + "!" * 200
POSTS = ((530, "calls", 1, "moon", 0.9, HOSTILE), (535, "calls", 2, "rug", -0.9, "sell"), (538, "tips", 1, "moon", 0.9, "copied"))
"""Second, channel, number, what the text is, score, text."""
EVENTS = "asset_or_symbol,instant\nbitcoin,2024-08-09T00:10:00Z\nBTCUSDT,2024-08-09T02:00:00Z\n"
"""One 60 s after the first alert, one long after the end."""


def metrics() -> list[Rows]:
    """Give the rows that rules look at."""
    seconds = np.arange(0, LENGTH + 1)
    risk: dict[str, Sequence[Any]] = {"symbol": [SYMBOL] * len(seconds), "price": np.where(seconds > JUMP, 110.0, 100.0).tolist()}
    slow = seconds[::10]
    loud = np.any([(slow >= start) & (slow < stop) for start, stop in BURSTS], axis=0)
    crowd: dict[str, Sequence[Any]] = {
        "asset": [ASSET] * len(slow),
        "hype_momentum": np.where(loud, 120.0, 0.0).tolist(),
        "delta_vibe": np.where(loud, 0.6, 0.0).tolist(),
        "message_count": np.where(loud, 200, 10).tolist(),
    }
    return [metric_rows(Table.RISK_METRICS, seconds.tolist(), risk), metric_rows(Table.DECOUPLING_SIGNALS, slow.tolist(), crowd)]


def write_results(folder: Path, earlier: tuple[tuple[int, str, int, str, float, str], ...] = ()) -> Path:
    """Write them, with the alerts they raise, as a flow does; `earlier` are posts before the others."""
    rows = metrics()
    moods = [
        SocialSignal(ASSET, channel, number, nanoseconds(at), nanoseconds(at), text_id, score, 0.0, 0.0, 0.0, "model", "", excerpt(text))
        for at, channel, number, text_id, score, text in (*earlier, *POSTS)
    ]
    said = Rows(Table.SOCIAL_SIGNALS, ASSET, to_columns(SocialSignal, moods), END_NS)
    alerts = Judge(
        Alerts(SYMBOL, compile_rules(default_rules(), "test", "rules")), Witness(Duration.parse("5m"), Duration.parse("30s"), 1000)
    ).update([said, *rows])
    # The text of the last post was not stored.
    posts = [PostRow(channel, number, nanoseconds(at), nanoseconds(at), "", text, ASSET) for at, channel, number, _, _, text in POSTS[:2]]
    gaps = [
        Gap("binance", "*", "*", nanoseconds(500), nanoseconds(512), 0, 0, 7, 3, "disconnected"),
        Gap("binance", "ETHUSDT", "trade", nanoseconds(500), nanoseconds(512), 0, 0, 1, 0, "of another symbol"),
        Gap("telegram", "*", "post", nanoseconds(700), 0, 0, 0, 0, 0, "still lost"),
        Gap("binance", SYMBOL, "trade", nanoseconds(900), nanoseconds(901), 0, 0, 1, 0, "long after"),
    ]
    told = [
        *rows,
        *alerts,
        said,
        Rows(Table.POSTS, "calls", to_columns(PostRow, posts), END_NS),
        Rows(Table.GAPS, SYMBOL, to_columns(Gap, gaps), END_NS),
    ]
    archive = Archive(ArchiveSettings(data_dir=str(folder), sync=False))
    warehouse = Warehouse(WarehouseSettings(path=str(folder / "warehouse.duckdb")))
    for store in (archive, warehouse):
        store.write(told)
        store.close()
    return folder
