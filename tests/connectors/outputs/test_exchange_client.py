"""A connection of a served session: what it still takes, and what it says when it is gone."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK

from connectors.outputs.exchange_client import Client
from connectors.outputs.exchange_line import encode
from connectors.outputs.exchange_streams import Opening


@pytest.mark.parametrize(("way", "end"), [("reset", ConnectionClosedError), ("goodbye", ConnectionClosedOK)])
def test_a_client_ends_as_it_is_told_and_takes_nothing_after(way: str, end: type[ConnectionClosed]) -> None:
    async def handle(connection: ServerConnection) -> None:
        client = Client(connection, 1, Opening(("a@trade",), True, False), Counter())
        client.write(encode(b"one"))
        client.send(b"two")
        await heard.wait()  # a reset takes what was sent and not read yet
        assert client.waiting_bytes == 0
        for _ in range(2):
            getattr(client, way)()
        await connection.wait_closed()
        client.write(encode(b"three"))
        client.send(b"four")
        client.goodbye()
        await asyncio.sleep(0.01)
        done.put_nowait(list(client.session.streams))

    async def main() -> None:
        async with (
            serve(handle, "127.0.0.1", 0, compression=None) as server,
            connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", compression=None) as connection,
        ):
            assert [await connection.recv(), await connection.recv()] == ["one", "two"]
            heard.set()
            with pytest.raises(end):
                await connection.recv()
            assert await done.get() == [b"a@trade"]

    done, heard = asyncio.Queue[list[bytes]](), asyncio.Event()
    asyncio.run(main())
