"""What charts are drawn from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs.feed_charts import Charts
from connectors.outputs.feed_settings import FeedSettings
from scoring.feed import NewRows, PricePoints
from scoring.records import DecouplingSignal, RiskMetrics, Rows, Table, TradeMetrics, columns_of, to_columns

SECOND = 1_000_000_000
START = 1_785_585_600 * SECOND
AT = datetime(2026, 8, 1, 12, tzinfo=UTC)


def charts(points: int = 20) -> Charts:
    return Charts(FeedSettings(history_points=points, history_windows=6, cells=3))


def filled(struct: type[msgspec.Struct], **known: object) -> msgspec.Struct:
    blank: dict[type, object] = {int: 3, float: 0.5, bool: False, str: "complete"}
    return struct(**{name: blank[kind] for name, kind in columns_of(struct).items()} | known)


def prices(*samples: tuple[float, float], symbol: str = "S") -> Rows:
    made = [filled(RiskMetrics, sampled_ns=START + round(at_s * SECOND), price=price) for at_s, price in samples]
    return Rows(Table.RISK_METRICS, symbol, to_columns(RiskMetrics, made), 0)


def windows(*bounds_s: tuple[int, int], symbol: str = "S", provisional: bool = False, **known: object) -> Rows:
    made = [
        filled(TradeMetrics, window_start_ns=START + first * SECOND, window_end_ns=START + last * SECOND, close=float(first), **known)
        for first, last in bounds_s
    ]
    return Rows(Table.TRADE_METRICS, symbol, to_columns(TradeMetrics, made), 0, provisional)


def moods(*seconds: int, asset: str = "bitcoin") -> Rows:
    made = [filled(DecouplingSignal, asset=asset, evaluated_ns=START + second * SECOND, message_count=second) for second in seconds]
    return Rows(Table.DECOUPLING_SIGNALS, "S", to_columns(DecouplingSignal, made), 0)


def told_since(known: Charts, sequence: int) -> list[NewRows | PricePoints]:
    return [message for _, _, write in known.past_since(sequence) if isinstance(message := write(), NewRows | PricePoints)]


def coarse(known: Charts) -> dict[int, float]:
    return {
        round((at - AT).total_seconds()): price
        for message in told_since(known, 0)
        if isinstance(message, PricePoints) and not message.recent
        for at, price in zip(message.at, message.price, strict=True)
    }


def past(known: Charts, sequence: int = 0) -> list[NewRows | PricePoints]:
    return [message for message in told_since(known, sequence) if isinstance(message, NewRows) or message.recent]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True).map(sorted), st.lists(st.integers(0, 60), max_size=3).map(sorted)
)
def test_prices_do_not_depend_on_how_samples_are_cut(halves: list[int], cuts: list[int]) -> None:
    samples = [(half / 2, float("nan") if half % 9 == 0 else half) for half in halves]
    whole, pieces = charts(points=100), charts(points=100)
    whole.put(prices(*samples), 1)
    for first, last in zip([0, *cuts], [*cuts, 60], strict=True):
        if samples[first:last]:
            pieces.put(prices(*samples[first:last]), 1)
    assert coarse(whole) == coarse(pieces)
    assert past(whole) == past(pieces)


def test_prices_of_late_are_told_by_the_second_but_for_the_newest() -> None:
    known = charts()
    known.put(prices((0.0, 1.0), (0.5, 2.0), (1.0, 3.0), (2.5, 4.0)), 1)
    assert past(known) == [PricePoints("S", 1.0, [AT + timedelta(seconds=0.5), AT + timedelta(seconds=1)], [2.0, 3.0], recent=True)]
    assert coarse(known) == {}, "that step is not over"
    known.put(prices((3.0, 5.0)), 2)
    assert [message.price for message in past(known, 1) if isinstance(message, PricePoints)] == []
    known.put(prices((0.5, 9.0)), 3)
    assert [message.price for message in past(known, 2) if isinstance(message, PricePoints)] == [[9.0]]


def test_samples_without_a_price_say_nothing() -> None:
    known = charts()
    for many in (1, 100):
        known.put(prices(*((float(second), float("nan")) for second in range(many))), many)
    assert (coarse(known), past(known)) == ({}, [])


def test_windows_are_told_with_what_candles_are_drawn_from() -> None:
    known = charts()
    known.put(windows((0, 60), (60, 120), price_stddev=float("nan")), 1)
    assert past(known) == [
        NewRows(
            "trade_metrics",
            "S",
            False,
            {
                "window_start": ["2026-08-01T12:00:00.000000Z"],
                "window_end": ["2026-08-01T12:01:00.000000Z"],
                **{name: [0.5] for name in ("open", "high", "low", "vwap", "volume_base")},
                "close": [0.0],
                "price_stddev": [None],
                "trade_count": [3.0],
                "completeness": ["complete"],
            },
            past=True,
        )
    ]


@pytest.mark.parametrize("together", [True, False])
def test_only_windows_of_the_narrowest_width_are_kept(together: bool) -> None:
    known = charts()
    bounds = [(0, 300), (0, 60), (300, 600), (60, 120), (120, 180)]
    for part in [bounds] if together else [[each] for each in bounds]:
        known.put(windows(*part), 1)
    (told,) = past(known)
    assert isinstance(told, NewRows)
    assert told.columns["close"] == [0.0, 60.0]
    assert known.is_past("S", START, 60 * SECOND)
    assert not known.is_past("S", START + 120 * SECOND, 60 * SECOND)
    assert not known.is_past("S", START, 300 * SECOND)
    assert not known.is_past("other", START, 60 * SECOND)


def test_windows_that_are_open_are_not_kept() -> None:
    known = charts()
    known.put(windows((0, 60), (60, 120), provisional=True), 1)
    assert past(known) == []


def test_moods_are_thinned_as_prices_are() -> None:
    known = charts()
    known.put(moods(0, 3, 4, 5, 11), 1)
    known.put(moods(12), 2)
    (told,) = past(known)
    assert isinstance(told, NewRows)
    assert told.columns == {
        "evaluated_at": ["2026-08-01T12:00:04.000000Z", "2026-08-01T12:00:05.000000Z"],
        "average_vibe": [0.5, 0.5],
        "message_count": [4.0, 5.0],
        "asset": ["bitcoin", "bitcoin"],
    }


def test_of_other_tables_nothing_is_kept() -> None:
    known = charts()
    known.put(Rows(Table.SPREAD_METRICS, "S", windows((0, 60), (60, 120)).columns, 0), 1)
    assert list(known.pasts()) == []


def test_memory_is_bounded() -> None:
    known = charts()
    for number in range(10):
        known.put(prices(*((at / 2, 1.0) for at in range(2_000)), symbol=f"S{number}"), 1)
        known.put(windows(*((at, at + 60) for at in range(0, 6_000, 60)), symbol=f"S{number}"), 1)
        known.put(moods(*range(1_000), asset=f"asset {number}"), 1)
    told = past(known)
    assert len(told) == 3 * 3
    lengths = {
        type(message).__name__ + getattr(message, "table", ""): len(
            next(iter(message.columns.values())) if isinstance(message, NewRows) else message.at
        )
        for message in told
    }
    assert lengths == {"NewRowsdecoupling_signals": 19, "NewRowstrade_metrics": 5, "PricePoints": 299}
    assert len(coarse(known)) == 19
    assert np.all(np.diff(sorted(coarse(known))) == 5)
