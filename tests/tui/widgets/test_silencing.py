"""For how long a rule shall be silent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.pilot import Pilot

from tests.tui.seen import press, show
from tui.app import Ghosttape
from tui.silences import LENGTHS


@pytest.mark.parametrize(("number", "length"), [(str(number), length) for number, (_, length) in enumerate(LENGTHS, start=1)])
def test_a_number_gives_the_length_that_stands_beside_it(number: str, length: timedelta) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        asked = await press(pilot, app, "s")
        assert all(f"{place}  {text} of the tape" in asked for place, (text, _) in enumerate(LENGTHS, start=1))
        await press(pilot, app, number)

    (silence,) = show(act).silences
    assert silence.until - silence.from_at == length


@pytest.mark.parametrize("key", ["escape", "q"])
def test_leaving_silences_nothing(key: str) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "4 of 4" in await press(pilot, app, "s", key)

    assert show(act).silences == ()
