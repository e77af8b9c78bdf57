"""The crowd: how each asset is spoken of, and the latest posts with the mood of each.

The numbers stand in fields, of which those that matter least go first when the screen is narrow; the mood bar takes what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult

from tui import figures, palette
from tui.columns import quality
from tui.crowd import Crowd, Post, Stance
from tui.readings import Reading
from tui.state import Link, State
from tui.widgets.lines import Lines
from tui.widgets.pane import Pane

_GAP: Final = "  "
_HALF_BARS: Final = (3, 16)
"""Least and most columns of one half of the mood bar."""
_CLEAR_MOOD: Final = 0.1
"""A post nearer to 0 than this is neither: a model is never quite sure."""
_MANY: Final = 4.0
"""Standard deviations from which a number is worth a look."""
_CHANNEL_WIDTH: Final = 14
_CHANNEL_FROM: Final = 60
"""Columns from which there is room to say where a post was written."""
_ASSET_WIDTH: Final = 9
_MOOD_WIDTH: Final = 7


class Field(msgspec.Struct, frozen=True):
    """One number about an asset."""

    title: str
    width: int
    """0 for the bar, which takes what is left."""
    rank: int
    """The highest go first when there is no room."""
    meaning: str
    """For the help, one line."""
    draw: Callable[[Stance, int], Text]
    right: bool = True


def _asset(stance: Stance, width: int) -> Text:
    mark, colour = quality(stance.completeness)
    name = Text(figures.fit(figures.prose(stance.asset), width - 2), Style(color=palette.SECOND, bold=True))
    return name.append(f" {mark}", Style(color=colour, bold=True))


def _bar(stance: Stance, width: int) -> Text:
    left, right = figures.balance(stance.average_vibe, _half(width))
    bar = Text.assemble((left, Style(color=palette.DOWN)), ("│", Style(color=palette.QUIET)), (right, Style(color=palette.UP)))
    return bar.append(" " * (width - len(bar)))


def _scale(width: int) -> str:
    half = _half(width)
    return figures.fit("−1".ljust(half) + "0" + "+1".rjust(half), width)


def _half(width: int) -> int:
    return (width - 1) // 2


def _mood(stance: Stance, width: int) -> Text:
    return _cell(figures.signed(stance.average_vibe), width, _mood_colour(stance.average_vibe))


def _lately(stance: Stance, width: int) -> Text:
    return _cell(figures.signed(stance.vibe), width, _mood_colour(stance.vibe))


def _texts(stance: Stance, width: int) -> Text:
    return _cell(figures.number(stance.message_count), width)


def _hype(stance: Stance, width: int) -> Text:
    return _cell(figures.signed(stance.hype_momentum, 1), width)


def _texts_z(stance: Stance, width: int) -> Text:
    return _deviation(stance, stance.message_count_z, width)


def _hype_z(stance: Stance, width: int) -> Text:
    return _deviation(stance, stance.hype_momentum_z, width)


FIELDS: Final = (
    Field("Asset", 11, 0, "what is spoken of; ! where posts or trades are missing", _asset, right=False),
    Field("", 0, 1, "", _bar, right=False),
    Field("Mood", 5, 2, "mean score of the texts of the last 5 min: −1 all bad, │ 0, +1 all good; copies count once", _mood),
    Field("30 s", 5, 5, "the same for the last 30 s; – while they are silent", _lately),
    Field("Texts", 5, 3, "how many those 5 min have; copies count once", _texts),
    Field("Hype", 8, 4, "hype momentum: texts × how far the last 30 s are above the mean mood", _hype),
    Field("Texts z", 7, 7, "texts against the asset's own last day, in standard deviations; warming while that is too short", _texts_z),
    Field("Hype z", 7, 6, "hype likewise", _hype_z),
)


def moods(state: State, width: int) -> Text:
    """Write a heading and a line for each asset, in the order of their symbols, `width` columns."""
    layout = _chosen(width)
    titles = (figures.fit(field.title, size, right=field.right) if field.title else _scale(size) for field, size in layout)
    lines = [Text(_GAP.join(titles), Style(color=palette.QUIET))]
    places = {symbol: place for place, symbol in enumerate(state.symbols)}
    ordered = sorted(state.crowd.stances.values(), key=lambda stance: (places.get(stance.symbol, len(places)), stance.asset))
    for stance in ordered:
        line = Text(_GAP).join(field.draw(stance, size) for field, size in layout)
        if state.link not in (Link.OPEN, Link.ENDED) or Reading(None, stance.at).is_stale(state.tape_at):
            line = Text(line.plain, Style(color=palette.QUIET))  # all is dim that is not news
        lines.append(line)
    return Text("\n").join(lines)


def posts(crowd: Crowd, width: int) -> Text:
    """Write the posts, the newest first, `width` columns."""
    newest_first = sorted(enumerate(crowd.posts.items()), key=lambda numbered: (numbered[1][1].at, numbered[0]), reverse=True)
    return Text("\n").join(post_line(post, crowd.scores.get(key), width) for _, (key, post) in newest_first)


def post_line(post: Post, score: float | None, width: int) -> Text:
    """Write one post in one line: when, where, how it sounds, about what, and as much of it as there is room for."""
    about = ", ".join(figures.prose(asset) for asset in post.assets) or figures.UNKNOWN
    cells = [
        (figures.clock(post.at), 8, palette.QUIET),
        (figures.prose(post.channel), _CHANNEL_WIDTH if width >= _CHANNEL_FROM else 0, palette.QUIET),
        (_mood_mark(score), _MOOD_WIDTH, _mood_colour(score)),
        (about, _ASSET_WIDTH, palette.SECOND if post.assets else palette.QUIET),
    ]
    shown = [cell for cell in cells if cell[1]]
    line = Text(_GAP).join(Text(figures.fit(text, size), Style(color=tint)) for text, size, tint in shown)
    rest = max(width - sum(size + len(_GAP) for _, size, _ in shown), 0)
    return line.append(_GAP).append(
        figures.fit(figures.prose(post.text), rest), Style(color=palette.TEXT if post.assets else palette.QUIET)
    )


def _chosen(width: int) -> tuple[tuple[Field, int], ...]:
    kept = list(FIELDS)
    least, most = (2 * half + 1 for half in _HALF_BARS)
    while len(kept) > 1 and _needed(kept, least) > width:
        kept.remove(max(kept, key=lambda field: field.rank))
    bar = min(width - _needed(kept, 0), most)
    return tuple((field, field.width or bar) for field in kept)


def _needed(kept: Sequence[Field], bar: int) -> int:
    return sum(field.width or bar for field in kept) + len(_GAP) * (len(kept) - 1)


def _cell(text: str, width: int, colour: str = palette.TEXT) -> Text:
    return Text(figures.fit(text, width, right=True), Style(color=palette.QUIET if text == figures.UNKNOWN else colour))


def _deviation(stance: Stance, value: float | None, width: int) -> Text:
    if stance.warming:
        return _cell("warming", width, palette.QUIET)
    return _cell(figures.signed(value, 1), width, palette.WARNING if value is not None and abs(value) >= _MANY else palette.TEXT)


def _mood_mark(score: float | None) -> str:
    if score is None:
        return figures.UNKNOWN
    mark = "·" if abs(score) < _CLEAR_MOOD else "▲" if score > 0 else "▼"
    return f"{mark} {figures.signed(score)}"


def _mood_colour(score: float | None) -> str:
    if score is None or abs(score) < _CLEAR_MOOD:
        return palette.QUIET if score is None else palette.TEXT
    return palette.UP if score > 0 else palette.DOWN


class CrowdPane(Pane):
    """The pane of the crowd."""

    BORDER_TITLE = "Crowd"

    def __init__(self) -> None:
        """Make the lines."""
        super().__init__()
        self._moods, self._posts = Lines(id="moods"), Lines(id="posts")

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._moods
        yield self._posts

    def show(self, state: State) -> None:
        """Draw the state."""
        quiet = Text("Nobody has been heard so far." if state.hello else "", Style(color=palette.QUIET))
        if not self.room:
            return  # not laid out yet: moods without their numbers would be there for a moment
        self._moods.write(moods(state, self.room) if state.crowd.stances else Text("") if state.crowd.posts else quiet)
        self._posts.write(posts(state.crowd, self.room))
        self._moods.display = bool(state.crowd.stances) or not state.crowd.posts
        self._posts.set_class(bool(state.crowd.stances), "below-moods")

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._posts.size.width
