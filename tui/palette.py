"""The colours of the screen, in one place: the theme and the figures take them from here.

A colour never says anything alone: direction also has an arrow and a sign, severity a shape and a word.
"""

from typing import Final

INK: Final = "#0f1219"
"""Behind everything."""
SURFACE: Final = "#151a24"
"""Panes."""
PANEL: Final = "#1e2533"
"""Borders at rest, rows that alternate."""
TEXT: Final = "#d7dce8"
QUIET: Final = "#6f7a91"
"""Labels, units, what is stale."""
ACCENT: Final = "#7dd3c8"
"""The name, the clock, focus."""
SECOND: Final = "#9db4ff"
"""Symbols."""
UP: Final = "#7fd88f"
DOWN: Final = "#ff7a85"
WARNING: Final = "#f0c674"
CRITICAL: Final = DOWN
