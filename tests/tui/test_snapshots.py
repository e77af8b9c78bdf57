"""What each page says in each moment and size, compared with what was looked at and kept in `tests/tui/snapshots/`.

Text and not a picture, so that another version of a library that draws changes nothing here. Where a change is wanted, run with
`GHOSTTAPE_UPDATE_SNAPSHOTS=1` and read the difference.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tui.picture import NARROW, lines_of, pages_of, screens
from tui.sample_moments import MOMENTS

FOLDER = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (120, 40), (200, 60))
UPDATE = bool(os.environ.get("GHOSTTAPE_UPDATE_SNAPSHOTS"))


def drawn(moment: str) -> dict[str, str]:
    """Draw a moment on every page in every size, by name of file."""
    sizes = (*SIZES, NARROW) if moment == "alert" else SIZES

    async def run() -> dict[str, str]:
        found: dict[str, str] = {}
        async for page, (columns, rows), app in screens(MOMENTS[moment](), pages_of(moment), sizes):
            lines = lines_of(app)
            assert len(lines) == rows
            assert max(map(len, lines)) <= columns
            found[f"{page}-{moment}-{columns}x{rows}.txt"] = "\n".join(lines) + "\n"
        return found

    return asyncio.run(run())


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_page_looks_as_it_did_when_somebody_looked(moment: str) -> None:
    found = drawn(moment)
    if UPDATE:
        for name, text in found.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob(f"*-{moment}-*.txt")}
    assert sorted(found) == sorted(kept)
    for name, text in found.items():
        assert text == kept[name], f"{name} is not what it was"


def test_nothing_is_kept_of_what_is_no_longer_drawn() -> None:
    kept = {tuple(path.name.split("-")[:2]) for path in FOLDER.glob("*.txt")}
    assert kept == {(page, moment) for moment in MOMENTS for page in pages_of(moment)}
