"""Can Telegram be listened to: there is something to log in with, and a session that only we can read. Nobody is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from connectors.inputs.telegram_settings import TelegramSettings, check_credentials, session_path
from flows.commands.doctor_checks import Finding, failed, well

_OTHERS: Final = 0o077
_LOGIN: Final = "log in: just telegram-login"


def telegram(settings: TelegramSettings) -> Iterator[Finding]:
    """Look at credentials and session."""
    check_credentials(settings)
    path = session_path(settings)
    groups = f"{len(settings.groups)} group{'s' if len(settings.groups) > 1 else ''}"
    if not path.is_file():
        yield failed("telegram", f"{path}: no session, which {groups} need", _LOGIN)
        return
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        yield failed("telegram", f"{path} can be read by others (mode {mode:04o}): who has it can act as you", f"chmod 600 {path}")
        return
    if not is_logged_in(path):
        yield failed("telegram", f"{path} is not logged in", _LOGIN)
        return
    yield well("telegram", f"{groups}; {path} is logged in, outside the repository, mode {mode:04o}")


def is_logged_in(path: Path) -> bool:
    """Look whether a session file holds a key, without keeping anybody from it."""
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as session:
            return any(key for (key,) in session.execute("SELECT auth_key FROM sessions"))
    except sqlite3.Error:
        return False
