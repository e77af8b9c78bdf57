"""Scored posts wait for those before them; edits count from when they were received."""

import pickle

from scoring.crowd.arrivals import Arrivals
from scoring.crowd.texts import Posting
from scoring.records import Rows, SocialSignal, Table, to_columns

SECOND = 1_000_000_000


def signal(posted: float, message_id: int, received: float | None = None, channel: str = "calls", text_id: str = "t") -> SocialSignal:
    posted_ns = round(posted * SECOND)
    received_ns = posted_ns + SECOND if received is None else round(received * SECOND)
    return SocialSignal("bitcoin", channel, message_id, posted_ns, received_ns, text_id, 0.5, 0.5, 0.0, 0.5, "starter", "0" * 16)


def rows(through: float, *signals: SocialSignal) -> Rows:
    return Rows(Table.SOCIAL_SIGNALS, "bitcoin", to_columns(SocialSignal, signals), round(through * SECOND))


def popped(arrivals: Arrivals, at: int) -> list[tuple[str, int, str]]:
    return [(each.channel, each.message_id, each.text_id) for each in arrivals.pop(at)]


def test_posts_come_out_by_instant_then_channel_then_number_however_they_came_in() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(0, signal(3, 2), signal(2, 9, channel="tips"), signal(2, 8), signal(2, 7)))
    assert arrivals.next_second() == 2
    assert popped(arrivals, 1) == []
    assert popped(arrivals, 2) == [("calls", 7, "t"), ("calls", 8, "t"), ("tips", 9, "t")]
    assert [arrivals.next_second(), popped(arrivals, 5), arrivals.next_second()] == [3, [("calls", 2, "t")], None]


def test_a_post_counts_from_the_whole_second_at_or_after_it() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(0, signal(2, 1)))
    assert arrivals.next_second() == 2
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(0, signal(2.000000001, 1)))
    assert (arrivals.next_second(), arrivals.newest_ns) == (3, 2 * SECOND + 1)


def test_an_edit_counts_from_when_it_was_received_and_no_earlier_than_its_date() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(5, signal(2, 1)))
    arrivals.take(rows(5, signal(2, 1, received=40, text_id="edited"), signal(50, 1, received=45, text_id="again")))
    assert popped(arrivals, 39) == [("calls", 1, "t")]
    assert popped(arrivals, 49) == [("calls", 1, "edited")]
    assert popped(arrivals, 50) == [("calls", 1, "again")]


def test_of_the_versions_of_one_second_only_the_last_comes_out() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(5, signal(2, 1, text_id="a"), signal(2, 2)))
    arrivals.take(rows(5, signal(2, 1, received=8.2, text_id="b"), signal(2, 1, received=8.7, text_id="a")))
    assert [popped(arrivals, 2), popped(arrivals, 9)] == [[("calls", 1, "a"), ("calls", 2, "t")], [("calls", 1, "a")]]


def test_what_would_count_at_an_instant_that_has_passed_is_late() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(5, signal(5, 1)))
    arrivals.take(rows(5, signal(5, 2), signal(5.1, 3), signal(5, 1, received=5, text_id="edited")))
    assert arrivals.late_posts == 2
    assert popped(arrivals, 6) == [("calls", 1, "t"), ("calls", 3, "t")]


def test_how_far_the_posts_are_out_never_turns_back() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(9))
    arrivals.take(Rows(Table.SOCIAL_SIGNALS, "bitcoin", {}, 7 * SECOND))
    assert arrivals.through_ns == 9 * SECOND


def test_a_post_that_has_left_every_window_is_not_known_any_more() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(302, signal(2, 1)))
    arrivals.take(rows(302, signal(305, 1, received=400), signal(2, 1, received=400)))
    assert (arrivals.late_posts, arrivals.pop(305)[-1].posted_ns) == (0, 305 * SECOND)


def test_no_more_posts_are_remembered_than_are_allowed() -> None:
    arrivals = Arrivals(300 * SECOND, 2)
    arrivals.take(rows(4, *(signal(at, at) for at in (1, 2, 3))))
    arrivals.take(rows(4, *(signal(at, at, received=40) for at in (1, 2, 3))))
    assert arrivals.late_posts == 1
    arrivals.take(rows(302, *(signal(at, at) for at in (300, 301))))
    arrivals.take(rows(302, *(signal(at, at, received=400) for at in (300, 301))))
    assert arrivals.late_posts == 3
    arrivals.take(rows(310, signal(305, 305)))
    arrivals.take(rows(310, signal(305, 305, received=400)))
    assert arrivals.late_posts == 3


def test_a_copy_goes_its_own_way() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(0, signal(2, 1)))
    assert popped(arrivals.copy(), 9) == popped(arrivals, 9) == [("calls", 1, "t")]


def test_what_comes_out_is_what_a_window_takes() -> None:
    arrivals = Arrivals(300 * SECOND, 100)
    arrivals.take(rows(0, signal(2, 1)))
    (found,) = arrivals.pop(2)
    assert found == Posting(2 * SECOND, "calls", 1, "t", 0.5)
    assert [type(value) for value in found] == [int, str, int, str, float]


def test_a_day_of_posts_leaves_no_more_behind_than_a_window_does() -> None:
    arrivals = Arrivals(300 * SECOND, 100_000)
    for at in range(10_000):
        arrivals.take(rows(at, signal(at + 1, at)))
        arrivals.pop(at)
    assert len(pickle.dumps(arrivals)) < 600 * 60
    arrivals.take(rows(10_000, signal(9_800, 9_799, received=10_001)))
    assert (arrivals.late_posts, popped(arrivals, 10_001)[-1]) == (0, ("calls", 9_799, "t")), "the last window is known"
