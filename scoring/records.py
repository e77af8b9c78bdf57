"""Everything that travels, declared once.

Market data travels in `Batch`es: one kind, one symbol, one partition, in tape order, as numpy columns. What the flow says
travels as `Rows`: one result table, one symbol. Things that happen once in a while (a gap, a mark of the clock, the end of a
tape) travel as Structs. The columns of a batch and of a result table are the fields of one Struct below, so a column, its unit
and its storage type have one home; that is also why this module is longer than others.

Conventions: instants are int64 nanoseconds since the epoch, UTC, and end in `_ns`. Prices are in quote currency, volumes say
`_base` or `_quote`. A float that is not known (too few samples, no depth subscribed) is NaN here and NULL in storage. An id or
an instant that is not known is 0.
"""

from __future__ import annotations

import enum
import functools
import math
import types
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, get_type_hints

import msgspec
import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any]
"""One column of a batch: int64, float64, bool, or object for str and bytes."""

NANOSECONDS_PER_MINUTE: Final = 60_000_000_000
NANOSECONDS_PER_SECOND: Final = 1_000_000_000
NANOSECONDS_PER_MILLISECOND: Final = 1_000_000

ALL_SYMBOLS: Final = "*"
"""Stands for every symbol of a partition in a `Gap`, and for the whole in `Portfolio`."""


class Kind(enum.StrEnum):
    """What a batch holds."""

    TRADE = "trade"
    QUOTE = "quote"
    DEPTH = "depth"
    CANDLE = "candle"
    PRICE = "price"
    TRENDING = "trending"
    PROTOCOL = "protocol"
    TVL = "tvl"
    FEAR_GREED = "fear_greed"
    NEWS = "news"
    POST = "post"
    EDIT = "edit"
    GAP = "gap"
    REJECT = "reject"


class Table(enum.StrEnum):
    """A result table: its name in the archive, the warehouse and the feed."""

    TRADE_METRICS = "trade_metrics"
    SPREAD_METRICS = "spread_metrics"
    RISK_METRICS = "risk_metrics"
    PORTFOLIO = "portfolio"
    SOCIAL_SIGNALS = "social_signals"
    DECOUPLING_SIGNALS = "decoupling_signals"
    ALERTS = "alerts"
    CANDLES = "candles"
    AUDITS = "audits"
    POSTS = "posts"
    POST_EDITS = "post_edits"
    NEWS = "news"
    PRICE_SNAPSHOTS = "price_snapshots"
    TRENDING = "trending"
    DEFI_PROTOCOLS = "defi_protocols"
    DEFI_TVL = "defi_tvl"
    FEAR_GREED = "fear_greed"
    GAPS = "gaps"
    REJECTS = "rejects"


# --- what is on the tape -------------------------------------------------------------------------------------------------------------


class Trade(msgspec.Struct, frozen=True):
    """One trade, or one taker order filled at one price (`aggTrade`)."""

    received_ns: int
    """When the bytes arrived, on the recorder's clock."""
    event_ns: int
    """When the exchange matched it, on the exchange's clock."""
    trade_id: int
    """Counts up by one per symbol; the aggregate id where aggregates are primary."""
    price: float
    """Quote currency per unit of base."""
    quantity: float
    """Base units, above 0."""
    buyer_is_maker: bool
    """True where the taker sold."""
    first_id: int
    """First single trade in an aggregate; `trade_id` itself for a single trade."""
    last_id: int
    """Last single trade in an aggregate."""
    repaired: bool
    """Fetched after the fact to close a gap."""


class Quote(msgspec.Struct, frozen=True):
    """Best bid and ask. The exchange gives it no time, so its event time is the receive time."""

    received_ns: int
    """When the bytes arrived."""
    event_ns: int
    """Equal to `received_ns`."""
    update_id: int
    """Book update id, increasing per symbol."""
    bid_price: float
    """Quote currency."""
    bid_quantity: float
    """Base units."""
    ask_price: float
    """Quote currency."""
    ask_quantity: float
    """Base units."""


class Depth(msgspec.Struct, frozen=True):
    """The five best levels of each side after one update of the book; a level the book does not have is NaN."""

    received_ns: int
    """When the bytes arrived."""
    event_ns: int
    """Exchange time of the update; the receive time where the exchange gives none."""
    update_id: int
    """Last book update id included."""
    bid_price_1: float
    """Best bid, quote currency."""
    bid_price_2: float
    bid_price_3: float
    bid_price_4: float
    bid_price_5: float
    bid_quantity_1: float
    """Base units at the best bid."""
    bid_quantity_2: float
    bid_quantity_3: float
    bid_quantity_4: float
    bid_quantity_5: float
    ask_price_1: float
    """Best ask, quote currency."""
    ask_price_2: float
    ask_price_3: float
    ask_price_4: float
    ask_price_5: float
    ask_quantity_1: float
    """Base units at the best ask."""
    ask_quantity_2: float
    ask_quantity_3: float
    ask_quantity_4: float
    ask_quantity_5: float


class Candle(msgspec.Struct, frozen=True):
    """The exchange's own closed 1-minute candle."""

    received_ns: int
    """When the bytes arrived."""
    event_ns: int
    """When the exchange sent it; the close time for REST and archives."""
    open_ns: int
    """Start of the minute."""
    open: float
    high: float
    low: float
    close: float
    volume_base: float
    volume_quote: float
    trade_count: int
    """Single trades."""
    taker_buy_base: float
    """Base units bought by takers."""


class Price(msgspec.Struct, frozen=True):
    """A price from an aggregator."""

    received_ns: int
    event_ns: int
    """The aggregator's `last updated` instant."""
    asset: str
    """As the settings name it; the aggregator's own name where they do not."""
    source: str
    """The aggregator, e.g. `coingecko`."""
    price_usd: float
    """US dollars."""
    market_cap_usd: float
    volume_24h_usd: float
    change_24h: float
    """Fraction over the last 24 hours."""


class Trending(msgspec.Struct, frozen=True):
    """One place in an aggregator's list of what people search for."""

    received_ns: int
    event_ns: int
    """When the list was fetched: it carries no instant of its own."""
    source: str
    rank: int
    """1 is searched for most."""
    asset: str
    """The aggregator's name, e.g. `bonk`."""
    symbol: str
    """Ticker, upper case; not unique."""
    market_cap_rank: int
    """0 where unknown."""
    price_usd: float
    change_24h: float
    """Fraction over the last 24 hours."""


class Protocol(msgspec.Struct, frozen=True):
    """A protocol of decentralised finance and what is locked in it."""

    received_ns: int
    event_ns: int
    """When it was fetched."""
    protocol: str
    """Name, e.g. `Aave`."""
    symbol: str
    """Its token; empty without one."""
    category: str
    tvl_usd: float
    """Total value locked, US dollars."""
    change_1d: float
    """Fraction."""
    change_7d: float


class Tvl(msgspec.Struct, frozen=True):
    """What is locked on one chain on one day."""

    received_ns: int
    event_ns: int
    """The day it is of."""
    chain: str
    """`all` for the sum over chains."""
    tvl_usd: float
    """Total value locked, US dollars."""


class FearGreed(msgspec.Struct, frozen=True):
    """The fear and greed index of one day."""

    received_ns: int
    event_ns: int
    """The day it is of."""
    value: int
    """0 (fear) to 100 (greed)."""
    classification: str
    """In the index's own words, e.g. `Extreme Fear`."""


class News(msgspec.Struct, frozen=True):
    """A headline; it also travels as a post, so that it gets a mood."""

    received_ns: int
    event_ns: int
    """When it was published."""
    source: str
    """Name of the feed in the settings, e.g. `coindesk`."""
    guid: str
    """Unique in its feed."""
    title: str
    link: str
    """An http(s) address; empty where the feed gives none."""


class Post(msgspec.Struct, frozen=True):
    """A message of a channel or a headline."""

    received_ns: int
    event_ns: int
    """When its author posted it."""
    channel: str
    """Channel name or feed."""
    message_id: int
    """Unique in its channel."""
    author: str
    """Empty where the channel is anonymous."""
    text: str
    """As sent; hostile input."""
    assets: str
    """Assets meant, comma-separated, sorted; empty until `chatter` has named them."""


class PostEdit(msgspec.Struct, frozen=True):
    """What became of a post: its text was changed, or it was deleted. The post as first seen stays what moods are made of."""

    received_ns: int
    event_ns: int
    """When it was edited; the receive time for a deletion, which has none."""
    channel: str
    message_id: int
    deleted: bool
    text: str
    """The new text; empty for a deletion."""


class Gap(msgspec.Struct, frozen=True):
    """A span in which data is missing."""

    source: str
    """Tape partition."""
    symbol: str
    """The symbol, or `ALL_SYMBOLS` for a lost connection."""
    kind: str
    """`Kind` of what is missing, or `ALL_SYMBOLS` for all kinds."""
    from_ns: int
    """Last instant known to be whole. With `source`, `symbol`, `kind`: the key."""
    to_ns: int
    """First instant whole again; 0 while it is open."""
    from_id: int
    """First missing trade id; 0 where ids say nothing."""
    to_id: int
    """Last missing trade id."""
    missing: int
    """How many trades are missing; 0 where unknown."""
    repaired: int
    """How many of them were fetched since."""
    reason: str
    """`disconnected`, `id jump`, `book break`, …"""


class Reject(msgspec.Struct, frozen=True):
    """Input that could not be decoded."""

    source: str
    """Tape partition, or the file an importer read."""
    position: int
    """Row on the tape, or line in the file. With `source`: the key."""
    received_ns: int
    reason: str
    """What was found and what was expected."""
    payload: bytes
    """The bytes as received."""


# --- what happens once in a while ----------------------------------------------------------------------------------------------------


class Clock(msgspec.Struct, frozen=True):
    """Wall time on the tape: everything received before `at_ns` has been handed on."""

    at_ns: int
    """A multiple of `CLOCK_GRID_NS`, receive time."""


CLOCK_GRID_NS: Final = 250 * NANOSECONDS_PER_MILLISECOND
"""Clock marks lie on this grid of receive time, so that no result can depend on how a tape was cut into batches."""

CLOCK_FEED: Final = "clock"
"""The feed of clock marks on a tape: an empty payload, received at the instant of the mark."""


class End(msgspec.Struct, frozen=True):
    """The tape has ended: every open window closes."""


END_NS: Final = 1 << 62
"""`through_ns` of rows after the end of a tape: nothing more will come."""


class DepthDiffs(msgspec.Struct, frozen=True):
    """Incremental updates of one book, in tape order, as columns; each has levels of its own number on both sides."""

    received_ns: NDArray[np.int64]
    event_ns: NDArray[np.int64]
    first_id: NDArray[np.int64]
    """First update id each covers."""
    last_id: NDArray[np.int64]
    """Last update id each covers."""
    bid_stops: NDArray[np.int64]
    """Update i sets the levels `bids[bid_stops[i - 1] : bid_stops[i]]`, the first one those from 0."""
    ask_stops: NDArray[np.int64]
    bids: NDArray[np.float64]
    """float64[m, 2]: (price, quantity), those of one update in any order. A quantity of 0 removes the level."""
    asks: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the updates."""
        return len(self.last_id)

    def slice(self, start: int, stop: int) -> DepthDiffs:
        """Give the updates from `start` up to `stop`, without a copy of their levels."""
        bids = slice(int(self.bid_stops[start - 1]) if start else 0, int(self.bid_stops[stop - 1]) if stop else 0)
        asks = slice(int(self.ask_stops[start - 1]) if start else 0, int(self.ask_stops[stop - 1]) if stop else 0)
        return DepthDiffs(
            self.received_ns[start:stop],
            self.event_ns[start:stop],
            self.first_id[start:stop],
            self.last_id[start:stop],
            self.bid_stops[start:stop] - bids.start,
            self.ask_stops[start:stop] - asks.start,
            self.bids[bids],
            self.asks[asks],
        )


class DepthSnapshot(msgspec.Struct, frozen=True):
    """A whole book (or, from partial-depth streams, its top): replaces what was known."""

    received_ns: int
    event_ns: int
    last_id: int
    """Last update id it includes."""
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]
    whole: bool
    """False for a partial-depth frame, which is a complete top of book by itself and needs no diffs."""


class BookUpdates(msgspec.Struct, frozen=True):
    """Book messages of one symbol."""

    symbol: str
    updates: list[DepthDiffs | DepthSnapshot]
    """In tape order: a snapshot stands between the diffs that came before it and those that came after."""


class Pulse(msgspec.Struct, frozen=True):
    """How one source is doing, for the screen only: no result is made from it."""

    source: str
    """Tape partition."""
    at_ns: int
    """Time on the tape: the newest receive time handed on."""
    frames: int
    """Frames (or rows, from columns) handed on since the flow started."""
    rejects: int
    gaps: int
    """Gaps seen since the flow started."""
    last_ns: int
    """When the newest frame that is not a clock mark was received."""
    start_ns: int
    """First receive time of the session; 0 when live."""
    end_ns: int
    """Last receive time of the session; 0 when live."""
    speed: float
    """Replay speed, times real time; infinity for `max`, 1 when live."""
    state: str
    """`live`, `replaying` or `ended`."""


class SourceHealth(msgspec.Struct, frozen=True):
    """How one input or output of a live flow is doing, in its own words: for the screen and for monitors, no result is made of it."""

    source: str
    """Name of the feed, e.g. `binance 1/2`."""
    at_ns: int
    """When this was asked, receive time."""
    state: str
    """`connecting`, `live`, `stale`, `repairing` or `down`."""
    last_ns: int = 0
    """When its newest message was received; 0 before the first."""
    frames: int = 0
    """Messages since the start; rows written, of an output."""
    rate: float = 0.0
    """Messages per second, of late."""
    skew_ms: float = math.nan
    """The other side's clock against ours, where it tells."""
    reconnects: int = 0
    gaps_open: int = 0
    """Gaps this source knows of and has not closed."""
    gaps_repaired: int = 0
    rejects: int = 0
    """Answers it could not use and did not put on the tape."""
    lag: int = 0
    """Messages that wait at the other side, where it tells; rows that wait to be written, of an output."""
    next_try_ns: int = 0
    """When it tries again; 0 while it needs not."""
    last_error: str = ""
    """Empty while all was well."""
    detail: str = ""
    """What else there is to say, in a few words."""


HEALTH_STATES: Final = ("live", "connecting", "repairing", "stale", "down")
"""Of a source, best first."""


class Batch(msgspec.Struct, frozen=True):
    """Rows of one kind and one symbol, in tape order, as columns named by the fields of the kind's Struct."""

    kind: Kind
    symbol: str
    columns: dict[str, Column]

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Column:
        """Give one column."""
        return self.columns[name]

    def slice(self, start: int, stop: int) -> Batch:
        """Give the rows from `start` up to `stop`, without a copy."""
        return Batch(self.kind, self.symbol, {name: column[start:stop] for name, column in self.columns.items()})

    def where(self, mask: NDArray[np.bool_]) -> Batch:
        """Give the rows where `mask` (bool[n]) is true."""
        return Batch(self.kind, self.symbol, {name: column[mask] for name, column in self.columns.items()})


MarketItem: TypeAlias = Batch | BookUpdates | Gap | Clock | End
"""What a state of the market stages takes, in tape order, all of one symbol."""


# --- what the flow says --------------------------------------------------------------------------------------------------------------


class TradeMetrics(msgspec.Struct, frozen=True):
    """One tumbling window of trades."""

    symbol: str
    window_start_ns: int
    """Inclusive, aligned to the width."""
    window_end_ns: int
    """Exclusive."""
    open: float
    """Price of the lowest trade id."""
    high: float
    low: float
    close: float
    """Price of the highest trade id."""
    volume_base: float
    volume_quote: float
    """Σ price × quantity."""
    vwap: float
    """volume_quote / volume_base."""
    trade_count: int
    """Single trades, also inside aggregates."""
    taker_buy_base: float
    """Volume bought by takers."""
    price_stddev: float
    """Sample standard deviation (ddof = 1) of the rows' prices, quote currency; NaN below two rows."""
    price_stddev_bps: float
    """price_stddev / vwap in basis points."""
    max_drawdown: float
    """Largest fall below the running peak, as a fraction of the peak, 0 to 1."""
    volume_spike: float
    """volume_base over the mean of the last windows that had trades (20 by default); NaN until one has passed."""
    first_trade_id: int
    last_trade_id: int
    skew_ms: float
    """Smallest receive time − event time: the exchange's clock against ours, plus the fastest path. Negative where our clock is behind."""
    latency_ms: float
    """Mean of (receive time − event time) − skew_ms; never negative."""
    late_rows: int
    """Rows that came too late for their window while this one was the newest."""
    repaired_trades: int
    open_gaps: int
    """Gaps without repair that overlap the window."""
    completeness: str
    """`complete`, `repaired(n)` or `open_gap(n)`."""


class SpreadMetrics(msgspec.Struct, frozen=True):
    """One tumbling window of quotes and depth, on receive time (quotes have no other)."""

    symbol: str
    window_start_ns: int
    window_end_ns: int
    quote_count: int
    average_spread: float
    """Mean over quotes of ask − bid, quote currency."""
    minimum_spread: float
    maximum_spread: float
    average_spread_bps: float
    """Spread over mid price, basis points."""
    minimum_spread_bps: float
    maximum_spread_bps: float
    time_weighted_spread: float
    """Each quote weighs as long as it stood inside the window, quote currency."""
    imbalance_top1: float
    """Mean over quotes of (bid − ask) / (bid + ask) quantity, −1 to 1."""
    imbalance_top5: float
    """The same over the five best levels, mean over depth rows; NaN without depth."""
    depth_count: int
    """Depth rows in the window."""
    bid_close: float
    """Last best bid."""
    ask_close: float
    spread_ratio: float
    """maximum_spread / minimum_spread; NaN where the minimum is not above 0."""
    spread_warning: bool
    """maximum_spread > 3 × minimum_spread."""
    late_rows: int
    open_gaps: int
    completeness: str


class RiskMetrics(msgspec.Struct, frozen=True):
    """Rolling risk at one instant of a 500 ms grid. A sample is the last trade price at its instant."""

    symbol: str
    sampled_ns: int
    """Event time, on the grid."""
    price: float
    """Last trade at or before the instant."""
    price_age_ms: float
    """How old that trade was."""
    volatility: float
    """Standard deviation (ddof = 1) of log returns over the last 60 samples of the 500 ms grid."""
    drawdown: float
    """Max drawdown over the same samples, fraction."""
    volatility_1m: float
    """Standard deviation (ddof = 1) of log returns of 1-second samples over 1 minute, per second."""
    volatility_5m: float
    volatility_15m: float
    volatility_1m_annualised: float
    """volatility_1m × √(365 × 86 400)."""
    volatility_5m_annualised: float
    volatility_15m_annualised: float
    momentum_1m: float
    """Return over 1 minute, fraction; NaN until there is one."""
    momentum_5m: float
    momentum_15m: float
    vwap_1m: float
    """Volume-weighted price of the last minute's trades; NaN without one."""
    vwap_5m: float
    vwap_15m: float
    open_gaps: int
    """Gaps without repair that overlap the last 15 minutes."""
    completeness: str


class Portfolio(msgspec.Struct, frozen=True):
    """A position, or the whole (`symbol` = `ALL_SYMBOLS`), marked to the last trade."""

    symbol: str
    sampled_ns: int
    quantity: float
    """Base units, negative when short; NaN for the whole."""
    price: float
    """Mark price; NaN for the whole."""
    value: float
    """quantity × price, quote currency."""
    cost: float
    """quantity × average cost."""
    unrealised_profit: float
    """value − cost."""
    exposure: float
    """|value|; for the whole the sum over positions."""
    drawdown: float
    """Fall of unrealised equity (value) below its running peak, fraction of the peak; NaN where the peak is not above 0."""


class Alert(msgspec.Struct, frozen=True):
    """One alert, from pending to resolved. The same id is written again as its state changes."""

    alert_id: str
    """Hash of rule, subject and start."""
    rule: str
    symbol: str
    severity: str
    """`info`, `warning` or `critical`."""
    state: str
    """`firing`, `resolved`, or `no_data`."""
    started_ns: int
    """When the condition first held (event time)."""
    fired_ns: int
    """When it had held for the rule's `for`."""
    resolved_ns: int
    """0 while it fires."""
    metric: str
    """The metric named first in the condition, `table.column`."""
    condition: str
    threshold: float
    """What that metric was compared with; NaN where it is not a number."""
    value: float
    """That metric when the alert fired."""
    peak_value: float
    """Its furthest value since, away from the threshold."""
    evidence: str
    """JSON object: every metric in the rule with the value and instant that entered it."""
    completeness: str
    """Worst completeness among the windows that entered."""
    posts: str = "[]"
    """JSON list of the posts that moved the mood when it fired, those that moved it furthest first; empty where no crowd entered."""


class SocialSignal(msgspec.Struct, frozen=True):
    """The mood of one post about one asset. A score is a pure function of the text and the model."""

    asset: str
    channel: str
    message_id: int
    posted_ns: int
    received_ns: int
    text_id: str
    """Hash of the normalised text: copies share it."""
    score: float
    """P(positive) − P(negative), −1 to 1."""
    positive: float
    """Probability, 0 to 1."""
    negative: float
    neutral: float
    model: str
    """Name of the model that scored it."""
    model_hash: str
    """First 16 hexadecimal digits of the sha256 of its ONNX file."""
    excerpt: str = ""
    """Beginning of the text, as one line of visible characters."""


class DecouplingSignal(msgspec.Struct, frozen=True):
    """Crowd against price for one asset, over the trailing five minutes, at one instant of a 1-second grid."""

    asset: str
    evaluated_ns: int
    price: float
    """P: last trade of the asset's first symbol; NaN before one."""
    average_price: float
    """P̄: mean of the window's 1-second prices."""
    delta_price: float
    """(P − P̄) / P̄, fraction."""
    vibe: float
    """V: mean score of the unique texts of the last 30 s; NaN without one."""
    average_vibe: float
    """V̄: mean score of the unique texts of the window; NaN without one."""
    delta_vibe: float
    """V − V̄; 0 while the last 30 s are silent."""
    message_count: int
    """N: unique texts in the window."""
    copies: int
    """Posts in the window that repeat a text of the window."""
    unique_channels: int
    """Channels that posted in the window."""
    hype_momentum: float
    """M = ΔV × N."""
    message_count_z: float
    """N against the asset's own trailing day, in standard deviations; NaN while warming."""
    hype_momentum_z: float
    """M likewise."""
    warming: bool
    """True until there is enough history for the z-scores."""
    open_gaps: int
    """Gaps without repair that overlap the window, of trades or of posts."""
    completeness: str


class CandleRow(msgspec.Struct, frozen=True):
    """The exchange's candle as stored."""

    symbol: str
    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume_base: float
    volume_quote: float
    trade_count: int
    taker_buy_base: float


class Audit(msgspec.Struct, frozen=True):
    """One of our closed one-minute windows beside the exchange's own candle of that minute."""

    symbol: str
    open_ns: int
    """Start of the minute."""
    verdict: str
    """`verified`, `differs`, `no trades` (we have none, the exchange has) or `no candle`."""
    differences: str
    """JSON object: each field that differs with [ours, theirs]; `{}` where none does."""
    completeness: str
    """Of our window."""


class PostRow(msgspec.Struct, frozen=True):
    """A post as stored."""

    channel: str
    message_id: int
    posted_ns: int
    received_ns: int
    author: str
    text: str
    assets: str


class Rows(msgspec.Struct, frozen=True):
    """Rows of one result table about one subject, in order of their instants."""

    table: Table
    symbol: str
    """The key they were computed under: a symbol, a channel, a source."""
    columns: dict[str, Column]
    """May hold no row: then only `through_ns` is news."""
    through_ns: int
    """Event time up to which this subject's rows of this table are all out."""
    provisional: bool = False
    """True for an `as of` row, shown before its window closes: for the screen, never stored, never judged by a rule."""

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values()), ()))


KINDS: Final[Mapping[Kind, type[msgspec.Struct]]] = types.MappingProxyType(
    {
        Kind.TRADE: Trade,
        Kind.QUOTE: Quote,
        Kind.DEPTH: Depth,
        Kind.CANDLE: Candle,
        Kind.PRICE: Price,
        Kind.TRENDING: Trending,
        Kind.PROTOCOL: Protocol,
        Kind.TVL: Tvl,
        Kind.FEAR_GREED: FearGreed,
        Kind.NEWS: News,
        Kind.POST: Post,
        Kind.EDIT: PostEdit,
        Kind.GAP: Gap,
        Kind.REJECT: Reject,
    }
)
"""The Struct that declares the columns of each kind."""


class TableSpec(msgspec.Struct, frozen=True):
    """How a result table is declared."""

    row: type[msgspec.Struct]
    """Its columns."""
    key: tuple[str, ...]
    """Its natural primary key."""
    instant: str
    """The column that dates a row, in ns: what archives are cut by and rules are evaluated at."""


TABLES: Final[Mapping[Table, TableSpec]] = types.MappingProxyType(
    {
        Table.TRADE_METRICS: TableSpec(TradeMetrics, ("symbol", "window_start_ns", "window_end_ns"), "window_end_ns"),
        Table.SPREAD_METRICS: TableSpec(SpreadMetrics, ("symbol", "window_start_ns"), "window_end_ns"),
        Table.RISK_METRICS: TableSpec(RiskMetrics, ("symbol", "sampled_ns"), "sampled_ns"),
        Table.PORTFOLIO: TableSpec(Portfolio, ("symbol", "sampled_ns"), "sampled_ns"),
        Table.SOCIAL_SIGNALS: TableSpec(SocialSignal, ("asset", "channel", "message_id"), "posted_ns"),
        Table.DECOUPLING_SIGNALS: TableSpec(DecouplingSignal, ("asset", "evaluated_ns"), "evaluated_ns"),
        Table.ALERTS: TableSpec(Alert, ("alert_id",), "started_ns"),
        Table.CANDLES: TableSpec(CandleRow, ("symbol", "open_ns"), "open_ns"),
        Table.AUDITS: TableSpec(Audit, ("symbol", "open_ns"), "open_ns"),
        Table.POSTS: TableSpec(PostRow, ("channel", "message_id"), "posted_ns"),
        Table.POST_EDITS: TableSpec(PostEdit, ("channel", "message_id", "event_ns"), "event_ns"),
        Table.NEWS: TableSpec(News, ("source", "guid"), "event_ns"),
        Table.PRICE_SNAPSHOTS: TableSpec(Price, ("asset", "source", "event_ns"), "event_ns"),
        Table.TRENDING: TableSpec(Trending, ("source", "event_ns", "rank"), "event_ns"),
        Table.DEFI_PROTOCOLS: TableSpec(Protocol, ("protocol", "event_ns"), "event_ns"),
        Table.DEFI_TVL: TableSpec(Tvl, ("chain", "event_ns"), "event_ns"),
        Table.FEAR_GREED: TableSpec(FearGreed, ("event_ns",), "event_ns"),
        Table.GAPS: TableSpec(Gap, ("source", "symbol", "kind", "from_ns"), "from_ns"),
        Table.REJECTS: TableSpec(Reject, ("source", "position"), "received_ns"),
    }
)
"""Struct, key and instant of each result table."""

PLAIN: Final[Mapping[Kind, Table]] = types.MappingProxyType(
    {
        Kind.PRICE: Table.PRICE_SNAPSHOTS,
        Kind.TRENDING: Table.TRENDING,
        Kind.PROTOCOL: Table.DEFI_PROTOCOLS,
        Kind.TVL: Table.DEFI_TVL,
        Kind.FEAR_GREED: Table.FEAR_GREED,
        Kind.NEWS: Table.NEWS,
        Kind.EDIT: Table.POST_EDITS,
        Kind.GAP: Table.GAPS,
        Kind.REJECT: Table.REJECTS,
    }
)
"""Kinds whose rows are results as they stand, and where they are stored."""

_DTYPES: Final[Mapping[type, Any]] = {int: np.int64, float: np.float64, bool: np.bool_, str: object, bytes: object}


@functools.cache
def columns_of(row: type[msgspec.Struct]) -> Mapping[str, type]:
    """Name the columns a Struct declares, with int, float, bool, str or bytes for each, in order."""
    hints = get_type_hints(row)
    return types.MappingProxyType({name: hints[name] for name in row.__struct_fields__})


def to_columns(row: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> dict[str, Column]:
    """Turn Structs into columns; no rows give empty columns of the right types.

    >>> to_columns(Clock, [Clock(1), Clock(2)])
    {'at_ns': array([1, 2])}
    """
    empty = _empty(row)
    values = list(zip(*map(msgspec.structs.astuple, rows), strict=True))
    if not values:
        return dict(empty)
    return {name: np.array(column, nothing.dtype) for (name, nothing), column in zip(empty.items(), values, strict=True)}


def empty_columns(row: type[msgspec.Struct]) -> dict[str, Column]:
    """Give the columns of a Struct without a row."""
    return dict(_empty(row))


@functools.cache
def _empty(row: type[msgspec.Struct]) -> Mapping[str, Column]:
    return {name: np.empty(0, _DTYPES[kind]) for name, kind in columns_of(row).items()}


def stored_name(column: str) -> str:
    """Name a column as storage, feed and rules do: instants are UTC timestamps there and lose their `_ns`.

    >>> [stored_name(name) for name in ("window_start_ns", "sampled_ns", "vwap")]
    ['window_start', 'sampled_at', 'vwap']
    """
    if not column.endswith("_ns"):
        return column
    stem = column.removesuffix("_ns")
    return stem if stem.startswith("window_") else f"{stem}_at"
