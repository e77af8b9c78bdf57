"""Settings: layers, origins, and the one line that says what is wrong. Refusals at start-up are in test_refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.layers import Origins, convert, plain
from flows.settings import Settings, Shaping, load, walk
from scoring.duration import Duration
from scoring.errors import SettingError

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_file_everything_is_a_default(tmp_path: Path) -> None:
    settings, origins = load({}, tmp_path)
    assert settings == Settings()
    assert not origins
    assert {origin for _, _, origin in walk(settings, origins)} == {"default"}


def test_later_layers_win_and_are_named(tmp_path: Path) -> None:
    (tmp_path / "ghosttape.toml").write_text("[feed]\nport = 1\nhost = '127.0.0.2'\n[replay]\nbatch_rows = 5\n")
    (tmp_path / ".env").write_text("# a comment\nexport GHOSTTAPE_FEED__PORT=2\nGHOSTTAPE_REPLAY__BATCH_ROWS='6'\nOTHER=1\n")
    settings, origins = load({"GHOSTTAPE_FEED__PORT": "3", "PATH": "/bin"}, tmp_path)
    assert (settings.feed.port, settings.feed.host, settings.replay.batch_rows) == (3, "127.0.0.2", 6)
    assert origins["feed.port"] == "environment GHOSTTAPE_FEED__PORT"
    assert origins["feed.host"] == "ghosttape.toml"
    assert origins["replay.batch_rows"] == ".env GHOSTTAPE_REPLAY__BATCH_ROWS"


def test_data_dir_is_one_variable(tmp_path: Path) -> None:
    assert load({"GHOSTTAPE_DATA_DIR": "/elsewhere"}, tmp_path)[0].data_dir == "/elsewhere"


def test_durations_are_text_and_come_back_as_text(tmp_path: Path) -> None:
    (tmp_path / "ghosttape.toml").write_text("[market.bars]\nwidths = ['1s', '1.5m']\n")
    shaping = load({}, tmp_path)[0].shaping
    assert shaping.market.bars.widths == (Duration.parse("1s"), Duration.parse("90s"))
    stored = plain(shaping)
    assert stored["market"]["bars"]["widths"] == ["1s", "90s"]
    assert convert(stored, Shaping, Origins()) == shaping


def test_secrets_are_masked_when_settings_are_printed(tmp_path: Path) -> None:
    settings, origins = load({"GHOSTTAPE_FEED__TOKEN": "hunter2"}, tmp_path)
    shown = {key: value for key, value, _ in walk(settings, origins)}
    assert shown["feed.token"] == "***"
    assert "hunter2" not in str(shown)


def test_a_secret_of_digits_is_text_and_one_that_is_refused_is_not_printed(tmp_path: Path) -> None:
    settings, _ = load({"GHOSTTAPE_FEED__TOKEN": "0123", "GHOSTTAPE_KAFKA__PASSWORD": "true", "GHOSTTAPE_DATA_DIR": "2026-11-21"}, tmp_path)
    assert (settings.feed.token, settings.kafka.password, settings.data_dir) == ("0123", "true", "2026-11-21")
    (tmp_path / "ghosttape.toml").write_text("[feed]\ntoken = 4711\n")
    with pytest.raises(SettingError, match=r"^ghosttape\.toml: feed\.token = '\*\*\*': expected str, got int$"):
        load({}, tmp_path)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ghosttape.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="readable UTF-8"):
        load({}, tmp_path)


def test_a_missing_required_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "ghosttape.toml").write_text("[[inputs.lines]]\nhost = 'here'\n")
    with pytest.raises(SettingError, match=r"inputs\.lines\[0\]\.port = '': expected a value"):
        load({}, tmp_path)


def test_the_example_is_valid_and_documents_every_key_with_its_default(tmp_path: Path) -> None:
    text = (ROOT / "ghosttape.example.toml").read_text()
    (tmp_path / "ghosttape.toml").write_text(text)
    assert load({}, tmp_path)[0] == Settings()
    for key, _, _ in walk(Settings(), Origins()):
        name = key.split(".")[-1]
        if not key.startswith("assets."):
            assert name in text, f"{key} is not documented"


def test_the_variables_of_the_screen_are_no_settings(tmp_path: Path) -> None:
    settings, origins = load({"GHOSTTAPE_FEED_TOKEN": "a", "GHOSTTAPE_WEB_TOKEN": "b"}, tmp_path)
    assert (settings, dict(origins)) == (Settings(), {})


def test_a_file_of_secrets_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"GHOSTTAPE_FEED__TOKEN=\xff\n")
    with pytest.raises(SettingError, match=r"\.env: .* expected readable UTF-8 text"):
        load({}, tmp_path)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none_is_refused_where_it_is_set(port: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=rf"^environment GHOSTTAPE_FEED__PORT: feed.port = {port}: expected int (>= 0|<= 65535)$"):
        load({"GHOSTTAPE_FEED__PORT": port}, tmp_path)
