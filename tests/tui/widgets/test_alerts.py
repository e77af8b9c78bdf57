"""The log of alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from scoring.feed import AlertState
from tests.tui.alerts_heard import source
from tests.tui.seen import press, show
from tui.app import Ghosttape
from tui.silences import Said, silence
from tui.state import State
from tui.widgets.alerts import line, log, newest_first

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALERT = AlertState(
    "a", "IMMINENT_HYPE_PUMP", "DOGEUSDT", "critical", "firing", AT, AT, None, "t.hype_momentum", "c", 100.0, 143.2, 150.0, "{}", "complete"
)


def changed(**fields: object) -> AlertState:
    return msgspec.structs.replace(ALERT, **fields)


def test_one_line_says_when_what_about_whom_how_much_and_what_became_of_it() -> None:
    assert line(ALERT, 70).plain.split() == ["12:00:00", "■", "IMMINENT_HYPE_PUMP", "DOGEUSDT", "143.2", "vs", "100", "firing"]
    assert {"critical", "hype_momentum"} <= set(line(ALERT, 140).plain.split())


def test_where_it_is_narrow_the_numbers_go_first_and_what_became_of_it_stays() -> None:
    assert line(ALERT, 56).plain.split() == ["12:00:00", "■", "IMMINENT_HYPE_PUMP", "DOGEUSDT", "firing"]
    assert line(ALERT, 40).plain.split() == ["12:00:00", "■", "IMMINENT_HYP…", "firing"]


@pytest.mark.parametrize("width", [44, 56, 69, 100, 111, 112, 140, 200])
@pytest.mark.parametrize("alert", [ALERT, changed(rule="x" * 90, symbol="y" * 90, severity="z" * 90, metric="m" * 90, state="s" * 90)])
def test_a_line_never_breaks(alert: AlertState, width: int) -> None:
    assert cell_len(line(alert, width).plain) <= width


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "resolved", "resolved_at": AT + timedelta(minutes=3)}, "over 12:03"),
        ({"state": "resolved"}, "over"),
        ({"state": "no_data"}, "no data"),
        ({"completeness": "open_gap(1)"}, "firing, gap"),
        ({"completeness": "repaired(2)"}, "firing"),
    ],
)
def test_the_outcome_is_in_words(fields: dict[str, object], words: str) -> None:
    assert line(changed(**fields), 70).plain.rstrip().endswith(f"  {words}")


@pytest.mark.parametrize(("severity", "mark"), [("critical", "■"), ("warning", "◆"), ("info", "●"), ("odd", "○")])
def test_severity_has_a_shape_of_its_own(severity: str, mark: str) -> None:
    assert line(changed(severity=severity), 70).plain[10] == mark


def test_the_newest_comes_first_and_an_alert_without_a_start_last() -> None:
    alerts = [changed(alert_id="old", rule="OLD"), changed(alert_id="never", rule="NEVER", started_at=None)]
    alerts += [changed(alert_id=name, rule=name, started_at=AT + timedelta(seconds=1)) for name in ("FIRST", "SECOND")]
    text = log(State(alerts={alert.alert_id: alert for alert in alerts}), 70, Said()).plain
    assert [row.split()[2] for row in text.splitlines()] == ["SECOND", "FIRST", "OLD", "NEVER"]


def test_what_was_said_of_one_stands_behind_its_outcome_until_it_is_over() -> None:
    alerts = [changed(alert_id=name, rule=name) for name in ("loud", "seen")] + [
        changed(alert_id="silent", rule="silent", symbol="BTCUSDT")
    ]
    alerts.append(changed(alert_id="over", rule="over", state="resolved"))
    state = State(alerts={alert.alert_id: alert for alert in alerts}, sources={"binance": source()})
    said = Said(seen=("seen", "over"), silences=silence((), alerts[2], source().at, timedelta(hours=1)))
    found = {row.split()[2]: row.rstrip().rpartition("  ")[2] for row in log(state, 100, said).plain.splitlines()}
    gaps = {state: line(changed(completeness="open_gap(1)", state=state), 100, "✓").plain for state in ("firing", "no_data")}
    assert [text.rstrip().rpartition("  ")[2] for text in gaps.values()] == ["firing, gap✓", "no data, gap"]
    assert found == {"loud": "firing", "seen": "firing ✓", "silent": "firing ⊘", "over": "over"}


def test_a_click_on_one_explains_it() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, "1")
        place = next(row for row, alert in enumerate(newest_first(app.state)) if alert.rule == "VOLUME_SPIKE")
        await pilot.click("#log", offset=(5, place))
        assert "Why · VOLUME_SPIKE DOGEUSDT" in await press(pilot, app)
        await press(pilot, app, "escape")
        await pilot.click("#log", offset=(5, 4))
        assert "Symbols" in await press(pilot, app)

    show(act, size=(200, 60))


def test_hostile_text_is_harmless() -> None:
    assert line(changed(rule="[bold]\x1b[2J\n", symbol="\u202e"), 140).plain.isprintable()
