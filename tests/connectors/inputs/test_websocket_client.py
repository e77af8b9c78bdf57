"""Messages are cut out of the bytes as the protocol says, wherever reads cut them."""

from __future__ import annotations

import selectors
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from connectors.inputs.websocket_client import WebSocketClient, dial
from tests.connectors.inputs.market_server import MarketServer
from tests.waiting import wait_until

URI = parse_uri("ws://127.0.0.1/")
LONGEST = 200_000


@contextmanager
def opened(rest: bytes = b"") -> Iterator[tuple[WebSocketClient, socket.socket]]:
    """A client after its handshake, and the server's end of its socket."""
    ours, theirs = socket.socketpair()
    client = WebSocketClient(ours, ClientProtocol(URI, state=State.OPEN, max_size=LONGEST), rest, LONGEST)
    with ours, theirs:
        yield client, theirs


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


MESSAGES = st.lists(st.one_of(st.binary(max_size=300), st.integers(60_000, 70_000).map(bytes)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(messages=MESSAGES, data=st.data())
def test_messages_come_out_whole_wherever_reads_cut_them(messages: list[bytes], data: st.DataObject) -> None:
    stream = b""
    for message in messages:
        if data.draw(st.booleans()):
            stream += frame(Opcode.PING, b"x")
        cut = data.draw(st.integers(0, len(message)))
        if data.draw(st.booleans()):
            stream += frame(Opcode.TEXT, message[:cut], fin=False) + frame(Opcode.PONG, b"") + frame(Opcode.CONT, message[cut:])
        else:
            stream += frame(data.draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY])), message)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    found: list[bytes] = []
    with opened() as (client, _):
        for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            found += client.split(stream[start:stop])
        assert client.ended == ""
    assert found == messages


def test_what_came_behind_the_handshake_is_not_lost() -> None:
    whole = frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"two")
    with opened(whole[:7]) as (client, _):
        assert client.split(b"") == [b"one"]
        assert client.split(whole[7:]) == [b"two"]


def test_a_ping_is_answered_with_its_own_payload() -> None:
    with opened() as (client, theirs):
        client.split(frame(Opcode.PING, b"1770123456789"))
        answer = theirs.recv(100)
    assert answer[0] == 0x80 | Opcode.PONG
    key = answer[2:6]
    assert bytes(byte ^ key[index % 4] for index, byte in enumerate(answer[6:])) == b"1770123456789"


def test_what_came_before_the_goodbye_is_kept() -> None:
    close = frame(Opcode.CLOSE, struct.pack("!H", 1001) + b"bye")
    with opened() as (client, _):
        assert client.split(frame(Opcode.TEXT, b"last") + close + frame(Opcode.TEXT, b"never")) == [b"last"]
        assert "1001" in client.ended
        assert "bye" in client.ended


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (Frame(Opcode.TEXT, b"x").serialize(mask=True), "a masked message"),
        (b"\x83\x01x", "breaks the protocol"),
        (b"\xf1\x01x", "breaks the protocol"),
        (frame(Opcode.CONT, b"x"), "breaks the protocol"),
        (b"\x81\x7f" + struct.pack("!Q", LONGEST + 1), "expected at most 200000"),
    ],
    ids=["masked, by a key of chance", "reserved opcode", "reserved bits", "continuation of nothing", "too long"],
)
def test_what_breaks_the_protocol_ends_the_connection_after_what_was_whole(broken: bytes, why: str) -> None:
    with opened() as (client, _):
        assert client.split(frame(Opcode.TEXT, b"whole") + broken + frame(Opcode.TEXT, b"never")) == [b"whole"]
        assert why in client.ended


def test_frames_before_a_pong_that_cannot_be_sent_are_kept() -> None:
    with opened() as (client, theirs):
        theirs.close()
        assert client.split(frame(Opcode.TEXT, b"one") + frame(Opcode.PING, b"")) == [b"one"]
        assert client.ended != ""


def test_a_closed_socket_is_an_error() -> None:
    with opened() as (client, theirs):
        theirs.sendall(b"abc")
        assert client.receive() == b"abc"
        theirs.close()
        with pytest.raises(ConnectionError, match="without a word"):
            client.receive()


def test_a_text_is_sent_and_a_goodbye_said() -> None:
    with MarketServer() as server:
        client = dial(f"{server.address}/ws", 5)
        client.send(b"hello")
        wait_until(lambda: [text for _, text in server.heard] == ["hello"])
        client.close()
        client.close()
        wait_until(lambda: server.connections[0].close_code == 1000)
        assert server.paths == ["/ws"]


def certificate(folder: Path) -> Path:
    """Make a certificate for loopback, and its key, in one file."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("the program openssl, which makes the certificate for this test, is not here")
    file = folder / "loopback.pem"
    asked = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=loopback -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run([program, *asked.split()], cwd=folder, timeout=120, check=True, capture_output=True)
    file.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return file


def test_nothing_stays_behind_in_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are decrypted one by one and larger than what was asked for; a selector tells of none that is decrypted already."""
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(file)
    sent = [b"%d:" % number + bytes(number * 7) for number in range(1500)] + [bytes(LONGEST - 1)]
    with MarketServer(served) as server:
        client = dial(f"{server.address}/ws", 5)
        server.wait_for(1)
        sending = threading.Thread(target=server.send, args=sent, daemon=True)
        sending.start()
        found: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            while len(found) < len(sent):
                assert selector.select(10), "nothing more came"
                found += client.split(client.receive())
        sending.join()
        client.close()
    assert found == sent


def test_a_server_that_speaks_no_http_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"220 ready\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(InvalidMessage):
            dial(f"ws://127.0.0.1:{port}", 5)
        thread.join()
