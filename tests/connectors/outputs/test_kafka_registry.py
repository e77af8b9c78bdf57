"""Schemas against a registry that speaks the documented REST, and Avro through a real broker onto a tape."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from connectors.outputs.kafka import KafkaOutputSettings, KafkaPartition, kafka_sink
from connectors.outputs.kafka_registry import RegistrySettings, avro_encoder, register
from connectors.wire.kafka import Event, stamp
from connectors.wire.kafka_avro import decode_event, event_schema
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_results import RESULT_TOPICS, result_events
from connectors.wire.kafka_topics import TopicNames
from connectors.wire.kafka_values import read_message
from scoring.duration import Duration
from scoring.errors import ResourceError, SettingError
from scoring.records import Alert, Rows, Table, to_columns
from tests.connectors.kafka_broker import broker
from tests.connectors.outputs.test_kafka import messages_of


class Registry(ThreadingHTTPServer):
    """Keeps schemas, as `POST /subjects/…/versions` of the real one does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.subjects: dict[str, list[int]] = {}
        self.schemas: list[str] = []
        self.authorization = ""
        self.refuses = ""

    @property
    def settings(self) -> RegistrySettings:
        return RegistrySettings(url=f"http://127.0.0.1:{self.server_port}/", user="us", password="secret")


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.authorization = self.headers.get("Authorization", "")
        if self.server.refuses:
            self.answer(409, {"error_code": 409, "message": self.server.refuses})
            return
        assert json.loads(body["schema"])["type"] == "record"
        if body["schema"] not in self.server.schemas:
            self.server.schemas.append(body["schema"])
        number = self.server.schemas.index(body["schema"]) + 1
        self.server.subjects.setdefault(unquote(self.path.split("/")[2]), []).append(number)
        self.answer(200, {"id": number})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def alert() -> Rows:
    made = Alert("a1", "pump", "BTCUSDT", "warning", "firing", 10**9, 2 * 10**9, 0, "m", "m > 1", 1.0, 2.0, float("nan"), "{}", "complete")
    return Rows(Table.ALERTS, "BTCUSDT", to_columns(Alert, [made]), 0)


def test_every_schema_is_registered_under_its_topic_and_record(registry: Registry) -> None:
    avro_encoder(registry.settings, TopicNames(), RESULT_TOPICS)
    assert registry.subjects.keys() == {f"{topic}-ghosttape.RawEvent" for topic in TopicNames().names()} | {
        f"{topic}-ghosttape.{table.value}" for table, topic in RESULT_TOPICS.items()
    }
    assert registry.authorization == "Basic dXM6c2VjcmV0"
    assert registry.schemas[0] == event_schema()


def test_events_and_rows_are_put_into_avro(registry: Registry) -> None:
    encode = avro_encoder(registry.settings, TopicNames(), RESULT_TOPICS)
    event = encode(Event("live-prices", b"k", stamp(b"{}", 99), "coingecko", "5f3a/1"))
    assert decode_event(event.value) == (b"{}", 99)
    assert event.headers == (("schema", "ghosttape.RawEvent"),)
    (row,) = (encode(each) for each in result_events(alert(), RESULT_TOPICS))
    assert row.headers == (("table", "alerts"), ("schema", "ghosttape.alerts"))
    assert int.from_bytes(row.value[1:5]) == registry.subjects["ghosttape.alerts-ghosttape.alerts"][0]


def test_avro_goes_through_topics_and_comes_out_as_the_frame_it_was(registry: Registry) -> None:
    with broker() as address:
        cluster = KafkaSettings(bootstrap=address)
        settings = KafkaOutputSettings(linger=Duration.parse("1ms"), registry=registry.settings)
        part = kafka_sink(cluster, settings).build_part("kafka", "one", None)
        assert isinstance(part, KafkaPartition)
        sent = Event("binance.trades", b"BTCUSDT", stamp(b"\xff not JSON", 99), "binance", "5f3a/1")
        part.write_batch([[sent], alert()])
        part.close()
        (message,) = messages_of(cluster, "binance.trades", 1)
        found = read_message(message.value(), message.headers())
        assert (found.feed, found.producer, found.row, found.payload, found.ingested_ns) == ("binance", "5f3a", 1, b"\xff not JSON", 99)
        assert len(messages_of(cluster, "ghosttape.alerts", 1)) == 1


def test_a_registry_that_refuses_or_is_none_or_is_away_stops_the_start(registry: Registry, tmp_path: Path) -> None:
    registry.refuses = "incompatible"
    with pytest.raises(SettingError, match=r"takes s; it said 409 .*incompatible") as refused:
        register(registry.settings, "s", event_schema())
    assert "secret" not in str(refused.value)
    with pytest.raises(SettingError, match="an address such as"):
        register(RegistrySettings(url="file:///etc/passwd"), "s", event_schema())
    with pytest.raises(ResourceError, match="expected a schema registry: start it"):
        register(RegistrySettings(url="http://127.0.0.1:1"), "s", event_schema())
    with pytest.raises(ResourceError, match="expected a schema registry: start it"):
        register(msgspec.structs.replace(registry.settings, ca=str(tmp_path / "none.pem")), "s", event_schema())
