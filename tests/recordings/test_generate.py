"""The bundled session: small, full of life, with its story in it, and the same from the same seed."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from connectors.tape.manifest import load, verify_files
from connectors.tape.reader import FrameReader
from connectors.wire.gap import decode_gap
from flows.commands.replay import Replay, perform
from recordings.exchange import COINS, MINUTES, START_NS
from recordings.generate import DROP_SECONDS, FOLDER, SEED, clock_frames, gap_frames, market_frames
from recordings.story import CHANNELS, posts
from scoring.records import ALL_SYMBOLS, NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND

LARGEST_BYTES = 6_000_000
SECONDS = MINUTES * 60
Frame = tuple[int, str, bytes]


def frames_of(partition: str) -> list[Frame]:
    reader, row, found = FrameReader(FOLDER / "frames" / partition), 0, list[Frame]()
    while (chunk := reader.read(row, 50_000)) is not None:
        found += [(int(chunk.received_ns[index]), chunk.feed(index), chunk.payloads[index]) for index in range(len(chunk))]
        row += len(chunk)
    reader.close()
    return found


@pytest.fixture(scope="module")
def market() -> list[Frame]:
    """Read every frame of the exchange."""
    return frames_of("binance")


@pytest.fixture(scope="module")
def talk() -> list[Frame]:
    """Read every post."""
    return frames_of("telegram")


def events(market: Sequence[Frame]) -> list[tuple[str, str, dict[str, object]]]:
    """Give (symbol, stream, data) of every event."""
    named = (json.loads(payload) for _, feed, payload in market if feed == "binance")
    return [(each["stream"].partition("@")[0].upper(), each["stream"].partition("@")[2], each["data"]) for each in named]


def test_it_is_small_whole_and_twenty_minutes_long() -> None:
    manifest = load(FOLDER)
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < LARGEST_BYTES
    assert verify_files(FOLDER, manifest) == []
    assert round((manifest.end_ns - manifest.start_ns) / NANOSECONDS_PER_MINUTE) == MINUTES
    assert manifest.digests
    assert (manifest.licence, "seed" in manifest.origin) == ("Apache-2.0", True)


def test_three_symbols_quote_and_trade_all_the_time(market: Sequence[Frame]) -> None:
    seen = Counter((symbol, stream) for symbol, stream, _ in events(market))
    symbols = {coin.symbol for coin in COINS}
    assert {symbol for symbol, _ in seen} == symbols == set(load(FOLDER).partitions["binance"].symbols)
    assert len(symbols) == 3
    for symbol in symbols:
        assert seen[symbol, "bookTicker"] >= 20 * SECONDS
        assert seen[symbol, "trade"] >= 5 * SECONDS
        assert seen[symbol, "depth5"] > 0.9 * SECONDS
        assert seen[symbol, "kline_1m"] == MINUTES - 1


def test_three_channels_post(talk: Sequence[Frame]) -> None:
    seen = Counter(json.loads(payload)["channel"] for _, feed, payload in talk if feed == "telegram")
    assert set(seen) == set(CHANNELS) == set(load(FOLDER).partitions["telegram"].channels)
    assert len(seen) == 3
    assert min(seen.values()) >= MINUTES


def test_receive_times_never_go_back(market: Sequence[Frame], talk: Sequence[Frame]) -> None:
    for frames in (market, talk):
        assert all(earlier[0] <= later[0] for earlier, later in itertools.pairwise(frames))


def test_one_connection_is_lost_and_the_trades_in_it_are_missing(market: Sequence[Frame]) -> None:
    gaps = [(at_ns, decode_gap(payload)) for at_ns, feed, payload in market if feed == "gap"]
    (lost_at, lost), (back_at, back) = gaps
    assert (lost.symbol, lost.kind, lost.reason, lost.to_ns) == (ALL_SYMBOLS, ALL_SYMBOLS, "disconnected", 0)
    assert (back.from_ns, back.to_ns) == (lost.from_ns, back_at)
    assert back_at - lost_at == (DROP_SECONDS[1] - DROP_SECONDS[0]) * NANOSECONDS_PER_SECOND
    silent = [at_ns for at_ns, feed, _ in market if feed == "binance" and lost_at + 10**8 < at_ns < back_at]
    assert silent == []
    seen = events(market)
    for coin in COINS:
        ids = [int(str(data["t"])) for symbol, stream, data in seen if (symbol, stream) == (coin.symbol, "trade")]
        [missing] = [later - earlier - 1 for earlier, later in itertools.pairwise(ids) if later != earlier + 1]
        assert missing > 20


def test_the_generator_gives_the_bundled_frames_again(market: Sequence[Frame], talk: Sequence[Frame]) -> None:
    until_ns = START_NS + NANOSECONDS_PER_MINUTE
    fresh = itertools.takewhile(lambda frame: frame[0] < until_ns, market_frames())
    assert list(fresh) == [(at_ns, payload) for at_ns, feed, payload in market if feed == "binance" and at_ns < until_ns]
    assert list(posts(SEED, START_NS)) == [(at_ns, payload) for at_ns, feed, payload in talk if feed == "telegram"]
    for feed, made in (("gap", gap_frames()), ("clock", clock_frames())):
        assert list(made) == [(at_ns, payload) for at_ns, name, payload in market if name == feed]


def test_another_seed_gives_another_market() -> None:
    first, other, again = (list(itertools.islice(market_frames(seed), 200)) for seed in (1, 2, 1))
    assert first == again
    assert first != other


def test_our_bars_are_the_exchanges_candles_in_every_minute_but_that_of_the_lost_connection(tmp_path: Path) -> None:
    perform(Replay(str(FOLDER), data_dir=str(tmp_path), quiet=True))
    same = "({}) AND abs(bar.volume_base / candle.volume_base - 1) < 1e-9 AND abs(bar.volume_quote / candle.volume_quote - 1) < 1e-9"
    equal = same.format(" AND ".join(f"bar.{name} = candle.{name}" for name in ("open", "high", "low", "close", "trade_count")))
    sql = f"""SELECT (epoch_us(window_start) * 1000 - {START_NS}) // {NANOSECONDS_PER_MINUTE}, {equal}, bar.completeness = 'complete'
              FROM trade_metrics bar JOIN candles candle ON bar.symbol = candle.symbol AND bar.window_start = candle.open_at ORDER BY ALL"""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as warehouse:
        found = warehouse.execute(sql).fetchall()
    lost = DROP_SECONDS[0] // 60
    assert DROP_SECONDS[1] // 60 == lost
    assert found == [(minute, minute != lost, minute != lost) for minute in range(MINUTES - 1) for _ in COINS]
