"""The lines of the watch list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from textual.pilot import Pilot

from scoring.feed import NewRows
from tui import sample
from tui.app import Ghosttape
from tui.looks import LIGHT, painted_style
from tui.readings import SymbolReadings
from tui.sample_moments import MOMENTS
from tui.state import Event, State, reduce
from tui.watch import Readings
from tui.widgets.symbols import moment_of
from tui.widgets.watch_list import _GROUND, WatchList


async def heard() -> AsyncGenerator[Event, None]:
    for event in MOMENTS["busy"]():
        yield event


def program() -> Ghosttape:
    return Ghosttape(heard, wall=lambda: sample.AT)


async def settled(app: Ghosttape, pilot: Pilot[None]) -> WatchList:
    for _ in range(3):
        await pilot.pause()
        app.draw()
    await pilot.pause()
    return app.screen.query_one(WatchList)


def test_only_lines_that_say_something_new_are_drawn_again() -> None:
    async def run() -> list[int]:
        app = program()
        async with app.run_test(size=(120, 30)) as pilot:
            shown = await settled(app, pilot)
            asked: list[int] = []
            shown.refresh_lines = lambda y_start, line_count=1: asked.extend(range(y_start, y_start + line_count))  # type: ignore[method-assign]
            for _ in range(200):  # a machine with other work may still be laying the list out, or hearing the last of the events
                await pilot.pause(0.01)
                asked.clear()
                app.state = msgspec.structs.replace(app.state)
                app.draw()
                if shown.size.height and not asked:
                    break
            app.state = msgspec.structs.replace(app.state)
            app.draw()
            assert asked == []
            news = NewRows("spread_metrics", "ETHUSDT", False, _spread(9.99))
            app.state = reduce(app.state, news)
            app.draw()
            return asked

    assert asyncio.run(run()) == [1]


def _spread(value: float) -> dict[str, list[str | int | float | bool | None]]:
    [found] = [
        row for event in sample.events() for row in getattr(event, "rows", []) if (row.table, row.symbol) == ("spread_metrics", "ETHUSDT")
    ]
    return {**found.columns, "average_spread_bps": [value]}


def test_every_line_fills_the_width_and_the_chosen_one_has_a_mark_and_a_ground() -> None:
    async def run() -> None:
        app = program()
        async with app.run_test(size=(120, 30)) as pilot:
            shown = await settled(app, pilot)
            shown.choose("ETHUSDT")
            strips = [shown.render_line(y) for y in range(shown.size.height)]
            assert {strip.cell_length for strip in strips} == {shown.size.width}
            assert [strip.text[:2] for strip in strips[:3]] == ["  ", "▸ ", "  "]
            grounds = [{str(segment.style.bgcolor) for segment in strip if segment.style} for strip in strips[:2]]
            assert grounds[0].isdisjoint(grounds[1])

    asyncio.run(run())


def test_another_theme_is_another_ground_in_the_same_frame() -> None:
    async def run() -> None:
        app = program()
        async with app.run_test(size=(120, 30)) as pilot:
            shown = await settled(app, pilot)
            app.wear(LIGHT.name)
            shown = await settled(app, pilot)
            plain, chosen = shown.render_line(1), shown.render_line(0)
            assert {segment.style.bgcolor for segment in plain if segment.style} == {shown.rich_style.bgcolor}
            assert {segment.style.bgcolor for segment in chosen if segment.style} == {painted_style(LIGHT, _GROUND).bgcolor}

    asyncio.run(run())


class Counting(Readings):
    """Knows who was read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def of(self, state: State, name: str) -> SymbolReadings:
        self.asked.append(name)
        return super().of(state, name)


def test_a_key_draws_the_rows_it_changes_and_those_that_come_into_sight_once() -> None:
    async def run() -> None:
        app = program()
        async with app.run_test(size=(100, 24)) as pilot:
            shown = await settled(app, pilot)
            names, readings = list(app.state.symbols), Counting()
            shown.choose(names[0])
            shown.show(app.state, readings, moment_of(app.state), tuple(names), shown._layout)
            readings.asked.clear()
            shown.choose(names[1])
            assert readings.asked == names[:2]
            readings.asked.clear()
            shown.choose(names[-1])
            assert readings.asked == names[-shown.size.height :]

    asyncio.run(run())


def test_the_chosen_row_is_always_in_sight() -> None:
    async def run() -> None:
        app = program()
        async with app.run_test(size=(100, 24)) as pilot:
            shown = await settled(app, pilot)
            names = list(app.state.symbols)
            for name in (names[-1], names[20], names[0]):
                shown.choose(name)
                await pilot.pause()
                lines = [shown.render_line(y).text for y in range(shown.size.height)]
                assert sum(line.startswith("▸ " + name) for line in lines) == 1

    asyncio.run(run())


def test_a_name_nobody_has_is_not_chosen() -> None:
    async def run() -> str:
        app = program()
        async with app.run_test(size=(100, 24)) as pilot:
            shown = await settled(app, pilot)
            shown.choose("ETHUSDT")
            shown.choose("NOBODY")
            return shown.symbol

    assert asyncio.run(run()) == "ETHUSDT"
