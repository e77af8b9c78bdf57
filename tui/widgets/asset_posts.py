"""The latest posts about one asset: how old, where, how it sounds, how many copies; copies of a text stand in one line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from tui import figures, palette
from tui.crowd import Crowd, Post
from tui.readings import Reading
from tui.state import State
from tui.widgets.lines import Lines
from tui.widgets.pane import Pane

_GAP: Final = "  "
_CHANNEL_WIDTH: Final = 16
_CHANNEL_FROM: Final = 60
_CLOCK_FROM: Final = 100
_MOOD_WIDTH: Final = 7
_AGE_WIDTH: Final = 4
_COPIES_WIDTH: Final = 4
_CLEAR_MOOD: Final = 0.1

MEANINGS: Final = (
    ("▲ ▼ ·", "sounds good, bad, like neither; – where it was not scored"),
    ("×3", "so many posts have the same text: the newest of them is shown, and they count once in the mood"),
)
"""For the help."""


def folded(crowd: Crowd, asset: str) -> Iterator[tuple[Post, float | None, int]]:
    """Give the posts about an asset with mood and number of copies, the newest first; those of one text once."""
    newest_first = sorted(enumerate(crowd.posts.items()), key=lambda numbered: (numbered[1][1].at, numbered[0]), reverse=True)
    about = [(key, post) for _, (key, post) in newest_first if asset in post.assets]
    copies: dict[object, int] = {}
    for key, _ in about:
        identity = crowd.identities.get(key) or key
        copies[identity] = copies.get(identity, 0) + 1
    for key, post in about:
        number = copies.pop(crowd.identities.get(key) or key, 0)
        if number:
            yield post, crowd.scores.get(key), number


def posts_of(crowd: Crowd, asset: str, now: datetime | None, width: int) -> Text:
    """Write them, one in a line, `width` columns."""
    return Text("\n").join(_line(post, score, copies, now, width) for post, score, copies in folded(crowd, asset))


def _line(post: Post, score: float | None, copies: int, now: datetime | None, width: int) -> Text:
    cells = [
        (figures.clock(post.at), 8 if width >= _CLOCK_FROM else 0, palette.QUIET, False),
        (figures.age(Reading(None, post.at).age_s(now)), _AGE_WIDTH, palette.QUIET, True),
        (figures.prose(post.channel), _CHANNEL_WIDTH if width >= _CHANNEL_FROM else 0, palette.QUIET, False),
        (_mood(score), _MOOD_WIDTH, _colour(score), False),
        (f"×{copies}" if copies > 1 else "", _COPIES_WIDTH, palette.WARNING, False),
    ]
    shown = [cell for cell in cells if cell[1]]
    line = Text(_GAP).join(Text(figures.fit(text, size, right=right), Style(color=colour)) for text, size, colour, right in shown)
    rest = max(width - sum(size + len(_GAP) for _, size, _, _ in shown), 0)
    line.append(_GAP).append(figures.fit(figures.prose(post.text), rest), Style(color=palette.TEXT))
    line.truncate(max(width, 1))
    return line


def _mood(score: float | None) -> str:
    if score is None:
        return figures.UNKNOWN
    return f"{'·' if abs(score) < _CLEAR_MOOD else '▲' if score > 0 else '▼'} {figures.signed(score)}"


def _colour(score: float | None) -> str:
    if score is None:
        return palette.QUIET
    return palette.TEXT if abs(score) < _CLEAR_MOOD else palette.UP if score > 0 else palette.DOWN


class StillPane(Pane, inherit_bindings=False):
    """A pane that leaves the arrows to the left and to the right to the chart beside it."""

    BINDINGS: ClassVar[list[BindingType]] = Pane.BINDINGS


class AssetPosts(StillPane):
    """The pane of the posts."""

    BORDER_TITLE = "Posts"

    def __init__(self) -> None:
        """Make the lines."""
        super().__init__(id="said")
        self._lines = Lines()
        self._title = ""

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._lines

    def show(self, state: State, asset: str) -> None:
        """Draw the posts about an asset; empty where the symbol is that of none."""
        title = f"Posts about {figures.prose(asset)}" if asset else "Posts"
        if title != self._title:
            self._title, self.border_title = title, Text(title)
        text = posts_of(state.crowd, asset, state.tape_at, self.room) if asset else Text("")
        self._lines.write(text if text.plain or not state.hello else Text("Nobody has spoken of it so far.", Style(color=palette.QUIET)))

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._lines.size.width
