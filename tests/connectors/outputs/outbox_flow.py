"""A flow of made-up rows into archive and warehouse, run as a process of its own so that it can be killed.

`python -m tests.connectors.outputs.outbox_flow FOLDER` starts it, or resumes it from where the recovery store in FOLDER says.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import input as op_input
from bytewax.operators import output as op_output
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from connectors.outputs.archive import ArchiveSettings, archive_sink
from connectors.outputs.outbox import PARTITION, OutboxSettings
from connectors.outputs.warehouse import WarehouseSettings, warehouse_sink
from scoring.duration import Duration
from scoring.records import Rows, Table
from tests.connectors.outputs.sample_rows import MINUTE_NS, START_NS, sample

STEPS = 400
"""Of made-up time, 20 seconds each."""


def rows_at(step: int) -> list[Rows]:
    """Make what the flow says at a step: new rows, and now and then a revision of older ones."""
    at = START_NS + step * MINUTE_NS // 3
    rows = [sample(Table.RISK_METRICS, symbol, [at, at + 500_000_000]) for symbol in ("BTCUSDT", "ETHUSDT")]
    if step % 5 == 4:
        rows.append(sample(Table.RISK_METRICS, "BTCUSDT", [at - MINUTE_NS], revision=step))
    if step % 3 == 0:
        rows.append(sample(Table.ALERTS, "rule", [START_NS + step // 60 * 20 * MINUTE_NS], revision=step))
    return rows


class Steps(StatefulSourcePartition[tuple[str, Rows], int]):
    """Steps from one number on, a few milliseconds apart."""

    def __init__(self, step: int) -> None:
        self._step = step

    def next_batch(self) -> list[tuple[str, Rows]]:
        if self._step == STEPS:
            raise StopIteration
        time.sleep(0.004)
        rows = rows_at(self._step)
        self._step += 1
        return [(PARTITION, each) for each in rows]

    def snapshot(self) -> int:
        return self._step


class StepSource(FixedPartitionedSource[tuple[str, Rows], int]):
    """The one source."""

    def list_parts(self) -> list[str]:
        return ["steps"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> Steps:  # noqa: ARG002
        return Steps(resume_state or 0)


def flow_into(folder: Path) -> Dataflow:
    """Put the rows into an archive and a warehouse."""
    outbox = OutboxSettings(flush_interval=Duration.parse("70ms"))
    flow = Dataflow("outbox")
    rows = op_input("steps", flow, StepSource())
    op_output("archive", rows, archive_sink(ArchiveSettings(data_dir=str(folder), sync=False, outbox=outbox)))
    op_output("warehouse", rows, warehouse_sink(WarehouseSettings(path=str(folder / "warehouse.duckdb"), outbox=outbox)))
    return flow


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    recovery = folder / "recovery"
    if not recovery.exists():
        recovery.mkdir(parents=True)
        init_db_dir(recovery, 1)  # type: ignore[no-untyped-call]
    print("running", flush=True)
    store = RecoveryConfig(str(recovery))  # type: ignore[no-untyped-call]
    cli_main(flow_into(folder), epoch_interval=timedelta(milliseconds=150), recovery_config=store)  # type: ignore[no-untyped-call]
