"""The page of the alerts, as a person uses it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from scoring.feed import Hello, PaceState
from tests.tui.alerts_heard import AT, alert, events
from tests.tui.seen import SIZES, press, settle, show, text_of
from tests.tui.test_phases import RULE, over, pending
from tui.app import Ghosttape


@pytest.mark.parametrize("size", SIZES)
def test_every_alert_is_in_the_log_with_its_state_in_words(size: tuple[int, int]) -> None:
    async def act(_pilot: Pilot[None], app: Ghosttape) -> None:
        text = text_of(app)
        for words in (
            "▸3 Alerts",
            "4 of 4 · 2 firing",
            "▸ ■ critical  * firing",
            "DRAWDOWN",
            "no data",
            "over",
            "SPREAD_WARN",
            "ETHUSDT !",
            "20s",
        ):
            assert words in text, words
        assert {cell_len(line) for line in text.splitlines()} == {size[0]}

    show(act, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_rules_that_wait_stand_in_the_log_and_not_in_the_banner(size: tuple[int, int]) -> None:
    hello = Hello("0.1.0", "example", "live", [], [], rules=[RULE])
    waiting = (pending(12, alert_id="p1", symbol="BTCUSDT"), alert(alert_id="p2", rule="GAPPY", symbol="ETHUSDT", state="inhibited"))

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = text_of(app)
        for words in ("3 of 3 · 0 firing · 1 inhibited · 1 pending", "◔ pending", "‖ inhibited", "▽ cooling", "pending 12 s of 30 s"):
            assert words in text, words
        assert "DRAWDOWN" not in text.splitlines()[2]
        assert "1 of 3" in await press(pilot, app, "slash", *"pending", "enter")

    show(act, [hello, *events(alerts=(over(60), *waiting))[1:]], size=size)


def test_a_silenced_alert_leaves_the_banner_and_stays_in_the_log() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "DRAWDOWN" in text_of(app).splitlines()[2]
        asked = await press(pilot, app, "s")
        assert "For how long: DRAWDOWN DOGEUSDT" in asked
        text = await press(pilot, app, "2")
        assert "SPREAD_WARNING" in text.splitlines()[2]
        assert "⊘ 13:10:00" in text
        assert "silenced until 13:10:00" in text
        text = await press(pilot, app, "u")
        assert "DRAWDOWN" in text.splitlines()[2]
        text = await press(pilot, app, "s", "down", "enter")
        assert "silenced until 13:10:00" in text
        text = await press(pilot, app, "s", "escape")
        assert "silenced until 13:10:00" in text

    said = show(act).sayings.live
    assert [(each.rule, each.until - AT) for each in said.silences] == [("DRAWDOWN", timedelta(hours=1))]


def test_an_acknowledged_alert_interrupts_no_more() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "a", "j", "a")
        assert "DRAWDOWN" not in text.splitlines()[2]
        assert "SPREAD" not in text.splitlines()[2]
        assert text.count("firing ✓") == 2
        assert "SPREAD_WARNING" in (await press(pilot, app, "a")).splitlines()[2]

    assert show(act).sayings.live.seen == ("a1",)


def test_what_was_said_in_one_run_of_a_tape_is_not_said_in_the_next() -> None:
    tape = PaceState(10.0, False, None, "")
    first, again = ([msgspec.structs.replace(hello, run=run), *rest] for run in ("1", "2") for hello, *rest in [events(tape)])

    async def quieten(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "a", "j", "s", "2")
        assert "firing ✓" in text
        assert "⊘ 13:10:00" in text
        assert "DRAWDOWN" not in text.splitlines()[2]

    async def listen(_pilot: Pilot[None], app: Ghosttape) -> None:
        assert "DRAWDOWN" in text_of(app).splitlines()[2]
        assert "✓" not in text_of(app)
        assert "⊘" not in text_of(app)

    memory = show(quieten, first)
    assert show(listen, again, memory=memory).sayings == memory.sayings


def test_filter_sort_and_choice() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "slash", *"doge", "enter")
        assert "2 of 4" in text
        assert "ETHUSDT" not in text
        assert "4 of 4" in await press(pilot, app, "escape")
        assert "Severity▴" in await press(pilot, app, "o")
        text = await press(pilot, app, "O")
        assert "Severity▾" in text
        assert text.index("VOLUME_SPIKE") < text.index("SPREAD_WARNING")
        assert "▸ ● info" in await press(pilot, app, "home")
        assert "▸ ■ critical" in await press(pilot, app, "end")
        await pilot.click("#alert-titles", offset=(28, 0))
        await settle(pilot, app)
        assert "Rule▴" in text_of(app)
        await pilot.click("#alert-rows", offset=(8, 1))
        await settle(pilot, app)
        assert "▸ ■ critical" in text_of(app)
        assert "nothing here is like 'xyz': esc shows all" in await press(pilot, app, "slash", *"xyz", "enter")

    assert show(act).alert_sort == "Rule"


def test_without_alerts_the_keys_do_nothing_and_the_page_says_so() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter", "a", "s", "u", "y", "j", "k", "pagedown", "home", "end", "O")
        assert "No alert so far." in text

    show(act, events(alerts=()))
