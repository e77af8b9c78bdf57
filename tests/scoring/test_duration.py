"""Lengths of time and instants, as text and in nanoseconds."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import duration
from scoring.duration import Duration, moment, nanoseconds, read_instant, write_instant


@given(st.integers(0, 10**18))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert Duration.parse(str(Duration(nanoseconds))) == nanoseconds or nanoseconds > 2**53


@pytest.mark.parametrize("text", ["", "10", "s", "10 apples", "-1s", "1h30m"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        Duration.parse(text)


def test_an_instant_is_written_in_utc() -> None:
    assert write_instant(1_723_161_600_000_000_000) == "2024-08-09T00:00:00Z"
    assert write_instant(1_723_161_600_000_001_500) == "2024-08-09T00:00:00.000001Z"


def test_an_instant_without_a_zone_is_utc() -> None:
    assert read_instant("2026-03-14T12:10:00") == read_instant("2026-03-14T12:10:00Z") == 1_773_490_200_000_000_000
    assert read_instant("2026-03-14T12:10:00.000001Z") == 1_773_490_200_000_001_000
    assert read_instant("tomorrow") is None


@given(st.integers(0, 2**63 - 1))
def test_an_instant_is_the_same_in_nanoseconds_as_a_timestamp_and_as_text_to_the_microsecond(at_ns: int) -> None:
    whole_ns = at_ns // 1000 * 1000
    assert nanoseconds(moment(at_ns)) == read_instant(write_instant(at_ns)) == whole_ns


def test_a_zone_moves_no_instant() -> None:
    zone = timezone(timedelta(hours=-5))
    assert nanoseconds(datetime(1969, 12, 31, 19, 0, 1, tzinfo=zone)) == nanoseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_the_documentation_holds() -> None:
    assert doctest.testmod(duration).failed == 0
