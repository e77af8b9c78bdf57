"""Tapes of a group's members become the tape of one reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.inputs.kafka_join import Joined, join
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter
from connectors.wire.gap import GAP_FEED
from connectors.wire.kafka_marks import KAFKA_FEED, Place, Reached, Runs, encode_mark
from scoring.errors import SessionError
from scoring.records import CLOCK_FEED, CLOCK_GRID_NS

A, B = ("trades", 0), ("trades", 1)
Event = tuple[int, Place, int]
"""When it was ingested, where it stands."""


def payload(event: Event) -> bytes:
    return f"{event[1][1]}:{event[2]}".encode()


def write(tape: Path, groups: list[list[Event]], clock_ns: int = 0, cut: int = 0) -> Path:
    """Write a member's tape: groups with their marks; time has passed `clock_ns` before the first."""
    writer = FrameWriter(tape, start_row=cut or None)
    if clock_ns:
        writer.append(clock_ns, CLOCK_FEED, b"")
    passed_ns = clock_ns
    for group in groups:
        runs, reached = Runs(), dict[Place, Reached]()
        for number, event in enumerate(group):
            stamp_ns, place, offset = event
            if not (cut and number < cut):
                writer.append(stamp_ns, "binance", payload(event))
            runs.add(place, offset, stamp_ns if stamp_ns < passed_ns else 0)
            passed_ns = max(passed_ns, stamp_ns)
            reached[place] = Reached(offset + 1)
        writer.append(passed_ns, KAFKA_FEED, encode_mark(reached, False, runs))
    writer.close()
    return tape


def frames_of(tape: Path) -> list[tuple[int, str, bytes]]:
    reader = FrameReader(tape)
    row, found = reader.first_row, list[tuple[int, str, bytes]]()
    while (chunk := reader.read(row, 1_000)) is not None:
        found += [(int(chunk.received_ns[index]), chunk.feed(index), chunk.payloads[index]) for index in range(len(chunk))]
        row += len(chunk)
    reader.close()
    return found


def as_frames(events: list[Event]) -> list[tuple[int, str, bytes]]:
    return [(event[0], "binance", payload(event)) for event in events]


def test_what_two_have_read_stands_once_and_in_the_order_of_one_reader(tmp_path: Path) -> None:
    events: list[Event] = [(10, A, 0), (10, A, 1), (10, B, 0), (20, A, 2), (25, B, 1), (30, A, 3), (40, A, 4)]
    killed = write(tmp_path / "a", [events[:2], events[3:4]])
    heir = write(tmp_path / "b", [[events[2]], [events[4]], [events[1], events[3], *events[5:]]], clock_ns=26)
    assert join([killed, heir], tmp_path / "joined") == Joined(events=7, doubled=2)
    expected = as_frames(events)
    expected.insert(5, (26, CLOCK_FEED, b""))
    assert frames_of(tmp_path / "joined") == expected


@settings(max_examples=25, deadline=None)
@given(some.data())
def test_however_partitions_went_from_one_to_the_other_the_joined_tape_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: some.DataObject
) -> None:
    stamps = sorted(data.draw(some.lists(some.integers(100, 130), min_size=1, max_size=30)))
    places = data.draw(some.lists(some.sampled_from([A, B]), min_size=len(stamps), max_size=len(stamps)))
    counts = {A: 0, B: 0}
    events: list[Event] = []
    for stamp_ns, place in sorted(zip(stamps, places, strict=True)):
        events.append((stamp_ns, place, counts[place]))
        counts[place] += 1
    folder = tmp_path_factory.mktemp("members")
    tapes = []
    takeovers = {place: sorted(data.draw(some.lists(some.integers(0, counts[place]), min_size=2, max_size=2))) for place in (A, B)}
    for member in range(3):  # each reads from some way before its takeover to that of the next
        mine = [
            event
            for event in events
            for borders in ([0, *takeovers[event[1]], counts[event[1]]],)
            if borders[member] - 2 <= event[2] < borders[member + 1]
        ]
        size = data.draw(some.integers(1, 9))
        groups = [mine[start : start + size] for start in range(0, len(mine), size)]
        tapes.append(write(folder / str(member), groups, clock_ns=data.draw(some.integers(90, 140))))
    joined = join(tapes, folder / "joined")
    assert joined.events == len(events)
    assert [frame for frame in frames_of(folder / "joined") if frame[1] == "binance"] == as_frames(events)


def test_marks_of_the_clock_stand_once_and_gaps_are_kept(tmp_path: Path) -> None:
    for member in ("a", "b"):
        writer = FrameWriter(tmp_path / member)
        writer.append(CLOCK_GRID_NS, CLOCK_FEED, b"")
        writer.append(CLOCK_GRID_NS, GAP_FEED, member.encode())
        writer.append(CLOCK_GRID_NS, KAFKA_FEED, encode_mark({A: Reached(5)}, False))
        writer.close()
    assert join([tmp_path / "a", tmp_path / "b"], tmp_path / "joined") == Joined(0, 0)
    expected = [(CLOCK_FEED, b""), (GAP_FEED, b"a"), (GAP_FEED, b"b")]
    assert [frame[1:] for frame in frames_of(tmp_path / "joined")] == expected


def test_a_tape_that_retention_has_cut_between_frames_and_their_mark_joins(tmp_path: Path) -> None:
    events: list[Event] = [(10, A, 0), (11, A, 1), (12, A, 2)]
    write(tmp_path / "a", [events], cut=2)
    assert join([tmp_path / "a"], tmp_path / "joined") == Joined(1, 0)
    assert frames_of(tmp_path / "joined") == as_frames(events[2:])


def test_tapes_that_do_not_say_where_events_come_from_are_refused(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path / "other")
    writer.append(10, "binance", b"{}")
    writer.close()
    with pytest.raises(SessionError, match="row 0 does not say which offset it was read from"):
        join([tmp_path / "other"], tmp_path / "joined")
    writer = FrameWriter(tmp_path / "broken")
    writer.append(10, KAFKA_FEED, b"oops")
    writer.close()
    with pytest.raises(SessionError, match="row 0: not a mark of topics"):
        join([tmp_path / "broken"], tmp_path / "joined")
