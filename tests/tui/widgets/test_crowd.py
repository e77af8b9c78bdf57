"""The crowd: moods and posts."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from tui import palette, sample
from tui.crowd import Crowd, Post, Stance
from tui.state import Lost, State, reduce
from tui.widgets.crowd import FIELDS, moods, post_line, posts

SAMPLE = fold(reduce, sample.events(), State())
POST = Post(sample.AT, "room", "to the moon", ("dogecoin",))
STANCE = Stance("dogecoin", "DOGEUSDT", sample.AT, 0.91, 0.29, 231.0, 143.2, 6.1, 7.4, False, "complete")


def line(width: int = 116, **fields: object) -> str:
    stance = msgspec.structs.replace(STANCE, **fields)
    return moods(State(crowd=Crowd(stances={stance.asset: stance})), width).plain.splitlines()[1]


def test_assets_stand_in_the_order_of_their_symbols() -> None:
    assert [row.split()[0] for row in moods(SAMPLE, 116).plain.splitlines()] == ["Asset", "bitcoin", "ethereum", "dogecoin", "pepe"]


def test_a_line_says_mood_texts_momentum_and_how_unusual_they_are() -> None:
    words = line().split()
    assert words[0] == "dogecoin"
    assert words[-6:] == ["+0.29", "+0.91", "231", "+143.2", "+6.1", "+7.4"]


@pytest.mark.parametrize(
    ("mood", "bar"),
    [(0.0, "   │   "), (1.0, "   │███"), (-1.0, "███│   "), (0.5, "   │█▌ "), (-0.5, " ▐█│   "), (None, "   │   "), (-9.0, "███│   ")],
)
def test_the_bar_starts_at_the_centre_mark(mood: float | None, bar: str) -> None:
    assert line(44, average_vibe=mood)[13:20] == bar


def test_the_bar_has_a_scale() -> None:
    heading, row = moods(SAMPLE, 117).plain.splitlines()[:2]
    assert heading.index("0") == row.index("│")
    assert heading.index("−1") < heading.index("0") < heading.index("+1")


def test_too_little_history_is_said_in_a_word() -> None:
    assert line(warming=True, message_count_z=None, hype_momentum_z=None).split()[-2:] == ["warming", "warming"]


def test_silence_has_no_mood() -> None:
    assert line(vibe=None).split()[-5] == "–"


@pytest.mark.parametrize(("completeness", "mark"), [("complete", "✓"), ("open_gap(1)", "!"), ("repaired(2)", "~")])
def test_data_that_is_not_whole_is_marked(completeness: str, mark: str) -> None:
    assert line(completeness=completeness)[10] == mark


@pytest.mark.parametrize("width", [5, 20, 36, 43, 44, 60, 76, 77, 116, 196])
def test_every_line_has_the_width_of_the_heading_and_none_breaks(width: int) -> None:
    lengths = {cell_len(row) for row in moods(SAMPLE, width).plain.splitlines()}
    assert len(lengths) == 1
    assert max(lengths) <= max(width, 11)
    assert all(cell_len(row) <= max(width, 30) for row in posts(SAMPLE.crowd, width).plain.splitlines())


def test_what_matters_least_goes_first() -> None:
    titles = [moods(SAMPLE, width).plain.splitlines()[0].split() for width in (76, 52, 44)]
    assert [("z" in found, "30" in found, "Texts" in found) for found in titles] == [
        (True, True, True),
        (False, True, True),
        (False, False, True),
    ]


def test_what_is_not_news_is_dim() -> None:
    def colours(state: State) -> set[str]:
        spans = moods(state, 116).split("\n")[1].spans
        return {span.style.color.name for span in spans if not isinstance(span.style, str) and span.style.color}

    later = msgspec.structs.replace(SAMPLE.sources["binance"], at=sample.AT + timedelta(seconds=40))
    assert palette.UP in colours(SAMPLE)
    assert colours(reduce(SAMPLE, later)) <= {palette.QUIET}
    assert colours(reduce(SAMPLE, Lost("gone", sample.AT, 1.0))) <= {palette.QUIET}


@pytest.mark.parametrize(
    ("score", "mark"),
    [(0.82, "▲ +0.82"), (-0.5, "▼ −0.50"), (0.04, "· +0.04"), (-0.09, "· −0.09"), (0.0, "· 0.00"), (0.1, "▲ +0.10"), (None, "–")],
)
def test_a_mood_is_a_mark_and_a_number(score: float | None, mark: str) -> None:
    assert post_line(POST, score, 80).plain[26:33].rstrip() == mark


def test_a_post_is_one_line() -> None:
    assert post_line(POST, 0.82, 80).plain.split() == ["12:16:40", "room", "▲", "+0.82", "dogecoin", "to", "the", "moon"]
    assert "room" not in post_line(POST, 0.82, 50).plain
    assert cell_len(post_line(msgspec.structs.replace(POST, text="word " * 99), 0.82, 80).plain) == 80


def test_a_post_may_mean_several_assets_or_none() -> None:
    assert "bitcoin,…" in post_line(msgspec.structs.replace(POST, assets=("bitcoin", "ethereum")), 0.82, 80).plain
    assert post_line(msgspec.structs.replace(POST, assets=()), None, 80).plain.split()[2:4] == ["–", "–"]


def test_the_newest_post_comes_first_and_of_one_instant_the_last_heard() -> None:
    earlier = msgspec.structs.replace(POST, at=sample.AT - timedelta(seconds=1), text="third")
    said = {
        ("a", 1): msgspec.structs.replace(POST, text="second"),
        ("a", 2): msgspec.structs.replace(POST, text="first"),
        ("a", 3): earlier,
    }
    assert [row.split()[-1] for row in posts(Crowd(posts=said), 80).plain.splitlines()] == ["first", "second", "third"]


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\x1b[2J\n\r\t\x00", "\u202e\u2066\u200f", "[bold]x[/]", "🇺🇸❤️☝🏽"])
def test_hostile_text_is_harmless(text: str) -> None:
    hostile = Post(sample.AT, text, text, (text, text))
    assert post_line(hostile, 0.5, 80).plain.isprintable()
    assert cell_len(post_line(hostile, 0.5, 80).plain) == 80
    assert line(asset=text).isprintable()
    assert cell_len(line(asset=text)) <= 116


def test_every_field_but_the_bar_says_what_it_means() -> None:
    assert [field.title for field in FIELDS if not field.meaning] == [""]
