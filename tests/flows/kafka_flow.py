"""The two ends of a run through topics, as processes of their own that can be killed.

`python -m tests.flows.kafka_flow ingest FOLDER BROKER LINES_PORT`: what a feed of lines brings goes into topics.
`python -m tests.flows.kafka_flow read FOLDER BROKER [group [MEMBER]]`: what stands in topics becomes rows of the archive; members of a
group share the topics, and one with a name keeps its place over a restart.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from connectors.inputs.kafka import KafkaFeed
from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.kafka_clock import TopicClock
from connectors.inputs.lines import LinesFeed, LinesSettings
from connectors.inputs.live import LiveFrames
from connectors.inputs.source import Position, TapeSource, stop_on_signals
from connectors.outputs.archive import ArchiveSettings, archive_sink
from connectors.outputs.kafka import KafkaOutputSettings
from connectors.tape.recorder import Recorder, RecorderSettings
from connectors.wire.binance import BinanceWireSettings
from connectors.wire.kafka_connection import KafkaSettings
from flows import ingest
from flows.decode import Decode, Partition
from flows.main import build
from flows.ports import Ports
from flows.running import RecoverySettings, run
from flows.settings import Market, Shaping
from scoring.duration import Duration
from scoring.market.bar_settings import BarSettings

SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
EPOCH = RecoverySettings(Duration.parse("300ms"))


def shaping() -> Shaping:
    """Small windows, so that many close within a short test."""
    bars = BarSettings(widths=(Duration.parse("1s"),), lateness=Duration.parse("2s"))
    return Shaping(market=Market(bars=bars))


def opened(folder: Path, cluster: KafkaSettings, settings: KafkaInputSettings, resume: Position | None) -> LiveFrames:
    """Open a tape that topics feed."""
    clock = TopicClock()
    feed = KafkaFeed(cluster, settings, clock)
    return LiveFrames("live", lambda: Recorder(folder / "tape" / "frames" / "live", clock=clock), [feed], 2_000, resume)


def ports(folder: Path, source: TapeSource, symbols: tuple[str, ...] = SYMBOLS) -> Ports:
    """Plug the whole flow into a source and an archive."""
    wire = BinanceWireSettings(symbols=symbols, source="live", primary=dict.fromkeys(symbols, "trade"))
    stores = {"archive": archive_sink(ArchiveSettings(data_dir=str(folder), sync=False))}
    return Ports(source, Decode({"live": Partition(wire, symbols)}), stores, {}, False, None)


def main(role: str, folder: Path, broker: str, *more: str) -> None:
    """Run one end."""
    stop_on_signals()
    cluster = KafkaSettings(bootstrap=broker)
    print("running", flush=True)
    if role == "ingest":
        lines = LinesSettings(port=int(more[0]), retry=Duration.parse("100ms"))
        plugs = ingest.live([LinesFeed(lines)], time.time_ns, folder / "tape", RecorderSettings(), cluster, KafkaOutputSettings())
        run(ingest.build(plugs), EPOCH, recovery=folder / "recovery")
        return
    group, member = bool(more), more[1] if len(more) > 1 else ""
    settings = KafkaInputSettings(member=member, partitions=() if group else (0, 1, 2, 3), session_timeout=Duration.parse("6s"))
    source = TapeSource({"live": partial(opened, folder, cluster, settings)})
    run(build(ports(folder, source), shaping()), EPOCH, recovery=folder / "recovery")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
