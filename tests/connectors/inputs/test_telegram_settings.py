"""What must hold before anything connects: a session outside the repository, something to log in with, names as on the tape."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from connectors.inputs import telegram_settings
from connectors.inputs.telegram_settings import TelegramSettings, channel_name, check_credentials, session_path
from scoring.errors import SettingError


def test_the_session_is_kept_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert session_path(TelegramSettings()) == tmp_path / ".config" / "ghosttape" / "telegram.session"


def test_a_session_file_ends_as_the_library_wants(tmp_path: Path) -> None:
    assert session_path(TelegramSettings(session=str(tmp_path / "my.account"))) == tmp_path / "my.account.session"


@pytest.mark.parametrize("inside", ["telegram.session", "data/telegram", "sub/../telegram.session"])
def test_a_session_inside_the_repository_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(SettingError, match="expected a file outside"):
        session_path(TelegramSettings(session=str(tmp_path / inside)), tmp_path)
    with pytest.raises(SettingError):
        session_path(TelegramSettings(session=str(Path(__file__).parent / inside)))


def test_a_link_into_the_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "repository")
    with pytest.raises(SettingError):
        session_path(TelegramSettings(session=str(tmp_path / "link" / "telegram")), tmp_path / "repository")


@pytest.mark.parametrize(("api_id", "api_hash", "missing"), [(0, "h", "API_ID"), (1, "", "API_HASH")])
def test_what_is_missing_to_log_in_is_said_in_one_line(api_id: int, api_hash: str, missing: str) -> None:
    with pytest.raises(SettingError, match=f"GHOSTTAPE_INPUTS__TELEGRAM__{missing}") as told:
        check_credentials(TelegramSettings(api_id=api_id, api_hash=api_hash))
    assert "\n" not in str(told.value)
    check_credentials(TelegramSettings(api_id=1, api_hash="h"))


def test_settings_do_not_print_their_secrets() -> None:
    said = f"{TelegramSettings(groups=('calls',), api_id=123456, api_hash='abcdef')!r}"
    assert "calls" in said
    assert "123456" not in said
    assert "abcdef" not in said


@pytest.mark.parametrize("group", ["Moon_Signals", "@moon_signals", "t.me/moon_signals", "https://t.me/Moon_Signals/", " moon_signals "])
def test_a_group_has_one_name_however_it_is_written(group: str) -> None:
    assert channel_name(group) == "moon_signals"


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(telegram_settings).failed == 0
