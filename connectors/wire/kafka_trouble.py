"""Why brokers are not reached, in one line that names the setting to look at.

The client library says it several times over: first what a broker refused, then that none is left, then that whatever was asked of
them has failed. The first of these is what an operator needs, so it stays until something else is known, or they are back.
"""

from __future__ import annotations

import re
from typing import Final

_HINTS: Final = {
    "_SSL": "expected brokers and kafka.ca, kafka.certificate, kafka.key to fit each other",
    "_AUTHENTICATION": "expected brokers that know kafka.user, and kafka.sasl and kafka.password to be right",
    "_RESOLVE": "expected kafka.bootstrap to name a host that is known",
    "_ALL_BROKERS_DOWN": "expected brokers at kafka.bootstrap that want kafka.tls and kafka.sasl as they are set",
}
_SAYS_WHY: Final = frozenset({"_SSL", "_AUTHENTICATION", "_RESOLVE"})
_AWAY: Final = frozenset({*_HINTS, "_TRANSPORT", "_TIMED_OUT", "_WAIT_COORD"})
_OF_A_BROKER: Final = re.compile(r"\S+:\d+/\S+: ")
"""What the library knows of one broker begins with its name."""

_OF_TLS: Final = ":SSL routines:"


class Trouble:
    """What the client last said, of what is worth knowing."""

    def __init__(self) -> None:
        """Begin without any."""
        self.reason = ""
        """Empty where there is none."""
        self._worth = 0

    def take(self, name: str, said: str) -> bool:
        """Take an error by the library's name for it, and say whether brokers are away.

        >>> trouble = Trouble()
        >>> trouble.take("_RESOLVE", "nowhere:9092/bootstrap: Failed to resolve"), trouble.take("_ALL_BROKERS_DOWN", "1/1 brokers are down")
        (True, True)
        >>> trouble.reason
        'nowhere:9092/bootstrap: Failed to resolve, expected kafka.bootstrap to name a host that is known'
        """
        if _OF_TLS in said:  # an alert that comes after the handshake, as TLS 1.3 has it, is a broken connection to the library
            name = "_SSL"
        is_away = name in _AWAY
        worth = 3 if name in _SAYS_WHY else 2 if _OF_A_BROKER.match(said) else 1 if name in _HINTS else 0
        if not is_away or worth >= self._worth:
            hint = f", {_HINTS[name]}" if name in _HINTS else ""
            self.reason, self._worth = " ".join(said.split()) + hint, worth
        return is_away

    def clear(self) -> None:
        """Hear that they are there."""
        self.reason, self._worth = "", 0
