"""What was stored comes back as it was declared."""

from pathlib import Path

import numpy as np
import pytest

from connectors.outputs.archive import Archive, ArchiveSettings
from connectors.outputs.results import read_columns
from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import Rows, Table
from tests.scoring.alerts.metric_rows import SECOND, START_NS, metric_rows


def prices(symbol: str, seconds: list[float], price: list[float]) -> Rows:
    return metric_rows(Table.RISK_METRICS, seconds, {"symbol": [symbol] * len(seconds), "price": price})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive = Archive(ArchiveSettings(data_dir=str(tmp_path), file_span=Duration.parse("1m"), sync=False))
    archive.write([prices("BTCUSDT", [0, 61, 150.5], [1.5, np.nan, 2.5]), prices("ETHUSDT", [1, 62], [7.0, 8.0])])
    archive.close()
    return tmp_path


def test_columns_come_in_the_order_of_instants_across_files(folder: Path) -> None:
    columns = read_columns(folder, Table.RISK_METRICS, ("sampled_ns", "symbol"))
    assert ((columns["sampled_ns"] - START_NS) / SECOND).tolist() == [0, 1, 61, 62, 150.5]
    assert columns["sampled_ns"].dtype == np.int64
    assert columns["symbol"].tolist() == ["BTCUSDT", "ETHUSDT", "BTCUSDT", "ETHUSDT", "BTCUSDT"]


def test_a_subject_has_its_own_rows_and_what_is_not_known_is_nan(folder: Path) -> None:
    columns = read_columns(folder, Table.RISK_METRICS, ("price",), "BTCUSDT")
    np.testing.assert_array_equal(columns["price"], [1.5, np.nan, 2.5])


def test_what_was_never_stored_has_no_rows_and_the_right_types(folder: Path) -> None:
    columns = read_columns(folder, Table.ALERTS, ("fired_ns", "value", "rule"))
    assert [column.shape for column in columns.values()] == [(0,)] * 3
    assert [column.dtype.kind for column in columns.values()] == ["i", "f", "O"]
    assert len(read_columns(folder, Table.RISK_METRICS, ("price",), "DOGEUSDT")["price"]) == 0


def test_a_broken_file_is_named(folder: Path) -> None:
    file = next((folder / "archive" / "risk_metrics").rglob("*.parquet"))
    file.write_bytes(b"nothing")
    with pytest.raises(ResourceError, match=file.name):
        read_columns(folder, Table.RISK_METRICS, ("price",))
