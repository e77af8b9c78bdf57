"""A websocket that is read in bursts: all whole messages that one read of the socket brought, at once.

What makes a connection (handshake, pongs, closing, fragments, errors) is the business of `websockets`, whose protocol object does
no I/O of its own. Only its way of handing on one message at a time is not used: market data is nothing but short unfragmented
text messages, and cutting those out of the bytes right here took 0.8 µs of one core a message, reading the socket included, beside
3.9 µs through the protocol object, 5.5 µs through `websockets.asyncio` and 6.4 µs through `websockets.sync`. It also leaves the
thread that reads the socket the only one, so that a stamp taken after a read is the time of arrival.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

RECEIVE_BYTES: Final = 1 << 18
"""Read at once at most: about 1,300 messages."""
_TEXT: Final = 0x81
"""First byte of a text message in one frame."""
_TWO_BYTE_LENGTH, _EIGHT_BYTE_LENGTH = 126, 127
_END_OF_HEAD: Final = b"\r\n\r\n"


class WebSocketClient:
    """One open connection to a server, without blocking."""

    def __init__(self, opened: socket.socket, protocol: ClientProtocol, rest: bytes, longest_message: int) -> None:
        """Take a socket after its handshake, and what came behind it."""
        self._socket, self._protocol, self._rest = opened, protocol, rest
        self._longest = longest_message
        self._fragments: list[bytes] = []
        self.ended = ""
        """Why the server or a broken message ended it; empty while it is open."""
        opened.setblocking(False)

    def fileno(self) -> int:
        """Give the descriptor a selector can wait for."""
        return self._socket.fileno()

    def receive(self) -> bytes:
        """Give the bytes that wait; none where the socket was woken for less than a TLS record.

        Raises:
            OSError: the connection is lost.
        """
        try:
            data = self._socket.recv(RECEIVE_BYTES)
            if isinstance(self._socket, ssl.SSLSocket):
                while waiting := self._socket.pending():  # no selector tells of bytes that are decrypted already
                    data += self._socket.recv(waiting)
        except ssl.SSLWantReadError:
            return b""
        if not data:
            raise ConnectionError("the connection was closed without a word")
        return data

    def split(self, data: bytes) -> list[bytes]:
        """Cut what was received into whole messages; the rest is kept for the next time. Pings are answered here."""
        if self._rest:
            data = self._rest + data
        messages: list[bytes] = []
        at, size = 0, len(data)
        while size - at > 1 and not self.ended:
            length = data[at + 1]
            start = at + 2
            if length == _TWO_BYTE_LENGTH:
                start = at + 4
                length = int.from_bytes(data[at + 2 : start])
            elif length == _EIGHT_BYTE_LENGTH:
                start = at + 10
                length = int.from_bytes(data[at + 2 : start])
                if length > self._longest and size >= start:
                    self.ended = f"a message of {length} bytes, expected at most {self._longest}"
            elif length > _EIGHT_BYTE_LENGTH:
                self.ended = "a masked message, which no server may send"
            end = start + length
            if end > size or self.ended:
                break
            if data[at] == _TEXT and not self._fragments:
                messages.append(data[start:end])
            else:
                messages += self._take(data[at:end])
            at = end
        self._rest = data[at:]
        return messages

    def send(self, text: bytes) -> None:
        """Send one text message.

        Raises:
            OSError: the connection is lost, or the server does not read.
        """
        self._protocol.send_text(text)
        self._flush()

    def close(self) -> None:
        """Say goodbye where that is still possible, and let go of the socket without waiting for an answer."""
        try:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        except (OSError, InvalidState) as error:
            self.ended = self.ended or str(error)  # it was over before
        self._socket.close()

    def _take(self, raw: bytes) -> Iterator[bytes]:
        """Let the protocol deal with a frame that is no plain message; give the message that it completes."""
        self._protocol.receive_data(raw)
        try:
            self._flush()
        except OSError as error:
            self.ended = str(error)  # told after what was received before it
        for event in self._protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode in DATA_OPCODES:
                self._fragments.append(bytes(event.data))
                if event.fin:
                    yield b"".join(self._fragments)
                    self._fragments = []
            elif event.opcode is Opcode.CLOSE and self._protocol.close_rcvd is not None:
                self.ended = f"closed by the server: {self._protocol.close_rcvd}"
        if self._protocol.parser_exc is not None:
            self.ended = f"a frame that breaks the protocol: {self._protocol.parser_exc}"

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)


def dial(address: str, timeout_s: float, longest_message: int = 16 << 20) -> WebSocketClient:
    """Connect, and return after the handshake. Messages are not compressed.

    Raises:
        OSError: no connection, or no TLS.
        websockets.exceptions.InvalidHandshake: what answers refuses, or is no websocket server.
        websockets.exceptions.InvalidURI: the address is none.
    """
    uri = parse_uri(address)
    opened = socket.create_connection((uri.host, uri.port), timeout_s)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if uri.secure:
            opened = ssl.create_default_context().wrap_socket(opened, server_hostname=uri.host)
        protocol = ClientProtocol(uri, max_size=longest_message)
        return WebSocketClient(opened, protocol, _shake_hands(opened, protocol), longest_message)
    except BaseException:
        opened.close()
        raise


def _shake_hands(opened: socket.socket, protocol: ClientProtocol) -> bytes:
    """Ask for a websocket and give what came behind the answer."""
    request = protocol.connect()
    request.headers["User-Agent"] = "ghosttape"
    protocol.send_request(request)
    for data in protocol.data_to_send():
        opened.sendall(data)
    answer = b""
    while _END_OF_HEAD not in answer:
        answer += _receive_some(opened)
    head, _, rest = answer.partition(_END_OF_HEAD)
    protocol.receive_data(head + _END_OF_HEAD)
    while protocol.state is State.CONNECTING and protocol.handshake_exc is None:  # a refusal has a body
        protocol.receive_data(rest or _receive_some(opened))
        rest = b""
    if protocol.handshake_exc is not None:
        raise protocol.handshake_exc
    protocol.events_received()
    return rest


def _receive_some(opened: socket.socket) -> bytes:
    data = opened.recv(RECEIVE_BYTES)
    if not data:
        raise ConnectionError("the connection was closed during the handshake")
    return data
