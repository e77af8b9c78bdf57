"""One link being replaced by another: dialled, then read beside the old one, then alone for as long as it may repeat the old one.

Begins before the successor is dialled, so that the ids of the old link are known when the new one brings them again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from connectors.inputs.binance_ids import Handover
from connectors.inputs.binance_link import Link

NEVER: Final = float("inf")
ROTATIONS_KEPT: Final = 32
"""How many are remembered, to be looked at."""


class Rotation(msgspec.Struct, frozen=True):
    """How one link replaced another."""

    at_ns: int
    """When the old one was let go, receive time."""
    overlap_s: float
    """How long both were ready."""
    duplicates: int
    """Frames that both had brought until then, and that are on the tape once."""
    proven: bool
    """Whether the ids of every stream that brought something show that nothing is missing."""


class Succession:
    """From the decision to replace a link until nothing of the old one can come again."""

    def __init__(self, overlap_s: float) -> None:
        """Read both links for `overlap_s` seconds, and look at ids for as long again."""
        self.successor: Link | None = None
        """The new link, once there is one."""
        self._overlap_s = overlap_s
        self._handover = Handover()
        self._began = self._settled_at = NEVER

    @property
    def settling(self) -> bool:
        """Whether one of the two links is gone, and what it brought may come again by the other."""
        return self._settled_at < NEVER

    @property
    def due_at(self) -> float:
        """When the next step is due, monotonic seconds: to let the old link go, later where it lags; then to end this."""
        return min(self._began + self._overlap_s * (2 if self._handover.holds else 1), self._settled_at)

    def begin(self, now: float) -> None:
        """Count the overlap from now: the successor is ready."""
        self._began = now

    def passing(self, link: Link, frames: list[bytes]) -> list[bytes]:
        """Leave out what the other link has brought, and hold back what comes too early."""
        return self._handover.new(frames) if link is self.successor else self._handover.old(frames)

    def give_up(self, now: float) -> None:
        """Do without the successor from now on: it is gone, and the old link may repeat what it was first to bring."""
        self.successor = None
        self._began, self._settled_at = NEVER, now + 2 * self._overlap_s

    def settle(self, at_ns: int, now: float) -> tuple[Rotation, list[bytes]]:
        """Do without the old link from now on; give what was held back."""
        proven = self._handover.proven
        held = self._handover.finish()
        rotation = Rotation(at_ns, now - self._began, self._handover.duplicates, proven)
        self._began, self._settled_at = NEVER, now + self._overlap_s
        return rotation, held
