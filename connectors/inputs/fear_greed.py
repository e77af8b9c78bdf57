"""The fear and greed index of alternative.me: one figure a day, put on the tape when it is new, as received.

Source: https://alternative.me/crypto/fear-and-greed-index/#api
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from connectors.inputs.answers import Question
from connectors.inputs.polling import Poller
from connectors.inputs.polls import Poll, PollingSettings, Reading
from connectors.wire.fear_greed import FEAR_GREED_FEED, read_days
from scoring.duration import Duration


class FearGreedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What alternative.me is asked."""

    enabled: bool = False
    """Nobody is asked unless this is set."""
    address: str = "https://api.alternative.me/fng/"
    """Where the index is."""
    days: int = 30
    """How many of the newest days an answer holds; 0 for all there are."""
    interval: Duration = Duration.parse("1h")
    """Between questions."""
    polling: PollingSettings = PollingSettings()


def poller(settings: FearGreedSettings, folder: Path) -> Poller:
    """Poll the index; `folder` keeps what must not be forgotten."""
    question = Question(settings.address, {"limit": str(settings.days)})
    poll = Poll("fear & greed", FEAR_GREED_FEED, question, settings.interval, new_figure)
    return Poller("fear_greed", [poll], folder / "fear_greed.json", settings.polling)


def new_figure(body: bytes, seen: Sequence[str]) -> Reading:
    """Put an answer on the tape if its newest day, or the figure of that day, is new.

    Raises:
        ValueError: it is no answer of the index.
    """
    days = read_days(body)
    newest = tuple(f"{day.timestamp} {day.value}" for day in days[-1:])
    return Reading((body,) if newest and newest != tuple(seen) else (), newest or seen)
