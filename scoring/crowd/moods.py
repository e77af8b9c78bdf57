"""From scored posts to `social_signals`: one row per post and asset it names, in event time.

A post's event time is when its author posted it. How long a late one is waited for is judged row by row, as everywhere: what comes
after that is counted and not scored into any window. Marks of the clock tell every asset how far the crowd has been heard, so that
an asset nobody talks about does not hold the market back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from scoring.crowd.excerpt import excerpt
from scoring.crowd.identity import text_id
from scoring.crowd.sentiment import Score
from scoring.duration import Duration
from scoring.records import END_NS, Batch, Clock, End, Rows, SocialSignal, Table, to_columns
from scoring.watermark import Watermark


class MoodSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the crowd is listened to."""

    lateness: Duration = Duration.parse("10s")
    """How long a post that comes out of order is waited for."""
    idle: Duration = Duration.parse("5s")
    """How far event time stays behind the recorder's clock while nobody posts: the slowest delivery."""


class ScoredPosts(msgspec.Struct, frozen=True):
    """A batch of posts with what the model said of each."""

    posts: Batch
    signals: Sequence[Sequence[SocialSignal]]
    """Of each post, one per asset it names; none where it names none and was not scored."""


def scored_posts(posts: Batch, scores: Sequence[Score | None], model: str, model_hash: str) -> ScoredPosts:
    """Write down what a model said of posts; None for a post that was not scored. Needs no state, so it can be done beside the flow."""
    return ScoredPosts(
        posts, [() if score is None else _signals(posts, index, score, model, model_hash) for index, score in enumerate(scores)]
    )


def _signals(posts: Batch, index: int, score: Score, model: str, model_hash: str) -> list[SocialSignal]:
    text = posts["text"][index]
    identity, beginning = text_id(text), excerpt(text)
    return [
        SocialSignal(
            asset=asset,
            channel=posts["channel"][index],
            message_id=int(posts["message_id"][index]),
            posted_ns=int(posts["event_ns"][index]),
            received_ns=int(posts["received_ns"][index]),
            text_id=identity,
            score=score.score,
            positive=score.positive,
            negative=score.negative,
            neutral=score.neutral,
            model=model,
            model_hash=model_hash,
            excerpt=beginning,
        )
        for asset in str(posts["assets"][index]).split(",")
    ]


MoodItem: TypeAlias = ScoredPosts | Clock | End


class Moods:
    """The crowd of one partition of the tape."""

    def __init__(self, assets: Sequence[str], settings: MoodSettings) -> None:
        """Listen for these assets."""
        self.assets = tuple(assets)
        self.watermark = Watermark(int(settings.lateness), int(settings.idle))
        self.late_posts = 0

    def update(self, items: Iterable[MoodItem]) -> list[Rows]:
        """Take items in tape order; give the rows of each asset, and how far all have been heard."""
        told: list[Rows] = []
        for item in items:
            if isinstance(item, ScoredPosts):
                told += self._take(item)
            else:
                through_ns = END_NS if isinstance(item, End) else self._pass(item)
                told += [Rows(Table.SOCIAL_SIGNALS, asset, to_columns(SocialSignal, ()), through_ns) for asset in self.assets]
        return told

    def _pass(self, clock: Clock) -> int:
        self.watermark.tick(clock.at_ns)
        return self.watermark.closed_ns

    def _take(self, scored: ScoredPosts) -> list[Rows]:
        posts = scored.posts
        before_ns = self.watermark.advance(posts["event_ns"], posts["received_ns"])
        late = posts["event_ns"] <= before_ns - self.watermark.lateness_ns
        found: dict[str, list[SocialSignal]] = {}
        for is_late, signals in zip(late.tolist(), scored.signals, strict=True):
            self.late_posts += is_late
            for signal in () if is_late else signals:
                found.setdefault(signal.asset, []).append(signal)
        return [
            Rows(Table.SOCIAL_SIGNALS, asset, to_columns(SocialSignal, signals), self.watermark.closed_ns)
            for asset, signals in found.items()
            if asset in self.assets
        ]
