"""A sweep over results that are known by hand, and over the bundled session, where it must say what the flow said."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest

from flows.commands.results import open_results
from flows.commands.sweep import judge_again, main, recorded
from flows.settings import load
from scoring.alerts.rules import compile_rules
from scoring.records import Alert
from tests.flows.commands.told import EVENTS
from tests.flows.conftest import BUNDLED, Run


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("GHOSTTAPE_DATA_DIR", str(tmp_path / "data"))


def sweep(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> list[list[str]]:
    """Run a sweep of the rule for hype and give the rows it prints."""
    main(["IMMINENT_HYPE_PUMP", str(folder), *arguments])
    return [[cell.strip() for cell in line.split("│")] for line in capsys.readouterr().out.splitlines() if "│" in line]


def test_a_threshold_must_be_passed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sweep(capsys, folder, "--thresholds", "100,119,120,50,100")
    assert [(row[0], row[1], row[4]) for row in rows] == [("*", "100", "1"), ("", "119", "1"), ("", "120", "0"), ("", "50", "1")]


def test_for_must_be_outlasted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sweep(capsys, folder, "--thresholds", "100", "--for", "0s,50s,51s")
    assert [(row[0], row[2], row[4]) for row in rows] == [("*", "0s", "1"), ("", "50s", "1"), ("", "51s", "0")]


def test_a_shorter_cooldown_lets_the_second_burst_through(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sweep(capsys, folder, "--thresholds", "100", "--cooldown", "1m,5m,10m")
    # Twenty minutes are a 72nd of a day. The second burst begins just as five minutes are over.
    assert [(row[3], row[4], row[5]) for row in rows] == [("1m", "2", "144.0"), ("5m", "2", "144.0"), ("10m", "1", "72.0")]


def test_events_give_precision_recall_and_lead(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "events.csv").write_text(EVENTS)
    rows = sweep(capsys, folder, "--thresholds", "100,200", "--cooldown", "1m", "--events", "events.csv", "--within", "2m")
    assert [row[6:] for row in rows] == [["0.50", "1.00", "+60 s"], ["–", "0.00", "–"]]
    svg = ElementTree.parse(tmp_path / "data" / "sweep.svg").getroot()
    assert {"precision, by threshold", "recall, by threshold"} <= {each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")}


def test_without_thresholds_some_around_its_own_are_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = sweep(capsys, folder)
    assert [row[1] for row in rows] == ["50", "75", "100", "125", "150", "200"]
    assert [row[0] for row in rows].index("*") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["IMMINENT_HYPE", "FOLDER"], r"^ghosttape: just sweep: rule = 'IMMINENT_HYPE': expected the name of a rule; did you mean"),
        (["SPREAD", "FOLDER"], r"^ghosttape: just sweep: rule = 'SPREAD': expected the name of a rule"),
    ],
)
def test_an_unknown_rule_is_refused_in_one_line(folder: Path, arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        main([str(folder) if argument == "FOLDER" else argument for argument in arguments])


@pytest.mark.parametrize("arguments", [[], ["--thresholds", "1"]])
def test_a_rule_without_a_threshold_is_refused(folder: Path, tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ghosttape.toml").write_text('[[alerts.rules]]\nname = "WIDE"\nwhen = "spread_warning"\n')
    monkeypatch.delenv("GHOSTTAPE_CONFIG", raising=False)
    with pytest.raises(SystemExit, match="compared with a number"):
        main(["WIDE", str(folder), *arguments])


@pytest.mark.parametrize("wrong", ["a", "1,", "nan", "1,inf"])
def test_a_threshold_is_a_number(folder: Path, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["IMMINENT_HYPE_PUMP", str(folder), "--thresholds", wrong])
    assert "argument --thresholds" in capsys.readouterr().err


def test_the_bundled_session_judged_again_gives_the_alerts_the_flow_gave(command: Run, tmp_path: Path) -> None:
    told = tmp_path / "told"
    assert command("flows.commands.replay", str(BUNDLED), "--quiet", "--data-dir", str(told)).returncode == 0
    settings, _ = load()
    (results,) = open_results([str(told)], settings)
    again: list[Alert] = []
    for rule in compile_rules(settings.alerts.rules, "settings", "alerts.rules"):
        again += [alert for found in recorded(results, rule) for alert in judge_again(found, rule)]
    assert again
    # The posts behind an alert are put into it by a stage of their own.
    stored = [msgspec.structs.replace(alert, posts="[]") for alert in results.alerts()]
    assert sorted(again, key=lambda alert: (alert.fired_ns, alert.alert_id)) == stored
