"""What REST answers, from what has been played."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.outputs.exchange_door import RefusedError
from connectors.outputs.exchange_info import Sizes
from connectors.outputs.exchange_market import Market
from connectors.outputs.exchange_play import SessionClock
from connectors.outputs.exchange_rest import Rest, request_of
from tests.connectors.outputs.exchange_sessions import FIRST_ID, PER_SECOND, START_NS, SYMBOLS, combined, trade

COUNT = 1_500
START_MS = START_NS // 10**6
LAST_ID = FIRST_ID + COUNT - 1


class Known:
    """A market that has traded for two and a half minutes, and one that has not."""

    def __init__(self) -> None:
        self.markets = {symbol: Market(symbol, (), 10_000) for symbol in SYMBOLS}
        self.scouts = {symbol: Market(symbol, (), 10_000) for symbol in SYMBOLS}
        self.sizes = dict.fromkeys(SYMBOLS, Sizes())
        feed(self.markets["BTCUSDT"], COUNT)
        feed(self.scouts["ETHUSDT"], 5)


def feed(market: Market, count: int) -> None:
    stream = f"{market.symbol.lower()}@trade"
    keep = market.keeper(stream.encode())
    assert keep is not None
    for number in range(count):
        keep(combined(stream, trade(market.symbol, number)))


@pytest.fixture
def clock() -> SessionClock:
    return SessionClock(START_NS + 200 * 10**9, 1.0, lambda: 0)


@pytest.fixture
def rest(clock: SessionClock) -> Rest:
    return Rest(Known(), clock, lambda: clock.now() + 5_000_000)


def ask(rest: Rest, call: str, query: str = "", unit: str = "") -> Any:
    return rest.answer(request_of(f"/api/v3/{call}", query, unit))


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_the_time_that_is_told_is_skewed_and_in_the_unit_asked_for(rest: Rest) -> None:
    assert ask(rest, "ping") == {}
    assert ask(rest, "time") == {"serverTime": START_MS + 200_005}
    assert ask(rest, "time", unit="microsecond") == {"serverTime": (START_MS + 200_005) * 1_000}


def test_symbols_are_described_all_or_by_name(rest: Rest) -> None:
    def names(query: str) -> list[str]:
        return [row["symbol"] for row in ask(rest, "exchangeInfo", query)["symbols"]]

    assert names("") == list(SYMBOLS)
    assert names("symbol=ETHUSDT") == ["ETHUSDT"]
    assert names("symbols=%5B%22BTCUSDT%22%5D") == ["BTCUSDT"]


def test_newest_trades(rest: Rest) -> None:
    assert len(ask(rest, "trades", "symbol=BTCUSDT")) == 500
    assert len(ask(rest, "trades", "symbol=BTCUSDT&limit=9999")) == 1_000
    [row] = ask(rest, "trades", "symbol=BTCUSDT&limit=1")
    data = trade("BTCUSDT", COUNT - 1)
    assert row == {
        "id": LAST_ID,
        "price": data["p"],
        "qty": data["q"],
        "quoteQty": f"{float(data['p']) * float(data['q']):.8f}",
        "time": data["T"],
        "isBuyerMaker": data["m"],
        "isBestMatch": True,
    }
    assert ask(rest, "trades", "symbol=BTCUSDT&limit=1", "MICROSECOND")[0]["time"] == data["T"] * 1_000


def test_old_trades_from_an_id_on(rest: Rest) -> None:
    assert ids(ask(rest, "historicalTrades", f"symbol=BTCUSDT&fromId={FIRST_ID + 3}&limit=2")) == [FIRST_ID + 3, FIRST_ID + 4]
    assert ids(ask(rest, "historicalTrades", "symbol=BTCUSDT&fromId=0&limit=1")) == [FIRST_ID]
    assert ids(ask(rest, "historicalTrades", "symbol=BTCUSDT&limit=1")) == [LAST_ID]
    assert ask(rest, "historicalTrades", f"symbol=BTCUSDT&fromId={LAST_ID + 1}") == []


def test_aggregates_by_id_by_time_and_the_newest(rest: Rest) -> None:
    first, second = ask(rest, "aggTrades", "symbol=BTCUSDT&fromId=1&limit=2")
    data = trade("BTCUSDT", 0)
    assert first == {"a": 1, "p": data["p"], "q": "0.30000000", "f": FIRST_ID, "l": FIRST_ID + 1, "T": START_MS, "m": True, "M": True}
    assert (second["a"], second["f"], second["l"]) == (2, FIRST_ID + 2, FIRST_ID + 3)
    step = 2_000 // PER_SECOND
    span = f"startTime={START_MS + step}&endTime={START_MS + 3 * step}"
    assert [row["a"] for row in ask(rest, "aggTrades", f"symbol=BTCUSDT&{span}")] == [2, 3, 4]
    micros = f"startTime={(START_MS + step) * 1_000}&limit=1"
    assert [row["a"] for row in ask(rest, "aggTrades", f"symbol=BTCUSDT&{micros}")] == [2]
    [newest] = ask(rest, "aggTrades", "symbol=BTCUSDT&limit=1")
    assert newest["l"] == LAST_ID - 2, "the order that may still grow is not told yet"


def test_candles_by_span_and_the_newest(rest: Rest) -> None:
    def starts(query: str) -> list[int]:
        return [(row[0] - START_MS) // 60_000 for row in ask(rest, "klines", f"symbol=BTCUSDT&interval=1m&{query}")]

    assert starts("") == [0, 1, 2]
    assert starts("limit=2") == [1, 2]
    assert starts(f"startTime={START_MS}&limit=2") == [0, 1]
    assert starts(f"startTime={START_MS + 1}&endTime={START_MS + 60_000}") == [1]
    assert len(ask(rest, "klines", "symbol=BTCUSDT&interval=1s&limit=1000")) == 150
    assert [row[8] for row in ask(rest, "uiKlines", "symbol=BTCUSDT&interval=1h")] == [COUNT]


def test_a_candle_of_the_tape_is_told_as_it_is(clock: SessionClock) -> None:
    known = Known()
    body = {"t": START_MS, "T": START_MS + 59_999, "i": "1m", "o": "1", "h": "2", "l": "3", "c": "4", "v": "5", "q": "6", "n": 7}
    keep = known.markets["BTCUSDT"].keeper(b"btcusdt@kline_1m")
    assert keep is not None
    keep(combined("btcusdt@kline_1m", {"k": body | {"V": "8", "Q": "9", "x": True}}))
    told, made, _ = ask(Rest(known, clock, clock.now), "klines", "symbol=BTCUSDT&interval=1m")
    assert told == [START_MS, "1", "2", "3", "4", "5", START_MS + 59_999, "6", 7, "8", "9", "0"]
    assert made[8] == 60 * PER_SECOND


def test_a_day_before_anything_is_played_is_the_beginning_of_the_tape(rest: Rest, clock: SessionClock) -> None:
    assert [row["count"] for row in ask(rest, "ticker/24hr")] == [0, 5]
    clock.start()
    assert [row["count"] for row in ask(rest, "ticker/24hr")] == [COUNT, 0]
    assert ask(rest, "ticker/24hr", "symbol=BTCUSDT")["lastId"] == LAST_ID


def test_prices_of_what_has_traded(rest: Rest) -> None:
    price = trade("BTCUSDT", COUNT - 1)["p"]
    assert ask(rest, "ticker/price") == [{"symbol": "BTCUSDT", "price": price}]
    assert ask(rest, "ticker/price", "symbol=BTCUSDT") == {"symbol": "BTCUSDT", "price": price}


@pytest.mark.parametrize(
    ("call", "query", "code", "status"),
    [
        ("trades", "", -1102, 400),
        ("trades", "symbol=", -1102, 400),
        ("trades", "symbol=NOPE", -1121, 400),
        ("trades", "symbol=btcusdt", -1121, 400),
        ("trades", "symbol=BTCUSDT&limit=x", -1100, 400),
        ("trades", "symbol=BTCUSDT&limit=-1", -1100, 400),
        ("trades", "symbol=BTCUSDT&limit=0", -1130, 400),
        ("aggTrades", "symbol=BTCUSDT&fromId=1&startTime=2", -1128, 400),
        ("klines", "symbol=BTCUSDT", -1120, 400),
        ("klines", "symbol=BTCUSDT&interval=7m", -1120, 400),
        ("depth", "symbol=BTCUSDT", -1008, 503),
        ("exchangeInfo", "symbol=NOPE", -1121, 400),
        ("exchangeInfo", "symbols=NOPE", -1100, 400),
        ("ticker/24hr", "symbols=%5B%22NOPE%22%5D", -1121, 400),
    ],
)
def test_what_cannot_be_answered_is_refused_in_the_words_of_the_exchange(call: str, query: str, code: int, status: int, rest: Rest) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(rest, call, query)
    assert (refused.value.code, refused.value.status) == (code, status)


def test_a_path_that_is_none_is_not_found(rest: Rest) -> None:
    with pytest.raises(RefusedError) as refused:
        rest.weight(request_of("/api/v3/order", "", ""))
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("call", "query", "weight"),
    [
        ("ping", "", 1),
        ("exchangeInfo", "", 20),
        ("trades", "", 25),
        ("aggTrades", "", 4),
        ("klines", "", 2),
        ("depth", "", 5),
        ("depth", "limit=101", 25),
        ("depth", "limit=1000", 50),
        ("depth", "limit=99999", 250),
        ("ticker/24hr", "symbol=BTCUSDT", 2),
        ("ticker/24hr", "", 80),
    ],
)
def test_every_call_has_its_weight(call: str, query: str, weight: int, rest: Rest) -> None:
    assert rest.weight(request_of(f"/api/v3/{call}", query, "")) == weight
