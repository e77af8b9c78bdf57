"""The words of the feed: what the server of a flow and a screen say to each other, as JSON text, one message a frame.

The server speaks first: `hello`, then a `snapshot` of the newest state and some history, then whatever changes: `rows`, `alert`,
`points`, `pulse`, and a `heartbeat` each second. A client may answer with `subscribe`, and gets a new snapshot of what it asked
for. The messages live here and not beside the server, because the screen may not import the server; all words of the protocol
have one home, so this module is longer than others.

Columns carry the names of storage (`scoring.records.stored_name`), instants are UTC timestamps (RFC 3339), a number that is not
known is null. Kept free of numpy, so that a screen starts fast.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from scoring.duration import EPOCH, moment

PROTOCOL: Final = 2
"""Raised when an old client can no longer understand a new server."""

WAITING: Final = frozenset({"pending", "inhibited"})
"""States of a rule that has no alert: its condition holds, but not yet for long enough; or something keeps it from judging."""
LAPSED: Final = "lapsed"
"""State of one that waits no longer, and has not fired."""

Value: TypeAlias = str | int | float | bool | None
"""One cell of a row; an instant is RFC 3339 text."""

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware timestamp: one that does not say its zone is refused."""


class Topic(enum.StrEnum):
    """What a client can subscribe to: the result tables under their own names, and topics of the feed's own."""

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
    POINTS = "points"
    """Thinned prices for a small line."""
    PULSE = "pulse"
    """How the sources are doing."""
    HEALTH = "health"
    """How inputs and outputs of a live flow are doing, in their own words."""


class RuleText(msgspec.Struct, frozen=True):
    """What one rule asks for. Fields as in `scoring.alerts.rules.RuleSettings`, lengths of time in seconds."""

    name: str
    severity: str
    condition: str
    clear_when: str
    """Empty: when the condition no longer holds."""
    for_s: float
    keep_firing_s: float
    cooldown_s: float
    on_gap: str
    """`judge` or `hold`."""
    summary: str = ""


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Who speaks: the first message of a connection."""

    version: str
    session: str
    """Name of the tape being written or read."""
    mode: str
    """`live` or `replay`."""
    symbols: list[str]
    """In the order of the settings, which a screen keeps."""
    tables: list[str]
    """Result tables that may come."""
    protocol: int = PROTOCOL
    rules: list[RuleText] = []
    """The rules in force."""
    run: str = ""
    """Unlike that of any other run of a flow: a tape that is replayed again is the same session in another run. Empty: not told."""


class NewRows(msgspec.Struct, frozen=True, tag="rows"):
    """The newest rows of one table about one subject, or some of its past."""

    table: str
    symbol: str
    provisional: bool
    """True for an `as of` row, shown before its window closes."""
    columns: dict[str, list[Value]]
    past: bool = False
    """True for rows before the newest, in order, with only the columns that charts are drawn from."""


class AlertState(msgspec.Struct, frozen=True, tag="alert"):
    """One alert as it stands; the same id comes again when its state changes. Fields as in `scoring.records.Alert`.

    A rule without an alert may say that it is `pending` or `inhibited`, and `lapsed` when it no longer is. That is no alert: it stands
    until the next word about the same rule and symbol, and is neither stored nor counted.
    """

    alert_id: str
    rule: str
    symbol: str
    severity: str
    state: str
    started_at: Instant | None
    fired_at: Instant | None
    resolved_at: Instant | None
    metric: str
    condition: str
    threshold: float | None
    value: float | None
    peak_value: float | None
    evidence: str
    completeness: str
    posts: str = "[]"


class PricePoints(msgspec.Struct, frozen=True, tag="points"):
    """Prices of one symbol that are new or have changed, thinned to one per step of the grid."""

    symbol: str
    step_s: float
    """Seconds from one point of the grid to the next."""
    at: list[Instant]
    """Where on the grid, rising."""
    price: list[float]
    """Last price of that step."""
    recent: bool = False
    """True for the last minutes by the second, each at the instant it was sampled; the newest comes as a row."""


class SourceState(msgspec.Struct, frozen=True, tag="pulse"):
    """How one source is doing. Fields as in `scoring.records.Pulse`."""

    source: str
    at: Instant
    """Time on the tape."""
    frames: int
    rejects: int
    gaps: int
    last_at: Instant | None
    """When its newest frame was received; null before the first."""
    start_at: Instant | None
    """Where the session starts; null when live."""
    end_at: Instant | None
    speed: float | None
    """Times real time; null for as fast as possible."""
    state: str


class HealthState(msgspec.Struct, frozen=True, tag="health"):
    """How one input or output of a live flow is doing. Fields as in `scoring.records.SourceHealth`."""

    source: str
    at: Instant
    state: str
    """`connecting`, `live`, `stale`, `repairing` or `down`."""
    last_at: Instant | None
    frames: int
    rate: float
    skew_ms: float | None
    reconnects: int
    gaps_open: int
    gaps_repaired: int
    rejects: int
    lag: int
    next_try_at: Instant | None
    last_error: str
    detail: str = ""


class Control(msgspec.Struct, frozen=True, tag="control", forbid_unknown_fields=True):
    """What a client asks of a replay: every field that is not null is done, in this order."""

    paused: bool | None = None
    speed: float | None = None
    """Times real time; 0 for as fast as possible."""
    step_s: float | None = None
    """Play so many seconds of the tape and pause again."""
    until: Instant | None = None
    """Play as fast as possible up to this instant of the tape, then pause. One that has passed is ignored: a flow never goes back."""
    until_next: Literal["alert", "gap"] | None = None
    """Play as fast as possible until the next of these, then pause."""


class PaceState(msgspec.Struct, frozen=True, tag="pace"):
    """How a replayed tape runs; comes when it changes."""

    speed: float | None
    """Times real time; null for as fast as possible."""
    paused: bool
    until: Instant | None
    """Where it will pause."""
    until_next: str
    """What it will pause at, `alert` or `gap`; empty for neither."""


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """The server lives, even where the tape is silent."""

    uptime_s: float
    """Seconds since this connection began."""


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """All that is known now: replaces what a client knew."""

    rows: list[NewRows]
    alerts: list[AlertState]
    """Oldest change first."""
    points: list[PricePoints]
    pulses: list[SourceState]
    healths: list[HealthState] = []
    pace: PaceState | None = None
    """Null when live."""


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    """What a client wants to hear; null for everything."""

    topics: list[Topic] | None = None
    symbols: list[str] | None = None


Request: TypeAlias = Subscribe | Control
"""What a client says."""

Message: TypeAlias = Hello | Snapshot | NewRows | AlertState | PricePoints | SourceState | HealthState | PaceState | Heartbeat
"""What a server says."""

_encoder: Final = msgspec.json.Encoder()
_messages: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
_requests: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)


def encode(message: Message | Request) -> bytes:
    """Write one message as JSON; NaN and infinity become null."""
    return _encoder.encode(message)


def decode_messages(data: str | bytes) -> list[Message]:
    """Read what a server said at once: messages, one a line.

    Raises:
        msgspec.DecodeError: there is one that is none of this protocol.
    """
    return _messages.decode_lines(data)


def decode_request(data: str | bytes) -> Request:
    """Read what a client asks for.

    Raises:
        msgspec.DecodeError: it is no request of this protocol.
    """
    return _requests.decode(data)


def instant(at_ns: int) -> datetime | None:
    """Turn nanoseconds into a UTC timestamp, cut to microseconds; 0 is an instant that is not known.

    >>> instant(1_500_000_000)
    datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    """
    return moment(at_ns) if at_ns else None


def instant_text(at_ns: int) -> str | None:
    """Write nanoseconds as RFC 3339.

    >>> instant_text(1_500_000_000)
    '1970-01-01T00:00:01.500000Z'
    """
    return moment(at_ns).isoformat(timespec="microseconds").replace("+00:00", "Z") if at_ns else None


def read_instant(value: Value) -> datetime | None:
    """Read RFC 3339 text; None where it is none or lies before 1970, for the other side may be anyone.

    >>> read_instant("1970-01-01T00:00:01.5Z").timestamp()
    1.5
    """
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        utc = at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return utc if utc and utc >= EPOCH else None


def read_number(value: Value) -> float | None:
    """Read a number; None where it is none, or larger than any float: JSON knows no limit.

    >>> read_number(3), read_number("3"), read_number(10**400)
    (3.0, None, None)
    """
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
