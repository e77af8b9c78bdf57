"""Headlines as the news input writes them on the tape, feed `news`: one JSON object each.

    {"source": "coindesk", "guid": "…", "published": "2026-05-01T12:00:00+00:00", "title": "…", "link": "https://…"}

News feeds come as XML of many dialects that list the same headlines again and again, so the frame is ours: one a headline, each
put on the tape once. It gives a row of news and, while it is fresh, a post of channel `news/<source>`, so that the crowd's stages
give it a mood. The post is as old as its receipt: news feeds are asked every few minutes, and what the crowd could not have read
earlier moved nobody earlier. Of the law that counts frames a headline counts once; a frame that is none is a reject.

`published` is ISO 8601 (UTC where it names no zone) or null; a headline without a date, or dated ahead of its receipt (publishers
schedule them), is as old as its receipt.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import TALK, Decoded, Refusal
from scoring.duration import nanoseconds
from scoring.records import NANOSECONDS_PER_MINUTE, Batch, Kind, News, Post, to_columns

NEWS_FEED: Final = "news"
"""Frames of this feed are headlines."""
CHANNEL_PREFIX: Final = "news/"
"""A headline's channel is this and its source."""
FRESH_NS: Final = 15 * NANOSECONDS_PER_MINUTE
"""An older headline is no news to the crowd: the first answer of a feed lists those of days."""


class Headline(msgspec.Struct, frozen=True, gc=False):
    """One headline as it stands on the tape."""

    source: Annotated[str, Meta(min_length=1)]
    """Name of the feed in the settings."""
    guid: Annotated[str, Meta(min_length=1)]
    """Unique in its feed."""
    published: dt.datetime | None
    title: Annotated[str, Meta(min_length=1)]
    link: str = ""


_DECODER: Final = msgspec.json.Decoder(Headline)


def message_id(guid: str) -> int:
    """Number a headline: the first 63 bits of the SHA-256 of its guid.

    >>> message_id("a")
    7299139317422481125
    """
    return int.from_bytes(hashlib.sha256(guid.encode()).digest()[:8]) >> 1


def decode(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode headlines in tape order: a batch of news per source, and one of posts for all, whose order lateness is judged by."""
    news: dict[str, list[News]] = {}
    posts: list[Post] = []
    rejects: list[Refusal] = []
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            headline = _DECODER.decode(payload)
            number = message_id(headline.guid)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        source, title = headline.source, headline.title
        dated_ns = nanoseconds(headline.published) if headline.published else 0
        event_ns = dated_ns if 0 < dated_ns < arrived_ns else arrived_ns
        link = headline.link if headline.link.startswith(("http://", "https://")) else ""
        news.setdefault(source, []).append(News(arrived_ns, event_ns, source, headline.guid, title, link))
        if arrived_ns - event_ns <= FRESH_NS:
            posts.append(Post(arrived_ns, arrived_ns, CHANNEL_PREFIX + source, number, author="", text=title, assets=""))
    batches = [Batch(Kind.NEWS, source, to_columns(News, rows)) for source, rows in sorted(news.items())]
    if posts:
        batches.append(Batch(Kind.POST, TALK, to_columns(Post, posts)))
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=0)
