"""`python -m tui.picture OUT.svg [COLUMNSxROWS]`: a picture of the screen from a recorded moment, the same each time."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from tui import sample
from tui.app import Ghosttape

SIZE: Final = (120, 40)
"""Columns and rows of the picture in the README."""
_USAGE: Final = "usage: python -m tui.picture OUT.svg [COLUMNSxROWS]"
_WRONG_USE: Final = 2


async def picture(size: tuple[int, int] = SIZE) -> str:
    """Draw the screen without a terminal and give it as SVG."""
    app = Ghosttape(sample.heard, wall=lambda: sample.AT)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.draw()
        await pilot.pause()
        return app.export_screenshot(title="Ghosttape")


def main(arguments: list[str]) -> int:
    """Write the picture; give the exit status."""
    if not 1 <= len(arguments) <= 2:
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
