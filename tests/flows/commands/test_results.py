"""Results that are opened know what they were shaped by, and how long was watched."""

from pathlib import Path

import pytest

from connectors.tape.manifest import save
from flows.commands.results import Results, Span, assets_by_name, days_of, find_rule, known_events, open_results, spans_of
from flows.sessions import new_manifest
from flows.settings import AlertSettings, Settings, Shaping
from scoring.alerts.events import Occurrence
from scoring.alerts.rules import RuleSettings
from scoring.errors import ResourceError, SettingError
from tests.flows.commands.told import ASSET, EVENTS, LENGTH, write_results
from tests.scoring.alerts.metric_rows import SECOND, SYMBOL, nanoseconds


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = write_results(tmp_path_factory.mktemp("told"))
    (found,) = open_results([str(folder)], Settings())
    return found


def test_a_track_is_the_prices_that_are_known(results: Results) -> None:
    track = results.track(SYMBOL)
    assert len(track.instants) == LENGTH + 1
    assert (track.prices[0], track.prices[-1]) == (100.0, 110.0)
    assert len(results.track("ETHUSDT").instants) == 0


def test_alerts_come_as_they_stand_last(results: Results) -> None:
    (alert,) = results.alerts()
    assert (alert.state, alert.fired_ns, alert.resolved_ns) == ("resolved", nanoseconds(540), nanoseconds(600))


def test_assets_go_by_their_own_name_and_their_symbols(results: Results) -> None:
    assert assets_by_name(results.shaping)[SYMBOL] == assets_by_name(results.shaping)[ASSET] == ASSET
    assert results.asset_of(SYMBOL) == ASSET
    assert results.asset_of("XUSDT") == "XUSDT"


def test_what_was_watched_is_from_the_first_price_to_the_last(results: Results, tmp_path: Path) -> None:
    assert spans_of([results]) == [Span(ASSET, nanoseconds(0), nanoseconds(LENGTH))]
    assert days_of([results, results]) == pytest.approx(2 * LENGTH / 86_400)
    (tmp_path / "archive").mkdir()
    assert days_of(open_results([str(tmp_path)], Settings())) == 0


def test_events_count_where_somebody_watched(results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events.csv"
    file.write_text(EVENTS)
    assert known_events(str(file), [results], 60 * SECOND) == [Occurrence(ASSET, nanoseconds(600))]
    assert capsys.readouterr().err.endswith("1 of 2 events lie outside what was recorded\n")
    file.write_text("BTCUSDT,2024-08-09T00:10:00Z\n")
    assert len(known_events(str(file), [results], 60 * SECOND)) == 1
    assert capsys.readouterr().err == ""


def test_events_that_are_no_text_are_refused(results: Results, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ResourceError, match=r"events\.csv: cannot be read"):
        known_events(str(tmp_path / "events.csv"), [results], SECOND)


def test_a_rule_only_the_recording_knows_is_found_there_before_anything_is_replayed(tmp_path: Path) -> None:
    own = RuleSettings(name="OWN", when="risk_metrics.drawdown > 0.5")
    save(tmp_path, new_manifest("recorded", {}, Shaping(alerts=AlertSettings(rules=(own,))), ""))
    with pytest.raises(SettingError, match=r"^just study: --rule = 'OWN': expected the name of a rule"):
        find_rule("OWN", [], Settings(), "just study", "--rule")
    assert find_rule("OWN", [str(tmp_path)], Settings(), "just study", "--rule").when == own.when
    assert find_rule("DRAWDOWN", [str(tmp_path)], Settings(), "just study", "--rule").name == "DRAWDOWN"
