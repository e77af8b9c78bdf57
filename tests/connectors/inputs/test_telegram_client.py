"""The seam is what Telethon offers: names, parameters, event types, errors, and what an open client leaves to us."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
from pathlib import Path

import pytest

pytest.importorskip("telethon")

from telethon import TelegramClient, errors, events
from telethon.tl import types

from connectors.inputs.telegram_client import (
    Client,
    Deleted,
    Message,
    Posted,
    event_types,
    flood_seconds,
    is_refusal,
    open_client,
    sole_use,
)
from scoring.errors import ResourceError
from tests.connectors.inputs.telegram_stand_in import CALLS, StandIn, flood, message, service

METHODS = [name for name, value in vars(Client).items() if inspect.isfunction(value) and not name.startswith("_")]


def test_the_seam_has_methods_to_compare() -> None:
    assert {"connect", "iter_messages", "add_event_handler", "disconnect"} <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("real", [TelegramClient, StandIn], ids=["telethon", "stand-in"])
def test_every_method_of_the_seam_can_be_called_as_we_call_it(real: type, name: str) -> None:
    wanted, found = inspect.signature(getattr(Client, name)), inspect.signature(getattr(real, name))
    for parameter in wanted.parameters.values():
        theirs = found.parameters[parameter.name]
        assert theirs.default == parameter.default or parameter.default is inspect.Parameter.empty
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            assert theirs.kind is parameter.kind
            assert list(found.parameters).index(parameter.name) == list(wanted.parameters).index(parameter.name)
    required = {item.name for item in found.parameters.values() if item.default is inspect.Parameter.empty}
    assert required <= set(wanted.parameters)


@pytest.mark.parametrize("name", ["connect", "is_user_authorized", "get_input_entity", "get_peer_id"])
def test_what_we_await_is_a_coroutine(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(TelegramClient, name))


def test_messages_and_events_have_the_attributes_we_read() -> None:
    posted = events.NewMessage.build(types.UpdateNewChannelMessage(message(CALLS, 7, "buy", edited=9), 1, 1))
    deleted = events.MessageDeleted.build(types.UpdateDeleteChannelMessages(1_234_567_890, [7], 1, 1))
    for shape, value in ((Message, posted.message), (Message, service(CALLS, 8)), (Posted, posted), (Deleted, deleted)):
        for name in (name for name, found in vars(shape).items() if isinstance(found, property)):
            getattr(value, name)
    assert (posted.message.id, posted.message.chat_id, posted.message.sender_id, posted.message.message) == (7, CALLS, 42, "buy")
    assert (posted.message.action, service(CALLS, 8).message, deleted.chat_id, deleted.deleted_ids) == (None, None, CALLS, [7])


def test_event_types_are_of_posts_edits_and_deletions() -> None:
    found = event_types()
    assert [type(kind) for kind in (found.posted, found.edited, found.deleted)] == [
        events.NewMessage,
        events.MessageEdited,
        events.MessageDeleted,
    ]


def test_an_open_client_decides_nothing_by_itself(tmp_path: Path) -> None:
    async def opened() -> TelegramClient:
        client = open_client(tmp_path / "telegram.session", 7, "hash", 12.4)
        assert isinstance(client, TelegramClient)
        client.session.close()
        return client

    client = asyncio.run(opened())
    assert client.flood_sleep_threshold == 0
    assert (client._sender._auto_reconnect, client._sequential_updates, client._timeout) == (False, True, 12)
    assert (tmp_path / "telegram.session").exists()


def test_floods_and_refusals_are_told_from_lost_connections() -> None:
    assert flood_seconds(errors.FloodWaitError(None, 17)) == flood_seconds(flood(17)) == 17
    assert flood_seconds(OSError("no route")) is None
    refused = [
        errors.ChannelPrivateError(None),
        errors.UsernameInvalidError(None),
        ValueError("No user has that name"),
        errors.ChatWriteForbiddenError(None),
    ]
    assert [is_refusal(error) for error in refused] == [True] * 4
    lost = [errors.FloodWaitError(None, 17), errors.AuthKeyUnregisteredError(None), errors.ServerError(None, ""), ConnectionError()]
    assert [is_refusal(error) for error in lost] == [False] * 4


def _hold(session: str, held: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event) -> None:
    with sole_use(Path(session)):
        held.set()
        done.wait(10)


def test_a_session_is_used_by_one_process_at_a_time(tmp_path: Path) -> None:
    session, context = tmp_path / "telegram.session", multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(session), held, done))
    other.start()
    assert held.wait(20)
    with pytest.raises(ResourceError, match="in use by another program"), sole_use(session):
        pytest.fail("held twice")
    done.set()
    other.join()
    with sole_use(session):
        assert (tmp_path / "telegram.session.lock").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="just telegram-login"), sole_use(tmp_path / "none" / "telegram.session"):
        pytest.fail("locked nothing")
