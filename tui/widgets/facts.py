"""Lines of names and numbers with their age, and the line that says who a page is about and how it stands right now."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.columns import quality, quality_words
from tui.readings import Reading, SymbolReadings
from tui.widgets.lines import Lines

_GAP: Final = "   "
QUIET: Final = Style(color=palette.QUIET)


class Moment:
    """What numbers are held against: time on the tape, and whether the feed is there."""

    __slots__ = ("is_live", "now")

    def __init__(self, now: datetime | None, *, is_live: bool) -> None:
        """Keep both."""
        self.now, self.is_live = now, is_live

    def ink(self, reading: Reading, colour: str = palette.TEXT) -> Style:
        """Give the ink of a number: dim where it is not known or not news."""
        is_news = reading.value is not None and self.is_live and not reading.is_stale(self.now)
        return Style(color=colour if is_news else palette.QUIET)

    def age(self, reading: Reading) -> str:
        """Say how old a number is."""
        return figures.age(reading.age_s(self.now))


def heading(title: str, reading: Reading, moment: Moment, width: int) -> Text:
    """Write a title, and on the right the age of all that stands under it."""
    age = moment.age(reading)
    rest = max(width - cell_len(age) - 1, 0)
    return Text.assemble((figures.fit(title, rest), Style(color=palette.ACCENT, bold=True)), (f" {age}", QUIET))


def tint(value: float | None) -> str:
    """Give the colour of a change."""
    return (palette.TEXT, palette.UP, palette.DOWN)[figures.direction(value)]


def facts(readings: SymbolReadings, asset: str, span: str, moment: Moment, width: int) -> Text:
    """Write the line, `width` columns; what matters least is left out where there is no room."""
    if not readings.symbol:
        return Text(figures.fit("No symbol is known yet.", width), QUIET)
    mark, colour = quality(readings.completeness)
    name = Text.assemble(
        (figures.clean(readings.symbol), Style(color=palette.SECOND, bold=True)), (f" {mark}", Style(color=colour, bold=True))
    )
    last = Text.assemble(
        (figures.price(readings.last.value), moment.ink(readings.last) + Style(bold=True)), (f" {moment.age(readings.last)}", QUIET)
    )
    parts = [(0, name), (0, last)]
    if asset:
        parts.insert(1, (6, Text(figures.prose(asset), QUIET)))
    for rank, title, reading, text, ink in (
        (1, span, readings.change, figures.signed_percent(readings.change.value), tint(readings.change.value)),
        (2, "to VWAP", readings.vwap_distance, figures.signed_percent(readings.vwap_distance.value), tint(readings.vwap_distance.value)),
        (3, "spread", readings.spread_bps, _basis_points(readings.spread_bps.value), palette.TEXT),
        (4, "vol 1m", readings.volatility, figures.percent(readings.volatility.value), palette.TEXT),
    ):
        parts.append((rank, Text.assemble((f"{title} ", QUIET), (text, moment.ink(reading, ink)), (f" {moment.age(reading)}", QUIET))))
    parts.append((5, Text(quality_words(readings.completeness), Style(color=colour))))
    while len(parts) > 1 and sum(cell_len(part.plain) + len(_GAP) for _, part in parts) - len(_GAP) > width:
        parts.remove(max(parts, key=lambda part: part[0]))
    line = Text(_GAP).join(part for _, part in parts)
    line.truncate(max(width, 1), overflow="ellipsis")
    return line


def _basis_points(value: float | None) -> str:
    return figures.UNKNOWN if value is None else figures.basis_points(value)


class Facts(Lines):
    """The line."""

    def show(self, readings: SymbolReadings, asset: str, span: str, moment: Moment) -> None:
        """Draw it."""
        self.write(facts(readings, asset, span, moment, self.size.width))
