"""How often a text was posted lately, and in how many channels.

Time is cut into steps; of each text, only how many copies each channel posted in a step is kept. What is counted is a function
of which posts came and not of their order: a step is forgotten when the window has passed it, or when keeping it would take more
memory than the settings allow, and whatever comes for a forgotten step is left out as if it had been forgotten after it came.
"""

from __future__ import annotations

import msgspec

from scoring.duration import Duration


class CopySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far back copies are counted."""

    window: Duration = Duration.parse("24h")
    """How far back a text counts as said before; a whole number of steps."""
    step: Duration = Duration.parse("1m")
    """How finely the window moves on."""
    most_entries: int = 500_000
    """Most counts kept (one per text, step and channel), some 200 bytes each; beyond, the oldest steps are forgotten early."""


class CopyCount(msgspec.Struct, frozen=True):
    """What was counted in one window."""

    copies: int
    """Posts of the text, the first one included."""
    channels: int
    """Channels they were posted in."""


class Copies:
    """Counts of every text in a trailing window of event time."""

    def __init__(self, settings: CopySettings | None = None) -> None:
        """Start without a post.

        Raises:
            ValueError: the window is not a whole number of steps, at least one.
        """
        settings = settings or CopySettings()
        if settings.step <= 0 or settings.window < settings.step or settings.window % settings.step:
            raise ValueError(f"a window of whole steps was expected, found {settings.window} in steps of {settings.step}")
        self.settings = settings
        self.forgotten = 0
        """Posts that came for a step already forgotten: how many depends on the order, so it is for the screen alone."""
        self._entries = 0
        self._first_step = 0
        """Everything before it is forgotten."""
        self._texts: dict[str, dict[int, dict[str, int]]] = {}
        self._steps: dict[int, set[str]] = {}

    def __len__(self) -> int:
        """Count the counts that are kept."""
        return self._entries

    def add(self, text_id: str, channel: str, event_ns: int) -> None:
        """Take one post, once; posts may come in any order."""
        step = event_ns // self.settings.step
        if step < self._first_step:
            self.forgotten += 1
            return
        channels = self._texts.setdefault(text_id, {}).setdefault(step, {})
        self._entries += channel not in channels
        channels[channel] = channels.get(channel, 0) + 1
        self._steps.setdefault(step, set()).add(text_id)
        self._forget_before(step + 1 - self.settings.window // self.settings.step)
        while self._entries > self.settings.most_entries:
            self._forget_before(min(self._steps) + 1)

    def count(self, text_id: str, at_ns: int) -> CopyCount:
        """Count the posts of a text in the window that ends with the step of `at_ns`, as far as it is still remembered."""
        last = at_ns // self.settings.step
        first = last + 1 - self.settings.window // self.settings.step
        steps = [channels for step, channels in self._texts.get(text_id, {}).items() if first <= step <= last]
        return CopyCount(sum(sum(channels.values()) for channels in steps), len(set().union(*steps)))

    def _forget_before(self, first_step: int) -> None:
        if first_step <= self._first_step:
            return
        self._first_step = first_step
        for step in [step for step in self._steps if step < first_step]:
            for text_id in self._steps.pop(step):
                steps = self._texts[text_id]
                self._entries -= len(steps.pop(step))
                if not steps:
                    del self._texts[text_id]
