"""Headlines of news feeds, RSS or Atom: each goes on the tape once, oldest first, as a small frame of our own.

Feeds list the same headlines for hours, so what is on the tape is remembered by source and guid, and after a crash the end of the
tape itself is asked. What cannot be read as a feed at all goes on the tape as it is, and becomes a reject there.
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import html
import io
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from connectors.inputs.answers import Question
from connectors.inputs.polling import Poller
from connectors.inputs.polls import Poll, PollingSettings, Reading
from connectors.wire.news import NEWS_FEED, Headline
from scoring.duration import Duration

_KEY_DIGITS: Final = 16
_HALF: Final = re.compile(rb"&#(?:x[Dd][89A-Fa-f][0-9A-Fa-f]{2}|5529[6-9]|55[3-9]\d\d|5[67]\d{3});")
"""Half a character as a number, up to 57999, which the parser cannot bear; some feeds write those that are none of a page in halves."""
_UNDATED: Final = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class NewsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which news feeds are read."""

    enabled: bool = False
    """Nobody is asked unless this is set."""
    feeds: dict[str, str] = msgspec.field(
        default_factory=lambda: {
            "coindesk": "https://www.coindesk.com/arc/outboundfeeds/rss",
            "cointelegraph": "https://cointelegraph.com/rss",
            "decrypt": "https://decrypt.co/feed",
        }
    )
    """Addresses of RSS or Atom feeds, by the name that their headlines carry."""
    interval: Duration = Duration.parse("5m")
    """Between questions to one feed."""
    remember: int = 1_000
    """Headlines of a feed that are known to be on the tape; those it lists just now are remembered in any case."""
    polling: PollingSettings = PollingSettings()


def poller(settings: NewsSettings, folder: Path) -> Poller:
    """Poll every feed; `folder` keeps what must not be forgotten."""
    polls = []
    for source, address in settings.feeds.items():
        reader = FeedReader(source, settings.remember)
        polls.append(Poll(f"news {source}", NEWS_FEED, Question(address), settings.interval, reader.read, reader.recall))
    return Poller("news", polls, folder / "news.json", settings.polling)


class FeedReader:
    """Tells the headlines of one feed that are new."""

    def __init__(self, source: str, remember: int) -> None:
        """Take the name of the feed and how many of its headlines to remember."""
        self._source, self._remember = source, remember

    def read(self, body: bytes, seen: Sequence[str]) -> Reading:
        """Put the headlines on the tape that are not there yet.

        Raises:
            ValueError: it is no feed.
        """
        listed = {key_of(headline.guid): headline for headline in headlines(self._source, body)}
        known = set(seen)
        fresh = [headline for key, headline in listed.items() if key not in known]
        fresh.sort(key=lambda headline: headline.published or _UNDATED)
        older, room = [key for key in seen if key not in listed], max(self._remember - len(listed), 0)
        kept = older[-room:] if room else []
        return Reading([msgspec.json.encode(headline) for headline in fresh], [*kept, *listed])

    def recall(self, payload: bytes) -> Sequence[str]:
        """Say which headline a frame is; none for those of other feeds."""
        try:
            headline = msgspec.json.decode(payload, type=Headline)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ()  # it became a reject
        return (key_of(headline.guid),) if headline.source == self._source else ()


def key_of(guid: str) -> str:
    """Shorten a guid, which may be of any length."""
    return hashlib.sha256(guid.encode()).hexdigest()[:_KEY_DIGITS]


def headlines(source: str, body: bytes) -> Iterator[Headline]:
    """Read a feed, in its own order; entries without a title say nothing.

    Raises:
        ValueError: it is no feed.
    """
    for entry in _entries(body):
        title, link = html.unescape(_text(entry, "title")), _text(entry, "link")
        if title:
            yield Headline(source, _text(entry, "id") or link or title, _published(entry), title, link)


def _entries(body: bytes) -> Sequence[Mapping[str, object]]:
    import feedparser

    stream = io.BytesIO(_HALF.sub(b"?", body))  # bytes would be opened where they look like the name of a file
    try:
        # Bodies are not kept, so nothing in them is made safe or absolute: that takes ten times as long as all the rest.
        parsed = feedparser.parse(stream, sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # a parser of many dialects fails in as many ways, and every one of them means the same
        raise ValueError(f"{type(error).__name__} in what should be RSS or Atom") from error
    entries: Sequence[Mapping[str, object]] = parsed.get("entries", [])
    if not parsed.get("version") and not entries:
        raise ValueError("neither RSS nor Atom")
    return entries


def _text(entry: Mapping[str, object], name: str) -> str:
    """Give a field in one line."""
    value = entry.get(name)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _published(entry: Mapping[str, object]) -> dt.datetime | None:
    parsed = entry.get("published_parsed") or (entry.get("updated_parsed") if "updated_parsed" in entry else None)
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None  # a date that is none
