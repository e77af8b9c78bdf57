"""The numbers beside the chart: mood, order book, risk and the line of facts, at any width."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from scoring.feed import Value
from tui.crowd import Stance
from tui.readings import Reading, SymbolReadings
from tui.state import RowKey, SymbolState
from tui.widgets.facts import Moment, facts, heading
from tui.widgets.ladder import ladder
from tui.widgets.meter import meter
from tui.widgets.numbers import numbers
from tui.widgets.risk import risk

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
NOW = Moment(AT + timedelta(seconds=3), is_live=True)
STANCE = Stance("dogecoin", "DOGEUSDT", AT, 0.9, -0.2, 231.0, 143.2, 6.1, 7.4, False, "complete", 12.0, 5.0)
WINDOW: dict[str, Value] = {"window_start": "2026-08-01T11:59:30Z", "window_end": "2026-08-01T12:00:00Z"}
SPREAD: dict[str, Value] = {
    **WINDOW,
    "ask_close": 61_284.6,
    "bid_close": 61_284.5,
    "average_spread_bps": 0.16,
    "minimum_spread_bps": 0.05,
    "maximum_spread_bps": 0.3,
    "spread_warning": True,
    "imbalance_top1": -0.5,
    "imbalance_top5": None,
}
RISK: dict[str, Value] = {
    "sampled_at": "2026-08-01T12:00:00Z",
    "price": 101.0,
    "momentum_1m": 0.01,
    "momentum_5m": -0.02,
    "volatility_1m_annualised": 0.5,
    "vwap_1m": 100.0,
    "drawdown": 0.0012,
}
TRADES: dict[str, Value] = {
    **WINDOW,
    "trade_count": 1_234,
    "volume_base": 1_500_000.0,
    "taker_buy_base": 900_000.0,
    "volume_spike": 4.5,
    "price_stddev_bps": 3.1,
}


def test_the_meter_says_where_the_mood_stands() -> None:
    lines = meter(STANCE, NOW, 38).plain.splitlines()
    assert lines[0] == "Mood of dogecoin                  3.0s"
    assert lines[1].startswith("−1 ")
    assert lines[1].index("●") < lines[1].index("┼") < lines[1].index("○")
    assert lines[2:] == ["5 min ● ▼ −0.20   30 s ○ ▲ +0.90", "texts 231  copies 12  channels 5", "hype +143.2  z +7.4  texts z +6.1"]


@pytest.mark.parametrize(("value", "place"), [(-1.0, 0), (1.0, -1), (-9.0, 0), (9.0, -1)])
def test_the_meter_reaches_from_end_to_end(value: float, place: int) -> None:
    stance = Stance("x", "X", AT, None, value, None, None, None, None, True, "")
    assert meter(stance, NOW, 30).plain.splitlines()[1].removeprefix("−1 ").removesuffix(" +1")[place] == "●"
    assert "z warming" in meter(stance, NOW, 30).plain


def test_of_nobody_the_meter_says_so() -> None:
    assert "Nobody has spoken" in meter(None, NOW, 38).plain


def test_the_order_book_shows_what_there_is() -> None:
    lines = ladder(SPREAD, NOW, 38).plain.splitlines()
    assert lines[1:4] == ["ask     61,284.60", "  apart 0.10", "bid     61,284.50"]
    assert lines[4] == "spread  0.16 bp  0.050–0.30"
    assert lines[5].startswith("top 1   −0.50")
    assert "█│" in lines[5]
    assert len(lines) == 6


@pytest.mark.parametrize("cells", [None, {}, WINDOW])
def test_without_quotes_the_order_book_says_so(cells: dict[str, Value] | None) -> None:
    assert ladder(cells, NOW, 38).plain.splitlines()[1:] == ["No quote has been heard so far."]


def test_the_risk_of_each_span_stands_in_its_column() -> None:
    text = risk(RISK, TRADES, NOW, 38).plain
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[1:6] == ["1m 5m 15m", "return ▲ +1.00% ▼ −2.00% –", "moves 50.0% – –", "to VWAP ▲ +1.00% – –", "drawdown 0.12%"]
    assert lines[6] == "Window 11:59:30–12:00:00 3.0s"
    assert lines[7:] == ["trades 1,234 volume 1.50M", "bought 60% σ 3.10 bp", "spike ×4.5"]


def test_of_no_rows_no_number_is_made_up() -> None:
    text = risk(None, None, NOW, 38).plain
    assert "Window" not in text
    assert not any(character.isdigit() for character in text.replace("1m", "").replace("15m", "").replace("5m", ""))


def test_hostile_names_are_harmless_at_any_width() -> None:
    name = "[b]x[/]\x1b[2J\u202e" * 20
    stance = Stance(name, name, AT, 0.1, 0.1, 1e300, 1e300, 1e300, 1e300, False, name)
    symbol = SymbolState(name, {RowKey("spread_metrics", False, 30.0): SPREAD, RowKey("risk_metrics", True, 0.0): RISK})
    for width in (0, 1, 10, 38, 120):
        text = numbers(symbol, stance, NOW, width).plain
        assert text.replace("\n", "").isprintable()
        assert all(cell_len(line) <= max(width, 1) for line in text.splitlines()), width


def readings(name: str = "BTCUSDT") -> SymbolReadings:
    known = Reading(0.5, AT)
    return SymbolReadings(name, Reading(61_284.5, AT), known, known, known, known, known, known, "open_gap(1)", ())


@pytest.mark.parametrize("width", [0, 20, 60, 118, 200])
def test_the_line_of_facts_fits_and_says_the_least_last(width: int) -> None:
    text = facts(readings(), "bitcoin", "15m", NOW, width).plain
    assert cell_len(text) <= max(width, 1)
    assert ("spread" in text) >= ("vol 1m" in text) >= ("1 gap" in text) >= ("bitcoin" in text)
    if width >= 60:
        assert text.startswith("BTCUSDT !")
        assert "61,284.50 3.0s" in text


def test_what_is_old_is_dim() -> None:
    old = Reading(1.0, AT - timedelta(minutes=5))
    assert NOW.ink(old) == Moment(AT, is_live=False).ink(Reading(1.0, AT)) == NOW.ink(Reading())
    assert NOW.ink(Reading(1.0, AT)) != NOW.ink(old)
    assert heading("Risk", old, NOW, 12).plain == "Risk      5m"
