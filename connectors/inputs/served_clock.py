"""The clock of a served session: a recording that is served at twenty times its speed needs a recorder whose clock runs as fast.

Everything a live run stamps, it stamps with one clock. Against the world that is the clock of this machine; against a session that
`just serve` plays, it is the session's, asked once and then run on at the session's speed. So stamps and exchange times fit together,
and a day can be lived through in an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from math import isfinite
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import msgspec

from scoring.errors import ResourceError, SettingError
from scoring.records import NANOSECONDS_PER_MILLISECOND

SPEED_HEADER: Final = "X-Ghosttape-Speed"
_TIMEOUT_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 20.0
"""A script of faults may refuse every request for a while; whoever starts just then waits."""
_RETRY_SECONDS: Final = 0.1
_REFUSALS: Final = frozenset({403, 418, 429, 451, 503})
"""What a served session answers to who is to come again."""


class _ServerTime(msgspec.Struct):
    at_ms: int = msgspec.field(name="serverTime")


class ServedClock:
    """The time of a served session, ns UTC."""

    def __init__(self, address: str, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Ask a served session for its time and speed.

        Raises:
            SettingError: what answers there is no served session.
            ResourceError: nothing answers there.
        """
        if not address.startswith(("http://", "https://")):
            expected = "the address of a served session such as 'http://127.0.0.1:9443'"
            raise SettingError("settings", "inputs.follow_clock", address, expected)
        self._address, self._monotonic_ns = address.rstrip("/"), monotonic_ns
        self._at_ns, self._speed, self._asked_ns = self._ask(_PATIENCE_SECONDS)

    def __call__(self) -> int:
        """Give the session's time now."""
        return self._at_ns + int((self._monotonic_ns() - self._asked_ns) * self._speed)

    def set_again(self) -> None:
        """Ask again: a session stands still until somebody subscribes. Where nothing answers the clock runs on as it was."""
        with suppress(SettingError, ResourceError):  # whoever is connected there will notice too, and says so
            self._at_ns, self._speed, self._asked_ns = self._ask(0.0)

    def _ask(self, patience_s: float) -> tuple[int, float, int]:
        try:
            body, speed_text = self._answer(time.monotonic() + patience_s)
        except (URLError, HTTPException, OSError) as error:
            message = f"inputs.follow_clock: nothing answers at {self._address} ({error}): start `just serve` first"
            raise ResourceError(message) from None
        try:
            at_ns, speed = msgspec.json.decode(body, type=_ServerTime).at_ms * NANOSECONDS_PER_MILLISECOND, float(speed_text)
            if not isfinite(speed):
                raise ValueError("as fast as possible is no clock")
        except (msgspec.DecodeError, ValueError):
            expected = "the address of a session that is served at some speed; what answers is none"
            raise SettingError("settings", "inputs.follow_clock", self._address, expected) from None
        return at_ns, speed, self._monotonic_ns()

    def _answer(self, deadline_s: float) -> tuple[bytes, str]:
        """Give what is answered and the header of the speed; who refuses is asked again until the deadline."""
        while True:
            try:
                with urlopen(f"{self._address}/api/v3/time", timeout=_TIMEOUT_SECONDS) as answer:
                    return answer.read(), answer.headers.get(SPEED_HEADER, "")
            except HTTPError as refusal:
                if refusal.code not in _REFUSALS or time.monotonic() >= deadline_s:
                    raise
                refusal.close()
                time.sleep(_RETRY_SECONDS)
