"""How rows become messages."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.outputs.feed_messages import health_state, new_rows, source_state, value
from scoring.feed import Value
from scoring.records import Pulse, SourceHealth


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("vwap", np.float64(1.5), 1.5),
        ("vwap", np.float64("nan"), None),
        ("vwap", float("inf"), None),
        ("trade_count", np.int64(3), 3),
        ("spread_warning", np.bool_(True), True),
        ("sampled_ns", np.int64(0), None),
        ("sampled_ns", np.int64(1_500_000_000), "1970-01-01T00:00:01.500000Z"),
        ("payload", b"\x00\xffabc", "\x00\\xffabc"),
        ("payload", b"x" * 1000, "x" * 256),
        ("text", "x" * 1_000_000, "x" * 1_000),
        ("symbol", "BTCUSDT", "BTCUSDT"),
        ("symbol", None, "None"),
    ],
)
def test_a_cell_becomes_what_json_can_hold(name: str, cell: object, expected: Value) -> None:
    assert value(name, cell) == expected


def test_a_row_keeps_its_columns_in_order_under_the_names_of_storage() -> None:
    row = new_rows("trade_metrics", "BTCUSDT", True, {"window_end_ns": np.int64(60_000_000_000), "vwap": np.float64(2)})
    assert list(row.columns) == ["window_end", "vwap"]


def test_a_source_that_has_ended_says_so_and_the_fastest_speed_has_no_number() -> None:
    state = source_state(Pulse("binance", 1_000, 1, 2, 3, 0, 0, 0, float("inf"), "ended"))
    assert (state.state, state.speed, state.start_at, state.last_at) == ("ended", None, None, None)
    assert state.at.microsecond == 1


def test_how_an_output_is_doing_keeps_its_words_and_leaves_out_what_is_not_known() -> None:
    state = health_state(SourceHealth("this process", 1_000, "live", frames=3, lag=2, last_error="none", detail="412 MB of memory"))
    assert (state.source, state.frames, state.lag, state.last_error, state.detail) == ("this process", 3, 2, "none", "412 MB of memory")
    assert (state.skew_ms, state.last_at, state.next_try_at) == (None, None, None)
