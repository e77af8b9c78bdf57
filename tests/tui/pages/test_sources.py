"""The page of the sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from scoring.feed import Hello, NewRows, Value
from tui import sample
from tui.app import Ghosttape
from tui.state import Event


def shown(events: list[Event], size: tuple[int, int] = (140, 40)) -> str:
    async def heard() -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    async def run() -> str:
        app = Ghosttape(heard, wall=lambda: sample.AT)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.open_page("sources")
            for _ in range(4):
                await pilot.pause()
                app.draw()
            await pilot.pause()
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    return asyncio.run(run())


def test_it_says_how_inputs_are_what_was_bad_and_what_the_audit_found() -> None:
    text = shown(sample.live_events())
    for words in (
        "next try in 27 s: Connection reset",
        "Gaps · 3",
        "still open",
        "Rejects · 3",
        "\\x00\\x1b[2J",
        "verified 27 of 28 one-minute candles",
    ):
        assert words in text


def test_where_all_is_well_it_says_so() -> None:
    text = shown([Hello("0.1", "s", "live", ["BTCUSDT"], [])])
    for words in ("No source has reported.", "Nothing is known to be missing.", "Everything could be read."):
        assert words in text
    assert "Audit" not in text


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 60)])
def test_no_line_is_wider_than_the_screen(size: tuple[int, int]) -> None:
    lines = shown(sample.live_events(), size).splitlines()
    assert len(lines) == size[1]
    assert {len(line) for line in lines} == {size[0]}


@pytest.mark.parametrize("bytes_", ["\x1b[2J\x1b]0;x\x07", "[bold red]x[/] [@click=app.quit]", "\u202e\u2066", "x" * 99_999, ""])
def test_hostile_bytes_are_shown_harmlessly(bytes_: str) -> None:
    cells: dict[str, Value] = {"source": bytes_, "position": 1, "received_at": "2026-08-01T12:16:40Z", "reason": bytes_, "payload": bytes_}
    text = shown([Hello("0.1", "s", "live", ["S"], []), NewRows("rejects", "x", False, {name: [cell] for name, cell in cells.items()})])
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == 40
