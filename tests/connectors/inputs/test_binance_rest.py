"""The REST client against a real server on loopback."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from connectors.inputs.binance_rest import BinanceRest, NotServed, Refused, RestError, RestSettings, Stopped, Throttled, Unreachable
from scoring.duration import Duration
from tests.connectors.inputs.canned_exchange import Answer, CannedExchange


def rest_for(*hosts: str, timeout: str = "1s", pause: str = "1m", longest: str = "90s", weight: int = 5_000) -> BinanceRest:
    return BinanceRest(RestSettings(hosts, weight, Duration.parse(timeout), Duration.parse(pause), Duration.parse(longest)))


def dead_host() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_each_call_asks_what_it_says_and_weighs_what_the_exchange_says() -> None:
    with CannedExchange(newest=9) as exchange:
        rest = rest_for(exchange.host)
        assert [row["id"] for row in json.loads(rest.trades("BTCUSDT", 2))] == [8, 9]
        assert [row["id"] for row in json.loads(rest.old_trades("BTCUSDT", 3, 2))] == [3, 4]
        assert rest.budget.used == 50
        assert [row["a"] for row in json.loads(rest.aggregates("BTCUSDT", 2, 5))] == [5, 6]
        assert [row["a"] for row in json.loads(rest.aggregates("BTCUSDT", 1))] == [9]
        assert rest.budget.used == 58
        assert len(json.loads(rest.candles("BTCUSDT", exchange.now_ms - 600_000, 5))) == 5
        weights = []
        for limit in (100, 500, 1000, 5000):
            before = rest.budget.used
            assert json.loads(rest.depth("BTCUSDT", limit))["lastUpdateId"] == 100
            weights.append(rest.budget.used - before)
        assert weights == [5, 25, 50, 250]
        rest.close()
    assert exchange.asked[1] == ("/api/v3/historicalTrades", {"symbol": "BTCUSDT", "fromId": "3", "limit": "2"})
    assert exchange.asked[4][1]["interval"] == "1m"


def test_what_the_exchange_has_counted_is_believed() -> None:
    with CannedExchange(newest=1) as exchange:
        exchange.used = "4321"
        rest = rest_for(exchange.host)
        rest.trades("BTCUSDT", 1)
        rest.close()
    assert rest.budget.used == 4321


def test_a_path_one_host_does_not_serve_is_asked_of_the_next_and_then_there_only() -> None:
    with CannedExchange(newest=5) as small, CannedExchange(newest=5) as large:
        small.absent["/api/v3/historicalTrades"] = Answer(404)
        rest = rest_for(small.host, large.host)
        for _ in range(3):
            assert json.loads(rest.old_trades("BTCUSDT", 5, 1))[0]["id"] == 5
        rest.trades("BTCUSDT", 1)
        rest.close()
    assert small.paths() == ["historicalTrades", "trades"]
    assert large.paths() == ["historicalTrades"] * 3


def test_a_host_that_serves_nobody_here_is_left_aside_for_every_path_and_says_what_to_do() -> None:
    with CannedExchange(newest=5) as exchange:
        exchange.script = [Answer(451)]
        rest = rest_for(exchange.host)
        with pytest.raises(NotServed, match="451, it serves nobody at this location: set hosts") as caught:
            rest.trades("BTCUSDT", 1)
        assert "\n" not in str(caught.value)
        with pytest.raises(NotServed, match="serves nobody"):
            rest.depth("BTCUSDT", 100)
        rest.close()
    assert exchange.paths() == ["trades"]


@pytest.mark.parametrize(("status", "words"), [(401, "wants a key"), (403, "firewall"), (405, "does not serve")])
def test_other_ways_of_not_being_served_are_explained(status: int, words: str) -> None:
    with CannedExchange() as exchange:
        exchange.script = [Answer(status, b"<html>no</html>")]
        rest = rest_for(exchange.host)
        with pytest.raises(NotServed, match=words):
            rest.trades("BTCUSDT", 1)
        rest.depth("BTCUSDT", 100)  # the host serves other paths
        rest.close()


def test_a_host_set_aside_is_asked_again_after_its_pause() -> None:
    with CannedExchange(newest=5) as exchange:
        exchange.script = [Answer(451)]
        rest = rest_for(exchange.host, pause="50ms")
        with pytest.raises(NotServed):
            rest.trades("BTCUSDT", 1)
        time.sleep(0.06)
        assert json.loads(rest.trades("BTCUSDT", 1))
        rest.close()


def test_a_host_out_of_reach_is_passed_over_and_asked_where_no_other_answers() -> None:
    with CannedExchange(newest=5) as sick, CannedExchange(newest=5) as well:
        sick.script = [Answer(503)]
        rest = rest_for(sick.host, well.host)
        rest.trades("BTCUSDT", 1)
        rest.trades("BTCUSDT", 1)
        assert (sick.paths(), well.paths()) == (["trades"], ["trades"] * 2)
        well.absent["/api/v3/trades"] = Answer(404)
        assert json.loads(rest.trades("BTCUSDT", 1))  # the first one is back
        rest.close()
    assert len(sick.asked) == 2


def test_nobody_there_is_said_in_one_line() -> None:
    rest = rest_for(dead_host())
    with pytest.raises(Unreachable, match="cannot connect") as caught:
        rest.trades("BTCUSDT", 1)
    rest.close()
    assert "\n" not in str(caught.value)


def test_a_silent_host_is_left_after_the_timeout() -> None:
    with CannedExchange(newest=1) as silent, CannedExchange(newest=1) as other:
        silent.script = [Answer(200, b"[]", delay=3.0)]
        rest = rest_for(silent.host, other.host, timeout="100ms")
        started = time.monotonic()
        assert json.loads(rest.trades("BTCUSDT", 1))
        assert time.monotonic() - started < 2.5
        rest.close()


def test_a_connection_the_other_side_has_closed_is_opened_anew() -> None:
    with CannedExchange(newest=1) as exchange:
        rest = rest_for(exchange.host)
        exchange.script = [Answer(0)]
        assert json.loads(rest.trades("BTCUSDT", 1))
        rest.close()
    assert len(exchange.asked) == 2


def test_a_wrong_request_is_an_error_in_the_words_of_the_exchange_and_no_other_host_is_asked() -> None:
    with CannedExchange() as exchange, CannedExchange() as other:
        exchange.script = [Answer(400, b'{"code":-1121,"msg":"Invalid symbol."}'), Answer(400, b"<html>")]
        rest = rest_for(exchange.host, other.host)
        with pytest.raises(Refused, match="-1121: Invalid symbol"):
            rest.trades("NOSUCH", 1)
        with pytest.raises(Refused, match="<html>"):
            rest.trades("NOSUCH", 1)
        rest.close()
    assert other.asked == []


def test_too_many_requests_wait_as_long_as_the_exchange_says() -> None:
    with CannedExchange(newest=1) as exchange:
        exchange.script = [Answer(429, headers={"Retry-After": "1"})]
        rest = rest_for(exchange.host)
        started = time.monotonic()
        assert json.loads(rest.trades("BTCUSDT", 1))
        assert 0.9 < time.monotonic() - started < 30, "not the pause of a minute that a host has otherwise"
        rest.close()


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "7200"}, 7200), ({}, 120), ({"Retry-After": "soon"}, 120)])
def test_a_ban_stops_everything_until_it_is_over(headers: dict[str, str], seconds: float) -> None:
    with CannedExchange(newest=1) as exchange:
        exchange.script = [Answer(418, headers=headers)]
        rest = rest_for(exchange.host)
        for _ in range(3):
            with pytest.raises(Throttled, match="asked for too much") as caught:
                rest.trades("BTCUSDT", 1)
            assert seconds - 5 < caught.value.seconds <= seconds
        rest.close()
    assert len(exchange.asked) == 1


def test_who_waits_for_a_turn_stops_at_once_when_the_program_ends() -> None:
    found: list[RestError] = []

    def ask(rest: BinanceRest) -> None:
        try:
            rest.trades("BTCUSDT", 1)
        except RestError as error:
            found.append(error)

    with CannedExchange(newest=1) as exchange:
        rest = BinanceRest(RestSettings((exchange.host,), weight_per_minute=25), clock=lambda: 600.0)
        ask(rest)
        waiting = threading.Thread(target=ask, args=(rest,), daemon=True)
        waiting.start()
        time.sleep(0.05)
        started = time.monotonic()
        rest.close()
        waiting.join(5)
    assert time.monotonic() - started < 10
    assert isinstance(found[0], Stopped)
    assert len(exchange.asked) == 1


def test_threads_share_one_budget_and_no_connection() -> None:
    with CannedExchange(newest=3) as exchange:
        rest = rest_for(exchange.host)
        threads = [threading.Thread(target=rest.aggregates, args=("BTCUSDT", 1), daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        rest.close()
    assert len(exchange.asked) == 8
    assert rest.budget.used == 32


@pytest.mark.parametrize("wrong", [{"hosts": ()}, {"hosts": ("api.binance.com",)}, {"weight_per_minute": 0}])
def test_settings_that_reach_nobody_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        RestSettings(**wrong)  # type: ignore[arg-type]
