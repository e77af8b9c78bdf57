"""The screen without a screen."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator

from tui import sample
from tui.plain import page, print_feed
from tui.state import Event, Lost, State, reduce

LOST = Lost("the connection broke\x1b[2J", sample.AT, 1.0)
ENDED = Lost("the tape has ended", sample.AT, 0.5, ended=True)


def printed(*events: Event, every_s: float = 0.0) -> tuple[int, str, str]:
    async def heard() -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    out, err = io.StringIO(), io.StringIO()
    return asyncio.run(print_feed(heard, out, err, every_s)), out.getvalue(), err.getvalue()


def test_it_prints_the_table_and_stops_at_the_end_of_the_tape() -> None:
    status, out, err = printed(*sample.events(), ENDED, *sample.events())
    assert (status, err) == (0, "")
    assert out.count("Symbol ") == 2
    assert "61,284.50" in out
    assert "tape ended" in out.splitlines()[-13]


def test_it_prints_a_table_only_so_often() -> None:
    _, out, _ = printed(*sample.events() * 5, every_s=60.0)
    assert out.count("Symbol ") == 1


def test_an_alert_is_printed_as_it_comes() -> None:
    snapshot = sample.events()[2]
    alert = snapshot.alerts[-1]  # type: ignore[union-attr]
    _, out, _ = printed(alert)
    assert out.split()[:4] == ["12:16:28", "■", "critical", "IMMINENT_HYPE_PUMP"]


def test_a_lost_feed_is_told_on_the_other_stream() -> None:
    _, out, err = printed(LOST)
    assert (out, err) == ("", "no feed: the connection broke [2J; next try in 1 s\n")


def test_a_page_is_plain_lines() -> None:
    state = State()
    for event in sample.events():
        state = reduce(state, event)
    lines = page(state).splitlines()
    assert len(lines) == 2 + 5 + 1 + 4
    assert lines[-2].split()[0] == "dogecoin"
    assert all(line == line.rstrip() and line.isprintable() for line in lines)
