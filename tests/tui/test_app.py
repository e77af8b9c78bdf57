"""The screen as a person sees it, without a terminal."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec
import pytest
from rich.cells import cell_len
from rich.color import Color
from textual.geometry import Size
from textual.pilot import Pilot

from connectors.outputs.feed import FeedSettings, FeedSink
from scoring.duration import Duration
from scoring.feed import AlertState, Hello, NewRows, Snapshot, Value
from scoring.records import Pulse
from tui import sample
from tui.app import Ghosttape
from tui.crowd import TOPICS
from tui.feed import follow
from tui.state import Connecting, Event, Link, Lost
from tui.widgets.help import Help

LOST = Lost("nothing was heard for 5 s", sample.AT, 4.0)
ENDED = Lost("the tape has ended", sample.AT, 0.5, ended=True)


def without_a_crowd(events: Sequence[Event]) -> list[Event]:
    """Leave out what the crowd said."""
    hello, snapshot = events[1], events[2]
    assert isinstance(snapshot, Snapshot)
    market = [rows for rows in snapshot.rows if rows.table not in TOPICS]
    return [events[0], hello, msgspec.structs.replace(snapshot, rows=market)]


UNHEARD = without_a_crowd(sample.events())


def text_of(app: Ghosttape) -> str:
    """Read what is on the screen."""
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    return "\n".join(lines)


def screen(events: Sequence[Event], act: Callable[[Pilot[None]], Awaitable[None]] | None = None, size: tuple[int, int] = (120, 36)) -> str:
    """Show some events, let somebody act, and read the screen."""

    async def heard() -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    async def run() -> str:
        app = Ghosttape(heard, wall=lambda: sample.AT + timedelta(seconds=1))
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            if act:
                await act(pilot)
                await settle(pilot)
            return text_of(app)

    return asyncio.run(run())


async def settle(pilot: Pilot[None]) -> None:
    """Let what was said be drawn and laid out."""
    app = pilot.app
    assert isinstance(app, Ghosttape)
    for _ in range(3):
        await pilot.pause()
        app.draw()
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36), (120, 40), (200, 60)])
def test_everything_that_matters_is_on_the_screen_at_every_size(size: tuple[int, int]) -> None:
    text = screen(sample.events(), size=size)
    words = ["Ghosttape", "▶ replay ×60", "12:16:40 UTC", "connected", "BTCUSDT", "61,284.50", "▲ +8.67%", "Change 15m", "To VWAP"]
    words += ["Alerts · 3 firing", "IMMINENT_HYPE_PUMP", "143.2 vs 100", "Sources 3", "1.28M", "? Help", "q Quit"]
    missing = [word for word in words if word not in text]
    assert not missing


def test_no_line_is_wider_than_the_screen_and_no_pane_is_lost() -> None:
    for size in ((40, 12), (80, 24), (120, 36), (200, 60)):
        lines = screen(sample.events(), size=size).splitlines()
        assert len(lines) == size[1]
        assert {len(line) for line in lines} <= {size[0]}


def test_on_a_broad_screen_alerts_and_crowd_stand_side_by_side() -> None:
    def sides(text: str) -> bool:
        return any("Alerts" in line and "Crowd" in line for line in text.splitlines())

    assert not sides(screen(sample.events(), size=(120, 40)))
    assert sides(screen(sample.events(), size=(200, 50)))


def test_the_lines_grow_with_the_screen() -> None:
    few = [Hello("0.1", "s", "live", ["BTCUSDT"], []), *sample.events()[2:]]
    assert not re.search(r"[⠁-⣿]", screen(few, size=(80, 24)))
    one, three = screen(UNHEARD, size=(80, 24)), screen(UNHEARD, size=(120, 40))
    assert re.search(r"BTCUSDT.*[▁▂▃▄▅▆▇█]{3}", one)
    assert sum(bool(re.search(r"[⠁-⣿]", line)) for line in three.splitlines()) == 15


def test_lines_grow_only_where_the_crowd_has_room() -> None:
    def curves(events: Sequence[Event]) -> int:
        return sum(bool(re.search(r"[⠁-⣿]", line)) for line in screen(events, size=(120, 40)).splitlines())

    assert (curves(UNHEARD), curves(sample.events())) == (15, 10)


def test_the_help_explains_every_column_and_closes() -> None:
    async def ask(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")

    async def close(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, Help)
        await pilot.press("escape")

    text = screen(sample.events(), ask, size=(120, 70))
    for title in ("Symbol", "Last", "Change 15m", "To VWAP", "Spread", "Imbalance", "Vol 1m", "Drawdown", "Hype z", "Age", "Data", "Trend"):
        assert re.search(rf"│\s+{title}\s+\S.*│", text), title
    assert "esc closes" not in screen(sample.events(), close)


@pytest.mark.parametrize("keys", [["q"], ["question_mark", "q"]])
def test_q_quits_from_anywhere(keys: list[str]) -> None:
    async def run() -> int | None:
        app = Ghosttape(sample.heard)
        async with app.run_test() as pilot:
            await pilot.press(*keys)
            await pilot.pause()
            assert not app.is_running
        return app.return_code

    assert asyncio.run(run()) == 0


def test_tab_goes_from_pane_to_pane() -> None:
    focused: list[str] = []

    async def press(pilot: Pilot[None]) -> None:
        for _ in range(4):
            await pilot.press("tab")
            focused.append(type(pilot.app.focused).__name__)

    screen(sample.events(), press)
    assert set(focused) == {"WatchList", "Alerts", "CrowdPane"}


def test_more_symbols_than_lines_can_be_scrolled_to() -> None:
    many = [Hello("0.1", "s", "live", [f"S{i:02}USDT" for i in range(40)], [])]

    async def scroll(pilot: Pilot[None]) -> None:
        await pilot.press("end")

    top, bottom = screen(many, size=(80, 24)), screen(many, scroll, size=(80, 24))
    assert ("S00USDT" in top, "S39USDT" in top) == (True, False)
    assert ("S00USDT" in bottom, "S39USDT" in bottom) == (False, True)
    assert "Symbol " in bottom
    assert "Spread" in bottom


def test_a_resize_is_followed() -> None:
    async def shrink(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(80, 24)

    text = screen(sample.events(), shrink, size=(200, 60))
    assert max(len(line) for line in text.splitlines()) == 80
    assert "Imbalance" not in text
    assert "To VWAP" in text


def test_before_there_is_a_feed_it_says_what_to_do() -> None:
    text = screen([Connecting("ws://127.0.0.1:8765"), Lost("nothing listens at ws://127.0.0.1:8765", sample.AT, 4.0)])
    for words in ("Waiting for a flow", "./justw demo", "ws://127.0.0.1:8765", "no feed", "next try in 3 s"):
        assert words in text
    assert "─ Alerts" not in text


def test_a_flow_without_news_is_no_empty_screen() -> None:
    text = screen([Hello("0.1", "s", "live", [], [])])
    for words in ("No symbol has been heard of yet.", "No alert so far.", "No source has reported."):
        assert words in text


def test_a_lost_feed_keeps_its_numbers_and_says_so() -> None:
    text = screen([*sample.events(), LOST])
    assert "Feed lost: nothing was heard for 5 s; next try in 3 s. Numbers are from 12:16:40." in text
    assert "61,284.50" in text


def test_the_end_of_a_tape_is_shown_as_such() -> None:
    text = screen([*sample.events(), ENDED, Connecting("x"), LOST])
    assert "■ tape ended" in text
    assert "The tape has ended at 12:16:40:" in text


def test_text_from_the_feed_is_never_markup() -> None:
    hello = Hello("0.1", "[bold red]x[/]", "replay", ["[link=x]"], [])
    text = screen([hello])
    assert "[bold red]x[/]" in text
    assert "[link=x]" in text


POST = "DOGE IS GOING PARABOLIC last chance"
MOOD = re.compile(r"dogecoin .*│.*\+0\.29 .*\+0\.91 .*231 .*\+143\.2 .*\+6\.1 .*\+7\.4")


@pytest.mark.parametrize("size", [(80, 34), (120, 36), (120, 40), (200, 60)])
def test_a_tall_screen_shows_the_crowd_below_the_rest(size: tuple[int, int]) -> None:
    text = screen(sample.events(), size=size)
    assert MOOD.search(text)
    assert re.search(r"moonshot_calls +▲ \+0\.97 +dogecoin +DOGE IS GOING", text)
    assert "Sources" in text


def test_on_a_small_screen_a_key_gives_the_crowd_the_place_of_alerts_and_sources() -> None:
    async def once(pilot: Pilot[None]) -> None:
        await pilot.press("c")

    async def twice(pilot: Pilot[None]) -> None:
        await pilot.press("c", "c")

    before, crowd, after = (screen(sample.events(), act, size=(80, 24)) for act in (None, once, twice))
    assert "c Crowd" in before
    assert [POST[:24] in text for text in (before, crowd, after)] == [False, True, False]
    assert ["─Alerts" in text.replace(" ", "") for text in (before, crowd, after)] == [True, False, True]
    assert MOOD.search(crowd)
    assert "IMMINENT_HYPE_PUMP" in crowd


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_where_nobody_speaks_no_room_is_taken_unless_asked_for(size: tuple[int, int]) -> None:
    async def ask(pilot: Pilot[None]) -> None:
        await pilot.press("c")

    assert "─Crowd" not in screen(UNHEARD, size=size).replace(" ", "")
    assert "Nobody has been heard so far." in screen(UNHEARD, ask, size=size)


def test_posts_before_any_mood_are_shown() -> None:
    text = screen([*UNHEARD, said("hello")], size=(120, 40))
    assert "hello" in text
    assert "30 s" not in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    "post",
    [
        "x" * 1_000_000,
        "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
        "\u202eevil\u2066\u200f",
        "[bold red]x[/] [link=x] [@click=app.quit]",
        "é́́́" * 200,
        "👨‍👩‍👧🇺🇸☝🏽" * 99,
    ],
    ids=["huge", "escapes", "direction", "markup", "marks", "emoji"],
)
def test_a_hostile_post_is_shown_harmlessly(post: str, size: tuple[int, int]) -> None:
    async def ask(pilot: Pilot[None]) -> None:
        if size[1] < 34:
            await pilot.press("c")

    text = screen([*sample.events(), said(post, channel=post)], ask, size=size)
    assert {cell_len(line) for line in text.splitlines()} == {size[0]}
    assert len(text.splitlines()) == size[1]
    assert text.replace("\n", "").isprintable()
    assert sum("2026" not in line and "12:16:59" in line for line in text.splitlines()) == 1
    if "bold" in post:
        assert "[bold red]x[/] [link=x]" in text


def said(text: str, channel: str = "somebody") -> NewRows:
    columns: dict[str, Value] = {
        "channel": channel,
        "message_id": 1,
        "posted_at": "2026-08-01T12:16:59Z",
        "text": text,
        "assets": "dogecoin",
    }
    return NewRows("posts", channel, False, {name: [value] for name, value in columns.items()})


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_what_fires_stands_under_the_headline_until_it_is_over(size: tuple[int, int]) -> None:
    snapshot = sample.events()[2]
    assert isinstance(snapshot, Snapshot)
    over: list[AlertState] = [msgspec.structs.replace(alert, state="resolved", resolved_at=sample.AT) for alert in snapshot.alerts]
    firing, quiet = screen(sample.events(), size=size).splitlines(), screen([*sample.events(), *over], size=size).splitlines()
    assert re.search(r"■ .*IMMINENT_HYPE_PUMP  DOGEUSDT .*143\.2 vs 100 .*\+2 more", firing[2])
    assert "Portfolio" in firing[3]
    assert "Portfolio" in quiet[2]


def test_the_notice_takes_no_room_from_the_panes_beside_it() -> None:
    before, after = screen(sample.events()), screen([*sample.events(), LOST])
    borders = [{line.rstrip()[-1] for line in text.splitlines() if line.startswith("╭")} for text in (before, after)]
    assert borders == [{"╮"}, {"╮"}]
    assert {len(line.rstrip()) for line in after.splitlines() if line.startswith("╭")} == {120}


def test_a_burst_costs_no_more_drawing_than_a_change() -> None:
    drawn: list[float] = []

    def wall() -> datetime:
        drawn.append(time.perf_counter())
        return sample.AT

    async def burst() -> AsyncGenerator[Event, None]:
        for _ in range(2_000):
            for event in sample.events()[:2]:
                yield event
            await asyncio.sleep(0)

    async def run() -> float:
        async with Ghosttape(burst, wall).run_test() as pilot:
            started = time.perf_counter()
            await pilot.pause(0.5)
            return time.perf_counter() - started

    took = asyncio.run(run())
    assert 1 <= len(drawn) <= 20 * (took + 0.5)


def test_it_follows_a_real_feed_to_its_end() -> None:
    hello = Hello("0.1.0", "night", "replay", ["BTCUSDT"], [])
    feed = FeedSink(FeedSettings(port=0, interval=Duration.parse("10ms")), hello).build_part("feed", "one", None)
    start = 1_785_585_600_000_000_000

    async def run() -> tuple[str, str]:
        app = Ghosttape(partial(follow, f"ws://127.0.0.1:{feed.port}"))
        async with app.run_test(size=(120, 36)) as pilot:
            feed.write_batch([Pulse("binance", start, 10, 0, 0, start, start, start + 10, 2.0, "replaying")])
            await reach(app, pilot, lambda: bool(app.state.sources))
            await settle(pilot)
            running = text_of(app)
            feed.write_batch([Pulse("binance", start, 20, 0, 0, start, start, start + 10, 2.0, "ended")])
            feed.close()
            await reach(app, pilot, lambda: app.state.link is Link.ENDED)
            await settle(pilot)
            return running, text_of(app)

    running, ended = asyncio.run(run())
    assert "▶ replay ×2" in running
    assert "2026-08-01 12:00:00 UTC" in running
    assert "tape ended" in ended


async def reach(app: Ghosttape, pilot: Pilot[None], there: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not there():
            await pilot.pause(0.02)
    assert app.size == Size(120, 36)


def test_where_no_colours_are_wanted_focus_and_quiet_are_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    found: set[tuple[str, bool, bool]] = set()

    async def act(pilot: Pilot[None]) -> None:
        before = pilot.app.theme
        await pilot.press("T")
        await settle(pilot)
        assert pilot.app.theme == before
        assert "NO_COLOR is set" in str([note.message for note in pilot.app._notifications])
        for strip in pilot.app.screen._compositor.render_strips():
            for piece in strip:
                style = piece.style
                assert style is None or {style.color, style.bgcolor} <= {None, Color.parse("default")}, piece
                found.add((piece.text.strip(), bool(style and style.bold), bool(style and style.dim)))

    text = screen(sample.events(), act)
    assert "┏━ Symbols" in text
    assert {("Ghosttape", True, False), ("UTC", False, True), ("UTC", True, False)} & found == {
        ("Ghosttape", True, False),
        ("UTC", False, True),
    }
