"""`python -m tui.picture OUT.svg [COLUMNSxROWS]`: a picture of the screen from a recorded moment, the same each time.

`python -m tui.picture --all FOLDER` draws every page in every moment of `tui/sample_moments.py`, the alert in a narrow terminal, and
the explanation of the alert.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Final

from tui import sample
from tui.app import Ghosttape
from tui.memory import Memory
from tui.pages.catalog import CATALOG
from tui.pages.explanation import ExplanationPage
from tui.sample_moments import MOMENTS
from tui.state import Event

SIZE: Final = (120, 40)
"""Columns and rows of the picture in the README."""
NARROW: Final = (60, 20)
_EACH: Final = (100, 30)
"""That of the pictures of every page."""
_USAGE: Final = "usage: python -m tui.picture OUT.svg [COLUMNSxROWS] | --all FOLDER"
_WRONG_USE: Final = 2
_ALL: Final = "--all"
_LONG_NAMES: Final = re.compile(r"terminal-\d+")
_CLIPS: Final = re.compile(r'\s*clip-path="url\(#t-line-\d+\)"|<clipPath id="t-line-\d+">.*?</clipPath>\s*', re.DOTALL)
_SETTLED: Final = 2
"""Drawings that must be alike before a screen stands still."""
_PATIENCE: Final = 60
EXPLANATION: Final = "explanation"
"""Name of the page that lies over the log of alerts, in the catalog of which it is not."""
_WATCHED: Final = "DOGEUSDT"
"""The symbol that something happens to."""


def lines_of(app: Ghosttape) -> list[str]:
    """Read what is on the screen."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


async def screens(
    events: Sequence[Event], pages: Iterable[str], sizes: Iterable[tuple[int, int]]
) -> AsyncIterator[tuple[str, tuple[int, int], Ghosttape]]:
    """Show a moment on each page and in each size, one after the other, each until it stands still; without a terminal."""

    async def heard() -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    app = Ghosttape(heard, wall=lambda: sample.AT)
    app.memory = Memory(symbol=_WATCHED)
    async with app.run_test(size=SIZE) as pilot:
        for size in sizes:
            await pilot.resize_terminal(*size)
            for page in pages:
                _open(app, page)
                shown: list[list[str]] = []
                while len(shown) < _PATIENCE and (len(shown) < _SETTLED or any(each != shown[-1] for each in shown[-_SETTLED:])):
                    await pilot.pause()
                    app.draw()
                    await pilot.pause()
                    shown.append(lines_of(app))
                yield page, size, app


def pages_of(moment: str) -> list[str]:
    """Give the pages a moment is pictured on: there is something to explain where there is an alert."""
    return [entry.name for entry in CATALOG] + ([EXPLANATION] if moment == "alert" else [])


def _open(app: Ghosttape, page: str) -> None:
    if page == EXPLANATION:
        app.open_page("alerts")
        app.push_screen(ExplanationPage(sample.EXPLAINED))
    else:
        app.open_page(page)


def svg_of(app: Ghosttape, title: str) -> str:
    """Draw what is on the screen, a third as large as the library does.

    Its classes get short names, which are the same each time, so that what did not change makes no difference; lines are not clipped,
    as each text says its length.
    """
    return _CLIPS.sub("", _LONG_NAMES.sub("t", app.export_screenshot(title=title)))


async def picture(size: tuple[int, int] = SIZE) -> str:
    """Draw the first page and give it as SVG."""
    async for _, _, app in screens(sample.events(), [CATALOG[0].name], [size]):
        drawn = svg_of(app, "Ghosttape")
    return drawn


async def draw_all(folder: Path) -> None:
    """Draw every page in every moment."""
    folder.mkdir(parents=True, exist_ok=True)
    for moment, events in MOMENTS.items():
        async for page, size, app in screens(events(), pages_of(moment), (_EACH, NARROW) if moment == "alert" else (_EACH,)):
            name = f"{page}-{'narrow' if size == NARROW else moment}.svg"
            (folder / name).write_text(svg_of(app, f"Ghosttape: {page}"), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the picture, or all of them; give the exit status."""
    if len(arguments) == 2 and arguments[0] == _ALL:
        asyncio.run(draw_all(Path(arguments[1])))
        return 0
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print(_USAGE, file=sys.stderr)
        return _WRONG_USE
    columns, _, rows = (arguments[1] if len(arguments) == 2 else "x".join(map(str, SIZE))).partition("x")
    if not (columns.isdigit() and rows.isdigit()):
        print(_USAGE, file=sys.stderr)
        return _WRONG_USE
    Path(arguments[0]).write_text(asyncio.run(picture((int(columns), int(rows)))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
