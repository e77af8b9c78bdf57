"""The page of one symbol at every size, and what its keys do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta

import msgspec
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from scoring.feed import Hello, NewRows, Snapshot, Value
from tui import sample
from tui.app import Ghosttape
from tui.memory import Memory
from tui.pages.asset import AssetPage
from tui.state import Event, Lost

LOST = Lost("nothing was heard for 5 s", sample.AT, 4.0)
Act = Callable[[Ghosttape, AssetPage, Pilot[None]], Awaitable[None]]


def opened(
    *keys: str, events: Sequence[Event] | None = None, size: tuple[int, int] = (120, 40), symbol: str = "DOGEUSDT", act: Act | None = None
) -> str:
    """Open the page, press keys, and read the screen."""

    async def heard() -> AsyncGenerator[Event, None]:
        for event in sample.events() if events is None else events:
            yield event

    async def run() -> str:
        app = Ghosttape(heard, wall=lambda: sample.AT + timedelta(seconds=1))
        async with app.run_test(size=size) as pilot:
            await settle(app, pilot)
            app.open_asset(symbol)
            await settle(app, pilot)
            for key in keys:
                await pilot.press(key)
            await settle(app, pilot)
            page = app.page
            if act:
                assert isinstance(page, AssetPage)
                await act(app, page, pilot)
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    return asyncio.run(run())


async def settle(app: Ghosttape, pilot: Pilot[None]) -> None:
    for _ in range(2):
        await pilot.pause()
        app.draw()
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_what_matters_is_on_the_page_at_every_size(size: tuple[int, int]) -> None:
    text = opened(size=size)
    lines = text.splitlines()
    assert len(lines) == size[1]
    assert {cell_len(line) for line in lines} == {size[0]}
    words = ["DOGEUSDT · 15m · line", "0.118730 0.3s", "15m ▲ +8.67%", "━ price", "╍ mood +0.29 0.0s", "▅ texts 231", "+1", "−1", "■"]
    words += ["Posts about dogecoin", "moonshot_calls", "DOGE IS GOING", "[ Shorter", "? Help", "q Quit"]
    assert not [word for word in words if word not in text]
    assert re.search(r"[⠁-⣿]{4}", text)
    assert ("Mood of dogecoin" in text) == (size[0] >= 110)


def test_beside_a_wide_chart_stand_mood_book_and_risk() -> None:
    text = opened(size=(120, 40))
    for words in ("5 min ● ▲ +0.29", "hype +143.2", "Order book", "top 1   +0.78", "Risk", "return    ▲ +0.62%  ▲ +5.75%  ▲ +8.67%"):
        assert words in text, words


@pytest.mark.parametrize(
    ("keys", "title"),
    [
        (["right_square_bracket"], "DOGEUSDT · 1h · line"),
        (["left_square_bracket", "left_square_bracket"], "DOGEUSDT · 1m · line"),
        (["plus"], "7m30s"),
        (["plus", "minus", "minus"], "30m"),
        (["c"], "15m · candles"),
        (["c", "c"], "15m · line"),
        (["J"], "SOLUSDT · 15m"),
        (["K"], "ETHUSDT · 15m"),
    ],
)
def test_a_key_changes_what_is_looked_at(keys: list[str], title: str) -> None:
    assert title in opened(*keys)


def test_candles_and_blocks_look_like_it() -> None:
    assert "▒" in opened("c")
    assert not re.search(r"[⠁-⣿]", opened("d"))


def test_the_crosshair_tells_the_values_under_it_and_end_returns_to_now() -> None:
    async def far(_: Ghosttape, page: AssetPage, pilot: Pilot[None]) -> None:
        assert not page._chart.view.is_followed
        await pilot.press("end")
        view = page._chart.view
        assert view.is_followed
        assert view.cursor_s is None

    text = opened("left", "left", "left")
    assert re.search(r"│ 12:\d\d:\d\d \d+s ago   ━ price 0\.11", text)
    assert "End Now" in text
    assert "End Now" not in opened()
    assert "End returns to now" in opened(*["H"] * 6)
    opened(*["H"] * 6, act=far)


def test_escape_puts_the_crosshair_away_and_then_leaves() -> None:
    assert " ago " not in opened("left", "escape")
    assert "▸1 Overview" in opened("left", "escape", "escape").replace("▸ 1", "▸1")


def test_on_a_small_screen_a_key_gives_the_numbers_the_place_of_the_posts() -> None:
    before, numbers, after = (opened(*keys, size=(80, 24)) for keys in ([], ["i"], ["i", "i"]))
    assert ["Posts about" in text for text in (before, numbers, after)] == [True, False, True]
    assert ["Order book" in text for text in (before, numbers, after)] == [False, True, False]
    assert "i Numbers" in before
    assert "i Numbers" not in opened()


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (120, 16)])
def test_on_a_flat_screen_the_chart_has_all_lines_there_are(size: tuple[int, int]) -> None:
    text = opened(size=size)
    assert "Posts about" not in text
    assert "━ price" in text
    assert size[1] < 16 or re.search(r"[⠁-⣿]{4}", text)
    numbers = opened("i", size=size)
    assert ("━ price" in numbers) == (size[0] >= 110)
    assert size[0] < 60 or "Mood of dogecoin" in numbers
    assert "Posts about" not in numbers


def test_with_the_posts_in_focus_the_arrows_still_move_the_crosshair() -> None:
    async def chart_is_moved(app: Ghosttape, page: AssetPage, pilot: Pilot[None]) -> None:
        app.set_focus(page._posts)
        await pilot.press("left")
        assert page._chart.view.cursor_s is not None

    opened(act=chart_is_moved)


def test_what_was_looked_at_is_remembered() -> None:
    async def remembered(app: Ghosttape, _: AssetPage, pilot: Pilot[None]) -> None:
        assert (app.memory.symbol, app.memory.span, app.memory.candles) == ("DOGEUSDT", "1h", True)
        app.remember(Memory(symbol="DOGEUSDT", span="rubbish"))
        await settle(app, pilot)

    opened("right_square_bracket", "c", act=remembered)


def test_the_help_says_what_the_numbers_mean() -> None:
    text = opened("question_mark", size=(140, 90))
    for words in ("volatility: standard deviation", "hype", "Order book", "drawdown", "same text"):
        assert words in text, words


def test_of_nothing_it_says_that() -> None:
    text = opened(events=[Hello("0.1", "s", "live", ["BTCUSDT"], [])], symbol="BTCUSDT")
    for words in ("No price has been heard so far.", "Nobody has spoken of it so far.", "No quote has been heard so far."):
        assert words in text
    assert "BTCUSDT" in text
    nothing = opened(events=[])
    assert "╭─ Chart · 15m · line ─" in nothing
    assert nothing.splitlines()[2].strip() == "No symbol is known yet."


def test_a_lost_feed_keeps_the_chart_and_says_so() -> None:
    text = opened(events=[*sample.events(), LOST])
    assert "Feed lost" in text
    assert "0.118730" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    "evil", ["\x1b[2J\x1b]0;owned\x07", "\u202eevil\u2066", "[bold red]x[/] [@click=app.quit]", "é́́" * 99, "👨‍👩‍👧🇺🇸" * 50]
)
def test_hostile_names_and_texts_are_harmless(evil: str, size: tuple[int, int]) -> None:
    cells: dict[str, Value] = {
        "asset": evil,
        "evaluated_at": sample.AT.isoformat(),
        "average_vibe": 9e99,
        "vibe": -9e99,
        "message_count": 1e300,
    }
    stance = NewRows("decoupling_signals", evil, True, {name: [value] for name, value in cells.items()})
    post: dict[str, Value] = {"channel": evil, "message_id": 1, "posted_at": sample.AT.isoformat(), "text": evil, "assets": evil}
    snapshot = sample.events()[2]
    assert isinstance(snapshot, Snapshot)
    alert = msgspec.structs.replace(snapshot.alerts[0], symbol=evil, rule=evil, severity=evil)
    points = msgspec.structs.replace(snapshot.points[0], symbol=evil, price=[1e308, -1e308, 0.0, *snapshot.points[0].price[3:]])
    told: list[Event] = [
        Hello("0.1", "s", "live", [evil], []),
        snapshot,
        stance,
        NewRows("posts", evil, False, {n: [v] for n, v in post.items()}),
        alert,
        points,
    ]
    text = opened("left", events=told, symbol=evil, size=size)
    assert {cell_len(line) for line in text.splitlines()} == {size[0]}
    assert text.replace("\n", "").isprintable()
