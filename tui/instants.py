"""The timestamps of the feed, each text read once: the rows of hundreds of symbols carry the same windows, many times a second."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Final

from scoring.feed import Value, read_instant

_KEPT: Final = 4_096
"""Texts remembered: what is newest of some thousand rows."""


def instant(value: Value) -> datetime | None:
    """Read RFC 3339 text as `scoring.feed.read_instant` does; None where it is none.

    >>> instant("1970-01-01T00:00:01.5Z").timestamp(), instant(5)
    (1.5, None)
    """
    return _read(value) if type(value) is str else None


@functools.lru_cache(maxsize=_KEPT)
def _read(text: str) -> datetime | None:
    return read_instant(text)
