"""The sink in a real flow: gaps reach the feed, and a kill loses no request."""

from __future__ import annotations

import pickle
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSource, run_main

from connectors.inputs.binance_rest import BinanceRest
from connectors.inputs.repair import RepairFeed
from connectors.inputs.repair_queue import RepairQueue
from connectors.inputs.repair_requests import PARTITION, RepairRequests, gaps_of
from scoring.records import Gap, Kind, Rows, Table, empty_columns, to_columns


def gap(from_id: int, to_id: int, repaired: int = 0) -> Gap:
    return Gap("BTCUSDT", "BTCUSDT", Kind.TRADE, from_id, from_id + 1, from_id, to_id, to_id - from_id + 1, repaired, "id jump")


def rows(*gaps: Gap) -> Rows:
    return Rows(Table.GAPS, "BTCUSDT", to_columns(Gap, gaps), 0)


def wanted(feed: RepairFeed) -> list[tuple[int, int]]:
    queue = pickle.loads(feed.snapshot())
    assert isinstance(queue, RepairQueue)
    return queue.wanted("BTCUSDT")


def run(source: TestingSource[tuple[str, Rows]], feed: RepairFeed, store: RecoveryConfig | None = None) -> None:
    flow = Dataflow("repairs")
    op.output("repair", op.input("gaps", flow, source), RepairRequests(feed))
    run_main(flow, epoch_interval=timedelta(0), recovery_config=store)  # type: ignore[no-untyped-call]


def test_rows_of_gaps_are_gaps_again() -> None:
    found = [gap(5, 9), gap(12, 12, repaired=1)]
    assert list(gaps_of(rows(*found))) == found
    assert list(gaps_of(Rows(Table.GAPS, "BTCUSDT", empty_columns(Gap), 0))) == []


def test_gaps_reach_the_feed_and_other_rows_do_not() -> None:
    feed = RepairFeed(BinanceRest())
    other = Rows(Table.CANDLES, "BTCUSDT", {}, 0)
    run(TestingSource([(PARTITION, rows(gap(5, 9), gap(20, 22))), (PARTITION, other), (PARTITION, rows(gap(5, 9, repaired=5)))]), feed)
    assert wanted(feed) == [(20, 22)]


def test_a_kill_loses_no_request(tmp_path: Path) -> None:
    init_db_dir(tmp_path, 1)  # type: ignore[no-untyped-call]
    news = [(PARTITION, rows(gap(5, 9))), (PARTITION, rows(gap(20, 22))), TestingSource.ABORT(), (PARTITION, rows(gap(30, 31)))]
    source = TestingSource(news)
    run(source, RepairFeed(BinanceRest()), RecoveryConfig(str(tmp_path)))  # type: ignore[no-untyped-call, arg-type]
    resumed = RepairFeed(BinanceRest())
    run(source, resumed, RecoveryConfig(str(tmp_path)))  # type: ignore[no-untyped-call, arg-type]
    assert wanted(resumed) == [(5, 9), (20, 22), (30, 31)]


@pytest.mark.parametrize("key", ["one", "BTCUSDT"])
def test_there_is_one_partition_for_everything(key: str) -> None:
    sink = RepairRequests(RepairFeed(BinanceRest()))
    assert sink.list_parts()[sink.part_fn(key)] == PARTITION
