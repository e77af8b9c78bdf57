"""Steps with trades: the same by rows and by columns."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.market.buckets import Bucket, Buckets, Traded

rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 9), st.floats(1.0, 100.0), st.floats(0.1, 9.0), st.booleans()), min_size=1, max_size=40
)


def by_rows(buckets: Buckets, made: list[tuple[int, int, float, float, bool]]) -> None:
    for at, (step, trade_id, price, quantity, repaired) in enumerate(made):
        buckets.add(step, trade_id, at, price, quantity, repaired)


def listed(traded: Traded) -> list[object]:
    return [column.tolist() for column in traded]


def test_a_step_holds_the_price_of_its_highest_id_and_the_sums() -> None:
    buckets = Buckets()
    by_rows(buckets, [(7, 2, 100.0, 1.0, False), (7, 3, 101.0, 2.0, True), (7, 1, 99.0, 1.0, True), (8, 4, 50.0, 1.0, False)])
    assert buckets.get(7) == Bucket(trade_id=3, price=101.0, event_ns=1, quote=401.0, base=4.0, repaired=2)
    assert buckets.pop(7) == Bucket(3, 101.0, 1, 401.0, 4.0, 2)
    assert buckets.pop(7) is buckets.get(7) is None
    assert listed(buckets.take(8)) == [[8], [50.0], [3], [[50.0], [1.0], [0.0]]]
    assert listed(buckets.take(8)) == [[], [], [], [[], [], []]]


def test_of_equal_ids_the_newer_row_gives_the_price() -> None:
    buckets = Buckets()
    by_rows(buckets, [(7, 2, 100.0, 1.0, False), (7, 2, 101.0, 2.0, False)])
    assert listed(buckets.take(7))[1:3] == [[101.0], [1]]


@given(rows, rows, st.integers(-1, 7), st.booleans())
def test_columns_do_what_rows_do_to_the_last_bit(
    known: list[tuple[int, int, float, float, bool]], made: list[tuple[int, int, float, float, bool]], through: int, ordered: bool
) -> None:
    if ordered:
        known, made = sorted(known[:3]), sorted(made)
    one, many = Buckets(), Buckets()
    by_rows(one, known)
    by_rows(many, known)
    by_rows(one, made)
    step, trade_id, price, quantity, repaired = (np.array(column) for column in zip(*made, strict=True))
    found = pickle.loads(pickle.dumps(many)).take_with(step, trade_id, np.arange(len(made)), price, quantity, repaired, through)
    rest = many.take_with(step, trade_id, np.arange(len(made)), price, quantity, repaired, -1)
    assert listed(found) == listed(one.take(through))
    assert listed(rest) == [[], [], [], [[], [], []]]
    one = Buckets()
    by_rows(one, known)
    by_rows(one, made)
    assert listed(many.take(9)) == listed(one.take(9))


def test_a_wild_step_costs_no_more_than_any_other() -> None:
    buckets = Buckets()
    ones = np.array([1.0, 1.0])
    found = buckets.take_with(np.array([1, 1 << 60]), np.array([1, 2]), np.array([5, 6]), ones, ones, ones > 1, 1 << 61)
    assert found.step.tolist() == [1, 1 << 60]
