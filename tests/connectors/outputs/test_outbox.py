"""The sink that never makes the flow wait for a disk, and never loses a row."""

from __future__ import annotations

import math
import pickle
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest
from bytewax.dataflow import Dataflow
from bytewax.operators import input as op_input
from bytewax.operators import output as op_output
from bytewax.testing import TestingSource, run_main

from connectors.outputs.outbox import PARTITION, Held, Outbox, OutboxSettings, OutboxSink, Standing
from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import Rows, Table
from tests.connectors.outputs.sample_rows import START_NS, grid, sample
from tests.waiting import wait_until

FAST = OutboxSettings(flush_interval=Duration.parse("20ms"), retry_interval=Duration.parse("20ms"), patience=Duration.parse("200ms"))
SLOW = OutboxSettings(flush_interval=Duration.parse("1h"))


class Shelf:
    """A writer that keeps what it is given, and that a test can close for a while or break."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.errors: list[Exception] = []
        self.writes: list[list[Rows]] = []
        self.closed = False

    def write(self, rows: list[Rows]) -> None:
        assert self.open.wait(timeout=30)
        if self.errors:
            raise self.errors[0]
        self.writes.append(rows)

    def close(self) -> None:
        self.closed = True

    @property
    def rows(self) -> list[Rows]:
        return [rows for write in self.writes for rows in write]


def risk(place: int, count: int = 1) -> Rows:
    return sample(Table.RISK_METRICS, "BTCUSDT", grid(START_NS + place * 500_000_000, count))


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    yield shelf
    shelf.errors = shelf.errors[:1]
    shelf.open.set()


def test_neither_a_batch_nor_a_snapshot_waits_for_the_disk(shelf: Shelf) -> None:
    shelf.open.clear()
    outbox = Outbox(shelf, FAST)
    began = time.monotonic()
    for place in range(50):
        outbox.write_batch([risk(place)])
        assert len(outbox.snapshot()) == place + 1
    assert time.monotonic() - began < 10
    shelf.open.set()
    outbox.close()
    assert len(shelf.rows) == 50


def test_every_row_is_durable_or_in_the_snapshot_at_any_moment(shelf: Shelf) -> None:
    outbox = Outbox(shelf, msgspec.structs.replace(FAST, flush_rows=3, busy_share=1.0))
    given = []
    for place in range(300):
        given.append(risk(place))
        outbox.write_batch(given[-1:])
        waiting = {rows.through_ns for rows in outbox.snapshot()}
        durable = {rows.through_ns for rows in shelf.rows}
        assert waiting | durable == {rows.through_ns for rows in given}
    outbox.close()
    assert shelf.rows == given
    assert len(shelf.writes) > 1


def test_what_was_not_durable_is_written_first_after_a_resume(shelf: Shelf) -> None:
    shelf.open.clear()
    outbox = Outbox(shelf, FAST)
    outbox.write_batch([risk(0), risk(1)])
    state = pickle.loads(pickle.dumps(outbox.snapshot()))

    resumed = Outbox(other := Shelf(), FAST, state)
    resumed.write_batch([risk(2)])
    resumed.close()
    assert [rows.through_ns for rows in other.rows] == [risk(place).through_ns for place in range(3)]
    shelf.open.set()
    outbox.close()


def test_rows_are_gathered_for_the_interval_or_until_enough_wait(shelf: Shelf) -> None:
    outbox = Outbox(shelf, msgspec.structs.replace(SLOW, flush_rows=10))
    outbox.write_batch([risk(0)])
    wait_until(lambda: len(shelf.writes) == 1)
    outbox.write_batch([risk(1, count=4)])
    outbox.write_batch([risk(5, count=5)])
    time.sleep(0.05)
    assert len(shelf.writes) == 1
    outbox.write_batch([risk(10)])
    wait_until(lambda: len(shelf.writes) == 2)
    assert sum(map(len, shelf.writes[1])) == 10
    outbox.close()


def test_a_full_outbox_pushes_back_and_drops_nothing(shelf: Shelf) -> None:
    shelf.open.clear()
    outbox = Outbox(shelf, msgspec.structs.replace(SLOW, max_rows=10))
    outbox.write_batch([risk(0, count=10)])
    pushing = threading.Thread(target=outbox.write_batch, args=([risk(10, count=10)],), daemon=True)
    pushing.start()
    pushing.join(timeout=0.1)
    assert pushing.is_alive()
    assert sum(map(len, outbox.snapshot())) == 10
    shelf.open.set()
    pushing.join(timeout=20)
    assert not pushing.is_alive()
    outbox.close()
    assert sum(map(len, shelf.rows)) == 20


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ResourceError("data: cannot be written: check the disk"), "^data: cannot be written: check the disk$"),
        (ValueError("first line\nsecond line"), "^writing results failed, ValueError: first line; .*resume$"),
    ],
)
def test_an_error_of_the_thread_reaches_the_flow_in_one_line(shelf: Shelf, error: Exception, said: str) -> None:
    shelf.errors = [error]
    outbox = Outbox(shelf, FAST)
    outbox.write_batch([risk(0)])
    wait_until(lambda: not outbox._thread.is_alive())
    with pytest.raises(ResourceError, match=said):
        outbox.snapshot()
    with pytest.raises(ResourceError, match=said):
        outbox.write_batch([risk(1)])
    outbox.close()
    assert shelf.closed


def test_an_error_that_nobody_saw_is_told_at_the_end(shelf: Shelf) -> None:
    shelf.errors = [ResourceError("the disk is full")]
    outbox = Outbox(shelf, SLOW)
    outbox.write_batch([risk(0)])
    with pytest.raises(ResourceError, match="the disk is full"):
        outbox.close()
    assert shelf.closed


def test_a_held_target_delays_rows_and_loses_none(shelf: Shelf) -> None:
    shelf.errors = [Held("held")]
    outbox = Outbox(shelf, FAST)
    for place in range(5):
        outbox.write_batch([risk(place)])
        time.sleep(0.03)
    assert len(outbox.snapshot()) == 5
    shelf.errors = []
    wait_until(lambda: outbox.snapshot() == [])
    outbox.close()
    assert len(shelf.rows) == 5


def test_a_target_that_stays_held_is_an_error_once_patience_ends(shelf: Shelf) -> None:
    shelf.errors = [Held("data.duckdb: held by another process")]
    outbox = Outbox(shelf, msgspec.structs.replace(FAST, max_rows=1))
    outbox.write_batch([risk(0)])
    with pytest.raises(ResourceError, match="held by another process"):
        outbox.write_batch([risk(1)])
    assert len(outbox.snapshot()) == 1, "resumable, because the outbox itself is whole"
    with pytest.raises(ResourceError, match="held by another process"):
        outbox.close()


def test_it_says_what_is_written_and_what_waits_without_waiting_for_a_write(shelf: Shelf) -> None:
    shelf.open.clear()
    outbox = Outbox(shelf, FAST)
    assert outbox.standing() == Standing(0, 0)
    outbox.write_batch([risk(0, count=3)])
    time.sleep(0.03)
    began = time.monotonic()
    during = outbox.standing()
    assert time.monotonic() - began < 10
    assert (during.written, during.waiting, during.flushed_s) == (0, 3, math.inf)
    assert 0.03 <= during.waited_s < 10
    shelf.open.set()
    wait_until(lambda: outbox.standing().written == 3)
    after = outbox.standing()
    assert (after.waiting, after.waited_s, after.held, after.failed) == (0, 0.0, "", "")
    assert 0 <= after.flushed_s < 10
    outbox.close()


def test_rows_of_a_resumed_outbox_count_once_they_are_written(shelf: Shelf) -> None:
    shelf.open.clear()
    outbox = Outbox(shelf, FAST, [risk(0, count=2)])
    assert outbox.standing().waiting == 2
    shelf.open.set()
    outbox.close()
    assert (outbox.standing().written, outbox.standing().waiting) == (2, 0)


def test_it_says_who_holds_the_target_and_when_it_is_tried_again(shelf: Shelf) -> None:
    shelf.errors = [Held("held by another process")]
    outbox = Outbox(shelf, msgspec.structs.replace(FAST, patience=Duration.parse("1m"), retry_interval=Duration.parse("1m")))
    outbox.write_batch([risk(0)])
    wait_until(lambda: outbox.standing().held != "")
    assert outbox.standing().held == "held by another process"
    assert outbox.standing().next_try_s <= 60
    shelf.errors = []
    outbox.close()
    assert (outbox.standing().held, outbox.standing().next_try_s, outbox.standing().written) == ("", 0.0, 1)


def test_it_says_why_it_cannot_go_on(shelf: Shelf) -> None:
    shelf.errors = [ValueError()]
    outbox = Outbox(shelf, FAST)
    outbox.write_batch([risk(0)])
    wait_until(lambda: outbox.standing().failed != "")
    assert outbox.standing().failed == "ValueError"
    with pytest.raises(ResourceError):
        outbox.close()


def test_a_sink_knows_how_its_partition_is_once_there_is_one(shelf: Shelf) -> None:
    sink = OutboxSink(lambda: shelf, FAST)
    assert sink.standing() is None
    outbox = sink.build_part("stored", PARTITION, None)
    outbox.write_batch([risk(0)])
    outbox.close()
    assert (found := sink.standing()) is not None
    assert found.written == 1


def test_a_flow_ends_with_everything_written(shelf: Shelf) -> None:
    flow = Dataflow("rows")
    rows = op_input("rows", flow, TestingSource([(PARTITION, risk(place)) for place in range(20)], batch_size=3))
    op_output("stored", rows, OutboxSink(lambda: shelf, SLOW))
    run_main(flow)  # type: ignore[no-untyped-call]
    assert [rows.through_ns for rows in shelf.rows] == [risk(place).through_ns for place in range(20)]
    assert shelf.closed


@pytest.mark.parametrize("delay_seconds", [0.0, 0.3])
def test_a_flow_whose_writer_fails_fails_and_says_why(delay_seconds: float) -> None:
    class Broken(Shelf):
        def write(self, rows: list[Rows]) -> None:  # noqa: ARG002
            time.sleep(delay_seconds)
            raise ResourceError("the disk is full")

    flow = Dataflow("rows")
    rows = op_input("rows", flow, TestingSource([(PARTITION, risk(0))]))
    op_output("stored", rows, OutboxSink(Broken, SLOW))
    with pytest.raises(RuntimeError) as failure:
        run_main(flow)  # type: ignore[no-untyped-call]
    assert str(failure.value.__cause__) == "the disk is full"
