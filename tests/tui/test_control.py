"""What the keys of a replay ask of its tape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scoring.feed import Control, PaceState, SourceState
from tui.control import SPEEDS, Span, faster, play_or_pause, scrub, slower, span, step, to, up_to_next

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
TAPE = Span(NOON, NOON + timedelta(minutes=20), NOON + timedelta(minutes=5))
NIGHT = Span(NOON.replace(hour=23), NOON.replace(hour=23) + timedelta(hours=4), NOON.replace(hour=23, minute=30))


def pace(speed: float | None = 1.0, *, paused: bool = False) -> PaceState:
    return PaceState(speed, paused, None, "")


def source(**fields: object) -> SourceState:
    known = {"at": NOON, "start_at": NOON, "end_at": NOON + timedelta(minutes=20), **fields}
    return SourceState(source="binance", frames=1, rejects=0, gaps=0, last_at=None, speed=1.0, state="replaying", **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("paused", [True, False])
def test_space_turns_round_what_the_tape_does(paused: bool) -> None:
    assert play_or_pause(pace(paused=paused)) == Control(paused=not paused)


def test_a_tape_on_its_way_somewhere_is_stopped_by_the_same_key() -> None:
    assert play_or_pause(PaceState(1.0, False, None, "alert")) == Control(paused=True)


def test_a_step_is_a_second_and_a_jump_names_what_it_waits_for() -> None:
    assert (step(), up_to_next("alert"), up_to_next("gap")) == (Control(step_s=1.0), Control(until_next="alert"), Control(until_next="gap"))


def test_the_speeds_are_walked_up_to_as_fast_as_possible_and_down_again() -> None:
    up: list[float | None] = []
    now = pace(0.5)
    while (control := faster(now)) is not None:
        up.append(control.speed)
        now = pace(control.speed or None)
    assert up == [1.0, 2.0, 5.0, 10.0, 50.0, 0.0]
    down: list[float | None] = []
    while (control := slower(now)) is not None:
        down.append(control.speed)
        now = pace(control.speed)
    assert down == list(reversed(SPEEDS[:-1]))


@pytest.mark.parametrize(("speed", "above", "below"), [(3.0, 5.0, 2.0), (60.0, 0.0, 50.0), (0.1, 0.5, None), (None, None, 50.0)])
def test_from_a_speed_of_ones_own_the_nearest_is_next(speed: float | None, above: float | None, below: float | None) -> None:
    assert faster(pace(speed)) == (None if above is None else Control(speed=above))
    assert slower(pace(speed)) == (None if below is None else Control(speed=below))


@pytest.mark.parametrize(
    ("typed", "tape", "until"),
    [
        ("12:10:30", TAPE, NOON + timedelta(minutes=10, seconds=30)),
        (" 12:10 ", TAPE, NOON + timedelta(minutes=10)),
        ("100%", TAPE, NOON + timedelta(minutes=20)),
        ("33.3 %", TAPE, NOON + timedelta(minutes=6, seconds=39)),
        ("+30s", TAPE, NOON + timedelta(minutes=5, seconds=30)),
        ("2m", TAPE, NOON + timedelta(minutes=7)),
        ("2026-08-01T12:06:00Z", TAPE, NOON + timedelta(minutes=6)),
        ("2026-08-01 12:06", TAPE, NOON + timedelta(minutes=6)),
        ("2026-08-01T14:06:00+02:00", TAPE, NOON + timedelta(minutes=6)),
        ("01:15", NIGHT, datetime(2026, 8, 2, 1, 15, tzinfo=UTC)),
        ("23:45", NIGHT, datetime(2026, 8, 1, 23, 45, tzinfo=UTC)),
    ],
)
def test_a_place_is_read_as_people_write_it(typed: str, tape: Span, until: datetime) -> None:
    assert scrub(typed, tape) == Control(until=until)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("12:05", "a flow never goes back"),
        ("10%", "a flow never goes back"),
        ("+0.2s", "a flow never goes back"),
        ("13:00", "the tape is past 13:00:00|the tape ends at 12:20:00"),
        ("16m", "the tape ends at 12:20:00, before 12:21:00"),
        ("2026-08-02T12:06:00Z", "the tape ends at 12:20:00"),
        ("soon", "'soon' is no place on the tape: write 12:10:00"),
        ("25:00", "is no place"),
        ("101%", "is no place"),
        ("99999999999d", "is no place"),
        ("x" * 1000, f"'{'x' * 40}' is no place"),
        ("", "is no place"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(typed: str, words: str) -> None:
    answer = scrub(typed, TAPE)
    assert isinstance(answer, str)
    assert any(word in answer for word in words.split("|"))


def test_the_span_is_from_the_first_start_to_the_last_end() -> None:
    sources = [source(at=NOON + timedelta(minutes=3)), source(start_at=NOON - timedelta(minutes=1), end_at=NOON + timedelta(minutes=5))]
    known = Span(NOON - timedelta(minutes=1), NOON + timedelta(minutes=20), NOON + timedelta(minutes=3))
    assert span(sources) == known
    assert known.share(known.start - timedelta(hours=1)) == 0
    assert known.share(known.end) == 1
    assert to(known.instant(0.5), known) == Control(until=NOON + timedelta(minutes=9, seconds=30))


@pytest.mark.parametrize("sources", [[], [source(start_at=None)], [source(end_at=None)], [source(end_at=NOON)]])
def test_where_nothing_is_replayed_there_is_no_span(sources: list[SourceState]) -> None:
    assert span(sources) is None
