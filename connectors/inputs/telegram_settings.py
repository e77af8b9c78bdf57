"""Which groups of Telegram are listened to, with what, and what must hold of it before anything connects."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from scoring.duration import Duration
from scoring.errors import SettingError

_REPOSITORY: Final = Path(__file__).resolve().parents[2]


class TelegramSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which groups of Telegram are listened to. `just telegram-login` logs in."""

    groups: tuple[str, ...] = ()
    """User names (`calls`, `@calls`, `t.me/calls`) or marked ids (`-1001234567890`) of groups that the account can read; none: no feed."""
    api_id: int = 0
    """Of my.telegram.org/apps. A secret: belongs in `.env`."""
    api_hash: str = ""
    """Of the same page. A secret: belongs in `.env`."""
    session: str = "~/.config/ghosttape/telegram.session"
    """The file that is logged in, outside this repository. Who has it can act as you."""
    authors: bool = False
    """Keep a keyed hash of who wrote each post; otherwise authors are left out."""
    reconcile: Duration = Duration.parse("5m")
    """How often the history is asked for what was never told."""
    hole_wait: Duration = Duration.parse("10s")
    """How long a missing number among a channel's ids may be late before the history is asked."""
    timeout: Duration = Duration.parse("30s")
    """How long an answer may take before the connection is given up."""
    page: int = 500
    """Messages fetched of one group before the next one has its turn."""
    overlap: int = 100
    """So many messages of each group that are on the tape already are fetched again after a restart, to find what a crash cut out."""
    remembered: int = 50_000
    """Messages remembered to put none twice; also the posts that are read from the end of the tape at most."""

    def __repr__(self) -> str:
        """Write it without its secrets."""
        return f"TelegramSettings(groups={self.groups!r}, session={self.session!r}, …)"


def session_path(settings: TelegramSettings, repository: Path = _REPOSITORY) -> Path:
    """Give the session file.

    Raises:
        SettingError: it lies inside the repository, from where it would be shared.
    """
    path = Path(settings.session).expanduser()
    path = path if path.suffix == ".session" else path.with_name(path.name + ".session")
    if path.resolve().is_relative_to(repository.resolve()):
        raise SettingError("inputs.telegram", "session", settings.session, f"a file outside {repository}")
    return path


def check_credentials(settings: TelegramSettings) -> None:
    """Check that there is something to log in with.

    Raises:
        SettingError: the id or the hash is missing.
    """
    for key, value in (("api_id", settings.api_id), ("api_hash", settings.api_hash)):
        if not value:
            expected = f"the one of https://my.telegram.org/apps: put GHOSTTAPE_INPUTS__TELEGRAM__{key.upper()}=… into .env"
            raise SettingError("inputs.telegram", key, value, expected)


def channel_name(group: str) -> str:
    """Name a group as the tape does.

    >>> [channel_name(group) for group in ("@Calls", "https://t.me/calls", "-1001234567890")]
    ['calls', 'calls', '-1001234567890']
    """
    return group.strip().rstrip("/").rpartition("/")[2].removeprefix("@").lower()
