"""The chatter stages: posts get the names of assets, then a mood, beside the flow and in tape order.

A model takes milliseconds a post, so it works in a thread of its own, where ONNX Runtime lets go of the interpreter, and market data
does not wait for it, unless thousands of posts do. Posts that come before a deadline, or while it works, are scored together. What
was not scored yet is the state that a snapshot keeps. Answers are handed on in the order of the tape, so how long they took can be
seen nowhere but on a clock.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from bytewax.operators import StatefulBatchLogic

from flows.decode import Talk
from flows.settings import Shaping
from scoring.crowd.assets import AssetFinder
from scoring.crowd.moods import Moods, ScoredPosts, scored_posts
from scoring.crowd.posts import post_rows
from scoring.duration import Duration
from scoring.records import Batch, Clock, End, Rows

if TYPE_CHECKING:
    from scoring.crowd.finbert import Model

LOOK_AGAIN: Final = timedelta(milliseconds=5)
"""How soon to look whether the model is done."""
MOST_PENDING: Final = 4_096
"""Posts and marks that may wait for the model; beyond it the tape is not read on, so that memory stays bounded: minutes of more than
the slowest model can take, or all that a channel posted in a week."""
MOST_AT_ONCE: Final = 8
"""Posts that are scored together, where nobody asks for a mark of the clock in between: enough to keep the threads of a model busy,
and few enough that what follows from them, a quarter of a millisecond each, hardly holds up the market. (Thirty-two were no faster,
and cost the market 20 to 50 ms.)"""
ON_THE_WAY: Final = 2
"""Pieces of work that the model has at a time, so that it finds the next when it is done with one."""


class _Work:
    """Posts that are scored together."""

    def __init__(self, posts: Batch) -> None:
        """Begin with some."""
        self.began_at = time.monotonic()
        self._parts = [posts]
        self.size = len(posts)
        self.future: Future[ScoredPosts] | None = None
        """What becomes of them, once the model has them."""

    def add(self, posts: Batch) -> bool:
        """Take more posts; False where they do not fit any more."""
        first = self._parts[0]
        if self.future is not None or self.size + len(posts) > MOST_AT_ONCE or (posts.kind, posts.symbol) != (first.kind, first.symbol):
            return False
        self._parts.append(posts)
        self.size += len(posts)
        return True

    @property
    def is_full(self) -> bool:
        """Whether no more posts fit."""
        return self.size >= MOST_AT_ONCE

    @property
    def is_done(self) -> bool:
        """Whether they are scored."""
        return self.future is not None and self.future.done()

    def posts(self) -> Batch:
        """Give them in one batch."""
        if len(self._parts) > 1:
            self._parts = [joined(self._parts)]
        return self._parts[0]


Pending: TypeAlias = _Work | Clock | End


def named(shaping: Shaping) -> Callable[[Talk], Talk]:
    """Give what writes the assets a text means beside it."""
    finder = AssetFinder(shaping.assets, shaping.crowd.names)

    def name(talk: Talk) -> Talk:
        return Talk(talk.partition, [_with_assets(item, finder) if isinstance(item, Batch) else item for item in talk.items])

    return name


def _with_assets(posts: Batch, finder: AssetFinder) -> Batch:
    assets = posts["assets"].copy()
    for index, text in enumerate(posts["text"]):
        assets[index] = ",".join(finder.find(text))
    return Batch(posts.kind, posts.symbol, {**posts.columns, "assets": assets})


def joined(batches: Sequence[Batch]) -> Batch:
    """Put batches of one kind, one behind the other, into one."""
    first = batches[0]
    return Batch(first.kind, first.symbol, {name: np.concatenate([batch[name] for batch in batches]) for name in first.columns})


def spoken(keyed: tuple[str, Talk]) -> Iterator[tuple[str, Rows]]:
    """Store the posts, with the assets they mean."""
    for item in keyed[1].items:
        if isinstance(item, Batch):
            yield item.symbol, post_rows(item)


def mood(shaping: Shaping, model: Model | None, deadline: Duration) -> Callable[[bytes | None], MoodStage]:
    """Give what builds the stage that scores posts; without a model there is nobody to listen to."""
    return partial(MoodStage, shaping, model, deadline)


class MoodStage(StatefulBatchLogic[Talk, Rows, bytes]):
    """Scores the posts of one partition beside the flow, and hands on moods in tape order."""

    def __init__(self, shaping: Shaping, model: Model | None, deadline: Duration, snapshot: bytes | None) -> None:
        """Begin, or go on with what was not scored when the snapshot was taken; a post waits until `deadline` for others."""
        self._model = model
        self._deadline_s = deadline.seconds
        self._scorer = ThreadPoolExecutor(1, thread_name_prefix="mood")
        self._pending: deque[Pending] = deque()
        self._waiting: deque[_Work] = deque()
        """What the model does not have yet, of all that is pending."""
        self._given: deque[_Work] = deque()
        """What it has, and perhaps is done with."""
        self._posts = 0
        self._moods = Moods(tuple(shaping.assets), shaping.crowd.moods)
        if snapshot is not None:
            self._moods, waiting = pickle.loads(snapshot)
            for item in waiting:
                self._take(item)

    def on_batch(self, values: list[Talk]) -> tuple[Iterable[Rows], bool]:
        """Take posts and marks; give what is scored. At the end of the tape everything is."""
        ended = False
        for item in (item for talk in values for item in talk.items):
            self._take(item)
            ended = ended or isinstance(item, End)
        return self._scored(leave=0 if ended else MOST_PENDING), False

    def on_notify(self) -> tuple[Iterable[Rows], bool]:
        """Give what was scored since."""
        return self._scored(leave=MOST_PENDING), False

    def on_eof(self) -> tuple[Iterable[Rows], bool]:
        """Keep the state, as every stage does, and score no more of what a snapshot has kept."""
        self._scorer.shutdown(wait=False, cancel_futures=True)
        return (), False

    def notify_at(self) -> datetime | None:
        """Ask to be called again while the model works. No result hangs on when that is."""
        if not self._pending:
            return None
        first = self._pending[0]
        return datetime.now(UTC) + (timedelta() if isinstance(first, _Work) and first.is_done else LOOK_AGAIN)

    def snapshot(self) -> bytes:
        """Give the state and what waits for the model."""
        waiting = [pending.posts() if isinstance(pending, _Work) else pending for pending in self._pending]
        return pickle.dumps((self._moods, waiting), protocol=pickle.HIGHEST_PROTOCOL)

    def _take(self, item: Batch | Clock | End) -> None:
        if not isinstance(item, Batch):
            self._pending.append(item)
            return
        self._posts += len(item)
        last = self._pending[-1] if self._pending else None
        if not (isinstance(last, _Work) and last.add(item)):
            work = _Work(item)
            self._pending.append(work)
            self._waiting.append(work)

    def _hand_over(self) -> None:
        """Give the model what it has room for."""
        while self._given and self._given[0].is_done:
            self._given.popleft()
        while self._waiting and len(self._given) < ON_THE_WAY and self._is_ripe(self._waiting[0]):
            work = self._waiting.popleft()
            work.future = self._scorer.submit(self._score, work.posts())
            self._given.append(work)

    def _is_ripe(self, work: _Work) -> bool:
        """Say whether nothing more can come to it, or it has waited for long enough."""
        return work.is_full or work is not self._pending[-1] or time.monotonic() >= work.began_at + self._deadline_s

    def _score(self, posts: Batch) -> ScoredPosts:
        """Score the posts that name an asset, in the scorer's thread."""
        about = [index for index, assets in enumerate(posts["assets"]) if assets]
        if self._model is None or not about:
            return scored_posts(posts, [None] * len(posts), "", "")
        scores = iter(self._model.score([posts["text"][index] for index in about]))
        found = [next(scores) if assets else None for assets in posts["assets"]]
        return scored_posts(posts, found, self._model.name, self._model.hash)

    def _scored(self, leave: int) -> list[Rows]:
        """Hand on, in order, what is done of a few posts, and wait until no more than `leave` posts and marks are pending.

        No more than a few at a time, so that market data goes in between.
        """
        rows: list[Rows] = []
        handed_on = 0
        while self._pending:
            self._hand_over()
            first = self._pending[0]
            if not isinstance(first, _Work):
                rows += self._moods.update((first,))
            elif first.future is not None and ((first.is_done and handed_on < MOST_AT_ONCE) or self._posts + len(self._pending) > leave):
                rows += self._moods.update((first.future.result(),))
                self._posts -= first.size
                handed_on += first.size
            else:
                break
            self._pending.popleft()
        return rows
