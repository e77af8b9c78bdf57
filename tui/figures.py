"""How numbers, ages and other people's text are written: always with sign or unit, always of a known width.

Pure: values in, text out. Text that came over the feed is never markup and never moves the cursor: whatever cannot be printed is
replaced, and it is cut to its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.cells import cell_len, set_cell_size

UNKNOWN: Final = "–"
"""Stands for a number that is not known."""
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_BRAILLE: Final = 0x2800
"""The empty one of the 256 patterns of dots."""
_DOT_ROWS: Final = 4
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of the left and of the right column of dots, from the top."""
_PLAIN: Final = (
    {0x1F1E6 + letter: chr(ord("A") + letter) for letter in range(26)}
    | dict.fromkeys(range(0xFE00, 0xFE10))
    | dict.fromkeys(range(0x1F3FB, 0x1F400))
)
"""Flags become their letters; variation selectors and skin tones go."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_MOST_DECIMALS: Final = 9
_SMALL_BASIS_POINTS: Final = 0.1
"""Below this, two decimals would say too little."""
_HUGE: Final = 1_000_000
_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400


def clean(text: str) -> str:
    """Make text harmless: one line, nothing that steers a terminal or turns the direction of writing.

    >>> clean("rm\\x1b[2J -rf\\n\u202eevil")
    'rm [2J -rf  evil'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def prose(text: str) -> str:
    """Make a post one harmless line. What terminals disagree about the width of is written so that they agree.

    >>> prose("to the  moon\\n\u2764\ufe0f \U0001f1fa\U0001f1f8")
    'to the moon \u2764 US'
    """
    return " ".join(clean(text.translate(_PLAIN)).split())


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Cut or fill text to exactly `width` columns of a terminal; what is cut ends in an ellipsis.

    >>> fit("abcdef", 4), fit("ab", 4), fit("ab", 4, right=True)
    ('abc…', 'ab  ', '  ab')
    """
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    blank = " " * (width - length)
    return blank + text if right else text + blank


def price(value: float | None) -> str:
    """Write a price with the digits that matter at its size.

    >>> [price(x) for x in (61234.5, 143.2, 2.5, 0.10234, 0.00000812, None)]
    ['61,234.50', '143.20', '2.5000', '0.102340', '0.000008120', '–']
    """
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size >= 1_000 or size == 0:
        return f"{value:,.2f}"
    magnitude = math.floor(math.log10(size))
    return f"{value:.{min((4 if magnitude >= 0 else 5) - magnitude, _MOST_DECIMALS)}f}"


def signed_percent(fraction: float | None) -> str:
    """Write a change with its direction twice, as an arrow and as a sign.

    >>> [signed_percent(x) for x in (0.0124, -0.0031, 0.0, 0.00001, None)]
    ['▲ +1.24%', '▼ −0.31%', '= 0.00%', '= 0.00%', '–']
    """
    if fraction is None:
        return UNKNOWN
    match direction(fraction):
        case 1:
            return f"▲ +{fraction * 100:.2f}%"
        case -1:
            return f"▼ −{-fraction * 100:.2f}%"
        case _:
            return "= 0.00%"


def direction(fraction: float | None) -> int:
    """Say 1 for up, −1 for down, 0 where two decimals of a percent show no change."""
    hundredths = round((fraction or 0.0) * 10_000)
    return (hundredths > 0) - (hundredths < 0)


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Write a fraction as a percentage.

    >>> percent(0.673), percent(0.00123, 2), percent(None)
    ('67.3%', '0.12%', '–')
    """
    return UNKNOWN if fraction is None else f"{fraction * 100:.{decimals}f}%"


def basis_points(value: float) -> str:
    """Write hundredths of a percent: a spread of one tick is small, and not 0.

    >>> basis_points(12.3), basis_points(0.7), basis_points(0.0016)
    ('12.30 bp', '0.70 bp', '0.002 bp')
    """
    return f"{value:.{3 if abs(value) < _SMALL_BASIS_POINTS else 2}f} bp"


def number(value: float | None) -> str:
    """Write any number in at most seven columns.

    >>> [number(x) for x in (3.0, 4.2712, 143.25, 0.00012, 61234.5, -2e9, None)]
    ['3', '4.271', '143.2', '0.00012', '61,234', '-2e+09', '–']
    """
    if value is None:
        return UNKNOWN
    if abs(value) >= 1_000_000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def count(value: int) -> str:
    """Write a count in at most six columns.

    >>> [count(n) for n in (0, 999, 12_345, 1_234_567, 2_000_000_000)]
    ['0', '999', '12.3k', '1.23M', '2.00G']
    """
    for size, unit, decimals in ((1_000_000_000, "G", 2), (1_000_000, "M", 2), (10_000, "k", 1)):
        if value >= size:
            return f"{value / (1_000 if unit == 'k' else size):.{decimals}f}{unit}"
    return f"{value:,}"


def signed(value: float | None, decimals: int = 2) -> str:
    """Write a number with its sign; what rounds to nothing has none.

    >>> signed(0.316), signed(-12.0, 1), signed(-0.001), signed(None)
    ('+0.32', '−12.0', '0.00', '–')
    """
    if value is None:
        return UNKNOWN
    text = f"{value:+.{decimals}f}" if abs(value) < _HUGE else f"{value:+.1e}"
    return text.replace("-", "−") if text.strip("+-0.") else text[1:]


def age(seconds: float | None) -> str:
    """Write how old something is in at most four columns.

    >>> [age(s) for s in (0.04, 0.44, 9.96, 12.3, 75, 7_300, 200_000, None)]
    ['0.0s', '0.4s', '10s', '12s', '1m', '2h', '2d', '–']
    """
    if seconds is None:
        return UNKNOWN
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    for size, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}" if seconds / size >= 2 else f"{math.floor(seconds / size)}{unit}"
    return f"{seconds:.0f}s"


def speed(value: float | None) -> str:
    """Write a replay speed.

    >>> speed(60.0), speed(0.5), speed(None)
    ('×60', '×0.5', '×max')
    """
    return "×max" if value is None else f"×{value:g}"


def clock(at: datetime | None) -> str:
    """Write the time of day, UTC."""
    return UNKNOWN if at is None else f"{at:%H:%M:%S}"


def clock_order(at: datetime | None) -> float:
    """Put instants in order, an unknown one first."""
    return at.timestamp() if at else 0.0


def balance(value: float | None, half: int) -> tuple[str, str]:
    """Draw −1 to 1 as a bar from the middle: its left and its right half, `half` columns each.

    >>> balance(0.5, 4), balance(-0.25, 4), balance(None, 2)
    (('    ', '██  '), ('   █', '    '), ('  ', '  '))
    """
    if value is None:
        return " " * half, " " * half
    eighths = round(min(abs(value), 1.0) * half * 8)
    if value >= 0:
        bar = "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
        return " " * half, bar.ljust(half)
    # Terminals have no blocks that grow from the right, so the left half grows by half columns.
    halves = round(eighths / 4)
    return (("▐" if halves % 2 else "") + "█" * (halves // 2)).rjust(half), " " * half


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw the newest values as a line of blocks, `width` columns or less; a flat line lies low.

    >>> sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8), sparkline([5, 5], 4), sparkline([], 4)
    ('▁▂▃▄▅▆▇█', '▁▁', '')
    """
    return "".join(_BLOCKS[level] for level in _levels(_thinned(values, width), len(_BLOCKS)))


def curve(values: Sequence[float], width: int, height: int) -> list[str]:
    """Draw the newest values as a thin curve of braille dots: `height` lines, top first, at most `width` columns each.

    >>> curve([1, 2, 3, 4], 2, 1), curve([], 4, 2)
    (['⡠⠊'], ['', ''])
    """
    rows = height * _DOT_ROWS
    levels = _levels(_thinned(values, 2 * width), rows)
    cells = [[0] * ((len(levels) + 1) // 2) for _ in range(height)]
    for x, level in enumerate(levels):
        before = levels[x - 1] if x else level
        # A steep step is drawn as the upright between the two levels, so that the curve has no holes.
        low, high = min(level, before + 1 if level > before else level), max(level, before - 1 if level < before else level)
        for dot in range(low, high + 1):
            down = rows - 1 - dot
            cells[down // _DOT_ROWS][x // 2] |= _DOTS[x % 2][down % _DOT_ROWS]
    return ["".join(chr(_BRAILLE + dots) for dots in line) for line in cells]


def _levels(shown: Sequence[float], count: int) -> list[int]:
    """Scale values to whole levels from 0 to `count` − 1."""
    low, span = min(shown, default=0.0), max(shown, default=0.0) - min(shown, default=0.0)
    return [min(int((value - low) / span * count), count - 1) if span else 0 for value in shown]


def _thinned(values: Sequence[float], width: int) -> Sequence[float]:
    """Take `width` values evenly, the last one always."""
    if width <= 0:
        return ()
    if len(values) <= width:
        return values
    return [values[len(values) - 1 - round((width - 1 - i) * (len(values) - 1) / max(width - 1, 1))] for i in range(width)]
