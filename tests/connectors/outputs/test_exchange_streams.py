"""The websocket side: addresses, subscriptions, replies and errors."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from connectors.outputs.exchange_line import Line
from connectors.outputs.exchange_streams import Audience, Opening, Pace, Session, opening_of


def session(*, combined: bool = True, microseconds: bool = False) -> Session:
    return Session(Opening((), combined, microseconds))


@pytest.mark.parametrize(
    ("target", "opening"),
    [
        ("/ws", Opening((), False, False)),
        ("/ws/btcusdt@trade", Opening(("btcusdt@trade",), False, False)),
        ("/ws/btcusdt@trade/ethusdt@trade", Opening(("btcusdt@trade", "ethusdt@trade"), False, False)),
        ("/stream", Opening((), True, False)),
        ("/stream?streams=a@trade/b@trade/a@trade", Opening(("a@trade", "b@trade"), True, False)),
        ("/stream?streams=a%40trade&timeUnit=MICROSECOND", Opening(("a@trade",), True, True)),
        ("/ws/a@trade?timeUnit=microsecond", Opening(("a@trade",), False, True)),
        ("/", None),
        ("/api/v3/time", None),
        ("/wsx", None),
    ],
)
def test_an_address_says_what_is_wanted(target: str, opening: Opening | None) -> None:
    assert opening_of(target) == opening


def test_streams_are_subscribed_to_listed_and_left() -> None:
    client = session()
    assert client.answer('{"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":1}') == {"result": None, "id": 1}
    assert client.answer('{"method":"SUBSCRIBE","params":["a@trade"],"id":null}') == {"result": None, "id": None}
    assert client.answer('{"method":"LIST_SUBSCRIPTIONS","id":3}') == {"result": ["a@trade", "b@trade"], "id": 3}
    assert client.answer('{"method":"UNSUBSCRIBE","params":["a@trade","x"],"id":"x1"}') == {"result": None, "id": "x1"}
    assert client.answer(b'{"method":"LIST_SUBSCRIPTIONS","id":4}') == {"result": ["b@trade"], "id": 4}


def test_the_wrapper_is_a_property() -> None:
    client = session(combined=False)
    assert client.answer('{"method":"GET_PROPERTY","params":["combined"],"id":1}') == {"result": False, "id": 1}
    assert client.answer('{"method":"SET_PROPERTY","params":["combined",true],"id":2}') == {"result": None, "id": 2}
    assert client.answer('{"method":"GET_PROPERTY","params":["combined"],"id":3}') == {"result": True, "id": 3}


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        ("{", 3, "Invalid JSON"),
        (b"\xff", 3, "Invalid JSON"),
        ("[]", 2, "expected an object"),
        ('{"method":"SUBSCRIBE","params":["a"],"id":1.5}', 2, "request ID must be"),
        ('{"method":"SUBSCRIBE","params":["a"],"id":true}', 2, "request ID must be"),
        ('{"method":"SUBSCRIBE","params":["a"],"id":"' + "x" * 37 + '"}', 2, "request ID must be"),
        ('{"params":["a"],"id":1}', 2, "missing field `method`"),
        ('{"method":"SHOUT","id":1}', 2, "unknown variant `SHOUT`, expected one of `SUBSCRIBE`"),
        ('{"method":["SUBSCRIBE"],"id":1}', 2, "unknown variant"),
        ('{"method":"SUBSCRIBE","id":1}', 2, "stream names"),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2, "stream names"),
        ('{"method":"SUBSCRIBE","params":"a","id":1}', 2, "must be an array"),
        ('{"method":"GET_PROPERTY","params":["combined",1],"id":1}', 2, "too many parameters"),
        ('{"method":"GET_PROPERTY","params":[1],"id":1}', 2, "property name must be a string"),
        ('{"method":"GET_PROPERTY","params":["colour"],"id":1}', 0, "Unknown property"),
        ('{"method":"SET_PROPERTY","params":["combined"],"id":1}', 1, "expected Boolean"),
        ('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1, "expected Boolean"),
    ],
)
def test_what_is_not_understood_is_told(message: str | bytes, code: int, said: str) -> None:
    client = session()
    error = client.answer(message)["error"]
    assert error["code"] == code
    assert said in error["msg"]
    assert client.streams == {}


FRAME = b'{"stream":"a@trade","data":{"e":"trade","E":1767225600001,"t":1234567890123,"T":1767225600000}}'


def test_a_frame_has_the_form_that_is_wanted() -> None:
    data = b'{"e":"trade","E":1767225600001,"t":1234567890123,"T":1767225600000}'
    assert session().form(b"a@trade", FRAME) == FRAME
    assert session(combined=False).form(b"a@trade", FRAME) == data
    micro = json.loads(session(combined=False, microseconds=True).form(b"a@trade", FRAME))
    assert (micro["E"], micro["T"]) == (1767225600001000, 1767225600000000)


def test_an_instant_in_microseconds_stays_and_so_does_an_id() -> None:
    frame = b'{"stream":"a@trade","data":{"E":1767225600001000,"t":3735001046,"T":1767225600000123}}'
    assert session(microseconds=True).form(b"a@trade", frame) == frame


def test_a_wrapper_that_is_written_in_another_way_is_taken_off_too() -> None:
    client = session(combined=False)
    assert client.form(b"a@trade", b'{"stream":"a@trade", "data": {"t":1}}') == b'{"t":1}'
    assert client.form(b"a@trade", b'{"stream":"a@trade" broken') == b'{"stream":"a@trade" broken'


def test_the_sixth_message_within_a_second_is_too_much() -> None:
    times = iter([0.0, 0.1, 0.2, 0.3, 0.4, 1.0, 1.05, 3.0])
    pace = Pace(5, lambda: next(times))
    assert [pace.too_fast() for _ in range(8)] == [False, False, False, False, False, False, True, False]


class Ear:
    """Who hears streams."""

    def __init__(self, *streams: str, combined: bool = True) -> None:
        self.session = Session(Opening(streams, combined, False))
        self.line = Line(self, 1, Counter())
        self.heard: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.heard.append(data)


def test_everybody_hears_what_they_subscribed_to() -> None:
    both, one, none = Ear("a", "b"), Ear("b", combined=False), Ear()
    audience = Audience()
    audience.seat([both, one, none])
    frames = [f'{{"stream":"{name}","data":{{}}}}'.encode() for name in "abc"]
    audience.tell([b"a", b"b", b"c"], frames, 1)
    assert both.heard == [bytes((0x81, len(frames[0]))) + frames[0] + bytes((0x81, len(frames[1]))) + frames[1]]
    assert one.heard == [b"\x81\x02{}"]
    assert none.heard == []
    assert (audience.hears(b"a"), audience.hears(b"c")) == (True, False)
    audience.seat([one])
    assert not audience.hears(b"a")
