"""Packed records: equal to reading every field, whatever the sizes of the numbers."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wire import packed
from connectors.wire.binance_streams import Level


class Row(msgspec.Struct):
    """One of each."""

    count: int = msgspec.field(name="n")
    price: float
    sold: bool
    other: int


rows = st.builds(Row, st.integers(0, 2**53), st.floats(allow_nan=False), st.booleans(), st.sampled_from([5, 127, 128, 300, 70_000, 2**40]))


def check(events: list[Row]) -> None:
    columns = packed.to_columns(events)
    assert {name: column.dtype for name, column in columns.items()} == {
        "count": np.int64,
        "price": np.float64,
        "sold": np.bool_,
        "other": np.int64,
    }
    for name, column in columns.items():
        assert column.tolist() == [getattr(event, name) for event in events]


@given(st.lists(rows, min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_columns_hold_what_the_fields_held(events: list[Row]) -> None:
    check(events)


@pytest.mark.parametrize("count", [1, packed.MANY - 1, packed.MANY, packed.MANY + 1, 65_535, 65_536])
def test_any_length_of_list_is_read(count: int) -> None:
    check([Row(2**40 + index, index / 8, index % 3 == 0, 5) for index in range(count)])


@pytest.mark.parametrize("size", [5, 200, 300, 70_000, 2**40, 2**53])
def test_any_size_of_number_is_read(size: int) -> None:
    check([Row(size, 1.5, True, size), Row(size, 2.5, False, size)] * 20)


def test_a_mix_of_sizes_with_the_same_total_width_is_read_right() -> None:
    check([Row(2**40, 1.0, True, 5), Row(5, 1.0, True, 2**40)] * 20)


def test_a_mix_of_small_numbers_and_marks_of_other_sizes_is_read_right() -> None:
    check([Row(5, 1.0, True, 2**40), Row(2**40, 1.0, True, 5)] * 20)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_536])
def test_pairs_of_floats_are_read(count: int) -> None:
    pairs = [Level(index + 0.5, index * 2.25) for index in range(count)]
    found = packed.to_pairs(pairs)
    assert found.shape == (count, 2)
    assert found.dtype == np.float64
    assert found.tolist() == [[pair.price, pair.quantity] for pair in pairs]
