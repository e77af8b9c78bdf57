"""Three minutes of the bundled session, served with everything that goes wrong, to a live flow that is killed twice.

The long run on the real recording, against numbers computed in 40 digits, is `python -m tests.bench.chaos`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows import chaos
from tests.flows.chaos import Chaos, Outcome
from tests.flows.sessions import BUNDLED

SHORT = Chaos(
    seed=1,
    speed=10.0,
    drops=24,
    silences=3,
    duplicates=6,
    reorders=6,
    corruptions=6,
    slows=1,
    shutdowns=1,
    refusals=2,
    lead_s=12.0,
    lateness="20s",
    idle="20s",
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut the minutes with the pump in them out of the bundled session."""
    return chaos.serve_copy(BUNDLED, tmp_path_factory.mktemp("served") / "session", 560, 200, SHORT.lead_s * SHORT.speed)


@pytest.fixture(scope="module")
def outcome(session: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Break the run once for all tests."""
    return chaos.run(SHORT, session, tmp_path_factory.mktemp("chaos"))


def test_everything_that_was_to_go_wrong_went_wrong(outcome: Outcome) -> None:
    assert outcome.counts["drop"] >= SHORT.drops // 2
    for kind in ("silence", "duplicate", "reorder", "corrupt"):
        assert outcome.counts[kind] >= 1, kind
    assert outcome.counts["frames lost in silence"] > 0
    assert outcome.kills == SHORT.kills


def test_every_trade_came(outcome: Outcome) -> None:
    assert outcome.missing_trades == 0
    assert chaos.unrepaired(outcome) == []


def test_every_window_of_trades_is_that_of_an_unbroken_run(session: Path, outcome: Outcome, tmp_path: Path) -> None:
    unbroken = chaos.windows_of(chaos.replay(session, tmp_path / "unbroken"))
    assert len(unbroken) > 3 * 200
    assert chaos.unlike(chaos.windows_of(outcome.folder), unbroken) == []


def test_every_stretch_without_quotes_is_declared(session: Path, outcome: Outcome) -> None:
    lost, undeclared = chaos.undeclared_quotes(session, outcome, SHORT)
    assert lost > 0
    assert undeclared == 0


def test_the_tape_says_again_what_the_broken_run_said(outcome: Outcome, tmp_path: Path) -> None:
    assert chaos.differences_of_replay(outcome, tmp_path / "again") == []
