"""Do the others answer that are listened to: CoinGecko with its key, DefiLlama, fear and greed, news feeds, programs that send lines.

Asked is what the flow itself will ask, but for CoinGecko's `ping`, which tries the key. Answers of megabytes are not read to the
end: that they come is enough.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Final

import requests
from msgspec.structs import replace

from connectors.inputs import coingecko, defillama, fear_greed
from connectors.inputs.answers import Answer, AskingSettings, NoAnswer, Question, ask
from connectors.inputs.coingecko import PricesSettings
from connectors.inputs.defillama import DefiSettings
from connectors.inputs.fear_greed import FearGreedSettings
from connectors.inputs.lines import LinesSettings
from connectors.inputs.news import NewsSettings, headlines
from flows.commands.doctor_checks import ASK_SECONDS, Finding, failed, warning, well
from scoring.duration import Duration

_PRICES: Final = "simple/price"
_KEY_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_LATER: Final = "the flow goes on without it, and asks again: nothing to do unless it stays so"


def prices(settings: PricesSettings, assets: Iterable[str]) -> Iterator[Finding]:
    """Try CoinGecko's key."""
    poll = next(coingecko.price_polls(settings, assets), None)
    if poll is None:
        yield failed("prices", "there are no assets to ask about", "name some, or set inputs.prices.enabled = false")
        return
    question = replace(poll.question, address=f"{poll.question.address.removesuffix(_PRICES)}ping", parameters={})
    answer = _ask(question, settings.polling)
    key = f"the {settings.plan} key" if settings.key else "no key"
    if isinstance(answer, str):
        yield warning("prices", answer, _LATER)
    elif answer.status == HTTPStatus.OK:
        yield well("prices", f"{question.host} answers with {key}")
    elif answer.status in _KEY_REFUSED:
        todo = "check GHOSTTAPE_INPUTS__PRICES__KEY in .env, and that inputs.prices.plan is the plan it belongs to"
        yield failed("prices", f"{question.host} refuses {key}: HTTP {answer.status}", todo)
    else:
        yield warning("prices", _said(question, answer.status), _LATER)


def defi(settings: DefiSettings) -> Iterator[Finding]:
    """Ask DefiLlama whether it answers what it will be asked."""
    for poll in defillama.polls(settings):
        yield _reached("defi", poll.question, settings.polling)


def index(settings: FearGreedSettings) -> Iterator[Finding]:
    """Read the fear and greed index."""
    question = Question(settings.address, {"limit": "1"})
    yield _read("fear & greed", question, settings.polling, _figures)


def news(source: str, address: str, settings: NewsSettings) -> Iterator[Finding]:
    """Read one news feed."""

    def count(body: bytes) -> str:
        return f"{sum(1 for _ in headlines(source, body))} headlines"

    yield _read(f"news {source}", Question(address), settings.polling, count)


def lines(settings: LinesSettings) -> Iterator[Finding]:
    """Connect to a program that sends lines, and hang up."""
    place = f"{settings.host} port {settings.port}"
    try:
        socket.create_connection((settings.host, settings.port), ASK_SECONDS).close()
    except OSError as error:
        yield warning("lines", f"{place}: {error.strerror or error}", f"start the program that sends {settings.feed}; {_LATER}")
        return
    yield well("lines", f"{place} takes connections, for {settings.feed}")


def _figures(body: bytes) -> str:
    fear_greed.new_figure(body, ())
    return "a figure"


def _read(check: str, question: Question, settings: AskingSettings, read: Callable[[bytes], str]) -> Finding:
    """Ask, and look whether the answer can be read."""
    answer = _ask(question, settings)
    if isinstance(answer, str):
        return warning(check, answer, _LATER)
    if answer.status != HTTPStatus.OK:
        return warning(check, _said(question, answer.status), f"check its address in the settings; {_LATER}")
    try:
        return well(check, f"{question.host} answers with {read(answer.body)}")
    except ValueError as error:
        return failed(check, f"{question.host} answers what cannot be read: {error}", "check its address in the settings")


def _reached(check: str, question: Question, settings: AskingSettings) -> Finding:
    """Ask, and look at no more than the status."""
    headers = {"User-Agent": settings.user_agent}
    try:
        with requests.get(question.address, question.parameters, headers=headers, timeout=ASK_SECONDS, stream=True) as response:
            status = response.status_code
    except (requests.RequestException, ValueError) as error:
        return warning(check, f"{question.host}: {type(error).__name__}", _LATER)
    path = question.address.partition("://")[2].partition("/")[2]
    if status != HTTPStatus.OK:
        return warning(check, f"{_said(question, status)} to /{path}", f"check inputs.defi; {_LATER}")
    return well(check, f"{question.host} answers /{path}")


def _ask(question: Question, settings: AskingSettings) -> Answer | str:
    """Ask as a person waits for it; give the answer, or why there is none."""
    brief = Duration(min(settings.silence, int(ASK_SECONDS * 1e9)))
    asking = AskingSettings(brief, Duration.parse("8s"), settings.largest_body, settings.longest_hold, settings.user_agent)
    try:
        with requests.Session() as session:
            return ask(session, question, asking, threading.Event())
    except NoAnswer as error:
        return str(error)


def _said(question: Question, status: int) -> str:
    often = ": it was asked too often of late" if status == HTTPStatus.TOO_MANY_REQUESTS else ""
    return f"{question.host} answers HTTP {status}{often}"
