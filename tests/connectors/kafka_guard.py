"""A guard in front of a broker that has none: what comes is encrypted, by somebody with a certificate, or with a password.

librdkafka's stand-in speaks neither TLS nor SASL. This ends TLS and answers SASL PLAIN itself, hands everything else on, and puts its
own port wherever the broker tells a client where to find it, so that clients come back this way.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
"""https://kafka.apache.org/protocol#protocol_api_keys"""
AUTHENTICATION_FAILED = 58
KEY_PASSWORD = "locked"


class Certificates:
    """An authority, and certificates of a server on loopback and of a client, made by `openssl`."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.server, self.client = (folder / f"{name}.pem" for name in ("ca", "server", "client"))
        self._make(self.ca, "ghosttape test authority", "-nodes")
        signed = ("-CA", str(self.ca), "-CAkey", str(self.ca.with_suffix(".key")))
        self._make(self.server, "127.0.0.1", "-nodes", "-addext", "subjectAltName=IP:127.0.0.1", *signed)
        self._make(self.client, "ghosttape", "-passout", f"pass:{KEY_PASSWORD}", *signed)

    def _make(self, path: Path, name: str, *more: str) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(path.with_suffix(".key")))
        command = ["openssl", "req", "-x509", "-days", "2", "-subj", f"/CN={name}", *key, "-out", str(path), *more]
        subprocess.run(command, timeout=120, check=True, capture_output=True)

    def context(self) -> ssl.SSLContext:
        """Give what a server that asks for certificates needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server.with_suffix(".key"))
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class Guard:
    """The running guard; a thread for each connection."""

    def __init__(self, broker: str, tls: ssl.SSLContext | None, users: Mapping[str, str] | None) -> None:
        host, _, port = broker.rpartition(":")
        self._broker, self._tls, self._users = (host, int(port)), tls, users
        self.server = socket.create_server(("127.0.0.1", 0))
        self._port = int(self.server.getsockname()[1])

    @property
    def address(self) -> str:
        return f"{self._broker[0]}:{self._port}"

    def serve(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self._guard, args=(client,), daemon=True).start()

    def _guard(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client, socket.create_connection(self._broker) as broker:
            if self._tls is None:
                self._pass(client, broker)
            else:
                with self._tls.wrap_socket(client, server_side=True) as encrypted:
                    self._pass(encrypted, broker)

    def _pass(self, client: socket.socket, broker: socket.socket) -> None:
        """Hand on what a client asks, once it has said who it is, and what the broker answers."""
        asked: dict[int, tuple[int, int]] = {}
        is_known = self._users is None
        while True:
            has_more = isinstance(client, ssl.SSLSocket) and client.pending() > 0
            readable = [client] if has_more else select.select([client, broker], [], [])[0]
            if broker in readable:
                _send(client, self._answer(_frame(broker), asked))
            if client not in readable:
                continue
            request = _frame(client)
            key, version, number, name_bytes = struct.unpack_from(">hhih", request)
            body = request[10 + max(0, name_bytes) :]
            if key == SASL_HANDSHAKE:
                _send(client, struct.pack(">ihih", number, 0, 1, 5) + b"PLAIN")
            elif key == SASL_AUTHENTICATE:
                _, user, password = body[4:].decode().split("\0")
                is_known = self._users is not None and self._users.get(user) == password
                _send(client, struct.pack(">ihhi", number, 0 if is_known else AUTHENTICATION_FAILED, -1, 0))
            elif is_known or key == API_VERSIONS:
                asked[number] = key, version
                _send(broker, request)
            else:
                return

    def _answer(self, answer: bytes, asked: dict[int, tuple[int, int]]) -> bytes:
        host, port = self._broker
        answer = answer.replace(host.encode() + struct.pack(">i", port), host.encode() + struct.pack(">i", self._port))
        key, version = asked.pop(struct.unpack_from(">i", answer)[0], (0, 0))
        if key == API_VERSIONS and version < 3 and self._users is not None:
            number, error, count = struct.unpack_from(">ihi", answer)
            more = struct.pack(">6h", SASL_HANDSHAKE, 0, 1, SASL_AUTHENTICATE, 0, 0)
            return struct.pack(">ihi", number, error, count + 2) + more + answer[10:]
        return answer


@contextmanager
def guard(broker: str, tls: ssl.SSLContext | None = None, users: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a guard in front of a broker and give its address."""
    made = Guard(broker, tls, users)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made.address
    made.server.shutdown(socket.SHUT_RDWR)
    thread.join()
    made.server.close()


def _frame(sender: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _exactly(sender, 4))
    return _exactly(sender, size)


def _exactly(sender: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = sender.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


def _send(receiver: socket.socket, frame: bytes) -> None:
    receiver.sendall(struct.pack(">i", len(frame)) + frame)
