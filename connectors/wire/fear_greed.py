"""The fear and greed index of alternative.me, as received: feed `fear_greed`.

    {"data": [{"value": "47", "value_classification": "Neutral", "timestamp": "1777248000"}], "metadata": {"error": null}}

One body holds many days, newest first: it gives a row per day in the order of the days, or is one reject as a whole, or is
ignored because it is empty. Who shows the index has to name its source beside it.

Source: https://alternative.me/crypto/fear-and-greed-index/#api
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded, Refusal
from scoring.records import NANOSECONDS_PER_SECOND, Batch, FearGreed, Kind, to_columns

FEAR_GREED_FEED: Final = "fear_greed"
"""Frames of this feed are answers of the index."""


class IndexDay(msgspec.Struct, frozen=True, gc=False):
    """One day of the index."""

    value: Annotated[int, Meta(ge=0, le=100)]
    value_classification: str
    timestamp: Annotated[int, Meta(ge=0, lt=9_000_000_000)]
    """Start of the day, Unix seconds."""


class _Metadata(msgspec.Struct, frozen=True, gc=False):
    error: str | None = None


class _Answer(msgspec.Struct, frozen=True, gc=False):
    data: list[IndexDay]
    metadata: _Metadata = _Metadata()


def read_days(payload: bytes) -> list[IndexDay]:
    """Read one answer, oldest day first.

    Raises:
        ValueError: it is none, or tells of an error; the message says which.
    """
    try:
        answer = msgspec.convert(msgspec.json.decode(payload), _Answer, strict=False)  # its numbers are text
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if answer.metadata.error:
        raise ValueError(f"the index answers {answer.metadata.error!r}: expected days")
    return sorted(answer.data, key=lambda day: day.timestamp)


def decode(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode answers, in tape order, into one batch."""
    found: list[FearGreed] = []
    rejects: list[Refusal] = []
    ignored = 0
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            days = read_days(payload)
        except ValueError as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        ignored += not days
        for day in days:
            event_ns = min(day.timestamp * NANOSECONDS_PER_SECOND, arrived_ns)
            found.append(FearGreed(arrived_ns, event_ns, day.value, day.value_classification))
    batches = [Batch(Kind.FEAR_GREED, FEAR_GREED_FEED, to_columns(FearGreed, found))] if found else []
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=ignored)
