"""What a decoder gives back accounts for every frame."""

from __future__ import annotations

import numpy as np

from connectors.wire.decoded import Decoded, Refusal
from scoring.records import Batch, BookUpdates, DepthDiffs, DepthSnapshot, Kind


def test_rows_updates_rejects_notices_and_ignored_frames_are_counted() -> None:
    ids, stops, levels = np.arange(3), np.zeros(3, np.int64), np.empty((0, 2))
    diffs, snapshot = DepthDiffs(ids, ids, ids, ids, stops, stops, levels, levels), DepthSnapshot(1, 1, 1, [], [], True)
    found = Decoded(
        batches=[Batch(Kind.QUOTE, "BTCUSDT", {"received_ns": np.arange(5)})],
        books=[BookUpdates("BTCUSDT", [diffs, snapshot])],
        rejects=[Refusal(0, 9, "bad")],
        notices=["reply"],
        ignored=10,
    )
    assert found.frames() == 5 + 4 + 1 + 1 + 10


def test_nothing_counts_as_nothing() -> None:
    assert Decoded([], [], [], [], 0).frames() == 0
