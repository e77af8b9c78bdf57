"""Records: columns are what the Structs declare."""

from __future__ import annotations

import doctest
import pickle

import numpy as np

from scoring import records
from scoring.records import KINDS, TABLES, Batch, Kind, Rows, Table, Trade, columns_of, empty_columns, stored_name, to_columns


def test_every_kind_and_every_table_is_declared() -> None:
    assert set(KINDS) == set(Kind)
    assert set(TABLES) == set(Table)
    for spec in TABLES.values():
        assert {*spec.key, spec.instant} <= columns_of(spec.row).keys()


def test_stored_names_are_unique_and_say_what_they_are() -> None:
    for spec in TABLES.values():
        names = [stored_name(name) for name in columns_of(spec.row)]
        assert len(set(names)) == len(names)
        assert not any(name.endswith("_ns") for name in names)


def test_rows_become_columns_of_the_declared_types() -> None:
    trades = [Trade(n, n + 1, n + 2, 1.5 * n, 0.5, n > 1, n, n, False) for n in range(3)]
    columns = to_columns(Trade, iter(trades))
    assert list(columns) == list(columns_of(Trade))
    assert {name: column.tolist() for name, column in columns.items()} == {
        name: [getattr(trade, name) for trade in trades] for name in columns_of(Trade)
    }
    dtypes = {name: column.dtype for name, column in columns.items()}
    assert dtypes == {name: column.dtype for name, column in to_columns(Trade, ()).items()}
    assert {name: dtypes[name] for name in ("event_ns", "price", "repaired")} == {
        "event_ns": np.int64,
        "price": np.float64,
        "repaired": np.bool_,
    }


def test_a_batch_is_cut_without_a_copy_and_picked_by_a_mask() -> None:
    trades = [Trade(n, n, n, 1.0, 1.0, False, n, n, False) for n in range(5)]
    batch = Batch(Kind.TRADE, "BTCUSDT", to_columns(Trade, trades))
    assert len(batch) == 5
    assert batch.slice(1, 3)["trade_id"].tolist() == [1, 2]
    assert np.shares_memory(batch.slice(1, 3)["price"], batch["price"])
    assert batch.where(batch["trade_id"] > 3)["trade_id"].tolist() == [4]
    assert pickle.loads(pickle.dumps(batch)).columns.keys() == batch.columns.keys()


def test_rows_count_themselves_also_when_there_is_none() -> None:
    assert len(Rows(Table.PORTFOLIO, "*", {}, 0)) == 0
    assert len(Rows(Table.PORTFOLIO, "*", empty_columns(records.Portfolio), 0)) == 0


def test_the_documentation_holds() -> None:
    assert doctest.testmod(records).failed == 0
