"""News feeds of both dialects, well made and not, through the tape to headlines."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.inputs.news import FeedReader, NewsSettings, headlines, key_of, poller
from connectors.inputs.polling import Poller
from connectors.wire import news
from connectors.wire.news import Headline
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, frames, running, serving
from tests.waiting import wait_until

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Desk</title><link>https://x.test/</link>{items}</channel></rss>"""
ITEM = """<item><title><![CDATA[ Bitcoin &amp; friends
  rise {number} ]]></title><link>https://x.test/{number}</link><guid isPermaLink="false">id-{number}</guid>
<pubDate>Fri, 01 May 2026 12:{number:02}:00 +0200</pubDate><description>Long.</description></item>"""
ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Desk</title>
<entry><title>Ether falls</title><link href="https://x.test/e"/><id>tag:x.test,2026:e</id><updated>2026-05-01T10:00:00Z</updated></entry>
</feed>"""


def settled(feed: Poller) -> bool:
    return [health.state for health in feed.health()] == ["live", "live", "down"]


def rss(*numbers: int) -> bytes:
    return RSS.format(items="".join(ITEM.format(number=number) for number in numbers)).encode()


def item(inner: str) -> list[Headline]:
    return list(headlines("desk", RSS.format(items=f"<item>{inner}</item>").encode()))


def test_an_item_of_rss_is_a_headline() -> None:
    (found,) = headlines("desk", rss(7))
    published = dt.datetime(2026, 5, 1, 10, 7, tzinfo=dt.UTC)
    assert found == Headline("desk", "id-7", published, "Bitcoin & friends rise 7", "https://x.test/7")


def test_an_entry_of_atom_is_a_headline() -> None:
    (found,) = headlines("desk", ATOM)
    published = dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC)
    assert found == Headline("desk", "tag:x.test,2026:e", published, "Ether falls", "https://x.test/e")


def test_what_is_missing_is_made_up_for() -> None:
    assert item("<title>A</title><link>https://x.test/a</link>") == [Headline("desk", "https://x.test/a", None, "A", "https://x.test/a")]
    assert item("<title>A</title>") == [Headline("desk", "A", None, "A", "")]
    assert item("<link>https://x.test/a</link><description>no title</description>") == []


def test_markup_that_is_not_well_formed_is_read_as_far_as_it_goes() -> None:
    broken = rss(1, 2).replace(b"</channel></rss>", b"<item><title>AT&T & <b>more</title></item>")
    assert [headline.guid for headline in headlines("desk", broken)][:2] == ["id-1", "id-2"]


@pytest.mark.parametrize("half", ["&#55357;", "&#xD83D;", "&#xdfff;", "&#56832;", "&#57343;", "&#55296;"])
def test_half_a_character_becomes_a_question_mark(half: str) -> None:
    assert [headline.title for headline in item(f"<title>up {half} up</title>")] == ["up ? up"]


def test_titles_are_read_as_people_read_them() -> None:
    assert item("<title>5 &lt; 6 &amp; BTC&#8217;s</title>")[0].title == "5 < 6 & BTC’s"
    assert item("<title><![CDATA[R&amp;D\n &#8217;]]></title>")[0].title == "R&D ’"
    assert item("<title>&#128640; up</title>")[0].title == "🚀 up"


@pytest.mark.parametrize("date", ["yesterday", "0000-00-00", "9999-12-31T23:59:59-12:00", "Fri, 01 May 99999 12:07:00 +0200", ""])
def test_a_date_that_is_none_is_not_known(date: str) -> None:
    assert item(f"<title>A</title><pubDate>{date}</pubDate>")[0].published is None


@pytest.mark.parametrize("body", [b"", b"<html><body>Log in</body></html>", b'{"error":"none"}', b"/etc/hosts", b"http://127.0.0.1:1/"])
def test_what_is_no_feed_is_refused_and_nothing_it_names_is_opened(body: bytes) -> None:
    with pytest.raises(ValueError, match="RSS"):
        list(headlines("desk", body))


def test_what_the_parser_cannot_bear_is_refused() -> None:
    with pytest.raises(ValueError, match="ValueError in what should be RSS or Atom"):
        item("<title>&#x110000; & up</title>")


def test_a_feed_without_headlines_is_one() -> None:
    assert list(headlines("desk", rss())) == []


def test_an_entity_that_grows_without_end_is_not_unfolded() -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE r [<!ENTITY e0 "{"x" * 100}">{lines}]>'
    bomb = f'<?xml version="1.0"?>{doctype}<rss version="2.0"><channel><item><title>&e11;</title></item></channel></rss>'
    for headline in headlines("desk", bomb.encode()):
        assert len(headline.title) < 1_000


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200)
    | st.tuples(st.integers(0, 600), st.binary(max_size=6)).map(lambda cut: rss(1, 2)[: cut[0]] + cut[1] + rss(1, 2)[cut[0] :])
)
def test_any_bytes_give_headlines_that_can_be_put_on_the_tape_or_are_refused(body: bytes) -> None:
    try:
        reading = FeedReader("desk", 10).read(body, ())
    except ValueError:
        return
    at = np.full(len(reading.payloads), 1_780_000_000_000_000_000)
    decoded = news.decode(reading.payloads, at, at)
    assert decoded.rejects == []
    assert len(reading.seen) == len(reading.payloads)


def test_each_headline_is_told_once_oldest_first() -> None:
    reader, seen, found = FeedReader("desk", 10), list[str](), list[list[str]]()
    for body in (rss(2, 1), rss(2, 1), rss(4, 3, 2, 1), rss(5, 4, 3), rss(1)):
        reading = reader.read(body, seen)
        seen = list(reading.seen)
        found.append([msgspec.json.decode(payload, type=Headline).guid for payload in reading.payloads])
    assert found == [["id-1", "id-2"], [], ["id-3", "id-4"], ["id-5"], []]


def test_memory_is_bounded_and_never_forgets_what_is_listed() -> None:
    reader, seen = FeedReader("desk", 3), list[str]()
    for number in range(10):
        seen = list(reader.read(rss(number), seen).seen)
    assert seen == [key_of(f"id-{number}") for number in (7, 8, 9)]
    everything = reader.read(rss(*range(20, 30)), seen)
    assert len(everything.payloads) == len(everything.seen) == 10
    assert reader.read(rss(*range(20, 30)), everything.seen).payloads == []


def test_frames_of_the_tape_are_recalled_by_their_own_feed_alone() -> None:
    (payload,) = FeedReader("desk", 10).read(rss(1), ()).payloads
    assert FeedReader("desk", 10).recall(payload) == (key_of("id-1"),)
    assert FeedReader("other", 10).recall(payload) == ()
    assert FeedReader("desk", 10).recall(b"<html>") == ()


def test_headlines_of_several_feeds_go_on_the_tape_once_over_restarts_and_a_lost_memory(tmp_path: Path) -> None:
    replies = {"/desk": [Reply(rss(1, 2)), Reply(rss(3, 2, 1))], "/atom": [Reply(ATOM)], "/page": [Reply(b"<html>Log in</html>")]}
    with serving(replies) as site:
        addresses = {"desk": f"{site.address}/desk", "atom": f"{site.address}/atom", "page": f"{site.address}/page"}
        made = NewsSettings(feeds=addresses, interval=Duration.parse("50ms"))
        tape = tmp_path / "frames" / "live"
        for memory in ("one", "one", "lost"):
            feed = poller(made, tmp_path / memory)
            with running(feed, tape) as recorder:
                wait_until(partial(settled, feed))
                before = len(site.asked)
                site.wait_for(before + 6)
                found = frames(recorder, "news", 5)
                assert "neither RSS nor Atom" in feed.health()[2].last_error
    told = [frame for frame in found if not frame.startswith(b"<html>")]
    at = np.arange(len(told)) + 1_780_000_000_000_000_000
    decoded = news.decode(told, at, at)
    assert [(batch.symbol, batch["guid"].tolist()) for batch in decoded.batches[:2]] == [
        ("atom", ["tag:x.test,2026:e"]),
        ("desk", ["id-1", "id-2", "id-3"]),
    ]
    assert len(told) == 4
    assert b"<html>Log in</html>" in found
