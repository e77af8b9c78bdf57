"""The clock of a served session: a recording that is served at twenty times its speed needs a recorder whose clock runs as fast.

Everything a live run stamps, it stamps with one clock. Against the world that is the clock of this machine; against a session that
`just serve` plays, it is the session's, asked once and then run on at the session's speed. So stamps and exchange times fit together,
and a day can be lived through in an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from scoring.errors import ResourceError, SettingError
from scoring.records import NANOSECONDS_PER_MILLISECOND

SPEED_HEADER: Final = "X-Ghosttape-Speed"
_TIMEOUT_SECONDS: Final = 5.0


class _ServerTime(msgspec.Struct):
    at_ms: int = msgspec.field(name="serverTime")


def served_clock(address: str, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> Callable[[], int]:
    """Ask a served session for its time and speed, and give a clock (ns UTC) that runs with it.

    Raises:
        SettingError: what answers there is no served session.
        ResourceError: nothing answers there.
    """
    if not address.startswith(("http://", "https://")):
        raise SettingError("settings", "inputs.follow_clock", address, "the address of a served session such as 'http://127.0.0.1:8767'")
    try:
        with urlopen(f"{address.rstrip('/')}/api/v3/time", timeout=_TIMEOUT_SECONDS) as answer:
            body, speed_text = answer.read(), answer.headers.get(SPEED_HEADER, "")
    except (URLError, HTTPException, OSError) as error:
        raise ResourceError(f"inputs.follow_clock: nothing answers at {address} ({error}): start `just serve` first") from None
    try:
        at_ns, speed = msgspec.json.decode(body, type=_ServerTime).at_ms * NANOSECONDS_PER_MILLISECOND, float(speed_text)
    except (msgspec.DecodeError, ValueError):
        raise SettingError("settings", "inputs.follow_clock", address, "the address of a served session; what answers is none") from None
    asked_ns = monotonic_ns()

    def now() -> int:
        return at_ns + int((monotonic_ns() - asked_ns) * speed)

    return now
