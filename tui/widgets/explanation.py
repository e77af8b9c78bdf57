"""Why one alert fired, as blocks of lines: what and why, the numbers, the posts, how whole the data was, and "what if"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from scoring.alerts.avoidance import write_value
from scoring.alerts.metrics import ConditionError, find_metric
from scoring.duration import Duration
from scoring.feed import AlertState, RuleText, read_instant
from tui import figures, palette, verdict, whatif, why
from tui.columns import quality, quality_words
from tui.measures import Measures
from tui.state import State
from tui.widgets.lines import Lines

_QUIET: Final = Style(color=palette.QUIET)
_TEXT: Final = Style(color=palette.TEXT)
_TITLE: Final = Style(color=palette.ACCENT, bold=True)
_CHOSEN: Final = Style(color=palette.ACCENT, bold=True, underline=True)
_SECOND: Final = Style(color=palette.SECOND)
_AROUND_S: Final = 300.0
_NAME: Final = 34
_NUMBER: Final = 24
_CHANNEL: Final = 16
_CLOCK: Final = 8
_WHOLE: Final = len("~ repaired")
_LEAST: Final = 8
_GAP: Final = "  "
_Cells: TypeAlias = list[tuple[str, Style]]


class WhatIf:
    """The two things that can be changed, and which of them the keys change."""

    def __init__(self, alert: AlertState, rule: RuleText | None = None) -> None:
        """Start as it was."""
        self.threshold = self._threshold = whatif.threshold_of(alert)
        self.held = self._held = whatif.held_of(alert, rule)
        self.is_held = self.threshold is None
        """Whether the keys change the `for`."""
        self._judged: tuple[object, ...] = ()
        self._answer = whatif.Answer()

    @property
    def is_as_it_was(self) -> bool:
        """Whether nothing is changed."""
        return (self.threshold, self.held) == (self._threshold, self._held)

    def other(self) -> None:
        """Let the keys change the other one, where there is one."""
        self.is_held = not self.is_held or self.threshold is None

    def change(self, steps: int) -> None:
        """Change it by some steps."""
        if not self.is_held and self.threshold is not None and self._threshold is not None:
            self.threshold = whatif.changed(self.threshold, steps, whatif.step_of(self._threshold))
            return
        self.held = whatif.longer(self.held, steps)

    def reset(self) -> None:
        """Take back every change."""
        self.threshold, self.held = self._threshold, self._held

    def answer(self, alert: AlertState, seen: Measures) -> whatif.Answer:
        """Say whether it would have fired; judged again only where what is asked or what has been seen is another."""
        asked = (alert, self.threshold, self.held, seen.reach(alert.symbol))
        if asked != self._judged:
            threshold = None if self.threshold == alert.threshold else self.threshold
            self._judged, self._answer = asked, whatif.judge(alert, seen, threshold, self.held, self._held)
        return self._answer


def reason(alert: AlertState, width: int) -> Text:
    """Write what fired and why, and what it would have taken not to."""
    first, *rest = why.told(alert)
    text = Text()
    _add(text, [first], width, Style(color=palette.CRITICAL if alert.severity == "critical" else palette.WARNING, bold=True))
    _add(text, rest, width, _TEXT)
    text.append("\nit would not have fired with\n", _TITLE)
    avoided = why.avoided(alert)
    _add(text, avoided or ["cannot be said: the alert carries too little evidence"], width, _TEXT if avoided else _QUIET, "  ")
    return _shorn(text)


def numbers(alert: AlertState, width: int) -> Text:
    """Write the table of what entered the rule; names give way to numbers, and those to how whole they are."""
    found = why.evidence(alert)
    values = {name: _value(name, item.value) for name, item in found.items()}
    value_width = min(max(map(cell_len, values.values()), default=0), _NUMBER)
    name_width = min(max(width - value_width - _CLOCK - _WHOLE - 3 * len(_GAP), _LEAST), _NAME)
    return _table(
        "what entered the rule", [_number(item, name, values[name], name_width, value_width) for name, item in found.items()], width
    )


def crowd(alert: AlertState, width: int) -> Text:
    """Write the posts that moved the mood when it fired, as they are stored in the alert."""
    stored = why.posts(alert)
    if not stored:
        return _table("posts that moved the mood", [[("none are stored: no crowd entered this rule", _QUIET)]], width)
    heading = [
        (word, _QUIET) for word in (f"{'posted':{_CLOCK}}", f"{'channel':{_CHANNEL}}", f"{'mood':>5}", f"{'moved':>7}", "copies", "text")
    ]
    rest = max(width - sum(cell_len(word) + len(_GAP) for word, _ in heading[:-1]), _LEAST)
    return _table("posts that moved the mood", [heading, *(_post(post, rest) for post in stored)], width)


def whole(alert: AlertState, state: State, width: int) -> Text:
    """Say how whole the data was, and how far what the chart shows reaches back."""
    text = Text("data\n", _TITLE)
    mark, colour = quality(alert.completeness)
    text.append(f"{mark} {quality_words(alert.completeness)} when it fired\n", Style(color=colour))
    _add(text, [_reach(alert, state)], width, _QUIET)
    return _shorn(text)


def supposed(alert: AlertState, wish: WhatIf, seen: Measures, width: int) -> Text:
    """Write what was changed, and whether it would have fired."""
    text = Text("what if", _TITLE)
    text.append("  + − change, w the other, 0 as it was\n", _QUIET)
    threshold = "not a number" if wish.threshold is None else _value(alert.metric, wish.threshold)
    for name, value, chosen in (("threshold", threshold, not wish.is_held), ("for", str(Duration(wish.held)), wish.is_held)):
        text.append("▸ " if chosen else "  ", _TITLE).append(name, _CHOSEN if chosen else _QUIET).append(f" {value}\n", _TEXT)
    told = verdict.words(wish.answer(alert, seen), alert, is_as_it_was=wish.is_as_it_was)
    first, *rest = [figures.prose(line[:1_000]) for line in told]
    _add(text, [first], width, Style(color=palette.TEXT, bold=True))
    _add(text, rest, width, _QUIET)
    return _shorn(text)


def _number(item: why.Found, name: str, value: str, name_width: int, value_width: int) -> _Cells:
    mark, colour = quality(item.completeness[:40])
    return [
        (figures.fit(_named(name, name_width), name_width), _SECOND),
        (figures.fit(value, value_width, right=True), _TEXT),
        (figures.fit(figures.clock(read_instant(item.instant)), _CLOCK), _QUIET),
        (f"{mark} {quality_words(item.completeness[:40])}", Style(color=colour)),
    ]


def _post(post: why.MovingPost, rest: int) -> _Cells:
    return [
        (figures.fit(figures.clock(read_instant(post.posted)), _CLOCK), _QUIET),
        (figures.fit(figures.prose(post.channel[:200]), _CHANNEL), _SECOND),
        (figures.fit(figures.signed(post.score), 5, right=True), Style(color=palette.UP if post.score > 0 else palette.DOWN)),
        (figures.fit(figures.signed(post.moved, 4), 7, right=True), _TEXT),
        (figures.fit(figures.count(max(post.copies, 0)), 6, right=True), _TEXT),
        (figures.fit(figures.prose(post.text[:1_000]), rest), _TEXT),
    ]


def _table(title: str, rows: Sequence[_Cells], width: int) -> Text:
    """Write rows below a title, each cut where its place ends."""
    text = Text(f"{title}\n", _TITLE)
    for cells in rows or [[("nothing is stored", _QUIET)]]:
        line = Text(_GAP).join(Text(cell, style) for cell, style in cells)
        line.truncate(max(width, 1))
        text.append_text(line).append("\n")
    return _shorn(text)


def _reach(alert: AlertState, state: State) -> str:
    fired = alert.fired_at or alert.started_at
    points = state.symbols[alert.symbol].past if alert.symbol in state.symbols else ()
    if fired is None:
        return "it is not known when it fired"
    from_s, to_s = fired.timestamp() - _AROUND_S, fired.timestamp() + _AROUND_S
    kept = [at_s for at_s, _ in points if from_s <= at_s <= to_s]
    if not kept:
        return "no price of these ten minutes is left on this screen; `just explain` with the id reads the warehouse"
    now = state.tape_at
    missing = kept[0] - from_s > 10
    before = "prices are known from only part of the five minutes before it" if missing else "prices are known from five minutes before it"
    return before + ("" if now is None or now.timestamp() >= to_s else "; the five minutes after it are not over yet")


def _named(name: str, width: int) -> str:
    """Write a metric whole where there is room, else without its table."""
    whole_name = figures.prose(name[:200])
    return whole_name if cell_len(whole_name) <= width else whole_name.rpartition(".")[2]


def _value(metric: str, value: float | None) -> str:
    if value is None:
        return figures.UNKNOWN
    try:
        return write_value(find_metric(metric), value)
    except ConditionError:
        return f"{value:.6g}"


def _add(text: Text, lines: Sequence[str], width: int, style: Style, indent: str = "") -> None:
    """Add lines, each broken between words where it is longer than the place."""
    for line in lines:
        words, row = line.split(" "), ""
        for word in words:
            longer = f"{row} {word}" if row else word
            if row and cell_len(indent + longer) > width:
                text.append(f"{indent}{row}\n", style)
                row = word if indent else f"  {word}"
            else:
                row = longer
        text.append(f"{indent}{row}\n", style)


def _shorn(text: Text) -> Text:
    """Take the last line break away."""
    text.rstrip()
    return text


class Block(Lines):
    """One block of the explanation."""

    DEFAULT_CSS = """
    Block { height: auto; margin: 0 0 1 0; }
    """
