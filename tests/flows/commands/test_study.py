"""A study of results that are known by hand."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from flows.commands.study import chance, main
from tests.flows.commands.told import EVENTS
from tests.flows.conftest import BUNDLED, Run
from tests.flows.sessions import cut

NO_TEXT = str(BUNDLED / "frames" / "binance" / "000000000000.parquet")


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setenv("GHOSTTAPE_DATA_DIR", str(tmp_path / "data"))


def table(said: str, title: str) -> list[list[str]]:
    """Give the rows of a printed table."""
    block = said[said.index(title) :].split("\n\n")[0]
    return [[cell.strip() for cell in line.split("│")] for line in block.splitlines() if "│" in line]


def test_each_alert_has_its_returns_and_what_lies_beyond_the_end_is_not_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(folder), "--horizons", "1m,2m,15m"])
    (row,) = table(capsys.readouterr().out, "after each alert")
    assert row[1:4] == ["IMMINENT_HYPE_PUMP", "BTCUSDT", "2024-08-09T00:09:00Z"]
    assert row[4:] == ["+0.0 (+0.0 +0.0)", "+1000.0 (+1000.0 +0.0)", "–"]


def test_a_delay_moves_the_entry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(folder), "--horizons", "1m", "--delay", "30s"])
    (row,) = table(capsys.readouterr().out, "after each alert")
    assert row[4] == "+1000.0 (+1000.0 +0.0)"


def test_an_alert_is_held_against_random_instants(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(folder), "--horizons", "2m", "--apart", "2m"])
    (row,) = table(capsys.readouterr().out, "against random instants")
    # Free instants are 0 … 419 and 661 … 1080: none of them sees the jump at 601.
    assert row == ["IMMINENT_HYPE_PUMP", "2m", "1", "+1000.0", "+0.0", "+1000.0", "–", "+1000.0", "+0.0", "1.00"]


def test_known_events_give_precision_recall_and_lead(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "events.csv").write_text(EVENTS)
    main([str(folder), "--events", "events.csv"])
    printed = capsys.readouterr()
    assert table(printed.out, "against known events, within 10m") == [["IMMINENT_HYPE_PUMP", "1", "1.00", "1 of 1", "1.00", "+60 s"]]
    assert "events.csv: 1 of 2 events lie outside what was recorded" in printed.err
    main([str(folder), "--events", "events.csv", "--within", "59s"])
    assert table(capsys.readouterr().out, "against known events") == [["IMMINENT_HYPE_PUMP", "1", "0.00", "0 of 1", "0.00", "–"]]


def test_a_chart_is_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(folder)])
    assert capsys.readouterr().out.endswith(f"chart: {tmp_path}/data/study.svg\n")
    assert ElementTree.parse(tmp_path / "data" / "study.svg").getroot().tag.endswith("svg")
    main([str(folder), "--chart", "other.svg"])
    assert (tmp_path / "other.svg").read_text() == (tmp_path / "data" / "study.svg").read_text()


def test_the_same_seed_gives_the_same_study_and_another_one_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("1", "1", "2"):
        main([str(folder), "--horizons", "5m", "--apart", "1m", "--seed", seed])
        said.append(table(capsys.readouterr().out, "against random instants"))
    assert said[0] == said[1] != said[2]


def test_the_same_results_named_twice_count_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(folder), f"{folder}/"])
    assert len(table(capsys.readouterr().out, "after each alert")) == 1


def test_chance_depends_on_what_it_is_about_and_on_nothing_else() -> None:
    drawn = chance((2, 3), 1, "session", "RULE")
    assert drawn.shape == (2, 3)
    np.testing.assert_array_equal(drawn, chance((2, 3), 1, "session", "RULE"))
    assert not np.array_equal(drawn, chance((2, 3), 1, "session", "OTHER"))
    assert ((drawn >= 0) & (drawn < 1)).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], r"^ghosttape: nowhere: neither manifest\.json nor archive in it: expected a session"),
        (["a/session", "b/session"], r"^ghosttape: two sessions are named session, expected one: replay them apart"),
        (["FOLDER", "--rule", "DRAWDOWN"], r"^ghosttape: just study: --rule = 'DRAWDOWN': expected a rule that fired: IMMINENT_HYPE_PUMP$"),
        (
            [str(BUNDLED), "--rule", "DRAWDOW"],
            r"^ghosttape: just study: --rule = 'DRAWDOW': expected the name of a rule; did you mean 'DRAWDOWN'",
        ),
        (["FOLDER", "--events", NO_TEXT], r"^ghosttape: .*\.parquet: cannot be read \(.*\): expected a CSV file"),
        (["FOLDER", "--chart", "."], r"^ghosttape: \.: the chart cannot be written: .*: name another file with --chart$"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(folder: Path, arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        main([str(folder) if argument == "FOLDER" else argument for argument in arguments])


@pytest.mark.parametrize(
    "wrong", [["--delay", "soon"], ["--horizons", "1m,"], ["--matches", "0"], ["--rounds", "-1"], ["--events", "none.csv"]]
)
def test_a_wrong_option_is_refused(folder: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(folder), *wrong])
    assert "is no" in capsys.readouterr().err


def test_sessions_are_replayed_one_after_the_other(command: Run, tmp_path: Path) -> None:
    second = cut(BUNDLED, tmp_path / "second", 480, 480, columns=False)
    done = command("flows.commands.study", str(BUNDLED), str(second), "--rule", "VOLATILITY", "--horizons", "5m")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [f"replaying {BUNDLED}", f"replaying {second}"]
    first, again = table(done.stdout, "after each alert")
    assert first[1:4] == again[1:4] == ["VOLATILITY", "DOGEUSDT", "2026-03-14T12:11:00Z"]
    assert first[4] == again[4] != "–"


def test_where_nothing_fired_there_is_nothing_to_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty" / "archive").mkdir(parents=True)
    main([str(tmp_path / "empty")])
    assert capsys.readouterr().err == "no alert fired: there is nothing to study\n"
