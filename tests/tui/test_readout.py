"""What is said of now, and of what is under the crosshair."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.frame import Chart, frame_of
from tui.history import Candle, History, Hole, Mark, Point
from tui.ranges import View
from tui.readout import readout

NOW = 1_785_585_600.0
HISTORY = History(
    prices=(Point(NOW - 60, 100.0), Point(NOW - 40, 101.0), Point(NOW - 2, 102.5, 60.0)),
    candles=(Candle(NOW - 60, NOW, 100.0, 103.0, 99.0, 102.5, 101.25, 0.5),),
    moods=(Point(NOW - 40, -0.5), Point(NOW - 33, 0.25)),
    counts=(Point(NOW - 33, 12.0),),
    marks=(Mark(NOW - 40, "critical", "PUMP\x1b[2J", False),),
    holes=(Hole(NOW - 45, NOW - 35, False, "binance lost"), Hole(NOW - 10, None, True, "x")),
)


def said(cursor_s: float | None = None, *, candles: bool = False, width: int = 200, known: History = HISTORY) -> str:
    view = View("1m", cursor_s=cursor_s)
    line = readout(Chart(known, frame_of(known, view, NOW, 120, 20), cursor_s, NOW, candles), width)
    text = "".join(piece for piece, _ in line)
    assert cell_len(text) == width
    assert text.isprintable()
    return text.rstrip()


def test_of_now_every_number_has_its_age() -> None:
    assert said() == "━ price 102.50 2.0s   ╍ mood +0.25 33s   ▅ texts 12 33s   ┈ VWAP 101.25 ±0.5 0.0s"


def test_under_the_crosshair_all_is_of_its_instant() -> None:
    text = said(NOW - 40)
    assert text.startswith("│ 11:59:20 40s ago   ━ price 101.00   ■ PUMP [2J   ░ missing: binance lost   ╍ mood −0.50")
    assert "texts –" in text


def test_a_price_across_a_hole_is_not_known() -> None:
    assert "price –" in said(NOW - 10)
    assert "~ repaired: x" in said(NOW - 10)


def test_the_last_price_of_now_is_known_however_old_it_is() -> None:
    assert said(known=History(prices=(Point(NOW - 7, 100.0, 2.0),))) == "━ price 100.00 7.0s"


def test_candles_are_told_by_their_four_prices() -> None:
    assert said(candles=True).startswith("▒ o 100.00 h 103.00 l 99.000 c 102.50 0.0s   ╍ mood")
    assert "━ price" in said(NOW - 30, candles=True)


@pytest.mark.parametrize("width", [0, 10, 30, 60])
def test_what_does_not_fit_is_left_out(width: int) -> None:
    assert len(said(width=width)) <= width


def test_of_nothing_nothing_is_said_but_that() -> None:
    assert said(known=History()) == "━ price –"
