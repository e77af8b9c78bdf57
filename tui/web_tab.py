"""`python -m tui.web_tab`: the screen of one tab, which does not outlive the server that started it.

A server that is killed cannot end its screens, and a screen whose pipes are gone does not notice: it would follow the feed for ever.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Final

_LOOK_S: Final = 1.0
_GOODBYE_S: Final = 3.0
_ORPHANED: Final = 1


def watch(parent: int) -> None:
    """End this process once its parent has gone: as a person would, and where that does not help, at once."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GOODBYE_S)
    os._exit(_ORPHANED)


if __name__ == "__main__":
    threading.Thread(target=watch, args=(os.getppid(),), name="watch", daemon=True).start()

    from tui.__main__ import main

    sys.exit(main())
