"""The whole examination, as a person runs it: against a served session, offline, and where things are broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.wire.kafka_connection import KafkaSettings
from flows.commands import doctor
from flows.commands.doctor import PLAIN_SIGNS, SIGNS, checks, line, main, signs_for, summary
from flows.commands.doctor_checks import Finding, Mark
from flows.layers import Origins
from flows.settings import Settings
from tests.connectors.outputs.exchange_sessions import rows, write
from tests.flows.conftest import Run


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    session = write(tmp_path_factory.mktemp("served") / "session", {"market": rows(5)})
    with Exchange(session, ExchangeSettings(port=0)) as served:
        yield served


def served_by(exchange: Exchange, folder: Path) -> dict[str, str]:
    """Point everything at a served session."""
    (folder / "ghosttape.toml").write_text(
        f"""data_dir = "{folder / "data"}"
feed.port = 0
[assets]
bitcoin = {{ symbols = ["BTCUSDT"] }}
ethereum = {{ symbols = ["ETHUSDT"] }}
[inputs]
follow_clock = "{exchange.url}"
binance.rest.hosts = ["{exchange.url}"]
binance.stream.hosts = ["{exchange.url.replace("http", "ws")}"]
"""
    )
    return {"GHOSTTAPE_CONFIG": str(folder / "ghosttape.toml"), "GHOSTTAPE_DATA_DIR": str(folder / "data")}


def test_all_is_well_beside_a_served_session_and_nothing_stays(exchange: Exchange, command: Run, tmp_path: Path) -> None:
    done = command("flows.commands.doctor", environment=served_by(exchange, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(text.startswith("✓ ok") for text in lines[1:-1]), done.stdout  # the first is about the libraries of who runs this
    assert ", 0 FAILED, in " in lines[-1]
    for name in ("python", "tape", "model", "exchange REST", "exchange clock", "symbols", "exchange streams"):
        assert any(text[11:].startswith(name) for text in lines), name
    assert not exchange.clock.started, "a session that waits for its first listener still waits"
    assert [path.name for path in tmp_path.iterdir()] == ["ghosttape.toml"]


def test_json_says_the_same(exchange: Exchange, command: Run, tmp_path: Path) -> None:
    done = command("flows.commands.doctor", "--json", environment=served_by(exchange, tmp_path))
    told = json.loads(done.stdout)
    assert told["fine"] is True
    assert told["seconds"] < 10
    assert {"check": "recovery", "mark": "ok", "found": "no store yet: the first start begins one", "todo": ""} in told["findings"]


def test_offline_asks_nobody(exchange: Exchange, command: Run, tmp_path: Path) -> None:
    before = exchange.counts["requests"]
    done = command("flows.commands.doctor", "--offline", environment=served_by(exchange, tmp_path))
    assert done.returncode == 0, done.stdout
    assert "exchange" not in done.stdout
    assert exchange.counts["requests"] == before


def test_what_is_broken_has_failed_with_something_to_do(command: Run, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    gone = {
        "GHOSTTAPE_INPUTS__BINANCE__REST__HOSTS": '["http://127.0.0.1:9"]',
        "GHOSTTAPE_FEED__HOST": "0.0.0.0",
        "GHOSTTAPE_FEED__PORT": "0",
    }
    gone |= {
        "GHOSTTAPE_INPUTS__BINANCE__STREAM__HOSTS": '["ws://127.0.0.1:9"]',
        "GHOSTTAPE_CROWD__SENTIMENT__MODEL": str(tmp_path / "none"),
    }
    done = command("flows.commands.doctor", environment=gone)
    assert done.returncode == 1
    broken = {text[11:].split("  ")[0]: text for text in done.stdout.splitlines() if text.startswith("✗ FAILED")}
    assert broken.keys() == {"data folder", "feed address", "model", "exchange REST", "symbols", "exchange streams"}
    assert "in the way" in broken["data folder"]
    assert "To do: check the network, or name a host" in broken["exchange REST"]
    assert "feed.token" in broken["feed address"]


def test_settings_that_cannot_be_read_are_all_there_is_to_say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GHOSTTAPE_FEED__PRT", "1")
    assert main(["--offline"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert "feed.prt" in said[0]
    assert "did you mean 'port'?" in said[0]


def test_only_what_is_switched_on_is_looked_at() -> None:
    names = {check.name for check in checks(Settings(), Origins())}
    assert "exchange REST" in names
    assert names.isdisjoint({"telegram", "prices", "defi", "fear & greed", "news coindesk", "lines", "kafka"})
    assert "kafka" in {check.name for check in checks(Settings(), Origins(), KafkaSettings())}


def test_a_mark_is_a_sign_and_a_word() -> None:
    assert signs_for("utf-8") == SIGNS
    assert signs_for("ascii") == signs_for("none such") == PLAIN_SIGNS
    assert line(Finding("tape", Mark.FAILED, "gone", "restore it"), PLAIN_SIGNS) == "x FAILED   tape              gone. To do: restore it"
    assert line(Finding("tape", Mark.OK, "there"), SIGNS) == "✓ ok       tape              there"
    assert summary([Finding("a", Mark.OK, ""), Finding("b", Mark.WARNING, "")], 1.25) == "1 ok, 1 warning, 0 FAILED, in 1.2 s"
    assert doctor.__doc__
