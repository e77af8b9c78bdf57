"""An alert is explained from what is stored, and what strangers wrote stays text."""

from pathlib import Path

import duckdb
import pytest

from connectors.outputs.query import run_query
from flows.commands.explain import Warehouse, find_alert, main
from scoring.errors import ResourceError
from scoring.records import Alert
from tests.flows.commands.told import write_results

POST = (
    '[{"channel":"calls","message_id":1,"posted":"2024-08-09T00:08:50Z","score":0.9,"moved":0.45,"copies":3,'
    '"text":"5 minutes until the pump"}]'
)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "220")


@pytest.fixture
def alert(folder: Path) -> Alert:
    return find_alert(warehouse(folder), "last")


def warehouse(folder: Path) -> Warehouse:
    return Warehouse(str(folder / "warehouse.duckdb"))


@pytest.fixture
def said(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["last", "--data-dir", str(folder)])
    return capsys.readouterr().out.splitlines()


def line(said: list[str], start: str) -> str:
    (found,) = [each for each in said if each.strip().startswith(start)]
    return found


def cells(said: list[str], start: str) -> list[str]:
    return [cell.strip() for cell in line(said, start).split("│")]


def test_it_says_what_fired_and_why(said: list[str]) -> None:
    assert line(said, "CRITICAL") == "CRITICAL IMMINENT_HYPE_PUMP BTCUSDT: fired 2024-08-09T00:09:00Z, resolved 2024-08-09T00:10:00Z"
    assert line(said, "The crowd has turned")
    assert line(said, "decoupling_signals.hype_momentum = 120").endswith("at 2024-08-09T00:09:00Z (complete)")
    assert line(said, "data: complete")


def test_it_says_what_it_would_have_taken_not_to_fire(said: list[str]) -> None:
    assert line(said, "a threshold beyond 120 instead of 100")
    assert line(said, "or `delta_price < 0.02` not met").endswith("inside by 0.02 (2 %)")
    assert line(said, "or a `for` longer than 1m")


def test_price_and_mood_stand_side_by_side_from_before_to_after(said: list[str]) -> None:
    assert cells(said, "-300 s") == ["-300 s", "2024-08-09T00:04:00Z", "100", "+0.0", "+0.000", "+0.000", "10", "+0.0"]
    assert cells(said, "fired") == ["fired", "2024-08-09T00:09:00Z", "100", "+0.0", "+0.000", "+0.600", "200", "+120.0"]
    assert cells(said, "+60 s")[2:4] == ["100", "+0.0"]
    assert cells(said, "+90 s")[2:4] == ["110", "+1000.0"]
    assert cells(said, "+300 s")[0] == "+300 s"


def test_gaps_are_those_of_its_symbol_of_all_symbols_and_of_the_crowd(said: list[str]) -> None:
    assert line(said, "gaps within 5m of it") == "gaps within 5m of it: 2"
    assert line(said, "binance * *: 2024-08-09T00:08:20Z to 2024-08-09T00:08:32Z, 7 missing, 3 repaired (disconnected)")
    assert line(said, "telegram * post: 2024-08-09T00:11:40Z to still open, 0 missing, 0 repaired (still lost)")


def test_posts_that_did_not_move_the_mood_are_not_shown(said: list[str]) -> None:
    # Both texts are in the last 30 s and in the window: V and V̄ are the same mean, whichever of them is left out.
    assert "posts that moved the mood: none are stored" in said


def test_one_text_is_shown_once_with_its_copies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # V is the mean of moon and rug, 0, and V̄ that of all three, 0; without moon they are −0.9 and −0.45.
    folder = write_results(tmp_path / "told", ((300, "calls", 9, "flat", 0.0, "so so"),))
    main(["last", "--data-dir", str(folder)])
    printed = capsys.readouterr().out
    said = printed.splitlines()
    assert line(said, "posts that lifted the mood most")
    found = cells(said, "2024-08-09T00:08:50Z")
    assert found[1:6] == ["calls", "+0.900", "+0.4500", "1", ""]
    assert found[6].startswith("[31m[bold]buy[/bold] now !!!")
    assert found[6].endswith("!…")
    assert not {"\x1b", "\u202e"} & set(printed)


def test_a_post_of_an_organised_pump_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy_with(tmp_path, f"UPDATE alerts SET posts = '{POST}'")
    main(["last", "--data-dir", str(tmp_path)])
    assert cells(capsys.readouterr().out.splitlines(), "2024-08-09T00:08:50Z")[1:] == [
        "calls",
        "+0.900",
        "+0.4500",
        "3",
        "pump",
        "5 minutes until the pump",
    ]


def test_an_alert_is_found_by_the_beginning_of_its_id(folder: Path, alert: Alert) -> None:
    assert find_alert(warehouse(folder), alert.alert_id) == alert
    assert find_alert(warehouse(folder), alert.alert_id[:4].upper()) == alert


def test_an_unknown_id_gives_the_nearest_in_one_line(folder: Path, alert: Alert, capsys: pytest.CaptureFixture[str]) -> None:
    near = f"{alert.alert_id[:-1]}x"
    with pytest.raises(SystemExit) as ended:
        main([near, "--data-dir", str(folder)])
    nearest = f"the nearest is {alert.alert_id} (IMMINENT_HYPE_PUMP BTCUSDT, 2024-08-09T00:09:00Z)"
    assert ended.value.code == f"ghosttape: there is no alert '{near}'; {nearest}"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("hostile", ["", "'", "x' OR '1'='1", "%", "\n"])
def test_no_text_passes_for_an_id(folder: Path, hostile: str) -> None:
    with pytest.raises(ResourceError, match="there is no alert"):
        find_alert(warehouse(folder), hostile)


def test_a_beginning_that_several_share_is_not_enough(tmp_path: Path) -> None:
    path = copy_with(tmp_path, "INSERT INTO alerts SELECT * REPLACE (alert_id || 'f' AS alert_id) FROM alerts")
    (first, second) = sorted(row[0] for row in run_query(path, "SELECT alert_id FROM alerts")[1])
    with pytest.raises(ResourceError, match=f"2 alerts begin with '{first[:3]}': {first}, {second}"):
        find_alert(Warehouse(path), first[:3])


def test_where_nothing_fired_there_is_nothing_to_explain(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="nothing has fired"):
        find_alert(Warehouse(copy_with(tmp_path, "DELETE FROM alerts")), "last")


def test_an_alert_of_an_unknown_symbol_is_explained_without_a_mood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy_with(tmp_path, "UPDATE alerts SET symbol = 'XUSDT', resolved_at = NULL, threshold = NULL, state = 'firing'")
    main(["last", "--data-dir", str(tmp_path)])
    said = capsys.readouterr().out.splitlines()
    assert line(said, "CRITICAL IMMINENT_HYPE_PUMP XUSDT: firing since")
    assert cells(said, "fired")[2:] == ["–"] * 6
    assert "posts that moved the mood: none are stored" in said


def test_the_newest_warehouse_is_asked_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GHOSTTAPE_DATA_DIR", str(tmp_path))
    write_results(tmp_path / "replay" / "told")
    main(["last"])
    printed = capsys.readouterr()
    assert "IMMINENT_HYPE_PUMP" in printed.out
    assert printed.err == f"asking {tmp_path}/replay/told/warehouse.duckdb\n"


def copy_with(folder: Path, statement: str) -> str:
    """Write the results and change them by a statement."""
    path = str(write_results(folder) / "warehouse.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute(statement)
    return path
