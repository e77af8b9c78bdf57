"""What is known of a symbol's past, taken out of the state as a table; nonsense is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce as fold

import pytest

from scoring.feed import AlertState, Hello, NewRows, PricePoints, Value
from tui.history import Candle, Hole, Mark, Point, history, latest_before
from tui.state import Event, State, reduce

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
AT_S = AT.timestamp()
HELLO = Hello("0.1", "session", "replay", ["BTCUSDT"], [])


def state(*events: Event) -> State:
    return fold(reduce, [HELLO, *events], State())


def text(seconds: float) -> str:
    return (AT + timedelta(seconds=seconds)).isoformat()


def rows(table: str, provisional: bool = False, symbol: str = "BTCUSDT", **cells: Value) -> NewRows:
    return NewRows(table, symbol, provisional, {name: [value] for name, value in cells.items()})


def window(start: float, *prices: float | None, provisional: bool = False, vwap: float | None = None) -> NewRows:
    named = dict(zip(("open", "high", "low", "close"), prices, strict=True))
    ends: dict[str, Value] = {"window_start": text(start), "window_end": text(start + 60), "vwap": vwap, "price_stddev": 0.5}
    return rows("trade_metrics", provisional, "BTCUSDT", **ends, **named)


def mood(second: float, average: float | None, count: float = 3, symbol: str = "BTCUSDT") -> NewRows:
    return rows(
        "decoupling_signals",
        symbol=symbol,
        asset="bitcoin",
        evaluated_at=text(second),
        average_vibe=average,
        message_count=count,
        warming=False,
        completeness="complete",
    )


def test_of_an_unknown_symbol_nothing_is_known() -> None:
    known = history(state(), "ETHUSDT")
    assert (known.prices, known.candles, known.moods, known.marks, known.holes, known.asset) == ((), (), (), (), (), "")
    assert (known.oldest_s, known.newest_s) == (None, None)


def test_prices_are_joined_the_finer_ones_over_the_coarser() -> None:
    points = PricePoints("BTCUSDT", 5.0, [AT + timedelta(seconds=second) for second in (120, 125, 130)], [2.0, 2.1, 9.0])
    samples = [rows("risk_metrics", sampled_at=text(second), price=3.0) for second in (128, 129.5, 131)]
    known = history(state(window(0, 1.0, 1.0, 1.0, 1.0), window(60, 1.0, 1.0, 1.0, 1.0), points, *samples), "BTCUSDT")
    assert [(point.at_s - AT_S, point.value) for point in known.prices] == [
        (60, 1.0),
        (120, 2.0),
        (125, 2.1),
        (128, 3.0),
        (129.5, 3.0),
        (131, 3.0),
    ]
    assert known.prices[0].hole_s > known.prices[1].hole_s
    assert (known.oldest_s, known.newest_s) == (AT_S + 60, AT_S + 131)


def test_the_open_window_is_a_candle_too() -> None:
    known = history(state(window(0, 1.0, 3.0, 0.5, 2.0, vwap=1.5), window(60, 2.0, 2.0, 2.0, 2.0, provisional=True)), "BTCUSDT")
    assert known.candles[0] == Candle(AT_S, AT_S + 60, 1.0, 3.0, 0.5, 2.0, 1.5, 0.5)
    assert known.candles[1].vwap is None
    assert len(known.candles) == 2


@pytest.mark.parametrize("prices", [(1.0, 2.0, 1.0, None), (1.0, 0.5, 0.2, 0.4), (1.0, 2.0, 1.5, 1.0), (1e300, 1e300, 1e300, 1e300)])
def test_a_window_no_market_had_is_no_candle(prices: tuple[float | None, ...]) -> None:
    assert history(state(window(0, *prices)), "BTCUSDT").candles == ()


def test_a_price_no_market_had_is_left_out() -> None:
    points = PricePoints("BTCUSDT", 5.0, [AT, AT + timedelta(seconds=5)], [1e308, 2.0])
    assert [point.value for point in history(state(points), "BTCUSDT").prices] == [2.0]


def test_a_mood_stands_until_the_next_and_ends_where_nobody_speaks() -> None:
    known = history(state(mood(0, 0.5), mood(10, -7.0), mood(20, None, 0), mood(30, 0.1)), "BTCUSDT")
    assert [(point.at_s - AT_S, point.value) for point in known.moods] == [(0, 0.5), (10, 0.5), (10, -1.0), (20, -1.0), (30, 0.1)]
    assert known.moods[-1].hole_s == 0.0
    assert [point.value for point in known.counts] == [3, 3, 0, 3]
    assert known.is_mood_known
    assert not history(state(mood(0, 0.5), mood(10, None)), "BTCUSDT").is_mood_known


def test_a_mood_belongs_to_the_symbol_it_is_held_against() -> None:
    known = state(mood(0, 0.5, symbol="ETHUSDT"))
    assert history(known, "BTCUSDT").asset == ""
    assert history(known, "ETHUSDT").asset == "bitcoin"


def test_alerts_of_the_symbol_are_marks_in_order() -> None:
    def alert(identity: str, symbol: str, at: datetime | None, state: str = "firing") -> AlertState:
        return AlertState(identity, "R" + identity, symbol, "info", state, at, None, None, "m", "m > 1", 1.0, 2.0, 2.0, "{}", "complete")

    later = AT + timedelta(seconds=5)
    alerts = [alert("1", "BTCUSDT", later, "resolved"), alert("2", "ETHUSDT", AT), alert("3", "BTCUSDT", AT), alert("4", "BTCUSDT", None)]
    assert history(state(*alerts), "BTCUSDT").marks == (Mark(AT_S, "info", "R3", False), Mark(AT_S + 5, "info", "R1", True))


@pytest.mark.parametrize(
    ("symbol", "to", "missing", "repaired", "expected"),
    [
        ("BTCUSDT", None, 0, 0, Hole(AT_S, None, False, "binance disconnected")),
        ("*", text(9), 12, 12, Hole(AT_S, AT_S + 9, True, "binance disconnected")),
        ("*", text(9), 12, 3, Hole(AT_S, AT_S + 9, False, "binance disconnected")),
        ("ETHUSDT", text(9), 12, 3, None),
    ],
)
def test_a_gap_is_a_hole_that_is_repaired_where_all_was_fetched(
    symbol: str, to: str | None, missing: int, repaired: int, expected: Hole | None
) -> None:
    cells: dict[str, Value] = {"source": "binance", "symbol": symbol, "kind": "*", "from_at": text(0), "to_at": to}
    cells |= {"missing": missing, "repaired": repaired, "reason": "disconnected"}
    gap = NewRows("gaps", symbol, False, {name: [value] for name, value in cells.items()})
    assert history(state(gap), "BTCUSDT").holes == ((expected,) if expected else ())


def test_a_gap_without_a_beginning_is_none() -> None:
    assert history(state(NewRows("gaps", "*", False, {"symbol": ["*"], "from_at": ["never"]})), "BTCUSDT").holes == ()


@pytest.mark.parametrize(("at_s", "value"), [(-1.0, None), (0.0, 1.0), (4.9, 1.0), (5.0, 2.0), (99.0, 2.0)])
def test_the_newest_point_before_an_instant_is_found(at_s: float, value: float | None) -> None:
    found = latest_before((Point(0.0, 1.0), Point(5.0, 2.0)), at_s)
    assert (found.value if found else None) == value


def test_what_has_not_changed_is_the_same_object() -> None:
    known = state(window(0, 1.0, 3.0, 0.5, 2.0), mood(0, 0.5), rows("risk_metrics", sampled_at=text(1), price=3.0))
    later = reduce(known, rows("spread_metrics", window_start=text(0), window_end=text(30)))
    assert history(known, "BTCUSDT").prices is history(later, "BTCUSDT").prices
    assert history(known, "BTCUSDT").moods is history(later, "BTCUSDT").moods
