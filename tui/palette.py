"""The colours of the screen by what they mean: everything that is drawn is drawn in these.

They are names as much as colours: a `Look` (see `tui/looks.py`) says what each of them looks like in another theme, so no two of
them may be equal. A colour never says anything alone: direction also has an arrow and a sign, severity a shape and a word.
"""

from typing import Final

INK: Final = "#0f1219"
"""Behind everything."""
SURFACE: Final = "#151a24"
"""Panes."""
PANEL: Final = "#333842"
"""Borders at rest, rows that alternate."""
CURSOR: Final = "#26334a"
"""Behind the row that is chosen."""
TEXT: Final = "#d7dce8"
QUIET: Final = "#8089a0"
"""Labels, units, what is stale."""
ACCENT: Final = "#7dd3c8"
"""The name, the clock, focus."""
SECOND: Final = "#9db4ff"
"""Symbols."""
UP: Final = "#7fd88f"
DOWN: Final = "#ff7a85"
WARNING: Final = "#f0c674"
CRITICAL: Final = "#ff6b6b"

ALL: Final = (INK, SURFACE, PANEL, CURSOR, TEXT, QUIET, ACCENT, SECOND, UP, DOWN, WARNING, CRITICAL)
