"""Is the terminal still there? Whoever starts the screen may keep the signal of a closed terminal to himself."""

from __future__ import annotations

import os
import sys


def held() -> int | None:
    """Give the descriptor of the terminal the keys come from; None where they come from something else."""
    stream = sys.__stdin__
    return stream.fileno() if stream is not None and not stream.closed and stream.isatty() else None


def is_gone(terminal: int) -> bool:
    """Say whether the terminal was closed.

    A closed one answers nothing any more. Whether it is the controlling terminal of this process is not asked: under `setsid`, and in
    some containers, it is not, and is there all the same.
    """
    return not os.isatty(terminal)
