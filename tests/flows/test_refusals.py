"""What is refused is refused in one line, with a non-zero exit, before anything was written."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from tests.flows.conftest import Run
from tests.flows.sessions import BUNDLED

REPLAY = ("flows.commands.replay", str(BUNDLED), "max", "--quiet")


def refused(command: Run, *arguments: str, **environment: str) -> str:
    """Run what must be refused, and give the one line."""
    done = command(*arguments, environment=environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[feed]\nport = 'high'", "feed.port = 'high': expected int"),
        ("[feed]\nprot = 1", "feed.prot = 1: expected a known key; did you mean 'port'?"),
        ("[market.bars]\nlateness = '10 apples'", "market.bars.lateness = '10 apples': expected a duration"),
        ("[assets.bitcoin]\nsymbols = ['btcusdt']", "expected an upper-case symbol"),
        ("[assets.a]\nsymbols = ['AUSDT']\n[assets.b]\nsymbols = ['AUSDT']", "expected a symbol of one asset; 'a' has it too"),
        ("[[alerts.rules]]\nname = 'A'\nwhen = 'vwp > 3'", "the nearest is 'vwap'"),
        ("[[alerts.rules]]\nname = 'A'\nwhen = 'vwap >'", "alerts.rules[0].when"),
        ("[[portfolio.positions]]\nsymbol = 'BTCUSD'\nquantity = 1.0\naverage_cost = 1.0", "did you mean 'BTCUSDT'?"),
        ("[assets.a]\naliases = ['doge']\n[assets.b]\naliases = ['doge']", "assets 'a' and 'b' are both called 'doge'"),
        (
            "[[alerts.rules]]\nname = 'A'\nwhen = 'vwap > 3'\nseverity = 'x'",
            "alerts.rules[0].severity = 'x': expected one of info, warning,",
        ),
        ("[[alerts.rules]]\nname = 'A'\nwhen = 'vwap > 3'\non_gap = 'x'", "alerts.rules[0].on_gap = 'x': expected one of "),
        ("[market.bars]\nwidths = []", "market.bars.widths = []: expected one or more different lengths of time above 0"),
        ("[market.risk]\nsamples = 1", "market.risk.samples = 1: expected at least 3, for two returns"),
        ("[feed]\nclients = 0", "feed.clients = 0: expected int >= 1"),
        ("[crowd.sentiment]\nmodel = 3", "crowd.sentiment.model = 3: expected str"),
        ("this is no TOML", "expected valid TOML"),
    ],
)
def test_a_wrong_setting_names_file_key_value_and_what_was_expected(text: str, said: str, command: Run, tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(text)
    line = refused(command, "flows.commands.settings", GHOSTTAPE_CONFIG=str(config))
    assert line.startswith(f"ghosttape: {config}: ")
    assert said in line


def test_a_wrong_variable_is_named(command: Run) -> None:
    assert "environment GHOSTTAPE_FEED__PORT: feed.port = 'x': expected int" in refused(
        command, "flows.commands.settings", GHOSTTAPE_FEED__PORT="x"
    )


def test_a_missing_config_file_is_named(command: Run) -> None:
    assert "expected a file that exists" in refused(command, "flows.commands.settings", GHOSTTAPE_CONFIG="/nowhere.toml")


def test_a_missing_session_names_its_neighbours(command: Run) -> None:
    assert "session" in refused(command, "flows.commands.replay", "recordings/sesion", "--quiet")


def test_a_session_of_a_newer_format_says_which_program_wrote_it(command: Run, tmp_path: Path) -> None:
    session = tmp_path / "newer"
    shutil.copytree(BUNDLED, session)
    manifest = json.loads((session / "manifest.json").read_text())
    (session / "manifest.json").write_text(json.dumps(manifest | {"format": 99, "program": "7.0.0"}))
    line = refused(command, "flows.commands.replay", str(session), "--quiet")
    assert "format 99" in line
    assert "7.0.0" in line


def test_a_port_in_use_is_named(command: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(command, *REPLAY, "--screen", GHOSTTAPE_FEED__PORT=str(port))
    assert str(port) in line


def test_an_address_for_everybody_needs_a_token(command: Run) -> None:
    assert "token" in refused(command, *REPLAY, "--screen", GHOSTTAPE_FEED__HOST="0.0.0.0", GHOSTTAPE_FEED__PORT="0")


def test_a_disk_that_cannot_be_written_is_named(command: Run, tmp_path: Path) -> None:
    # A file where the folder should be refuses even the superuser, whom permission bits do not stop.
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    assert str(blocked) in refused(command, *REPLAY, "--data-dir", str(blocked / "data"))


def test_a_speed_that_is_none_is_refused(command: Run) -> None:
    assert "speed = 'fast'" in refused(command, "flows.commands.replay", str(BUNDLED), "fast", "--quiet")


def test_bytewax_itself_is_refused_in_one_line_too(command: Run) -> None:
    done = command("bytewax.run", "flows.main:replay('recordings/nothing')")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("ghosttape: ")
