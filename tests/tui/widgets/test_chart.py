"""The chart draws again only what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import reduce as fold

import msgspec
from textual.app import App, ComposeResult
from textual.events import MouseMove
from textual.pilot import Pilot

from scoring.feed import Heartbeat, SourceState
from tui import sample
from tui.canvas import BLOCKS
from tui.ranges import View
from tui.state import State, reduce
from tui.widgets.chart import ChartView

STATE = fold(reduce, sample.events(), State())


def at(seconds: float) -> State:
    """Let time pass on the tape."""
    source = SourceState("binance", sample.AT + timedelta(seconds=seconds), 1, 0, 0, None, None, None, 1.0, "live")
    return reduce(STATE, source)


class Alone(App[None]):
    def compose(self) -> ComposeResult:
        yield ChartView()


def with_chart(act: Callable[[ChartView, Pilot[None]], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Alone().run_test(size=(100, 30)) as pilot:
            chart = pilot.app.query_one(ChartView)
            chart.show(STATE, "DOGEUSDT")
            await pilot.pause()
            await act(chart, pilot)

    asyncio.run(run())


def test_what_has_not_changed_is_not_drawn_again() -> None:
    async def act(chart: ChartView, _: Pilot[None]) -> None:
        lines, strips = chart._lines, chart._strips
        chart.show(reduce(STATE, Heartbeat(1.0)), "DOGEUSDT")
        assert [new is old for new, old in zip(chart._strips, strips, strict=True)] == [True] * len(strips)
        chart.show(at(0.4), "DOGEUSDT")
        assert [y for y, (new, old) in enumerate(zip(chart._strips, strips, strict=True)) if new is not old] == [0]
        assert chart._lines[1:] == lines[1:]
        chart.show(at(60), "DOGEUSDT")
        assert chart._lines[1:] != lines[1:]

    with_chart(act)


def test_another_symbol_is_followed_from_now() -> None:
    async def act(chart: ChartView, _: Pilot[None]) -> None:
        chart.view = View("5m", 1, 1_785_000_000.0, 1_785_000_000.0)
        chart.show(STATE, "DOGEUSDT")
        chart.show(STATE, "BTCUSDT")
        assert chart.view == View("5m", 1)
        assert "BTCUSDT · 2m30s · line" in str(chart.border_title)

    with_chart(act)


def test_a_click_sets_the_crosshair_and_the_wheel_zooms() -> None:
    async def act(chart: ChartView, pilot: Pilot[None]) -> None:
        await pilot.click(ChartView, offset=(40, 10))
        assert chart.view.cursor_s is not None
        assert sample.AT - timedelta(minutes=15) < datetime.fromtimestamp(chart.view.cursor_s, sample.AT.tzinfo) < sample.AT
        held = chart.view.cursor_s
        await pilot.hover(ChartView, offset=(60, 10))
        assert chart.view.cursor_s == held
        await pilot.mouse_down(ChartView, offset=(40, 10))
        await pilot._post_mouse_events([MouseMove], ChartView, offset=(60, 10), button=1)
        await pilot.mouse_up(ChartView, offset=(60, 10))
        assert chart.view.cursor_s > held, "pressed, it is followed"
        assert not chart.text_selection
        await pilot.click(ChartView, offset=(99, 10))
        before = chart.view
        chart.zoom(1)
        assert chart.view.zoom == before.zoom + 1

    with_chart(act)


def test_before_anything_is_known_no_key_breaks_it() -> None:
    async def run() -> None:
        async with Alone().run_test(size=(100, 30)) as pilot:
            chart = pilot.app.query_one(ChartView)
            for act in (chart.follow, chart.change_dots, lambda: chart.move(-1), lambda: chart.turn(1), lambda: chart.zoom(1)):
                act()
            assert chart.dots is BLOCKS
            chart.show(State(), "")
            chart.move(-1)
            chart.show(State(), "")
            await pilot.pause()

    asyncio.run(run())


def test_a_hostile_symbol_is_harmless() -> None:
    async def act(chart: ChartView, _: Pilot[None]) -> None:
        name = "[bold]x[/]\x1b[2J"
        symbols = {name: msgspec.structs.replace(STATE.symbols["BTCUSDT"], symbol=name)}
        chart.show(msgspec.structs.replace(STATE, symbols=symbols), name)
        assert chart._border_title is not None
        assert chart._border_title.plain == "[bold]x[/] [2J · 15m · line"

    with_chart(act)
