"""Which file of the archive holds a row."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.outputs.spans import WIDTHS, Span, day_of, days_in, outermost, span_of, spans_in, whole_day
from scoring.duration import Duration

DAY = dt.date(2026, 11, 20)


def test_each_width_divides_the_next_and_the_last_is_a_day() -> None:
    assert all(wider % narrower == 0 for narrower, wider in itertools.pairwise(WIDTHS))
    assert Duration.parse("1d") == WIDTHS[-1]


def test_a_file_is_named_by_the_minutes_it_covers() -> None:
    assert Span(DAY, 0, 15).file == "date=2026-11-20/0000-0015.parquet"
    assert whole_day(DAY).file == "date=2026-11-20/0000-2400.parquet"


@given(instant_ns=st.integers(0, (1 << 62) - 1), width=st.sampled_from(WIDTHS))
def test_every_instant_lies_in_its_span(instant_ns: int, width: Duration) -> None:
    span = span_of(instant_ns // width, width)
    assert span.day == day_of(instant_ns)
    minute = instant_ns // 60_000_000_000 % 1440
    assert span.from_minute <= minute < span.to_minute
    assert (span.to_minute - span.from_minute) * 60_000_000_000 == width


@given(places=st.lists(st.tuples(st.integers(0, 95), st.sampled_from(WIDTHS)), min_size=2, max_size=8))
def test_two_files_of_a_day_are_apart_or_one_lies_inside_the_other(places: list[tuple[int, Duration]]) -> None:
    spans = [span_of(place * WIDTHS[2] // width, width) for place, width in places]
    for one in spans:
        for other in spans:
            apart = one.to_minute <= other.from_minute or other.to_minute <= one.from_minute
            assert apart or one == other or one.covers(other) or other.covers(one)
    assert not any(one.covers(other) for one in outermost(spans) for other in spans if other in outermost(spans))


def test_what_is_not_ours_in_a_folder_is_left_alone(tmp_path: Path) -> None:
    for name in ("1400-1415.parquet", "0000-2400.parquet", "notes.txt", "mine.parquet", ".1400-1415.parquet.7.partial"):
        (tmp_path / f"date={DAY}").mkdir(exist_ok=True)
        (tmp_path / f"date={DAY}" / name).touch()
    (tmp_path / "date=soon").mkdir()
    assert days_in(tmp_path) == [DAY]
    assert spans_in(tmp_path, DAY) == [Span(DAY, 0, 1440), Span(DAY, 840, 855)]
    assert outermost(spans_in(tmp_path, DAY)) == [whole_day(DAY)]
    assert days_in(tmp_path / "none") == []


@pytest.mark.parametrize(("text", "day"), [("2026-11-20T23:59:59.999999999", DAY), ("2026-11-21T00:00:00", DAY + dt.timedelta(1))])
def test_days_change_at_midnight_utc(text: str, day: dt.date) -> None:
    whole, _, fraction = text.partition(".")
    instant = int(dt.datetime.fromisoformat(whole + "+00:00").timestamp()) * 1_000_000_000 + int(fraction or 0)
    assert day_of(instant) == day
