"""What a client is sent: every frame as the websocket writes it, and what faults make of them."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from connectors.outputs.exchange_line import Line, encode

PAYLOADS = [f'{{"n":{number}}}'.encode() for number in range(50)]


class Wire:
    """Where bytes go."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def payloads(self) -> list[bytes]:
        """Read what was written, as a client does."""
        reader = StreamReader()
        reader.feed_data(self.data)
        found = []
        while reader.buffer:
            parser = Frame.parse(reader.read_exact, mask=False)
            with pytest.raises(StopIteration) as done:
                next(parser)
            frame = done.value.value
            assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
            found.append(bytes(frame.data))
        return found


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def line(wire: Wire) -> Line:
    return Line(wire, 1, Counter())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_frames_are_written_as_the_library_writes_them(size: int) -> None:
    payload = b"x" * size
    assert encode(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


def test_frames_go_out_as_they_are(line: Line, wire: Wire) -> None:
    line.put(PAYLOADS, 1)
    line.put([], 2)
    assert wire.payloads() == PAYLOADS


def test_silence_loses_frames(line: Line, wire: Wire) -> None:
    line.put(PAYLOADS[:1], 1)
    line.mute(on=True)
    line.put(PAYLOADS[1:5], 2)
    line.mute(on=False)
    line.put(PAYLOADS[5:6], 3)
    assert wire.payloads() == [PAYLOADS[0], PAYLOADS[5]]


def test_two_silences_at_once_are_over_when_both_are(line: Line, wire: Wire) -> None:
    line.mute(on=True)
    line.mute(on=True)
    line.mute(on=False)
    line.put(PAYLOADS[:1], 1)
    line.mute(on=False)
    line.put(PAYLOADS[1:2], 1)
    assert wire.payloads() == PAYLOADS[1:2]


def test_the_next_frames_are_sent_twice(line: Line, wire: Wire) -> None:
    line.duplicate(2)
    line.put(PAYLOADS[:3], 1)
    assert wire.payloads() == [PAYLOADS[0], PAYLOADS[0], PAYLOADS[1], PAYLOADS[1], PAYLOADS[2]]


def test_the_next_frames_change_places_and_the_others_do_not(line: Line, wire: Wire) -> None:
    line.reorder(10)
    line.put(PAYLOADS[:4], 1)
    assert wire.payloads() == []
    line.put(PAYLOADS[4:20], 2)
    found = wire.payloads()
    assert found[:10] != PAYLOADS[:10]
    assert sorted(found[:10]) == sorted(PAYLOADS[:10])
    assert found[10:] == PAYLOADS[10:20]


def test_frames_that_wait_for_others_are_sent_at_the_end(line: Line, wire: Wire) -> None:
    line.reorder(10)
    line.put(PAYLOADS[:4], 1)
    line.finish(2)
    assert sorted(wire.payloads()) == sorted(PAYLOADS[:4])


def test_corrupted_frames_are_no_json_but_still_text(line: Line, wire: Wire) -> None:
    line.spoil(len(PAYLOADS))
    line.put([*PAYLOADS, b"", b'{"n":1}'], 1)
    found = wire.payloads()
    for payload in found[:-2]:
        with pytest.raises(json.JSONDecodeError):
            json.loads(payload.decode())
    assert found[-1] == b'{"n":1}'


def test_delayed_frames_come_later_in_order_and_nothing_overtakes_them(line: Line, wire: Wire) -> None:
    line.delay(100)
    line.put(PAYLOADS[:2], 10)
    line.delay(-100)
    line.put(PAYLOADS[2:3], 20)
    line.release(109)
    assert wire.payloads() == []
    line.release(110)
    assert wire.payloads() == PAYLOADS[:3]
    line.put(PAYLOADS[3:4], 120)
    assert wire.payloads() == PAYLOADS[:4]


def test_what_was_done_is_counted(wire: Wire) -> None:
    counts: Counter[str] = Counter()
    line = Line(wire, 1, counts)
    line.duplicate(1)
    line.spoil(2)
    line.reorder(3)
    line.put(PAYLOADS[:5], 1)
    assert counts == {"frames duplicated": 1, "frames corrupted": 2, "frames reordered": 4, "frames": 6}
