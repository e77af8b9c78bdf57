"""The ledger of gaps, by table."""

import pickle

import pytest

from scoring.market.completeness import GapLedger, completeness, is_repaired
from scoring.records import ALL_SYMBOLS, Gap

TRADES = frozenset({"trade"})


def gap(from_ns: int, to_ns: int, missing: int = 0, repaired: int = 0, kind: str = "trade") -> Gap:
    return Gap("partition", "BTCUSDT", kind, from_ns, to_ns, 0, 0, missing, repaired, "id jump")


@pytest.mark.parametrize(
    ("open_gaps", "repaired", "text"),
    [(0, 0, "complete"), (0, 3, "repaired(3)"), (2, 0, "open_gap(2)"), (1, 7, "open_gap(1)")],
)
def test_an_open_gap_is_worse_than_a_repaired_one(open_gaps: int, repaired: int, text: str) -> None:
    assert completeness(open_gaps, repaired) == text


@pytest.mark.parametrize(
    ("window", "overlaps"),
    [((0, 10), False), ((0, 11), True), ((12, 14), True), ((15, 20), True), ((20, 30), True), ((21, 30), False)],
)
def test_a_gap_includes_both_its_ends(window: tuple[int, int], overlaps: bool) -> None:
    ledger = GapLedger()
    ledger.add(gap(10, 20))
    assert ledger.open_in(*window, TRADES) == overlaps


@pytest.mark.parametrize(("window", "overlaps"), [((0, 8), False), ((0, 9), True), ((15, 20), True), ((21, 30), False)])
def test_a_gap_between_rows_out_of_order_still_spans_both(window: tuple[int, int], overlaps: bool) -> None:
    ledger = GapLedger()
    ledger.add(gap(20, 8))
    assert ledger.open_in(*window, TRADES) == overlaps


def test_a_gap_without_an_end_reaches_as_far_as_is_asked() -> None:
    ledger = GapLedger()
    ledger.add(gap(10, 0))
    assert ledger.open_in(1_000_000, 1_000_001, TRADES) == 1
    assert ledger.open_in(0, 10, TRADES) == 0


def test_news_about_a_gap_replaces_what_was_known() -> None:
    ledger = GapLedger()
    ledger.add(gap(10, 0))
    ledger.add(gap(10, 20, missing=2, repaired=1))
    assert len(ledger.gaps) == 1
    assert ledger.open_in(10, 20, TRADES) == 1
    assert ledger.open_in(30, 40, TRADES) == 0
    ledger.add(gap(10, 20, missing=2, repaired=2))
    assert ledger.open_in(10, 20, TRADES) == 0
    assert not ledger.gaps


def test_other_kinds_do_not_count_but_a_lost_connection_does() -> None:
    ledger = GapLedger()
    ledger.add(gap(10, 20, kind="quote"))
    assert ledger.open_in(0, 30, TRADES) == 0
    ledger.add(gap(10, 20, kind=ALL_SYMBOLS))
    assert ledger.open_in(0, 30, TRADES) == 1
    assert ledger.open_in(0, 30, frozenset({"quote", "depth"})) == 2


def test_a_gap_of_unknown_size_is_never_repaired() -> None:
    assert not is_repaired(gap(10, 20, missing=0, repaired=5))
    assert not is_repaired(gap(10, 20, missing=3, repaired=2))
    assert is_repaired(gap(10, 20, missing=3, repaired=3))


def test_the_oldest_gap_makes_room() -> None:
    ledger = GapLedger(limit=2)
    for from_ns in (30, 10, 20):
        ledger.add(gap(from_ns, from_ns + 5))
    assert sorted(key[3] for key in ledger.gaps) == [20, 30]


def test_gaps_that_are_over_are_forgotten_and_open_ones_are_not() -> None:
    ledger = GapLedger()
    ledger.add(gap(1, 0))
    ledger.add(gap(10, 20))
    ledger.add(gap(15, 30))
    ledger.forget_before(21)
    assert sorted(key[3] for key in ledger.gaps) == [1, 15]


def test_a_ledger_survives_pickling() -> None:
    ledger = GapLedger(limit=3)
    ledger.add(gap(10, 20))
    assert pickle.loads(pickle.dumps(ledger)) == ledger
