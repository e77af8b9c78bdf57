"""The exchange as the doctor sees it: a served session, with and without faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.inputs.binance_rest import RestSettings
from connectors.inputs.binance_settings import BinanceSettings
from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import ExchangeScript, Fault, FaultKind, Where
from flows.commands import doctor_exchange
from flows.commands.doctor_checks import Finding, Mark
from flows.commands.doctor_exchange import Told, clock_against, rest_hosts, stream_hosts, symbols
from flows.settings import BinanceInput, InputSettings
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, serving
from tests.connectors.outputs.exchange_sessions import rows, write

NOWHERE = "http://127.0.0.1:9"
MINUTE = Duration.parse("1m")
LONG = Duration.parse("1h")
Serve = Callable[[ExchangeScript], "Iterator[Exchange]"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("served") / "session", {"market": rows(30)})


@contextmanager
def served(session: Path, *faults: Fault) -> Iterator[Exchange]:
    """Serve a session that plays already, with its faults in force."""
    with Exchange(session, ExchangeSettings(port=0, now=True, faults=faults)) as exchange:
        deadline = time.monotonic() + 10
        while sum(exchange.counts[fault.kind.value] for fault in faults) < len(faults):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield exchange


def asked(exchange: Exchange, *others: str) -> list[Finding]:
    """Ask a served session, by its own clock."""
    rest = RestSettings(hosts=(*others, exchange.url))
    return list(rest_hosts(InputSettings(follow_clock=exchange.url, binance=BinanceInput(rest=rest)), MINUTE))


def test_a_host_that_answers_and_a_clock_that_agrees_are_well(session: Path) -> None:
    with served(session) as exchange:
        host, clock = asked(exchange)
    assert (host.mark, host.check) == (Mark.OK, "exchange REST")
    assert host.found.startswith(f"{exchange.url} answers in ")
    assert (clock.mark, clock.check) == (Mark.OK, "exchange clock")


def test_a_clock_that_is_wrong_is_a_warning(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = Fault(at=Duration(0), kind=FaultKind.SKEW, span=LONG, by=Duration.parse("5s"), behind=True)
    with served(session, fault) as exchange:
        monkeypatch.setattr(doctor_exchange, "ServedClock", lambda _: exchange.clock.now)
        _, clock = asked(exchange)
    assert clock.mark is Mark.WARNING
    behind = float(clock.found.removeprefix("the exchange is ").partition(" s behind us")[0])
    assert behind == pytest.approx(5.0, abs=0.2)
    assert "chrony" in clock.todo


def test_a_clock_beyond_which_everything_is_a_reject_has_failed() -> None:
    assert clock_against(Told("host", "", True, 0.02, 61.0), MINUTE).mark is Mark.FAILED
    assert clock_against(Told("host", "", True, 0.02, -61.0), MINUTE).mark is Mark.WARNING
    assert clock_against(Told("host", "", True, 0.02, 0.9), MINUTE).found == "the exchange is 0.900 s ahead of us (within 10 ms, host)"


def test_a_host_that_is_gone_matters_less_where_another_answers(session: Path) -> None:
    with served(session) as exchange:
        gone, there, clock = asked(exchange, NOWHERE)
    assert [finding.mark for finding in (gone, there, clock)] == [Mark.WARNING, Mark.OK, Mark.OK]
    assert gone.found.startswith(f"{NOWHERE}: no answer")
    assert gone.todo == "the next host is asked instead"


@pytest.mark.parametrize(("status", "words"), [(451, "serves nobody at this location"), (403, "firewall refuses")])
def test_a_refusal_is_explained(session: Path, status: int, words: str) -> None:
    with served(session, Fault(at=Duration(0), kind=FaultKind.REFUSE, span=LONG, status=status, on=Where.REST)) as exchange:
        rest = RestSettings(hosts=(exchange.url,))
        (found,) = rest_hosts(InputSettings(binance=BinanceInput(rest=rest)), MINUTE)
    assert found.mark is Mark.FAILED
    assert words in found.found


def test_what_is_no_exchange_is_told_apart() -> None:
    with serving({"/api/v3/time": [Reply(b"<html>")]}) as site:
        rest = RestSettings(hosts=(site.address,))
        (found,) = rest_hosts(InputSettings(binance=BinanceInput(rest=rest)), MINUTE)
        (unread,) = symbols(replace(rest), ["BTCUSDT"])
    assert found.mark is Mark.FAILED
    assert found.found == f"{site.address}: what answers there is not the exchange"
    assert unread.mark is Mark.FAILED


def test_websockets_are_opened_without_beginning_the_session(session: Path) -> None:
    with Exchange(session, ExchangeSettings(port=0)) as exchange:
        address = exchange.url.replace("http", "ws")
        gone, found = stream_hosts(BinanceSettings(hosts=("ws://127.0.0.1:9", address)))
        assert not exchange.clock.started
    assert (gone.mark, found.mark) == (Mark.WARNING, Mark.OK)
    assert "Connection refused" in gone.found
    assert found.found.startswith(f"{address} opens in ")


@pytest.mark.parametrize(("status", "words"), [(451, "does not serve this location"), (403, "firewall refuses this network")])
def test_a_websocket_that_is_refused_is_explained(session: Path, status: int, words: str) -> None:
    with served(session, Fault(at=Duration(0), kind=FaultKind.REFUSE, span=LONG, status=status, on=Where.CONNECT)) as exchange:
        (found,) = stream_hosts(BinanceSettings(hosts=(exchange.url.replace("http", "ws"),)))
    assert found.mark is Mark.FAILED
    assert words in found.found


def test_every_symbol_is_listed_and_traded_or_named(session: Path) -> None:
    with served(session) as exchange:
        rest = RestSettings(hosts=(exchange.url,))
        assert list(symbols(rest, [])) == []
        (fine,) = symbols(rest, ["BTCUSDT", "ETHUSDT"])
        (unknown,) = symbols(rest, ["BTCUSDT", "ETHUSD", "XYZ"])
    assert (fine.mark, fine.found) == (Mark.OK, "BTCUSDT, ETHUSDT: listed and traded")
    assert (unknown.mark, unknown.found) == (Mark.FAILED, "ETHUSD is not listed (did you mean ETHUSDT?); XYZ is not listed")


def test_a_symbol_that_is_paused_is_a_warning() -> None:
    listed = b'{"symbols":[{"symbol":"LUNAUSDT","status":"BREAK","quoteAsset":"USDT"}]}'
    with serving({"/api/v3/exchangeInfo": [Reply(listed)]}) as site:
        (found,) = symbols(RestSettings(hosts=(site.address,)), ["LUNAUSDT"])
    assert (found.mark, found.found) == (Mark.WARNING, "LUNAUSDT is BREAK")


def test_symbols_wait_for_a_host_and_for_a_ban_to_end(session: Path) -> None:
    (unasked,) = symbols(RestSettings(hosts=(NOWHERE,)), ["BTCUSDT"])
    assert unasked.found == "no host of the exchange could be asked"
    with served(session, Fault(at=Duration(0), kind=FaultKind.REFUSE, span=LONG, status=418, on=Where.REST)) as exchange:
        (banned,) = symbols(RestSettings(hosts=(exchange.url,)), ["BTCUSDT"])
    assert banned.mark is Mark.FAILED
    assert "it was asked for too much" in banned.found
