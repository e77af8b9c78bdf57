"""`just telegram-login`: logs in to Telegram once: phone, code, and the password of two-step verification where there is one.

What it leaves is a session file that only you can read, outside the repository. Whoever has that file can act as you, so it is
made private before anything is written to it. Nothing typed here is kept or logged.
"""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, cast

from connectors.inputs.telegram_client import Client, flood_seconds, open_client, sole_use
from connectors.inputs.telegram_settings import TelegramSettings, channel_name, check_credentials, session_path
from flows.commands.arguments import Arguments
from flows.running import refusing_in_one_line
from flows.settings import load
from scoring.errors import ResourceError

TRIES: Final = 3
"""How often a code or a password may be mistyped."""
LOGIN_SECONDS: Final = 30.0
"""How long an answer may take."""

Ask = Callable[[str], str]


class Account(Client, Protocol):
    """What logging in needs of `telethon.TelegramClient` beyond what the feed does."""

    async def send_code_request(self, phone: str) -> object:
        """Have a code sent to the phone's own Telegram, or by SMS."""

    async def sign_in(self, phone: str | None = None, code: str | None = None, *, password: str | None = None) -> object:
        """Log in with the code, then with the password where that is asked for."""

    def get_dialogs(self) -> Awaitable[object]:
        """List the chats of the account; the session remembers them, so that groups can be given by their ids."""


class Prompts:
    """How a person is asked."""

    def __init__(self, ask: Ask = input, ask_secret: Ask = getpass.getpass) -> None:
        """Take how to ask for what may be seen, and for what may not."""
        self.ask, self.ask_secret = ask, ask_secret


def open_account(session: Path, api_id: int, api_hash: str, timeout_s: float) -> Account:
    """Open a client that is not connected yet."""
    return cast(Account, open_client(session, api_id, api_hash, timeout_s))


def make_private(session: Path) -> None:
    """Make the file, and the folders that are missing, so that nobody else can read them.

    Raises:
        ResourceError: they cannot be made.
    """
    try:
        missing = [folder for folder in session.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700)
        if session.parent in missing or session.parent.name == "ghosttape":
            session.parent.chmod(0o700)
        os.close(os.open(session, os.O_RDWR | os.O_CREAT, 0o600))
        session.chmod(0o600)
    except OSError as error:
        raise ResourceError(f"{session}: {error.strerror}, expected to write it: set inputs.telegram.session") from error


async def login(
    settings: TelegramSettings,
    session: Path,
    prompts: Prompts,
    open_account: Callable[[Path, int, str, float], Account] = open_account,
) -> list[str]:
    """Log in unless the session is, and say of each group in the settings whether it can be heard.

    Raises:
        ResourceError: Telegram cannot be reached, or refuses.
    """
    make_private(session)
    with sole_use(session), _refusals():
        account = open_account(session, settings.api_id, settings.api_hash, LOGIN_SECONDS)
        try:
            await account.connect()
            said = ["already logged in"] if await account.is_user_authorized() else [await _sign_in(account, prompts)]
            await account.get_dialogs()
            return said + [await _heard(account, group) for group in settings.groups]
        finally:
            await account.disconnect()


async def _sign_in(account: Account, prompts: Prompts) -> str:
    from telethon import errors

    phone = prompts.ask("phone number, with + and country: ").strip()
    await account.send_code_request(phone)
    try:
        await _tried(lambda: account.sign_in(phone, prompts.ask("the code Telegram sent you: ").strip()), errors.PhoneCodeInvalidError)
    except errors.SessionPasswordNeededError:
        await _tried(lambda: account.sign_in(password=prompts.ask_secret("your two-step password: ")), errors.PasswordHashInvalidError)
    return "logged in"


async def _tried(attempt: Callable[[], Awaitable[object]], mistyped: type[Exception]) -> None:
    """Ask again where something was mistyped; the last mistake stands."""
    for _ in range(TRIES - 1):
        try:
            await attempt()
        except mistyped:
            print("that was not it, once more")
        else:
            return
    await attempt()


async def _heard(account: Account, group: str) -> str:
    channel = channel_name(group)
    try:
        await account.get_input_entity(int(channel) if channel.lstrip("-").isdigit() else channel)
    except ValueError as error:
        return f"{group}: cannot be heard ({error}): join it with this account, or correct inputs.telegram.groups"
    return f"{group}: can be heard"


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the library raises into one line."""
    from telethon.errors import RPCError

    try:
        yield
    except RPCError as error:
        wait_s = flood_seconds(error)
        what = f"try again in {wait_s:.0f} s" if wait_s else "check what you typed, inputs.telegram.api_id and api_hash"
        raise ResourceError(f"Telegram refuses: {error}: {what}") from error
    except EOFError as error:
        raise ResourceError("nobody answers, expected somebody to ask for phone and code: run it in a terminal") from error
    except OSError as error:
        raise ResourceError(f"Telegram cannot be reached: {error}: go online and run it again") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    Arguments("telegram-login", __doc__).parse_args(arguments)
    with refusing_in_one_line():
        settings = load()[0].inputs.telegram
        check_credentials(settings)
        session = session_path(settings)
        for line in asyncio.run(login(settings, session, Prompts())):
            print(line)
        print(f"{session}: only you can read it; keep it so")


if __name__ == "__main__":
    main()
