"""The page that only moves live data into topics, and computes nothing.

    python -m bytewax.run flows.ingest                                    live
    python -m bytewax.run "flows.ingest:replay('recordings/session')"     an old tape, as fast as the brokers take it

What the feeds receive goes on a tape first, as in the flow itself, so that neither a broker that is away nor a killed process costs
an event; from the tape each frame goes to its topic, within the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic

from connectors.inputs.live import LiveFeed, LiveFrames
from connectors.inputs.pace import Pace, parse_speed
from connectors.inputs.repair_requests import RepairRequests
from connectors.inputs.replaying import ReplayedFrames
from connectors.inputs.source import Chunk, Position, TapePartition, TapeSource, stop_on_signals
from connectors.outputs.kafka import KafkaOutputSettings, KafkaSink, kafka_sink
from connectors.outputs.kafka_budget import Budget
from connectors.outputs.kafka_identity import producer_name
from connectors.tape.manifest import load as load_manifest
from connectors.tape.reader import FrameReader
from connectors.tape.recorder import Recorder, RecorderSettings
from connectors.wire.kafka import Event
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_topics import Routes, TopicNames
from flows import market, ports
from flows.decode import Decode, is_parcel
from flows.feeds import LIVE_PARTITION, live_feeds
from flows.running import refusing_in_one_line
from flows.settings import load
from scoring.records import END_NS

_BATCH_ROWS = 2_000
"""Frames handed on at once."""


class Passing(msgspec.Struct, frozen=True):
    """The events of one chunk of tape."""

    arrivals: list[tuple[int, Event]]
    """With their receive times, in tape order."""
    reached_ns: int
    """How far time has come after them."""


class IngestPorts(msgspec.Struct, frozen=True):
    """What the page is plugged into."""

    tape: TapeSource
    route: Callable[[Chunk], tuple[str, Passing]]
    budget: Callable[[Budget | None], BudgetStage]
    kafka: KafkaSink
    decode: Decode | None = None
    """Finds what is missing; None where nobody can be asked."""
    repairs: RepairRequests | None = None


def build(plugs: IngestPorts) -> Dataflow:
    """Lay the dataflow out."""
    flow = Dataflow("ghosttape_ingest")

    chunks = op.input("tape", flow, plugs.tape)  # Chunk(partition="live", frames=2,000 frames, clock_ns=…)
    routed = op.map("route", chunks, plugs.route)  # ("live", Passing(arrivals=[(received_ns, Event), …]))
    afforded = op.stateful_batch("budget", routed, plugs.budget)  # ("live", [Event(topic="binance.trades", key=b"BTCUSDT", …), …])
    op.output("kafka", afforded, plugs.kafka)
    if plugs.decode and plugs.repairs:  # what jumps of ids say is missing is fetched, and goes to its topic by way of the tape
        parcels = op.branch("parted", op.flat_map_batch("decode", chunks, plugs.decode), is_parcel).trues
        op.output("repairs", op.stateful_batch("missing", parcels, market.missing), plugs.repairs)
    return flow


def flow() -> Dataflow:
    """Run live."""
    with refusing_in_one_line():
        settings, _ = load()
        stop_on_signals()
        folder = Path(settings.data_dir) / "ingest"
        feeds = live_feeds(settings, settings.shaping, folder)
        plugs = live(feeds.feeds, feeds.clock, folder / "tape", settings.recorder, settings.kafka, settings.kafka.output)
        if feeds.repair:
            partition = ports.live_partition(settings.shaping, chatters=False)
            plugs = msgspec.structs.replace(plugs, decode=Decode({LIVE_PARTITION: partition}), repairs=RepairRequests(feeds.repair))
        return build(plugs)


def replay(session: str, speed: str = "max") -> Dataflow:
    """Run from a recording; `speed` is `max` or a factor such as `10x`."""
    with refusing_in_one_line():
        stop_on_signals()
        kafka = load()[0].kafka
        return build(replayed(Path(session), speed, kafka, kafka.output))


def live(
    feeds: Sequence[LiveFeed],
    clock: Callable[[], int],
    session: Path,
    recorder: RecorderSettings,
    cluster: KafkaSettings,
    output: KafkaOutputSettings,
) -> IngestPorts:
    """Plug in live feeds, by way of a tape in `session`."""
    opener = partial(_open_live, feeds, clock, session, recorder)
    return _plugs({LIVE_PARTITION: opener}, producer_name(session), cluster, output)


def replayed(session: Path, speed: str, cluster: KafkaSettings, output: KafkaOutputSettings) -> IngestPorts:
    """Plug in an old tape; every time it is produced it is the same producer, so readers take it once."""
    pace, name = Pace(parse_speed(speed)), producer_name(session)
    openers = {each: partial(_open_replayed, session, each, pace) for each in load_manifest(session).partitions}
    return _plugs(openers, name, cluster, output)


_Openers: TypeAlias = dict[str, partial[TapePartition]]


def _plugs(openers: _Openers, producer: str, cluster: KafkaSettings, output: KafkaOutputSettings) -> IngestPorts:
    route = _Route(cluster.topics, producer, single=len(openers) == 1)
    return IngestPorts(TapeSource(openers), route, partial(BudgetStage, output), kafka_sink(cluster, output))


class _Route:
    """Makes events of what the tape hands on."""

    def __init__(self, topics: TopicNames, producer: str, single: bool) -> None:
        """Take the name of the tape; each of several partitions counts its own rows, and is a producer of its own."""
        self._topics, self._producer, self._single = topics, producer, single
        self._routes: dict[str, Routes] = {}

    def __call__(self, chunk: Chunk) -> tuple[str, Passing]:
        frames = chunk.frames
        reached_ns = END_NS if chunk.ended else chunk.clock_ns
        if frames is None:
            return chunk.partition, Passing([], reached_ns)
        routes = self._routes.get(chunk.partition)
        if routes is None:
            name = self._producer if self._single else f"{self._producer}.{chunk.partition}"
            routes = self._routes[chunk.partition] = Routes(self._topics, name)
        arrivals = []
        rows = zip(frames.received_ns.tolist(), frames.codes.tolist(), frames.payloads, strict=True)
        for row, (received_ns, code, payload) in enumerate(rows, frames.first_row):
            event = routes.event(frames.names[code], payload, received_ns, row)
            if event is not None:
                arrivals.append((received_ns, event))
        return chunk.partition, Passing(arrivals, reached_ns)


class BudgetStage(StatefulBatchLogic[Passing, list[Event], Budget]):
    """The budget in the engine's hands."""

    def __init__(self, output: KafkaOutputSettings, resume: Budget | None) -> None:
        """Go on with what was left."""
        self._budget = resume or Budget(output.budget)

    def on_batch(self, values: list[Passing]) -> tuple[Iterable[list[Event]], bool]:
        """Give what may be produced."""
        passed = (self._budget.update(value.arrivals, value.reached_ns) for value in values)
        return [events for events in passed if events], False

    def on_eof(self) -> tuple[Iterable[list[Event]], bool]:
        """Keep what waits: the tape goes on."""
        return (), False

    def snapshot(self) -> Budget:
        """Give a copy of the budget."""
        return self._budget.copy()


def _open_live(
    feeds: Sequence[LiveFeed], clock: Callable[[], int], session: Path, recorder: RecorderSettings, resume: Position | None
) -> TapePartition:
    folder = session / "frames" / LIVE_PARTITION
    return LiveFrames(LIVE_PARTITION, lambda: Recorder(folder, recorder, clock), feeds, _BATCH_ROWS, resume)


def _open_replayed(session: Path, name: str, pace: Pace, resume: Position | None) -> TapePartition:
    return ReplayedFrames(name, FrameReader(session / "frames" / name), pace, _BATCH_ROWS, resume)
