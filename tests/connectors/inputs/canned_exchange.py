"""A real HTTP server on loopback that answers as the exchange does, from a few numbers, with a script of what goes wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

MINUTE_MS: Final = 60_000


class Answer:
    """One answer of the script, instead of the right one."""

    def __init__(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, delay: float = 0.0) -> None:
        self.status, self.body, self.headers, self.delay = status, body, dict(headers or {}), delay


class CannedExchange:
    """Trades `first..newest` of every symbol, candles without end, one book; asks are noted in order."""

    def __init__(self, newest: int = 0, first: int = 1) -> None:
        self.first, self.newest = first, newest
        self.lost: set[int] = set()
        """Ids that are not served."""
        self.absent: dict[str, Answer] = {}
        """Paths that always give this answer."""
        self.script: list[Answer] = []
        """What the next requests get."""
        self.used = ""
        """The header that says what has been used."""
        self.book_id = 100
        self.now_ms = time.time_ns() // 1_000_000
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.host = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> CannedExchange:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()

    def paths(self) -> list[str]:
        """Name what was asked for, without `/api/v3/`."""
        return [path.removeprefix("/api/v3/") for path, _ in self.asked]

    def trade(self, trade_id: int) -> dict[str, Any]:
        """Give a trade as REST does."""
        at = {"price": "100.5", "qty": "0.25", "quoteQty": "25.125", "time": 1_700_000_000_000 + trade_id}
        return {"id": trade_id, **at, "isBuyerMaker": trade_id % 2 == 0, "isBestMatch": True}

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        """Give what the exchange would."""
        limit = int(query.get("limit", "500"))
        ids = [number for number in range(self.first, self.newest + 1) if number not in self.lost]
        if "fromId" in query:
            ids = [number for number in ids if number >= int(query["fromId"])][:limit]
        match path.removeprefix("/api/v3/"):
            case "trades" | "historicalTrades":
                return [self.trade(number) for number in ids[-limit:]]
            case "aggTrades":
                fixed = {"p": "100.5", "q": "0.25", "m": True, "M": True}
                return [{"a": n, "f": n, "l": n, "T": 1_700_000_000_000 + n, **fixed} for n in ids[-limit:]]
            case "depth":
                return {"lastUpdateId": self.book_id, "bids": [["100.4", "3"]], "asks": [["100.6", "2"]]}
            case "klines":
                starts = range(int(query["startTime"]), self.now_ms + 1, MINUTE_MS)[:limit]
                return [[at, "1", "2", "0.5", "1.5", "10", at + MINUTE_MS - 1, "15", 7, "4", "6", "0"] for at in starts]
        raise ValueError(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query))
                exchange.asked.append((parts.path, query))
                scripted = exchange.absent.get(parts.path) or (exchange.script.pop(0) if exchange.script else None)
                answer = scripted or Answer(200, json.dumps(exchange.answer(parts.path, query)).encode())
                time.sleep(answer.delay)
                if not answer.status:  # the connection breaks
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                if exchange.used:
                    self.send_header("X-MBX-USED-WEIGHT-1M", exchange.used)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: ARG002
                return

        return Handler
