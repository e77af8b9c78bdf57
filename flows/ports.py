"""What is plugged in: the one place where live and replay differ."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from bytewax.outputs import FixedPartitionedSink
from msgspec.structs import replace

from connectors.inputs.caretaker import Caretaker, Chore
from connectors.inputs.kafka_source import KafkaFrames
from connectors.inputs.live import LiveFrames
from connectors.inputs.pace import Pace, parse_speed
from connectors.inputs.repair_requests import RepairRequests
from connectors.inputs.replaying import ReplayedColumns, ReplayedFrames
from connectors.inputs.source import Position, TapePartition, TapeSource, stop_on_signals
from connectors.outputs.archive import Archive, ArchiveSettings, archive_sink
from connectors.outputs.feed import FeedSettings, FeedSink, check_port
from connectors.outputs.kafka import KafkaSink, kafka_sink
from connectors.outputs.outbox import OutboxSink
from connectors.outputs.output_health import OutputHealth
from connectors.outputs.process_health import ProcessHealth
from connectors.outputs.upkeep import compact, retain
from connectors.outputs.warehouse import Warehouse, WarehouseSettings, warehouse_sink
from connectors.tape.columns import ColumnReader
from connectors.tape.manifest import Form, Manifest, PartitionInfo
from connectors.tape.manifest import load as load_manifest
from connectors.tape.reader import FrameReader
from connectors.tape.recorder import Recorder
from connectors.tape.retention import Retention
from connectors.wire.binance import BinanceWireSettings
from flows import alerts
from flows.allocation import give_back_freed
from flows.decode import Decode, Partition
from flows.feeds import LIVE_PARTITION, Feeds, channels_of, live_feeds, topic_feeds, with_top_symbols
from flows.sessions import PROGRAM, WAREHOUSE, open_session, replay_folder, shaping_of
from flows.settings import Kafka, Settings, Shaping, load
from scoring.crowd.finbert import Model
from scoring.crowd.finbert import load as load_model
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.feed import Hello
from scoring.records import Pulse, Rows, SourceHealth, Table

Store: TypeAlias = FixedPartitionedSink[Any, Any]
Screen: TypeAlias = FixedPartitionedSink[Rows | Pulse | SourceHealth, Any]

SWITCH_INTERVAL_SECONDS = 0.0005
"""How long a helper thread may hold the interpreter while the flow waits: ten times less than Python's own, for latency."""


COLLECT_AFTER = 200_000
"""New objects after which the collector looks for cycles: decoding makes many objects and no cycles, so Python's own 700 only cost."""

FREED_EVERY = Duration.parse("1m")
"""How often a live run gives back what was freed."""


class Ports(msgspec.Struct, frozen=True):
    """What the flow is plugged into."""

    tape: TapeSource
    decode: Decode
    stores: Mapping[str, Store]
    """Where final rows are kept."""
    screens: Mapping[str, Screen]
    """Where rows, provisional ones too, and pulses are shown."""
    provisional: bool
    """Whether anybody looks."""
    model: Model | None
    """Scores posts; None on a tape without any."""
    deadline: Duration = Duration()
    """How long a post waits for others to be scored with."""
    repairs: RepairRequests | None = None
    """Takes what is missing and has it fetched; None where nobody can be asked."""


def is_final(rows: Rows) -> bool:
    """Say whether rows are there to be kept."""
    return len(rows) > 0 and not rows.provisional


def live() -> tuple[Ports, Shaping]:
    """Plug in the feeds of the settings and a growing tape."""
    settings, _ = load()
    _settle()
    folder = Path(settings.data_dir)
    session = folder / "tape"
    kafka = settings.kafka
    shaping = settings.shaping if kafka.listen else with_top_symbols(settings.shaping, settings.inputs.binance)
    feeds = topic_feeds(kafka) if kafka.listen else live_feeds(settings, shaping, folder)
    channels = channels_of(settings)
    info = PartitionInfo(symbols=shaping.symbols, channels=channels)
    model = load_model(shaping.crowd.sentiment, settings.scoring) if channels else None
    open_session(session, {LIVE_PARTITION: info}, shaping, origin="live", model=identity(model) if model else None)
    opener: Callable[[Position | None], TapePartition]
    if kafka.listen and not kafka.tape:
        opener = partial(_open_topics, kafka)
    else:
        feeds = replace(feeds, feeds=[*feeds.feeds, _caretaker(session, settings, feeds.clock)])
        opener = partial(_open_live, session, settings, feeds)
    partition = live_partition(shaping, bool(channels))
    outboxes = _stores(
        replace(settings.archive, data_dir=settings.archive.data_dir or str(folder)),
        replace(settings.warehouse, path=settings.warehouse.path or str(folder / WAREHOUSE)),
    )
    produced = {"kafka": kafka_sink(kafka, kafka.output)} if kafka.produce else {}
    stores: dict[str, Store] = {**outboxes, **produced}
    # On the screen topics are an input and an output.
    told: dict[str, OutboxSink | KafkaSink] = {**outboxes, **{f"{name} out": sink for name, sink in produced.items()}}
    screens = _screens(settings.feed, _hello("live", "live", shaping.symbols, shaping), told, folder, feeds.clock)
    repairs = RepairRequests(feeds.repair) if feeds.repair else None
    tape, decode = TapeSource({LIVE_PARTITION: opener}), Decode({LIVE_PARTITION: partition})
    return Ports(tape, decode, stores, screens, True, model, settings.scoring.deadline, repairs), shaping


def replay(
    session: str, speed: str, batch_rows: int, form: str, data_dir: str, screen: bool, model_name: str = "", waits: bool = False
) -> tuple[Ports, Shaping]:
    """Plug in an old tape, with the settings that shaped the recording; `model_name` scores its posts with another model.

    With `waits` the feed stays open until a screen has connected.
    """
    settings, _ = load()
    _settle()
    folder = Path(session)
    manifest = load_manifest(folder)
    shaping = shaping_of(manifest, folder)
    if model_name:
        sentiment = replace(shaping.crowd.sentiment, model=model_name)
        shaping = replace(shaping, crowd=replace(shaping.crowd, sentiment=sentiment))
    factor = parse_speed(speed)
    pace = Pace(factor, waits=screen and waits)
    rows = batch_rows or settings.replay.batch_rows
    openers = {
        name: partial(_open_replayed, folder, name, _form(info, form, folder), pace, rows) for name, info in manifest.partitions.items()
    }
    partitions = {name: partition_of(name, manifest, shaping, factor) for name in manifest.partitions}
    symbols = tuple(symbol for info in manifest.partitions.values() for symbol in info.symbols)
    target = Path(data_dir) if data_dir else replay_folder(settings, manifest.name)
    # What a loss of power takes from a replay, another replay gives back: its files need not wait for the disk.
    archive = replace(settings.archive, data_dir=str(target), sync=False)
    stores = _stores(archive, replace(settings.warehouse, path=str(target / WAREHOUSE)))
    screens = _screens(settings.feed, _hello(manifest.name, "replay", symbols, shaping), stores, target, pace=pace) if screen else {}
    chatters = any(partition.chatters for partition in partitions.values())
    model = load_model(shaping.crowd.sentiment, settings.scoring) if chatters else None
    if model and manifest.model and manifest.model != identity(model):
        note = f"this session was scored by the model {manifest.model}, this replay by {identity(model)}"
        print(f"ghosttape: {session}: {note}: what hangs on moods may differ", file=sys.stderr)
    return Ports(TapeSource(openers), Decode(partitions), stores, screens, screen, model), shaping


def identity(model: Model) -> str:
    """Name a model and what is in its file."""
    return f"{model.name} {model.hash}"


def _settle() -> None:
    """Make the process fit for a flow: stopped gracefully, helper threads brief, the collector rarely at work."""
    stop_on_signals()
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def live_partition(shaping: Shaping, chatters: bool) -> Partition:
    """Give what decoding must know of a live partition."""
    return Partition(_wire(LIVE_PARTITION, shaping.symbols, shaping), shaping.symbols, chatters=chatters)


def partition_of(name: str, manifest: Manifest, shaping: Shaping, speed: float) -> Partition:
    """Give what decoding must know of a recorded partition."""
    info = manifest.partitions[name]
    wire = _wire(name, info.symbols, shaping)
    return Partition(wire, info.symbols, bool(info.channels), manifest.start_ns, manifest.end_ns, speed)


def _caretaker(session: Path, settings: Settings, clock: Callable[[], int]) -> Caretaker:
    """Plug in the upkeep of a live run: retention of the tape, and of the archive, whose past days become one file each."""
    upkeep = settings.upkeep
    archive = settings.archive.data_dir or settings.data_dir

    def keep_archive() -> None:
        now_ns = clock()
        compact(archive, now_ns, sync=settings.archive.sync)
        if upkeep.archive_age:
            retain(archive, now_ns - upkeep.archive_age)

    keeper: Caretaker
    retention = Retention(session / "frames" / LIVE_PARTITION, upkeep.tape, lambda: keeper.keep_from_row(), clock)
    chores = [Chore(upkeep.tape.every, retention.turn), Chore(upkeep.archive_every, keep_archive), Chore(FREED_EVERY, give_back_freed)]
    keeper = Caretaker(chores)
    return keeper


def _open_live(session: Path, settings: Settings, feeds: Feeds, resume: Position | None) -> TapePartition:
    def open_recorder() -> Recorder:
        return Recorder(session / "frames" / LIVE_PARTITION, settings.recorder, feeds.clock)

    return LiveFrames(LIVE_PARTITION, open_recorder, feeds.feeds, settings.replay.batch_rows, resume)


def _open_topics(kafka: Kafka, resume: Position | None) -> TapePartition:
    return KafkaFrames(LIVE_PARTITION, kafka, kafka.input, resume)


def _open_replayed(session: Path, name: str, form: Form, pace: Pace, batch_rows: int, resume: Position | None) -> TapePartition:
    if form is Form.COLUMNS:
        return ReplayedColumns(name, ColumnReader(session / "columns" / name), pace, batch_rows, resume)
    return ReplayedFrames(name, FrameReader(session / "frames" / name), pace, batch_rows, resume)


def _form(info: PartitionInfo, wanted: str, session: Path) -> Form:
    """Choose columns where the session has them, unless frames are asked for."""
    form = Form(wanted) if wanted in set(Form) else None
    if (wanted and form is None) or (form and form not in info.forms):
        raise SettingError(str(session), "form", wanted, f"one of {', '.join(info.forms)}")
    return form or (Form.COLUMNS if Form.COLUMNS in info.forms else Form.FRAMES)


def _stores(archive: ArchiveSettings, warehouse: WarehouseSettings) -> Mapping[str, OutboxSink]:
    """Plug in what keeps results, after opening each once: what cannot be written stops the start, not the engine."""
    Archive(archive).close()
    Warehouse(warehouse).close()
    return {"archive": archive_sink(archive), "warehouse": warehouse_sink(warehouse)}


def _screens(
    feed: FeedSettings,
    hello: Hello,
    stores: Mapping[str, OutboxSink | KafkaSink],
    folder: Path,
    clock: Callable[[], int] = time.time_ns,
    pace: Pace | None = None,
) -> Mapping[str, Screen]:
    """Plug in the feed, after taking its port once; it tells how the stores are doing, and a screen may drive the pace of a replay."""
    check_port(feed)
    outputs = [OutputHealth(name, store.standing, clock) for name, store in stores.items()]
    return {"feed": FeedSink(feed, hello, pace, outputs, ProcessHealth(folder, clock))}


def _hello(session: str, mode: str, symbols: tuple[str, ...], shaping: Shaping) -> Hello:
    return Hello(PROGRAM, session, mode, list(symbols), list(Table), rules=alerts.texts(shaping))


def _wire(source: str, symbols: tuple[str, ...], shaping: Shaping) -> BinanceWireSettings:
    return BinanceWireSettings(
        symbols=symbols,
        source=source,
        primary=dict.fromkeys(symbols, shaping.market.primary),
        max_ahead_ns=shaping.market.max_clock_ahead,
    )
