"""The screen without a screen."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator

import msgspec
import pytest

from scoring.feed import Snapshot
from tui import sample
from tui.plain import FORMS, Form, page, print_feed
from tui.state import Event, Lost, State, reduce

LOST = Lost("the connection broke\x1b[2J", sample.AT, 1.0)
ENDED = Lost("the tape has ended", sample.AT, 0.5, ended=True)


def printed(*events: Event, every_s: float = 0.0, form: Form = "table", watch: bool = True) -> tuple[int, str, str]:
    async def heard() -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    out, err = io.StringIO(), io.StringIO()
    return asyncio.run(print_feed(heard, out, err, every_s, form, watch=watch)), out.getvalue(), err.getvalue()


def test_it_prints_the_table_and_stops_at_the_end_of_the_tape() -> None:
    status, out, err = printed(*sample.events(), ENDED, *sample.events())
    assert (status, err) == (0, "")
    assert out.count("Symbol ") == 2
    assert "61,284.50" in out
    assert "tape ended" in out.splitlines()[-14]


def test_it_prints_a_table_only_so_often() -> None:
    _, out, _ = printed(*sample.events() * 5, every_s=60.0)
    assert out.count("Symbol ") == 1


def test_an_alert_is_printed_as_it_comes() -> None:
    snapshot = sample.events()[2]
    alert = snapshot.alerts[-1]  # type: ignore[union-attr]
    _, out, _ = printed(alert)
    assert out.split()[:4] == ["12:16:28", "■", "critical", "IMMINENT_HYPE_PUMP"]


@pytest.mark.parametrize("state", ["pending", "inhibited", "lapsed"])
def test_a_rule_that_waits_is_not_printed(state: str) -> None:
    snapshot = sample.events()[2]
    waiting = msgspec.structs.replace(snapshot.alerts[-1], state=state)  # type: ignore[union-attr]
    assert printed(waiting)[1] == ""


def test_a_lost_feed_is_told_on_the_other_stream() -> None:
    _, out, err = printed(LOST)
    assert (out, err) == ("", "no feed: the connection broke [2J; next try in 1 s\n")


def test_a_page_is_plain_lines() -> None:
    state = State()
    for event in sample.events():
        state = reduce(state, event)
    lines = page(state).splitlines()
    assert len(lines) == 3 + 5 + 1 + 4
    assert lines[-2].split()[0] == "dogecoin"
    assert all(line == line.rstrip() and line.isprintable() for line in lines)


@pytest.mark.parametrize("form", FORMS)
def test_a_table_printed_once_waits_for_the_past_its_lines_are_drawn_from(form: Form) -> None:
    connecting, hello, snapshot, *_ = sample.events()
    assert isinstance(snapshot, Snapshot)
    newest = msgspec.structs.replace(snapshot, points=[])
    assert printed(connecting, hello, newest, form=form, watch=False)[1].count("\n") == {"table": 0, "csv": 1 + 5, "json": 5}[form]
    assert (
        printed(connecting, hello, newest, *snapshot.points, form=form, watch=False)[1]
        == printed(*sample.events(), form=form, watch=False)[1]
    )


def test_without_watching_it_prints_once_and_leaves() -> None:
    status, out, _ = printed(*sample.events() * 3, watch=False)
    assert (status, out.count("Symbol ")) == (0, 1)


def test_without_watching_no_feed_is_an_error() -> None:
    assert printed(LOST, watch=False) == (1, "", "no feed: the connection broke [2J\n")


def test_json_is_a_line_a_symbol_with_an_age_beside_each_number() -> None:
    _, out, _ = printed(*sample.events(), form="json", watch=False)
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["symbol"] for record in records] == ["BTCUSDT", "ETHUSDT", "DOGEUSDT", "SOLUSDT", "PEPEUSDT"]
    assert (records[0]["last"], records[0]["last_age_s"], records[3]["completeness"]) == (61284.5, 0.3, "open_gap(1)")
    for record in records:
        numbers = {name for name, value in record.items() if isinstance(value, float | int) and not name.endswith("_age_s")}
        assert all(record[f"{name}_age_s"] is not None for name in numbers)


def test_csv_has_one_heading_and_as_many_cells_in_each_line() -> None:
    _, out, _ = printed(*sample.events(), *sample.events(), form="csv")
    heading, *rows = csv.reader(io.StringIO(out))
    assert heading[:4] == ["at", "link", "symbol", "last"]
    assert len(rows) % 5 == 0
    assert len(rows) > 5
    assert {len(row) for row in rows} == {len(heading)}


def test_the_same_numbers_are_on_the_screen_in_json_and_in_csv() -> None:
    table, lines, rows = (printed(*sample.events(), form=form, watch=False)[1] for form in FORMS)
    assert "61,284.50" in table
    assert "61284.5" in lines
    assert "61284.5" in rows
