"""Why an alert fired, as a person reads it and asks on."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from scoring.feed import AlertState, Hello
from tests.tui.alerts_heard import OTHERS, alert, events, fall
from tests.tui.seen import SIZES, press, show, text_of
from tests.tui.test_phases import RULE, over, pending
from tui.app import Ghosttape
from tui.state import reduce


@pytest.mark.parametrize("size", SIZES)
def test_enter_explains_the_alert_and_escape_goes_back(size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter")
        assert "─ Why · DRAWDOWN DOGEUSDT ─" in text
        assert "─ id a1 · esc goes back ─" in text
        assert "CRITICAL DRAWDOWN DOGEUSDT: firing since 2026-08-01T12:09:40Z" in " ".join(text.split()) or size[0] > 80
        assert "risk_metrics.drawdown" in text
        assert "▸3 Alerts" in text
        assert {cell_len(line) for line in text.splitlines()} == {size[0]}
        said = text + await press(pilot, app, "pagedown") + await press(pilot, app, "end")
        for words in (
            "it would not have fired with",
            "what if",
            "what entered the rule",
            "0.02 (2 %)",
            "none are stored",
            "whole when it fired",
        ):
            assert words in said, words
        assert "4 of 4" in await press(pilot, app, "escape")

    show(act, [*events(), *fall()], size=size)


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
def test_every_block_has_its_lines_at_once(size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter")
        for words in ("0.02 (2 %)  12:09:40", "whole when it fired", "none are stored"):
            assert words in text, words

    show(act, size=size)


def test_other_thresholds_and_lengths_are_tried_with_keys() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter")
        assert "as it was it fired at 12:09:40" in text
        assert "judged on 61 rows" in text
        text = await press(pilot, app, *["plus"] * 30)
        assert "▸ threshold 0.04 (4 %)" in text
        assert "it would not have fired" in text
        text = await press(pilot, app, "0", "w", "minus", "minus")
        assert "▸ for 1s" in text
        assert "it would have fired at 12:09:36, 4 s" in text
        assert "▸ for 0s" in await press(pilot, app, *["minus"] * 9)
        assert "▸ for 1h" in await press(pilot, app, *["plus"] * 30)
        assert "▸ threshold 0.011" in await press(pilot, app, "w", "plus")

    show(act, [*events(), *fall()])


def test_the_id_is_copied_for_who_asks_on_in_a_shell() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, "enter", "y")
        assert app.clipboard == "a1"
        assert [note.message for note in app._notifications] == ["copied a1: just explain takes it"]

    show(act, [*events(), *fall()])


def test_a_page_key_closes_the_explanation() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, "enter")
        assert "4 of 4" in await press(pilot, app, "3")
        await press(pilot, app, "enter", "1")
        assert "▸1 Overview" in text_of(app)
        assert "4 of 4" in await press(pilot, app, "3")

    show(act)


def test_the_explanation_says_what_the_rule_asks_for_and_how_far_it_is() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter")
        assert "what the rule asks for" in text
        assert "10 m: cooling until 12:19:00" in text
        assert "it would not have fired with" in text

    show(act, [HELLO, *events(alerts=(over(60),))[1:]])


def test_a_rule_that_is_pending_is_explained_until_it_lapses_or_fires() -> None:
    waiting = pending(12, alert_id="p1")

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter", "plus", "w", "0")
        assert "pending 12 s of 30 s" in text
        assert "no alert yet" in text
        assert "what if" not in text
        assert "─ esc goes back ─" in text
        assert "copied" not in await press(pilot, app, "y")
        app.state = reduce(app.state, alert(alert_id="p1", state="lapsed"))
        assert "lapsed" in await press(pilot, app)
        app.state = reduce(app.state, alert(alert_id="p1"))
        text = await press(pilot, app)
        assert "firing since" in text
        assert "what if" in text

    show(act, [HELLO, *events(alerts=(waiting,))[1:]])


HELLO = Hello("0.1.0", "example", "live", [], [], rules=[RULE])
HOSTILE = alert(
    alert_id="[bold]\x1b[2J" * 50,
    rule="[link=x]\n" * 50,
    symbol="\u202eX" * 50,
    condition="(" * 5_000,
    evidence='{"[red]": {"value": 1e400, "instant": "\\u001b", "completeness": "[x]"}}',
    posts='[{"channel": "\\u001b[31m", "score": 1.0, "moved": 0.5, "copies": -3, "text": "\\u001b[2J[bold]evil\\u202e"}]',
)


@pytest.mark.parametrize("known", [HOSTILE, alert(posts="x", evidence="x", started_at=None, fired_at=None), OTHERS[2]])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_whatever_an_alert_says_it_is_shown_harmlessly(known: AlertState, size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        for keys in (["j", "k"], ["s"], ["1"], ["a"], ["enter"], ["plus"], ["w"], ["end"]):
            text = await press(pilot, app, *keys)
            assert text.replace("\n", "").isprintable()
            assert {cell_len(line) for line in text.splitlines()} == {size[0]}

    show(act, events(alerts=(known,)), size=size)
