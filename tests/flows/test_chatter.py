"""The chatter stages: the model works beside the flow, on as many posts as wait, and nobody can tell from the answers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import chatter
from flows.chatter import MOST_AT_ONCE, MoodStage
from flows.decode import Talk
from flows.settings import Shaping
from scoring.crowd.finbert import Model, load
from scoring.crowd.sentiment import Score
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_SECOND, Batch, Clock, End, Kind, Post, Rows, Table, to_columns
from tests.waiting import wait_until

FIRST_NS = 1_700_000_000 * NANOSECONDS_PER_SECOND
SHAPING = Shaping()
MODEL = load(SHAPING.crowd.sentiment)
PARTITION = "telegram"


class Gated:
    """The bundled model behind a gate, that notes how many texts came at once."""

    def __init__(self) -> None:
        self.name, self.hash = MODEL.name, MODEL.hash
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.sizes: list[int] = []

    def score(self, texts: Sequence[str]) -> list[Score]:
        self.sizes.append(len(texts))
        self.entered.set()
        assert self.gate.wait(10)
        return MODEL.score(texts)


def posts(first: int, count: int) -> Batch:
    numbers = range(first, first + count)
    rows = [Post(at(number), at(number), "calls", number, "", f"bitcoin rises {number}", "bitcoin") for number in numbers]
    return Batch(Kind.POST, PARTITION, to_columns(Post, rows))


def at(number: int) -> int:
    return FIRST_NS + number * NANOSECONDS_PER_SECOND


def talk(*items: Batch | Clock | End) -> Talk:
    return Talk(PARTITION, list(items))


def stage(model: object, snapshot: bytes | None = None, deadline: str = "0s") -> MoodStage:
    return MoodStage(SHAPING, cast("Model | None", model), Duration.parse(deadline), snapshot)


def said(rows: Sequence[Rows]) -> list[tuple[int, float]]:
    """Give number and score of every post, in the order they were handed on."""
    moods = [row for row in rows if row.table is Table.SOCIAL_SIGNALS and len(row)]
    return [pair for row in moods for pair in zip(row.columns["message_id"].tolist(), row.columns["score"].tolist(), strict=True)]


def run(model: object, talks: Sequence[Talk]) -> list[tuple[int, float]]:
    one = stage(model)
    return said([row for given in talks for row in one.on_batch([given])[0]])


def test_posts_that_come_while_the_model_works_are_scored_together() -> None:
    model = Gated()
    one = stage(model)
    for number in range(chatter.ON_THE_WAY + MOST_AT_ONCE):
        one.on_batch([talk(posts(number, 1))])
    assert model.entered.wait(10)
    model.gate.set()
    rows, _ = one.on_batch([talk(End())])
    assert [number for number, _ in said(list(rows))] == list(range(chatter.ON_THE_WAY + MOST_AT_ONCE))
    assert model.sizes == [1, 1, MOST_AT_ONCE]


def test_posts_that_come_before_the_deadline_are_scored_together_and_in_time() -> None:
    model = Gated()
    model.gate.set()
    one = stage(model, deadline="1s")
    for number in range(3):
        assert said(list(one.on_batch([talk(posts(number, 1))])[0])) == []
    assert model.sizes == []
    rows: list[Rows] = []

    def are_there() -> bool:
        rows.extend(one.on_notify()[0])
        return len(said(rows)) > 0

    wait_until(are_there)
    assert [number for number, _ in said(rows)] == [0, 1, 2]
    assert model.sizes == [3]


def test_a_mark_or_as_many_posts_as_go_together_do_not_wait_for_the_deadline() -> None:
    model = Gated()
    model.gate.set()
    one = stage(model, deadline="1h")
    rows = list(one.on_batch([talk(*(posts(number, 1) for number in range(MOST_AT_ONCE)))])[0])
    rows += one.on_batch([talk(posts(MOST_AT_ONCE, 1), Clock(at(MOST_AT_ONCE)))])[0]

    def are_there() -> bool:
        rows.extend(one.on_notify()[0])
        return len(said(rows)) > MOST_AT_ONCE

    wait_until(are_there)
    assert model.sizes == [MOST_AT_ONCE, 1]


def test_no_more_than_so_many_are_scored_at_once_unless_they_came_so() -> None:
    model = Gated()
    model.gate.set()
    many = 3 * MOST_AT_ONCE
    run(model, [talk(posts(0, many), *(posts(many + number, 1) for number in range(2 * MOST_AT_ONCE)), End())])
    assert model.sizes == [many, MOST_AT_ONCE, MOST_AT_ONCE]


def test_a_mark_of_the_clock_is_handed_on_before_the_posts_behind_it() -> None:
    one = stage(MODEL)
    rows, _ = one.on_batch([talk(posts(0, 1), Clock(at(1)), posts(1, 1), End())])
    empty_and_full = [len(row) for row in rows if row.symbol == "bitcoin"]
    assert empty_and_full == [1, 0, 1, 0]


def test_the_flow_waits_for_the_model_only_where_too_much_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatter, "MOST_PENDING", 10)
    model = Gated()
    one = stage(model)
    assert said(list(one.on_batch([talk(*(posts(number, 1) for number in range(5)))])[0])) == []
    threading.Timer(0.1, model.gate.set).start()
    rows, _ = one.on_batch([talk(*(posts(5 + number, 1) for number in range(15)))])
    assert said(list(rows))[0][0] == 0


def test_what_waits_is_in_the_snapshot_and_scored_after_it() -> None:
    model = Gated()
    one = stage(model)
    items: list[Batch | Clock | End] = [posts(0, 1), posts(1, 3), Clock(at(2)), posts(4, 2)]
    one.on_batch([talk(*items)])
    snapshot = one.snapshot()
    one.on_eof()
    model.gate.set()
    rows, _ = stage(MODEL, snapshot).on_batch([talk(End())])
    assert said(list(rows)) == run(MODEL, [talk(*items, End())])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 2 * MOST_AT_ONCE), max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_no_answer_hangs_on_how_posts_are_cut(sizes: list[int], split: list[bool]) -> None:
    batches, first = [], 0
    for size in sizes:
        batches.append(posts(first, size))
        first += size
    whole = run(MODEL, [talk(*([posts(0, first)] if first else []), End())])
    talks: list[list[Batch]] = [[]]
    for batch, alone in zip(batches, split, strict=False):
        talks[-1].append(batch)
        if alone:
            talks.append([])
    assert run(MODEL, [*(talk(*each) for each in talks), talk(End())]) == whole
