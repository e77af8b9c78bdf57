"""The newest under each key, bounded, and what changed since."""

from __future__ import annotations

from connectors.outputs.feed_ledger import Ledger


def filled() -> Ledger[str, str]:
    ledger: Ledger[str, str] = Ledger(2)
    for sequence, name in enumerate("abac", 1):
        ledger.put(name, name.upper(), sequence)
    return ledger


def test_the_oldest_change_leaves_a_full_ledger() -> None:
    ledger = filled()
    assert len(ledger) == 2
    assert ledger.since(0) == ["A", "C"]
    assert ledger.since(3) == ["C"]


def test_what_is_dropped_is_told_no_more_and_may_be_dropped_twice() -> None:
    ledger = filled()
    for _ in range(2):
        ledger.drop("a")
        assert ledger.since(0) == ["C"]
