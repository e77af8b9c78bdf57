"""The list of alerts: what is chosen stays chosen, and what is chosen is in sight."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from textual.pilot import Pilot

from tests.tui.alerts_heard import AT, alert, events
from tests.tui.seen import press, settle, show, text_of
from tui.app import Ghosttape

MANY = tuple(alert(alert_id=f"m{i}", rule=f"RULE_{i:03}", fired_at=AT - timedelta(seconds=i)) for i in range(100))


def test_the_chosen_alert_stays_chosen_where_rows_move_and_is_always_in_sight() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "* firing      RULE_099" in await press(pilot, app, "end")
        assert "▸ ■ critical  * firing      RULE_098" in await press(pilot, app, "k")
        newer = alert(alert_id="new", rule="NEWER", fired_at=AT + timedelta(seconds=1))
        app.state = msgspec.structs.replace(app.state, alerts={**app.state.alerts, "new": newer})
        await settle(pilot, app)
        await press(pilot, app, "down")
        assert "▸ ■ critical  * firing      RULE_099" in text_of(app)
        assert "▸ ■ critical  * firing      RULE_000" in await press(pilot, app, "home", "down")
        page = await press(pilot, app, "pagedown")
        assert "▸ ■ critical" in page
        assert "▸ ■ critical  * firing      RULE_000" not in page

    show(act, events(alerts=MANY), size=(120, 24))


def test_a_second_click_explains() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await pilot.click("#alert-rows", offset=(5, 2), times=2)
        assert "id m2" in await press(pilot, app)

    show(act, events(alerts=MANY))
