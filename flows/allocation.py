"""Memory of a run that lasts for weeks: what is freed goes back to the system.

The C library and Arrow keep what was freed for the next time, each thread's in a place of its own. Rows of every size that come and
go for a day leave it in ever more pieces: a tenth of a live run's memory after six hours, growing. A replay ends soon and is faster
with what it keeps, so this is for live runs. Where the C library is not GNU's only Arrow is told.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Final

_OPTIONS: Final = {-8: 2, -1: 128 << 10, -3: 256 << 10}
"""Of `mallopt`: places to allocate from (M_ARENA_MAX), bytes free at the end of one (M_TRIM_THRESHOLD) and bytes of a block
(M_MMAP_THRESHOLD) from which on they go back at once. Setting the last two ends their adapting to the largest block ever freed."""


def keep_little_freed() -> None:
    """Tell the allocators; call it before Arrow is loaded, which looks at this variable then, and before threads are started."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if _is_gnu():
        for option, value in _OPTIONS.items():
            ctypes.CDLL(None).mallopt(option, value)


def give_back_freed() -> None:
    """Give back whole pages between what is in use; holds up whoever allocates for some milliseconds."""
    if _is_gnu():
        ctypes.CDLL(None).malloc_trim(0)


def _is_gnu() -> bool:
    return platform.libc_ver()[0] == "glibc"
