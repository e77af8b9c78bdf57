"""`just serve`: what it says, how it ends, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from connectors.outputs.exchange_faults import FaultKind
from flows.commands import serve
from scoring.duration import Duration
from scoring.errors import SettingError
from tests.flows.conftest import BUNDLED, ROOT, Run, clean_environment


def test_the_command_line_says_how_it_is_served(tmp_path: Path) -> None:
    script = tmp_path / "faults.toml"
    script.write_text('[[fault]]\nat = "1s"\nkind = "drop"\n')
    given = ["x", "--speed", "20x", "--port", "0", "--faults", str(script), "--lifetime", "1h", "--weight", "7", "--now"]
    settings = serve.settings_of(serve.parser().parse_args(given))
    assert (settings.speed, settings.port, settings.lifetime, settings.weight, settings.now) == (20.0, 0, Duration.parse("1h"), 7, True)
    assert [fault.kind for fault in settings.faults] == [FaultKind.DROP]


@pytest.mark.parametrize("given", [["--lifetime", "long"], ["--speed", "0x"], ["--faults", "nowhere.toml"]])
def test_what_is_not_understood_is_refused(given: list[str]) -> None:
    with pytest.raises(SettingError):
        serve.settings_of(serve.parser().parse_args(given))


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "flows.commands.serve", str(BUNDLED), "--port", "0", "--speed", "20x"]
    with subprocess.Popen(arguments, cwd=ROOT, env=clean_environment(tmp_path), stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        said = [served.stdout.readline() for _ in range(5)]
        assert "BTCUSDT, DOGEUSDT, ETHUSDT, 2026-03-14 12:00:00 to 12:20:00 UTC, at 20x" in said[0]
        with urllib.request.urlopen(said[3].split()[1]) as answer:
            assert json.load(answer)["started"] is False
        served.send_signal(signal.SIGTERM)
        assert "nobody came" in served.stdout.read()
        assert served.wait(10) == 0


def test_it_may_end_with_the_tape(command: Run) -> None:
    done = command("flows.commands.serve", str(BUNDLED), "--port", "0", "--speed", "max", "--now", "--once")
    assert done.returncode == 0, done.stderr
    assert "0 faults planned; playing" in done.stdout


def test_a_session_that_is_none_is_refused_in_one_line(command: Run, tmp_path: Path) -> None:
    done = command("flows.commands.serve", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("ghosttape: ")
    assert done.stderr.count("\n") == 1
