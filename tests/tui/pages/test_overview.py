"""The first page as a person uses it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from functools import partial

import msgspec
import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen

from scoring.feed import Hello, NewRows, Snapshot, SourceState
from tui import sample
from tui.app import Ghosttape
from tui.settings import ScreenSettings
from tui.state import Event

ORDER = ["BTCUSDT", "ETHUSDT", "DOGEUSDT", "SOLUSDT", "PEPEUSDT"]


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(2):
        await pilot.pause()
        assert isinstance(pilot.app, Ghosttape)
        pilot.app.draw()
    await pilot.pause()


def listed(text: str) -> list[str]:
    """Name the symbols in the order of their lines."""
    return re.findall(r"^│ [▸ ] ([A-Z0-9]+) +[✓~! ] ", text, re.MULTILINE)


def chosen(text: str) -> list[str]:
    return re.findall(r"▸ ([A-Z0-9]+)", text)


def shown(*keys: str, size: tuple[int, int] = (120, 24), settings: ScreenSettings | None = None, events: list[Event] | None = None) -> str:
    async def heard() -> AsyncGenerator[Event, None]:
        for event in sample.events() if events is None else events:
            yield event

    async def run() -> str:
        app = Ghosttape(heard, wall=lambda: sample.AT, settings=settings)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("keys", "symbol"),
    [
        ([], "BTCUSDT"),
        (["down"], "ETHUSDT"),
        (["j", "j"], "DOGEUSDT"),
        (["j", "k"], "BTCUSDT"),
        (["up"], "BTCUSDT"),
        (["end"], "PEPEUSDT"),
        (["G", "down"], "PEPEUSDT"),
        (["end", "home"], "BTCUSDT"),
        (["pagedown"], "PEPEUSDT"),
        (["end", "pageup"], "BTCUSDT"),
    ],
)
def test_arrows_and_the_keys_of_vim_choose_a_row(keys: list[str], symbol: str) -> None:
    assert chosen(shown(*keys)) == [symbol]


def test_rows_stay_where_they_are_until_somebody_sorts() -> None:
    assert listed(shown()) == ORDER
    by_change = shown("s", "s", "s")
    assert "Change 15…↓" in by_change or "Change 15m↓" in by_change or "Change 15↓" in by_change
    assert listed(by_change) == ["DOGEUSDT", "SOLUSDT", "BTCUSDT", "ETHUSDT", "PEPEUSDT"]
    assert listed(shown("s", "s", "s", "S")) == ["PEPEUSDT", "ETHUSDT", "BTCUSDT", "SOLUSDT", "DOGEUSDT"]


def test_a_click_on_a_title_sorts_and_another_turns_it_round() -> None:
    async def run(clicks: int) -> list[str]:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 24)) as pilot:
            await settle(pilot)
            for _ in range(clicks):
                await pilot.click("#heading", offset=(22, 0))
                await settle(pilot)
            return listed("\n".join(strip.text for strip in app.screen._compositor.render_strips()))

    assert asyncio.run(run(1))[0] == "BTCUSDT"
    assert asyncio.run(run(2))[0] == "PEPEUSDT"


def test_a_click_chooses_a_row_and_the_wheel_scrolls() -> None:
    async def run() -> str:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 24)) as pilot:
            await settle(pilot)
            await pilot.click("#rows", offset=(10, 2))
            await settle(pilot)
            return app.memory.symbol

    assert asyncio.run(run()) == "DOGEUSDT"


def test_a_filter_acts_while_it_is_typed_and_escape_takes_it_back() -> None:
    assert listed(shown("slash", "e", "t", "h")) == ["ETHUSDT"]
    assert listed(shown("slash", "e", "t", "h", "enter")) == ["ETHUSDT"]
    assert "/eth" in shown("slash", "e", "t", "h", "enter")
    assert listed(shown("slash", "e", "t", "h", "escape")) == ORDER
    assert listed(shown("slash", "e", "t", "h", "enter", "escape")) == ORDER
    assert "nothing here is like 'zz': esc shows all" in shown("slash", "z", "z", "enter")


def test_groups_follow_each_other() -> None:
    named = ScreenSettings(groups={"majors": ["ETHUSDT", "BTCUSDT"]})
    assert "── DOGE ─" in shown("g", settings=named)
    assert listed(shown("g", "g", settings=named)) == ["BTCUSDT", "SOLUSDT"]
    assert listed(shown("g", "g", "g", settings=named)) == ["ETHUSDT", "BTCUSDT"]
    assert listed(shown("g", "g", "g", "g", settings=named)) == ORDER


def test_balances_can_be_hidden() -> None:
    open_, hidden = shown(), shown("b")
    assert "value 21,049.44" in open_
    assert "21,049.44" not in hidden
    assert "drawdown 1.34%" in hidden


def test_a_symbol_is_gone_to_by_its_name() -> None:
    assert chosen(shown("colon", "d", "o", "g", "e", "enter"))[:1] in (["DOGEUSDT"], [])
    assert "no symbol is like 'ZZ'" in said("colon", "z", "z", "enter")


def test_columns_can_be_hidden_and_shown_again_but_not_the_name() -> None:
    assert "Spread" not in shown("right", "right", "right", "right", "x")
    assert "Spread" in shown("right", "right", "right", "right", "x", "X")
    assert "the name stays" in said("x")


def said(*keys: str) -> str:
    """Give what the screen said in a note."""

    async def run() -> str:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 24)) as pilot:
            await settle(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            return " ".join(notice.message for notice in app._notifications)

    return asyncio.run(run())


def test_the_chosen_cell_is_copied() -> None:
    async def run(*keys: str) -> str:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 24)) as pilot:
            await settle(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            return app.clipboard

    assert asyncio.run(run("y")) == "BTCUSDT"
    assert asyncio.run(run("j", "right", "y")) == "2,651.37"


def many(count: int) -> list[Event]:
    names = [f"S{number:03}USDT" for number in range(count)]
    rows = [
        NewRows("risk_metrics", name, False, {"price": [1.0 + n], "sampled_at": ["2026-08-01T12:16:40Z"]}) for n, name in enumerate(names)
    ]
    pulse = SourceState("x", sample.AT, 1, 0, 0, sample.AT, None, None, 1.0, "live")
    return [Hello("0.1", "s", "live", names, []), *rows, pulse]


def test_hundreds_of_symbols_can_be_paged_through() -> None:
    events = many(500)
    show = partial(shown, size=(100, 40), events=events)
    assert chosen(show("end")) == ["S499USDT"]
    assert len(listed(show())) > 10
    first, second = chosen(show("pagedown"))[0], chosen(show("pagedown", "pagedown"))[0]
    assert 10 < int(first[1:4]) < int(second[1:4]) < 60


def test_a_frame_of_hundreds_of_symbols_draws_only_those_in_sight() -> None:
    from tui.widgets.watch_list import WatchList

    drawn: list[int] = []
    original = WatchList._lines

    def counted(self: WatchList, place: int) -> object:
        drawn.append(place)
        return original(self, place)

    async def heard() -> AsyncGenerator[Event, None]:
        for event in many(500):
            yield event

    async def run() -> int:
        app = Ghosttape(heard, wall=lambda: sample.AT)
        async with app.run_test(size=(100, 40)) as pilot:
            await settle(pilot)
            drawn.clear()
            app.state = msgspec.structs.replace(app.state)
            app.draw()
            return len(drawn)

    WatchList._lines = counted  # type: ignore[method-assign, assignment]
    try:
        assert 0 < asyncio.run(run()) < 60
    finally:
        WatchList._lines = original  # type: ignore[method-assign]


def test_no_key_is_lost_where_many_come_at_once() -> None:
    async def run() -> str:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 24)) as pilot:
            await settle(pilot)
            for _ in range(3):
                app.post_message(Key("down", None))
                app.draw()
            await settle(pilot)
            return app.memory.symbol

    assert asyncio.run(run()) == "SOLUSDT"


@pytest.mark.parametrize(("alerts", "beside"), [(1, True), (2, True), (3, False)])
def test_the_first_alert_does_not_hide_the_crowd_that_made_it(alerts: int, beside: bool) -> None:
    *before, snapshot = sample.events()
    assert isinstance(snapshot, Snapshot)
    fired = [each for each in snapshot.alerts if each.state == "firing"][-alerts:]
    text = shown(size=(80, 24), events=[*before, msgspec.structs.replace(snapshot, alerts=fired)])
    assert f"Alerts · {alerts} firing" in text
    assert text.count(" firing  ") == alerts
    assert ("─ Crowd ─" in text) is beside
    assert bool(re.search(r" firing +│\n╰", text)) is beside, "a line is kept for nothing below the last alert"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_no_name_is_cut_on_the_way_to_the_first_drawing(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    paint = Screen._compositor_refresh

    def watched(page: Screen[object]) -> None:
        paint(page)
        seen.append("\n".join(strip.text for strip in page._compositor.render_strips()))

    monkeypatch.setattr(Screen, "_compositor_refresh", watched)
    shown(size=size)
    assert "IMMINENT_HYPE_PUMP        " in seen[-1]
    assert not [drawn for drawn in seen if "IMMINENT_…" in drawn or re.search("│ Asset *│", drawn)]
