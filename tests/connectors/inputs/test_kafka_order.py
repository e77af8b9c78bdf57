"""Partitions that come at any speed become one order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.inputs.kafka_order import Order
from connectors.wire.kafka_marks import Place

WAIT_NS = 50
A, B = ("t", 0), ("t", 1)


def order_of(*places: Place) -> Order[int]:
    order: Order[int] = Order(WAIT_NS)
    for place in places:
        order.add(place)
    return order


@settings(max_examples=100)
@given(
    some.lists(some.lists(some.integers(1, 500), max_size=20).map(sorted), min_size=1, max_size=4),
    some.randoms(use_true_random=False),
)
def test_however_fast_each_was_fetched_the_order_is_the_same(logs: list[list[int]], chance: object) -> None:
    expected = sorted((stamp_ns, ("t", number), index) for number, log in enumerate(logs) for index, stamp_ns in enumerate(log))
    order = order_of(*(("t", number) for number in range(len(logs))))
    fetched = [0] * len(logs)
    found: list[tuple[int, Place, int]] = []
    while any(at < len(log) for at, log in zip(fetched, logs, strict=True)):
        number = chance.randrange(len(logs))  # type: ignore[attr-defined]
        for _ in range(chance.randrange(4)):  # type: ignore[attr-defined]
            if fetched[number] < len(logs[number]):
                order.push(("t", number), logs[number][fetched[number]], fetched[number])
                fetched[number] += 1
        taken = order.take(0, chance.randrange(6))  # type: ignore[attr-defined]
        reached_ns = order.reached(0)
        found += taken
        assert all(stamp_ns >= reached_ns for stamp_ns, _, _ in expected[len(found) :])
    for number in range(len(logs)):
        order.end(("t", number))
    found += order.take(10_000, 1_000)
    assert found == expected
    assert order.is_exhausted()


def test_a_partition_that_has_said_nothing_holds_the_others_back() -> None:
    order = order_of(A, B)
    order.push(A, 10, 1)
    assert order.take(1_000, 9) == []
    assert order.doubtful() == [B]
    assert order.reached(1_000) == 0
    order.end(B)
    assert order.take(10 + WAIT_NS - 1, 9) == [], "what was on its way may still come"
    assert order.take(10 + WAIT_NS, 9) == [(10, A, 1)]
    assert not order.is_exhausted(), "A has not said that this was all"


def test_at_the_ends_time_runs_on_and_never_back() -> None:
    order = order_of(A, B)
    assert not order.is_exhausted() or not order.doubtful()
    order.end(A)
    order.end(B)
    assert order.reached(500) == 450
    order.push(A, 100, 1)
    assert order.reached(600) == 450
    assert order.take(600, 9) == [(100, A, 1)]
    order.doubt()
    assert order.reached(9_000) == 450, "nothing is fetched: nobody knows"
    order.end(A)
    order.end(B)
    assert order.reached(9_000) == 8_950


def test_a_stamp_before_the_last_of_its_partition_is_as_old_as_that() -> None:
    order = order_of(A)
    for number, stamp_ns in enumerate((10, 4, 12)):
        order.push(A, stamp_ns, number)
    assert order.waiting(A) == 3
    assert order.take(0, 9) == [(10, A, 0), (10, A, 1), (12, A, 2)]
    assert order.waiting(A) == 0


def test_a_partition_that_is_handed_over_is_forgotten() -> None:
    order = order_of(A, B)
    order.push(A, 10, 1)
    order.drop(B)
    order.drop(B)
    order.end(B)
    assert order.waiting(B) == 0
    assert order.take(0, 9) == [(10, A, 1)]
    order.drop(A)
    assert not order.is_exhausted()
    assert order.reached(99) == 0
