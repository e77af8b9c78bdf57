"""What keeps a rule from judging, and since when."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from scoring.alerts.obstacles import Obstacle, Obstacles
from scoring.alerts.timeline import NEVER_NS, Intake, Reading, Timeline
from scoring.records import Table
from tests.scoring.alerts.metric_rows import nanoseconds, risk


def readings(open_gaps: Sequence[int], cuts: Sequence[int]) -> list[Reading]:
    """Give readings of one row a second, cut where asked."""
    intake = Intake(Table.RISK_METRICS, [])
    timeline = Timeline([intake])
    found = []
    for start, stop in itertools.pairwise((0, *cuts, len(open_gaps))):
        gaps = open_gaps[start:stop]
        words = [f"open_gap({count})" if count else "complete" for count in gaps]
        piece = intake.accept(risk(range(start, stop), [1.0] * len(gaps), open_gaps=gaps, completeness=words))
        assert piece is not None
        timeline.add(Table.RISK_METRICS, piece)
        found.append(timeline.read())
    return found


@pytest.mark.parametrize(
    ("open_gaps", "expected"),
    [
        ([0, 0, 0, 0], None),
        ([0, 1, 1, 2], (1, "open_gap(1)")),
        ([3, 1, 1, 2], (0, "open_gap(3)")),
        ([1, 0, 1, 2], (2, "open_gap(1)")),
        ([1, 1, 1, 0], None),
        ([0, 1, 0, 4], (3, "open_gap(4)")),
    ],
)
@pytest.mark.parametrize("cuts", [(), (1,), (2,), (3,), (1, 2), (1, 2, 3)])
def test_a_gap_is_met_at_its_first_instant_however_the_rows_are_cut(
    open_gaps: list[int], expected: tuple[int, str] | None, cuts: tuple[int, ...]
) -> None:
    obstacles = Obstacles([Table.RISK_METRICS])
    assert obstacles.newest_ns == NEVER_NS
    for reading in readings(open_gaps, cuts):
        obstacles.meet_gaps(reading)
    assert obstacles.gap == (Obstacle(nanoseconds(expected[0]), expected[1]) if expected else None)
    assert obstacles.foremost == obstacles.gap
    assert obstacles.newest_ns == nanoseconds(3)


def test_silence_is_told_before_a_gap() -> None:
    obstacles = Obstacles([Table.RISK_METRICS])
    obstacles.meet_gaps(readings([1], ())[0])
    obstacles.fall_silent(nanoseconds(9))
    assert obstacles.foremost == Obstacle(nanoseconds(9), "no_data")
    obstacles.silence = None
    assert obstacles.foremost == obstacles.gap
