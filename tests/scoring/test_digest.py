"""A digest says whether two runs said the same."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from scoring.digest import TableDigest, canonical_order, digest, encode_text
from scoring.records import TABLES, Column, Table, columns_of, stored_name


def make_columns(table: Table, count: int) -> dict[str, Column]:
    """Make rows in canonical order."""
    columns: dict[str, Column] = {}
    for number, (name, kind) in enumerate(columns_of(TABLES[table].row).items()):
        place = np.arange(count, dtype=np.int64)
        if kind is int:
            columns[name] = (place + 1) * 1_000_000 if name.endswith("_ns") else place * (number + 1)
        elif kind is float:
            columns[name] = np.where(place % 5 == 0, np.nan, place / 3 - number)
        elif kind is bool:
            columns[name] = place % 2 == 0
        else:
            texts = [f"{name} {row:04} ü" for row in range(count)]
            columns[name] = np.array([text.encode() if kind is bytes else text for text in texts], dtype=object)
    return columns


def cut(columns: dict[str, Column], start: int, stop: int) -> dict[str, Column]:
    return {name: column[start:stop] for name, column in columns.items()}


@pytest.mark.parametrize("table", list(Table))
@given(cuts=st.lists(st.integers(0, 30), max_size=6))
@settings(max_examples=10, deadline=None)
def test_how_rows_are_cut_into_chunks_does_not_matter(table: Table, cuts: list[int]) -> None:
    columns = make_columns(table, 30)
    whole, pieces = TableDigest(table), TableDigest(table)
    whole.update(columns)
    bounds = sorted([0, 30, *cuts])
    for start, stop in itertools.pairwise(bounds):
        pieces.update(cut(columns, start, stop))
    assert pieces.result() == whole.result()
    assert whole.result().rows == 30


@pytest.mark.parametrize("table", list(Table))
def test_every_column_of_every_row_counts(table: Table) -> None:
    before = digest(table, make_columns(table, 3))
    for name, kind in columns_of(TABLES[table].row).items():
        columns = make_columns(table, 3)
        changed = {int: 7_000_000, float: 0.5, bool: False, str: "other", bytes: b"other"}[kind]
        assert columns[name][2] != changed
        columns[name][2] = changed
        assert digest(table, columns) != before, name


@pytest.mark.parametrize("table", list(Table))
def test_names_and_instants_of_storage_give_the_digest_of_the_record(table: Table) -> None:
    columns = make_columns(table, 9)
    stored = {stored_name(name): column // 1_000 if name.endswith("_ns") else column for name, column in columns.items()}
    of_records, of_storage = TableDigest(table), TableDigest(table)
    of_records.update(columns)
    of_storage.update(stored)
    assert of_records.result() == of_storage.result()


def test_what_storage_cannot_hold_does_not_count() -> None:
    columns, stored = make_columns(Table.POSTS, 4), make_columns(Table.POSTS, 4)
    columns["received_ns"] = columns["received_ns"] + 999
    columns["text"][1], stored["text"][1] = "bad \ud800", "bad ?"
    assert digest(Table.POSTS, columns) == digest(Table.POSTS, stored)


def test_text_is_stored_as_utf_8_with_a_question_mark_for_what_it_cannot_carry() -> None:
    assert [encode_text(text) for text in ("é", "\ud800", "a\0b")] == [b"\xc3\xa9", b"?", b"a\0b"]


def test_every_nan_is_the_same_but_zeros_keep_their_sign() -> None:
    plain, odd, signed = (make_columns(Table.PORTFOLIO, 2) for _ in range(3))
    plain["price"][:] = (np.nan, 0.0)
    odd["price"][:] = (np.array([0xFFF8_0000_0000_0001], np.uint64).view(np.float64)[0], 0.0)
    signed["price"][:] = (np.nan, -0.0)
    assert digest(Table.PORTFOLIO, odd) == digest(Table.PORTFOLIO, plain)
    assert digest(Table.PORTFOLIO, signed) != digest(Table.PORTFOLIO, plain)


def test_moving_a_character_from_one_text_to_the_next_is_seen() -> None:
    one, other = make_columns(Table.POSTS, 2), make_columns(Table.POSTS, 2)
    one["text"][:] = ("ab", "c")
    other["text"][:] = ("a", "bc")
    assert digest(Table.POSTS, one) != digest(Table.POSTS, other)


@given(order=st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_rows_in_any_order_digest_alike_and_the_last_of_a_key_counts(order: list[int]) -> None:
    columns = make_columns(Table.CANDLES, 12)
    shuffled = {name: column[order] for name, column in columns.items()}
    revised = {name: np.concatenate([column, column[:1]]) for name, column in shuffled.items()}
    revised["close"][0] = -1.0
    result = TableDigest(Table.CANDLES)
    result.update(columns)
    assert digest(Table.CANDLES, shuffled) == digest(Table.CANDLES, revised) == result.result()


@pytest.mark.parametrize("table", list(Table))
def test_the_canonical_order_begins_with_the_instant_and_holds_the_key_once(table: Table) -> None:
    order = canonical_order(table)
    assert order[0] == TABLES[table].instant
    assert set(TABLES[table].key) <= set(order)
    assert len(order) == len(set(order))


def test_the_encoding_stays_what_it_is() -> None:
    # Manifests of recordings hold digests: another value here breaks every one of them.
    assert digest(Table.CANDLES, make_columns(Table.CANDLES, 5)).hex == "ba1a565dcc3a435397d4d5827d8f235e"
