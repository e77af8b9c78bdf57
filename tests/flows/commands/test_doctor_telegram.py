"""What must hold before Telegram is listened to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.inputs.telegram_settings import TelegramSettings
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_telegram import telegram
from scoring.errors import SettingError

ROOT = Path(__file__).resolve().parents[3]


def settings(session: Path) -> TelegramSettings:
    return TelegramSettings(groups=("calls",), api_id=1, api_hash="secret", session=str(session))


def write(path: Path, key: bytes) -> Path:
    with closing(sqlite3.connect(path)) as session, session:
        session.execute("CREATE TABLE sessions (dc_id INTEGER, auth_key BLOB)")
        session.execute("INSERT INTO sessions VALUES (2, ?)", [key])
    path.chmod(0o600)
    return path


def test_a_session_that_is_logged_in_and_private_is_well(tmp_path: Path) -> None:
    path = write(tmp_path / "telegram.session", b"key")
    (found,) = telegram(settings(path))
    assert (found.mark, found.found) == (Mark.OK, f"1 group; {path} is logged in, outside the repository, mode 0600")
    assert [file.name for file in tmp_path.iterdir()] == ["telegram.session"]


def test_a_session_that_others_can_read_has_failed(tmp_path: Path) -> None:
    path = write(tmp_path / "telegram.session", b"key")
    path.chmod(0o640)
    (found,) = telegram(settings(path))
    assert (found.mark, found.todo) == (Mark.FAILED, f"chmod 600 {path}")
    assert "mode 0640" in found.found


def test_nobody_is_logged_in_yet(tmp_path: Path) -> None:
    for path in (tmp_path / "none.session", write(tmp_path / "empty.session", b"")):
        (found,) = telegram(settings(path))
        assert (found.mark, found.todo) == (Mark.FAILED, "log in: just telegram-login")
    broken = tmp_path / "broken.session"
    broken.write_text("no database")
    broken.chmod(0o600)
    assert "is not logged in" in next(telegram(settings(broken))).found


def test_credentials_and_place_are_refused_in_their_own_words(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="GHOSTTAPE_INPUTS__TELEGRAM__API_ID"):
        list(telegram(TelegramSettings(groups=("calls",))))
    with pytest.raises(SettingError, match="a file outside"):
        list(telegram(settings(ROOT / "telegram.session")))
    assert tmp_path.exists()
