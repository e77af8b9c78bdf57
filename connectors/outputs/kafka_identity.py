"""A name for a tape that no other tape has ever had.

Readers of topics know an event by the tape it comes from and its row there, and rows of a new tape begin at 0 again: so the name
is drawn when a tape is begun, and lies beside it for as long as it lives.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from scoring.errors import ResourceError, SessionError

_FILE: Final = "producer"
_BYTES: Final = 7
"""14 hexadecimal digits: two of a million tapes share a name once in a hundred thousand times, and it fits int64."""


def producer_name(session: Path) -> str:
    """Give the name of the tape in a session's folder; the first who asks draws it.

    Raises:
        SessionError: what lies there is no name.
        ResourceError: it cannot be kept.
    """
    path = session / _FILE
    try:
        session.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _keep(path, secrets.token_hex(_BYTES))
        name = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise ResourceError(f"{path}: {error.strerror}, expected to keep the name of the tape: check the disk") from error
    if len(name) != 2 * _BYTES or any(digit not in "0123456789abcdef" for digit in name):
        raise SessionError(f"{path}: {name[:40]!r}, expected {2 * _BYTES} hexadecimal digits: restore the file")
    return name


def _keep(path: Path, name: str) -> None:
    """Write it whole and on the disk, or not at all."""
    new = path.with_suffix(f".{os.getpid()}")
    with new.open("w") as file:
        file.write(f"{name}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
