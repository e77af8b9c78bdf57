"""How a command runs a flow in its own process, and turns what went wrong into one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from scoring.duration import Duration
from scoring.errors import GhosttapeError


class RecoverySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a flow comes back after a crash."""

    epoch: Duration = Duration.parse("10s")
    """How often the state of the flow is snapshotted; a restart reads the tape again from the last snapshot."""


@contextmanager
def refusing_in_one_line() -> Iterator[None]:
    """End the program with one line and exit code 1 when it is refused; other errors keep their traceback."""
    try:
        yield
    except GhosttapeError as error:
        sys.exit(f"ghosttape: {error}")
    except Exception as error:
        refusal = _root_refusal(error)
        if refusal is None:
            raise
        sys.exit(f"ghosttape: {refusal}")


def run(flow: Dataflow, settings: RecoverySettings, workers: int = 1, recovery: Path | None = None) -> None:
    """Run a flow until its tape ends or a signal stops it.

    `recovery` is a folder: made where it is missing, resumed from where it is not.
    """
    config = None
    if recovery is not None:
        if not recovery.exists():
            recovery.mkdir(parents=True)
            init_db_dir(recovery, 1)  # type: ignore[no-untyped-call]
        config = RecoveryConfig(recovery, backup_interval=timedelta(0))  # type: ignore[no-untyped-call]
    cli_main(  # type: ignore[no-untyped-call]
        flow, workers_per_process=workers, epoch_interval=timedelta(seconds=settings.epoch.seconds), recovery_config=config
    )


def _root_refusal(error: BaseException) -> GhosttapeError | None:
    """Find a refusal that the engine has wrapped."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, GhosttapeError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
