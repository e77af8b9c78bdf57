"""The settings in force, and where each came from.

They are layered: defaults in the code, then `ghosttape.toml`, then `.env`, then environment variables `GHOSTTAPE_SECTION__KEY`.
A wrong one stops the start with one line that names the file, the key, the value and what was expected. What shapes results
(`Shaping`) is stored in the manifest of every session, so that a replay gives what the recording gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from connectors.inputs.binance_rest import RestSettings
from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.coingecko import PricesSettings
from connectors.inputs.defillama import DefiSettings
from connectors.inputs.fear_greed import FearGreedSettings
from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.lines import LinesSettings
from connectors.inputs.news import NewsSettings
from connectors.inputs.repair_settings import RepairSettings
from connectors.inputs.symbols import TopSymbolSettings
from connectors.inputs.telegram_settings import TelegramSettings
from connectors.outputs.archive import ArchiveSettings
from connectors.outputs.feed import FeedSettings
from connectors.outputs.kafka import KafkaOutputSettings
from connectors.outputs.warehouse import WarehouseSettings
from connectors.tape.recorder import RecorderSettings
from connectors.tape.retention import RetentionSettings
from connectors.wire.kafka_connection import KafkaSettings
from flows.layers import Origins, convert, leaves, nearest, origin_of, plain, read
from flows.running import RecoverySettings
from scoring.alerts.rules import RuleSettings, compile_rules, default_rules
from scoring.crowd.assets import AssetFinder, NameSettings
from scoring.crowd.decoupling import DecouplingSettings
from scoring.crowd.moods import MoodSettings
from scoring.crowd.sentiment import ScoringSettings, SentimentSettings
from scoring.crowd.witness import WitnessSettings
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.market.audit import AuditSettings
from scoring.market.bar_settings import BarSettings
from scoring.market.portfolio import PortfolioSettings
from scoring.market.risk import RiskSettings
from scoring.market.spread import SpreadSettings

SECRETS: Final = frozenset({"feed.token", "inputs.prices.key", "inputs.telegram.api_id", "inputs.telegram.api_hash"}) | {
    "kafka.password",
    "kafka.key_password",
    "kafka.output.registry.password",
}
"""Keys whose values are never printed."""


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is traded and talked about."""

    symbols: tuple[str, ...] = ()
    """Its symbols at the exchange, upper case, e.g. `BTCUSDT`; the first one is its price."""
    aliases: tuple[str, ...] = ()
    """What people call it."""
    exclude: tuple[str, ...] = ()
    """Phrases that hold an alias and mean something else."""


class Market(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the market is measured."""

    primary: Literal["trade", "aggTrade"] = "trade"
    """Which of the exchange's two trade streams counts; the other is ignored, so that no trade counts twice."""
    max_clock_ahead: Duration = Duration.parse("1m")
    """A row whose exchange time is further ahead of its receive time is a reject: it would close every window."""
    bars: BarSettings = BarSettings()
    spread: SpreadSettings = SpreadSettings()
    risk: RiskSettings = RiskSettings()
    audit: AuditSettings = AuditSettings()


class Crowd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the crowd is heard."""

    names: NameSettings = NameSettings()
    sentiment: SentimentSettings = SentimentSettings()
    moods: MoodSettings = MoodSettings()
    decoupling: DecouplingSettings = DecouplingSettings()
    witness: WitnessSettings = WitnessSettings()


class AlertSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to speak."""

    rules: tuple[RuleSettings, ...] = default_rules()
    """Replaces the rules that ship with the program."""


class Shaping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shapes results: stored beside every recording."""

    assets: dict[str, Asset] = msgspec.field(
        default_factory=lambda: {
            "bitcoin": Asset(("BTCUSDT",), ("btc", "bitcoin")),
            "ethereum": Asset(("ETHUSDT",), ("eth", "ethereum", "ether")),
            "dogecoin": Asset(("DOGEUSDT",), ("doge", "dogecoin")),
        }
    )
    """By name."""
    market: Market = Market()
    crowd: Crowd = Crowd()
    portfolio: PortfolioSettings = PortfolioSettings()
    alerts: AlertSettings = AlertSettings()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol, in the order of the assets."""
        return tuple(symbol for asset in self.assets.values() for symbol in asset.symbols)


class ReplaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a tape is handed on; no result depends on it."""

    batch_rows: int = 20_000
    """Frames, or rows of one kind and symbol, handed on at once when there is a backlog."""


class BinanceInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Market data of Binance: the symbols of all assets, live, and what was missed by REST."""

    enabled: bool = True
    """Whether it is listened to."""
    top: TopSymbolSettings = TopSymbolSettings()
    stream: BinanceSettings = BinanceSettings()
    rest: RestSettings = RestSettings()
    repair: RepairSettings = RepairSettings()


class InputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where live data comes from."""

    follow_clock: str = ""
    """Address of a served session, such as `http://127.0.0.1:9443`, whose clock stamps what arrives; empty: this machine's own."""
    binance: BinanceInput = BinanceInput()
    telegram: TelegramSettings = TelegramSettings()
    prices: PricesSettings = PricesSettings()
    defi: DefiSettings = DefiSettings()
    fear_greed: FearGreedSettings = FearGreedSettings()
    news: NewsSettings = NewsSettings()
    lines: tuple[LinesSettings, ...] = ()
    """Programs that send frames line by line over TCP."""


class Kafka(KafkaSettings, frozen=True, forbid_unknown_fields=True):
    """Topics: what they are reached by, and what they are used for. `flows.ingest` fills them."""

    listen: bool = False
    """Read topics, instead of the inputs, as the input of a live run."""
    tape: bool = True
    """Put on the tape what is read; without, the topics are the tape, and `kafka.input.partitions` must be named."""
    produce: bool = False
    """Write signals and alerts to topics."""
    input: KafkaInputSettings = KafkaInputSettings()
    output: KafkaOutputSettings = KafkaOutputSettings()


class UpkeepSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept, and for how long."""

    tape: RetentionSettings = RetentionSettings()
    archive_age: Duration = Duration(0)
    """Age after which days of the archive go; 0 keeps them for ever."""
    archive_every: Duration = Duration.parse("1h")
    """How often the files of past days are joined into one, and old days go."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    data_dir: str = "data"
    """Where the live tape, the archive and the warehouse are kept."""
    assets: dict[str, Asset] = msgspec.field(default_factory=lambda: Shaping().assets)
    market: Market = Market()
    crowd: Crowd = Crowd()
    portfolio: PortfolioSettings = PortfolioSettings()
    alerts: AlertSettings = AlertSettings()
    scoring: ScoringSettings = ScoringSettings()
    replay: ReplaySettings = ReplaySettings()
    inputs: InputSettings = InputSettings()
    kafka: Kafka = Kafka()
    recovery: RecoverySettings = RecoverySettings()
    recorder: RecorderSettings = RecorderSettings()
    upkeep: UpkeepSettings = UpkeepSettings()
    archive: ArchiveSettings = ArchiveSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    feed: FeedSettings = FeedSettings()

    @property
    def shaping(self) -> Shaping:
        """The part that shapes results."""
        return Shaping(self.assets, self.market, self.crowd, self.portfolio, self.alerts)


def load(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> tuple[Settings, Origins]:
    """Read every layer.

    Raises:
        SettingError: a file cannot be read, a key is unknown, or a value is not what was expected.
    """
    tree, origins = read(environment, folder)
    settings = convert(tree, Settings, origins, SECRETS)
    check(settings.shaping, origins)
    return settings, origins


def check(shaping: Shaping, origins: Mapping[str, str]) -> None:
    """Check what types cannot say.

    Raises:
        SettingError: a symbol or a name belongs to two assets, a position names no known symbol, or a rule cannot be compiled.
    """
    owners: dict[str, str] = {}
    for name, asset in shaping.assets.items():
        key = f"assets.{name}.symbols"
        for symbol in asset.symbols:
            if not re.fullmatch(r"[A-Z0-9]+", symbol):
                raise SettingError(origin_of(key, origins), key, symbol, "an upper-case symbol such as 'BTCUSDT'")
            if symbol in owners:
                raise SettingError(origin_of(key, origins), key, symbol, f"a symbol of one asset; {owners[symbol]!r} has it too")
            owners[symbol] = name
    try:
        AssetFinder(shaping.assets, shaping.crowd.names)
    except ValueError as error:
        raise SettingError(origin_of("assets", origins), "assets", list(shaping.assets), f"names of one asset each: {error}") from None
    for index, position in enumerate(shaping.portfolio.positions):
        if position.symbol not in owners:
            key = f"portfolio.positions[{index}].symbol"
            raise SettingError(origin_of(key, origins), key, position.symbol, f"a symbol of an asset{nearest(position.symbol, owners)}")
    compile_rules(shaping.alerts.rules, origin_of("alerts.rules", origins), "alerts.rules")


def walk(settings: Settings, origins: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Give every key with its value in force and where it came from; secrets are masked."""
    for key, value in leaves(plain(settings), ""):
        shown = "***" if key in SECRETS and value else msgspec.json.encode(value).decode()
        yield key, shown, origins.get(key, "default")
