"""Logging in against a stand-in: what is asked, what is left on the disk, what is refused in one line."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("telethon")

from telethon import TelegramClient, errors

from connectors.inputs.telegram_settings import TelegramSettings
from flows.commands.telegram_login import Account, Prompts, login, make_private
from scoring.errors import ResourceError
from tests.connectors.inputs.telegram_stand_in import CALLS, Messenger, StandIn, flood

PASSWORD = "correct horse"


class Door(StandIn):
    """An account that is not logged in yet."""

    def __init__(self, messenger: Messenger, password: str = "") -> None:
        super().__init__(messenger)
        self.messenger, self.password = messenger, password
        self.asked: list[str] = []

    async def send_code_request(self, phone: str) -> object:
        self.asked.append(phone)
        if phone == "+0":
            raise errors.PhoneNumberInvalidError(None)
        if phone == "+1":
            raise flood(120)
        return object()

    async def sign_in(self, phone: str | None = None, code: str | None = None, *, password: str | None = None) -> object:
        if password is not None:
            if password != self.password:
                raise errors.PasswordHashInvalidError(None)
        elif code != "12345":
            raise errors.PhoneCodeInvalidError(None)
        elif self.password:
            raise errors.SessionPasswordNeededError(None)
        self.messenger.authorized = True
        return phone

    async def get_dialogs(self) -> object:
        return []


def answering(*answers: str) -> Callable[[str], str]:
    left = list(answers)
    return lambda _: left.pop(0)


def perform(folder: Path, messenger: Messenger, prompts: Prompts, password: str = "") -> list[str]:
    settings = TelegramSettings(groups=("@Calls", "nobody", str(CALLS)), api_id=7, api_hash="h")
    doors: list[Door] = []

    def opened(session: Path, api_id: int, api_hash: str, timeout_s: float) -> Account:
        assert (session.stat().st_mode & 0o777, api_id, api_hash, timeout_s > 0) == (0o600, 7, "h", True)
        doors.append(Door(messenger, password))
        return doors[-1]

    try:
        return asyncio.run(login(settings, folder / "ghosttape" / "telegram.session", prompts, opened))
    finally:
        assert messenger.connected == 0


def test_a_phone_and_a_code_log_in_and_each_group_is_looked_for(tmp_path: Path) -> None:
    messenger = Messenger()
    messenger.authorized = False
    said = perform(tmp_path, messenger, Prompts(answering(" +49123 ", "12345"), answering()))
    assert said[0] == "logged in"
    assert (said[1], said[3]) == ("@Calls: can be heard", f"{CALLS}: can be heard")
    assert said[2].startswith("nobody: cannot be heard (")
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "ghosttape", tmp_path / "ghosttape" / "telegram.session")] == [0o700, 0o600]


def test_the_second_step_is_asked_for_unseen_and_mistakes_may_be_corrected(tmp_path: Path) -> None:
    messenger = Messenger()
    messenger.authorized = False
    said = perform(tmp_path, messenger, Prompts(answering("+49", "1", "12345"), answering("wrong", PASSWORD)), PASSWORD)
    assert (said[0], messenger.authorized) == ("logged in", True)


def test_a_session_that_is_logged_in_asks_nothing(tmp_path: Path) -> None:
    assert perform(tmp_path, Messenger(), Prompts(answering(), answering()))[0] == "already logged in"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("+0",), "phone number is invalid"),
        (("+1",), "try again in 120 s"),
        (("+49", "1", "2", "3"), "phone code entered was invalid"),
    ],
)
def test_what_telegram_refuses_is_said_in_one_line(tmp_path: Path, answers: tuple[str, ...], said: str) -> None:
    messenger = Messenger()
    messenger.authorized = False
    with pytest.raises(ResourceError, match=said) as told:
        perform(tmp_path, messenger, Prompts(answering(*answers), answering()))
    assert "\n" not in str(told.value)


def test_a_wrong_password_stands_after_three_tries(tmp_path: Path) -> None:
    messenger = Messenger()
    messenger.authorized = False
    with pytest.raises(ResourceError, match="Telegram refuses"):
        perform(tmp_path, messenger, Prompts(answering("+49", "12345"), answering("a", "b", "c")), PASSWORD)


def test_no_network_is_said(tmp_path: Path) -> None:
    messenger = Messenger()
    messenger.connect_refusals = [ConnectionError("Connection to Telegram failed 1 time(s)")]
    with pytest.raises(ResourceError, match="cannot be reached"):
        perform(tmp_path, messenger, Prompts(answering(), answering()))


def test_without_anybody_to_ask_it_says_so(tmp_path: Path) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    messenger = Messenger()
    messenger.authorized = False
    with pytest.raises(ResourceError, match="in a terminal"):
        perform(tmp_path, messenger, Prompts(nobody, nobody))


def test_a_session_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "ghosttape"
    folder.mkdir(mode=0o755)
    session = folder / "telegram.session"
    session.write_bytes(b"kept")
    session.chmod(0o644)
    make_private(session)
    assert (folder.stat().st_mode & 0o777, session.stat().st_mode & 0o777, session.read_bytes()) == (0o700, 0o600, b"kept")


def test_a_folder_that_is_shared_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_private(tmp_path / "telegram.session")
    assert (tmp_path.stat().st_mode & 0o777, (tmp_path / "telegram.session").stat().st_mode & 0o777) == (0o755, 0o600)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match=r"inputs\.telegram\.session"):
        make_private(tmp_path / "file" / "telegram.session")


@pytest.mark.parametrize("name", ["send_code_request", "sign_in", "get_dialogs"])
def test_what_logging_in_calls_is_what_telethon_offers(name: str) -> None:
    wanted, found = inspect.signature(getattr(Account, name)), inspect.signature(getattr(TelegramClient, name))
    for position, parameter in enumerate(wanted.parameters.values()):
        theirs = found.parameters[parameter.name]
        assert (theirs.kind, theirs.default) == (parameter.kind, parameter.default)
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY or list(found.parameters)[position] == parameter.name
