"""What is on the tape: every message once however it comes, holes, edits that are edits, a memory that is bounded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.inputs.telegram_ledger import Ledger


def taking(ledger: Ledger, message_id: int, channel: str = "calls") -> bool:
    """Take a message as the feed does, and say whether it was put."""
    is_new = ledger.is_new(channel, message_id)
    if is_new:
        ledger.note(channel, message_id, f"text {message_id}")
    return is_new


def test_a_message_is_new_once() -> None:
    ledger = Ledger(10)
    assert [taking(ledger, number) for number in (1, 2, 1, 3, 2)] == [True, True, False, True, False]
    assert taking(ledger, 1, "other")


def test_what_is_older_than_the_beginning_is_not_new() -> None:
    ledger = Ledger(10)
    assert ledger.whole("calls") is None
    ledger.begin("calls", 7)
    assert (ledger.whole("calls"), [taking(ledger, number) for number in (6, 7, 8)]) == (7, [False, False, True])
    assert ledger.whole("calls") == 8


def test_a_hole_is_there_until_what_is_missing_came_or_was_looked_for() -> None:
    ledger = Ledger(10)
    ledger.begin("calls", 1)
    assert not ledger.has_hole("calls")
    taking(ledger, 3)
    assert (ledger.has_hole("calls"), ledger.whole("calls")) == (True, 1)
    taking(ledger, 2)
    assert (ledger.has_hole("calls"), ledger.whole("calls")) == (False, 3)
    taking(ledger, 6)
    ledger.cover("calls", 5)
    assert (ledger.has_hole("calls"), ledger.whole("calls")) == (False, 6)
    ledger.cover("calls", 2)
    assert ledger.whole("calls") == 6


def test_only_a_new_text_that_is_no_older_is_an_edit() -> None:
    ledger = Ledger(10)
    taking(ledger, 1)
    assert not ledger.is_edit("calls", 1, "text 1", 60)
    assert ledger.is_edit("calls", 1, "other", 60)
    ledger.note("calls", 1, "other", 60)
    assert [ledger.is_edit("calls", 1, "text 1", at) for at in (59, 60, 61)] == [False, True, True]
    assert ledger.is_edit("calls", 9, "unknown", 0)
    assert [ledger.remembers("calls", number) for number in (1, 9)] == [True, False]


def test_nothing_follows_a_deletion() -> None:
    ledger = Ledger(10)
    taking(ledger, 1)
    assert not ledger.is_gone("calls", 1)
    ledger.note_gone("calls", 1)
    assert (ledger.is_gone("calls", 1), ledger.is_edit("calls", 1, "other", 99), taking(ledger, 1)) == (True, False, False)


def test_messages_of_small_groups_are_found_by_id_alone() -> None:
    ledger = Ledger(10)
    taking(ledger, 5, "family")
    taking(ledger, 6, "calls")
    assert list(ledger.homes([5, 6, 7], frozenset({"family"}))) == [("family", 5)]


def test_what_was_forgotten_is_old_but_never_what_was_not_looked_at() -> None:
    ledger = Ledger(3)
    ledger.begin("calls", 0)
    for number in (1, 2, 3, 4, 5):
        taking(ledger, number)
    assert [taking(ledger, number) for number in (1, 2, 3)] == [False] * 3
    ledger = Ledger(3)
    ledger.begin("calls", 0)
    for number in (10, 11, 12, 13, 14):
        taking(ledger, number)
    assert [taking(ledger, number) for number in (1, 2)] == [True, True]


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(30, 60))
@settings(max_examples=100, deadline=None)
def test_in_any_order_each_message_is_put_once_and_holes_are_known(numbers: list[int], remembered: int) -> None:
    ledger = Ledger(remembered)
    ledger.begin("calls", 0)
    put = [number for number in numbers if taking(ledger, number)]
    assert sorted(put) == sorted(set(numbers))
    whole = next(number for number in range(40) if number + 1 not in put)
    assert (ledger.whole("calls"), ledger.has_hole("calls")) == (whole, max(put, default=0) > whole)
