"""For how long a rule shall be silent."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from textual.pilot import Pilot

from tests.tui.alerts_heard import AT, events, source
from tests.tui.seen import press, show
from tui.app import Ghosttape
from tui.silences import LENGTHS


@pytest.mark.parametrize(("number", "length"), [(str(number), length) for number, (_, length) in enumerate(LENGTHS, start=1)])
def test_a_number_gives_the_length_that_stands_beside_it(number: str, length: timedelta) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        asked = await press(pilot, app, "s")
        for place, (text, known) in enumerate(LENGTHS, start=1):
            assert f"{place}  {text:<10}  until {AT + known:%H:%M:%S}" in asked
        await press(pilot, app, number)

    (silence,) = show(act).sayings.live.silences
    assert silence.until - AT == length


@pytest.mark.parametrize("key", ["escape", "q"])
def test_leaving_silences_nothing(key: str) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "4 of 4" in await press(pilot, app, "s", key)

    assert show(act).sayings.live.silences == ()


def test_an_end_on_another_day_is_told_with_its_day() -> None:
    late = msgspec.structs.replace(source(), at=AT.replace(hour=20))

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        asked = await press(pilot, app, "s")
        assert "1  10 minutes  until 20:20:00" in asked
        assert "3  8 hours     until 2026-08-02 04:10:00" in asked

    show(act, [*events(), late])
