"""Why brokers are not reached, in one line that names the setting to look at.

The client library says it several times over: first what a broker refused, then that none is left, then that whatever was asked of
them has failed. The first of these is what an operator needs, so it stays until something else is known, or they are back.
"""

from __future__ import annotations

from typing import Final

_HINTS: Final = {
    "_SSL": "expected brokers and kafka.ca, kafka.certificate, kafka.key to fit each other",
    "_AUTHENTICATION": "expected brokers that know kafka.user, and kafka.sasl and kafka.password to be right",
    "_RESOLVE": "expected kafka.bootstrap to name a host that is known",
}
"""What says why by itself."""
_AWAY: Final = frozenset({*_HINTS, "_ALL_BROKERS_DOWN", "_TRANSPORT", "_TIMED_OUT", "_WAIT_COORD"})


class Trouble:
    """What the client last said, of what is worth knowing."""

    def __init__(self) -> None:
        """Begin without any."""
        self.reason = ""
        """Empty where there is none."""
        self._says_why = False

    def take(self, name: str, said: str) -> bool:
        """Take an error by the library's name for it, and say whether brokers are away.

        >>> trouble = Trouble()
        >>> trouble.take("_RESOLVE", "nowhere:9092/bootstrap: Failed to resolve"), trouble.take("_ALL_BROKERS_DOWN", "1/1 brokers are down")
        (True, True)
        >>> trouble.reason
        'nowhere:9092/bootstrap: Failed to resolve, expected kafka.bootstrap to name a host that is known'
        """
        is_away, says_why = name in _AWAY, name in _HINTS
        if says_why or not (is_away and self._says_why):
            said = " ".join(said.split())
            self.reason, self._says_why = f"{said}, {_HINTS[name]}" if says_why else said, says_why
        return is_away

    def clear(self) -> None:
        """Hear that they are there."""
        self.reason, self._says_why = "", False
