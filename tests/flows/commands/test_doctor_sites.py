"""Sites that answer, refuse, and answer what they should not."""

from __future__ import annotations

import socket

from connectors.inputs.coingecko import PricesSettings
from connectors.inputs.defillama import DefiSettings
from connectors.inputs.fear_greed import FearGreedSettings
from connectors.inputs.lines import LinesSettings
from connectors.inputs.news import NewsSettings
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_sites import defi, index, lines, news, prices
from tests.connectors.inputs.answering import Reply, serving

NOWHERE = "http://127.0.0.1:9"
ITEMS = b"<item><title>One</title><guid>1</guid></item><item><title>Two</title><guid>2</guid></item>"
RSS = b'<rss version="2.0"><channel>' + ITEMS + b"</channel></rss>"
FIGURES = b'{"data":[{"value":"40","value_classification":"Fear","timestamp":"1551157200"}]}'


def test_a_key_is_tried_and_never_shown() -> None:
    with serving({"/ping": [Reply(b"{}"), Reply(status=401), Reply(status=429), Reply(b"{}")]}) as site:
        keyed = PricesSettings(enabled=True, address=site.address, key="secret")
        taken, refused, often = (next(prices(keyed, ["bitcoin"])) for _ in range(3))
        keyless = next(prices(PricesSettings(enabled=True, address=site.address), ["bitcoin"]))
        assert site.asked[0].headers["x-cg-demo-api-key"] == "secret"
    assert [found.mark for found in (taken, refused, often, keyless)] == [Mark.OK, Mark.FAILED, Mark.WARNING, Mark.OK]
    assert "HTTP 401" in refused.found
    assert "GHOSTTAPE_INPUTS__PRICES__KEY" in refused.todo
    assert "too often" in often.found
    assert keyless.found.endswith("answers with no key")
    assert not any("secret" in text for found in (taken, refused, often) for text in (found.found, found.todo))


def test_a_site_that_is_gone_is_a_warning_because_the_flow_goes_on() -> None:
    settings = (
        prices(PricesSettings(address=NOWHERE), ["bitcoin"]),
        defi(DefiSettings(address=NOWHERE, chains=())),
        index(FearGreedSettings(address=NOWHERE)),
        news("desk", NOWHERE, NewsSettings()),
    )
    for (found,) in settings:
        assert found.mark is Mark.WARNING
        assert "127.0.0.1:9" in found.found


def test_no_assets_are_no_prices() -> None:
    assert next(prices(PricesSettings(), [])).mark is Mark.FAILED


def test_defi_is_asked_what_the_flow_will_ask() -> None:
    with serving({"/protocols": [Reply(b"[]")], "/v2/historicalChainTvl": [Reply(status=500)]}) as site:
        protocols, chain = defi(DefiSettings(address=site.address))
    assert (protocols.mark, protocols.found.endswith("answers /protocols")) == (Mark.OK, True)
    assert chain.mark is Mark.WARNING
    assert chain.found.endswith("answers HTTP 500 to /v2/historicalChainTvl")


def test_the_index_is_read() -> None:
    with serving({"/": [Reply(FIGURES), Reply(b"<html>")]}) as site:
        (fine,), (broken,) = (list(index(FearGreedSettings(address=f"{site.address}/"))) for _ in range(2))
    assert (fine.mark, broken.mark) == (Mark.OK, Mark.FAILED)
    assert "cannot be read" in broken.found


def test_a_news_feed_is_read() -> None:
    with serving({"/rss": [Reply(RSS), Reply(b"<html>moved</html>"), Reply(status=404)]}) as site:
        found = [next(news("desk", f"{site.address}/rss", NewsSettings())) for _ in range(3)]
    assert [each.mark for each in found] == [Mark.OK, Mark.FAILED, Mark.WARNING]
    assert found[0].check == "news desk"
    assert found[0].found.endswith("answers with 2 headlines")
    assert found[2].todo.startswith("check its address")


def test_a_program_that_sends_lines_is_there_or_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sender:
        (there,) = lines(LinesSettings(port=sender.getsockname()[1]))
    (gone,) = lines(LinesSettings(port=9, feed="telegram"))
    assert (there.mark, gone.mark) == (Mark.OK, Mark.WARNING)
    assert there.found.endswith("takes connections, for binance")
    assert gone.found == "127.0.0.1 port 9: Connection refused"
    assert "start the program that sends telegram" in gone.todo
