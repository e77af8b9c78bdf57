"""The book of a served session: the exchange's own recipe, in text."""

from __future__ import annotations

from connectors.outputs.exchange_book import Book, BookCopy, Level, Update


def diff(first: int, last: int, bids: list[Level] | None = None, asks: list[Level] | None = None) -> Update:
    return Update(first_id=first, last_id=last, bid_changes=bids or [], ask_changes=asks or [])


def snapshot(number: int) -> Update:
    return Update(snapshot_id=number, bids=[("9.0", "1"), ("8.0", "1")], asks=[("10.0", "1"), ("11.0", "1")])


def test_updates_are_held_back_until_there_is_a_snapshot() -> None:
    book = BookCopy()
    for number in range(1, 6):
        book.apply(diff(number, number, [(f"{number}.5", "7")]))
    assert book.answer(5) is None
    book.apply(snapshot(3))
    assert book.answer(5) == Book(5, [("9.0", "1"), ("8.0", "1"), ("5.5", "7"), ("4.5", "7")], [("10.0", "1"), ("11.0", "1")])


def test_levels_are_sorted_as_numbers_changed_and_removed() -> None:
    book = BookCopy()
    book.apply(snapshot(3))
    book.apply(diff(4, 4, [("9.0", "0.00000000"), ("8.0", "2")], [("100.0", "1"), ("9.5", "3")]))
    book.apply(diff(5, 5, [("1.0", "0")]))
    book.apply(diff(4, 4, [("8.0", "5")]))
    assert book.answer(2) == Book(5, [("8.0", "2")], [("9.5", "3"), ("10.0", "1")])


def test_a_book_with_a_hole_is_not_known_until_the_next_snapshot() -> None:
    book = BookCopy()
    book.apply(snapshot(3))
    book.apply(diff(6, 7, [("7.0", "1")]))
    assert book.answer(1) is None
    book.apply(diff(8, 9, [("7.5", "1")]))
    book.apply(snapshot(7))
    assert book.answer(5) == Book(9, [("9.0", "1"), ("8.0", "1"), ("7.5", "1")], [("10.0", "1"), ("11.0", "1")])


def test_an_old_snapshot_changes_nothing() -> None:
    book = BookCopy()
    book.apply(snapshot(3))
    book.apply(diff(4, 8))
    book.apply(snapshot(5))
    assert (book.answer(1) or snapshot(0)) == Book(8, [("9.0", "1")], [("10.0", "1")])


def test_the_first_snapshot_is_known_before_it_is_reached_and_only_then() -> None:
    book = BookCopy()
    book.seed(snapshot(3))
    book.seed(snapshot(99))
    book.apply(diff(2, 2))
    assert (book.answer(1) or snapshot(0)) == Book(3, [("9.0", "1")], [("10.0", "1")])
    book.apply(snapshot(3))
    book.apply(diff(7, 7))
    assert book.answer(1) is None


def test_a_tape_with_only_the_top_answers_with_it() -> None:
    book = BookCopy()
    book.show_top(snapshot(4))
    book.show_top(snapshot(5))
    assert book.answer(1) == Book(5, [("9.0", "1")], [("10.0", "1")])


def test_what_is_held_back_is_bounded_and_the_newest() -> None:
    book = BookCopy()
    for number in range(1, 30_000):
        book.apply(diff(number, number))
    book.apply(snapshot(29_990))
    known = book.answer(1)
    assert known is not None
    assert known.last_id == 29_999
