"""`python -m tests.bench.crowd_detection`: names, copies and kinds of posts on real channels. It needs the real posts in ../shared/data.

Every post goes through detection and identity; what is labelled by hand is judged by the rules and, to see how much rules miss,
by a small model that is trained here and thrown away. Copies of a text never lie on both sides of the split, but texts that share
a template may; that flatters the model more than the rules, so it is also shown on channels it has never seen. The rules were
written from the other side of the split; a sample of some two hundred posts from both sides had been read before.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid

from flows.settings import Asset, Shaping
from scoring.crowd.assets import AssetFinder
from scoring.crowd.identity import normalise, text_id
from scoring.crowd.pump_calls import PostKind, kind_of
from tests.bench.telegram_posts import DATA, Message, read_messages

KINDS: Final = (PostKind.IRRELEVANT, PostKind.PUMP, PostKind.CALL)
"""By label: 0, 1, 2."""
HELD_OUT: Final = 0.3
COINS: Final = 30
"""The coins that were pumped most often are looked for beside the assets of the default settings."""
ROUNDS: Final = 3
A_DAY: Final = timedelta(days=1)

Judge: TypeAlias = Callable[[str], PostKind]


class Labelled(msgspec.Struct, frozen=True):
    """One post that somebody judged by hand."""

    text: str
    channel: str
    kind: PostKind


def main() -> None:
    """Measure and print."""
    messages = read_messages("crowd_detection")
    console = Console(width=130)
    console.print(_speeds([message.text for message in messages]))
    console.print(_copies(messages))
    labelled = _labelled()
    known = [post for post in labelled if not _is_held_out(text_id(post.text))]
    unknown = [post for post in labelled if _is_held_out(text_id(post.text))]
    distinct = list({text_id(post.text): post for post in unknown}.values())
    model = train(known)
    for name, judge in (("rules", kind_of), ("model", model)):
        console.print(_figures(f"{name}, held-out posts", judge, unknown))
        console.print(_figures(f"{name}, held-out texts, each once", judge, distinct))
    console.print(_table("model, each channel judged by one trained on the others", _by_other_channels(labelled)))
    console.print(
        _table("rules, the same posts (most were read to write them)", Counter((post.kind, kind_of(post.text)) for post in labelled))
    )


# --- every post ----------------------------------------------------------------------------------------------------------------------


def _speeds(texts: Sequence[str]) -> Grid:
    with (DATA / "pump_log_before_2021.tsv").open() as log:
        pumped = Counter(row["coin"] for row in csv.DictReader(log, delimiter="\t"))
    default = Shaping().assets
    coins = {coin.lower(): Asset((f"{coin}BTC",)) for coin, _ in pumped.most_common(COINS)}
    few, many = AssetFinder(default), AssetFinder({**default, **coins})
    length = statistics.median(map(len, texts))
    grid = Grid("work", "posts/s", "found", title=f"{len(texts):,} posts, median {length:.0f} characters", title_justify="left")
    for name, work in (
        (f"assets, {len(default)} known", few.find),
        (f"assets, {len(default) + COINS} known", many.find),
        ("text id", text_id),
        ("kind of post", kind_of),
    ):
        rate, results = _timed(work, texts)
        found = f"{sum(map(bool, results)):,} posts" if "assets" in name else f"{len(set(results)):,} different"
        grid.add_row(name, f"{rate:,.0f}", found)
    return grid


def _timed(work: Callable[[str], object], texts: Sequence[str]) -> tuple[float, list[object]]:
    """Give the best rate of a few rounds; any exception ends the measurement, so none is a result."""
    best = float("inf")
    results: list[object] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        results = [work(text) for text in texts]
        best = min(best, time.process_time() - started)
    return len(texts) / best, results


def _copies(messages: Sequence[Message]) -> Grid:
    grid = Grid("what is the same", "different", "saved", title="copies", title_justify="left")
    exact = len({message.text for message in messages})
    alike = len({text_id(message.text) for message in messages})
    said: dict[str, list[Message]] = {}
    repeated = spread = 0
    for message in sorted(messages, key=lambda each: each.date):
        name = text_id(message.text)
        said[name] = [earlier for earlier in said.get(name, []) if message.date - earlier.date < A_DAY] + [message]
        repeated += len(said[name]) > 1
        spread += len({each.channel_id for each in said[name]}) > 1
    total = len(messages)
    grid.add_row("to the letter, ever", f"{exact:,}", f"{1 - exact / total:.1%}")
    grid.add_row("by wording, ever", f"{alike:,}", f"{1 - alike / total:.1%}")
    grid.add_row("by wording, within 24 h", f"{total - repeated:,}", f"{repeated / total:.1%}")
    grid.add_row("  of them in more than one channel", "", f"{spread / total:.1%}")
    return grid


# --- labelled posts ------------------------------------------------------------------------------------------------------------------


def _labelled() -> list[Labelled]:
    with (DATA / "labelled_messages_before_2021.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "?"]
    return [Labelled(row["text"], row["channel_id"], KINDS[int(row["label"])]) for row in rows]


def _is_held_out(name: str) -> bool:
    return int(hashlib.blake2b(name.encode(), digest_size=4).hexdigest(), 16) % 10 >= 10 * (1 - HELD_OUT)


def _by_other_channels(posts: Sequence[Labelled]) -> Counter[tuple[PostKind, PostKind]]:
    pairs: Counter[tuple[PostKind, PostKind]] = Counter()
    for channel in sorted({post.channel for post in posts}):
        judge = train([post for post in posts if post.channel != channel])
        pairs.update((post.kind, judge(post.text)) for post in posts if post.channel == channel)
    return pairs


def _figures(name: str, judge: Judge, posts: Iterable[Labelled]) -> Grid:
    return _table(name, Counter((post.kind, judge(post.text)) for post in posts))


def _table(name: str, pairs: Counter[tuple[PostKind, PostKind]]) -> Grid:
    right, total = sum(pairs[kind, kind] for kind in KINDS), pairs.total()
    grid = Grid("is", *(f"judged {kind}" for kind in KINDS), "precision", "recall", "F1", title_justify="left")
    grid.title = f"{name}: {total} posts, {right / total:.1%} right"
    for kind in KINDS:
        hits = pairs[kind, kind]
        judged, labelled = sum(pairs[other, kind] for other in KINDS), sum(pairs[kind, other] for other in KINDS)
        cells = [str(pairs[kind, other]) for other in KINDS]
        grid.add_row(
            kind, *cells, f"{hits / max(judged, 1):.3f}", f"{hits / max(labelled, 1):.3f}", f"{2 * hits / max(judged + labelled, 1):.3f}"
        )
    return grid


# --- a model, for comparison ---------------------------------------------------------------------------------------------------------

DIMENSIONS: Final = 1 << 13
STEPS: Final = 300
RATE: Final = 0.05
DECAY: Final = 1e-4


def train(posts: Sequence[Labelled]) -> Judge:
    """Fit a logistic regression on hashed words, pairs of words and groups of four characters (Adam, all posts in every step)."""
    features = np.stack([_hashed(post.text) for post in posts])
    wanted = np.eye(len(KINDS), dtype=np.float32)[[KINDS.index(post.kind) for post in posts]]
    weights = np.zeros((DIMENSIONS, len(KINDS)), np.float32)
    mean: NDArray[np.floating] = np.zeros_like(weights)
    square: NDArray[np.floating] = np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        odds = np.exp(features @ weights)
        slope = features.T @ (odds / odds.sum(axis=1, keepdims=True) - wanted) / np.float32(len(posts)) + DECAY * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return lambda text: KINDS[int(np.argmax(_hashed(text) @ weights))]


def _hashed(text: str) -> NDArray[np.float32]:
    normal = normalise(text)
    words = normal.split()
    pieces = [*words, *map(" ".join, itertools.pairwise(words)), *(normal[at : at + 4] for at in range(len(normal) - 3))]
    places = [zlib.crc32(piece.encode("utf-8", "surrogatepass")) % DIMENSIONS for piece in pieces]
    counts = np.bincount(np.array(places, np.int64), minlength=DIMENSIONS)
    vector = np.log1p(counts).astype(np.float32)
    return vector / np.float32(max(float(np.linalg.norm(vector)), 1.0))


if __name__ == "__main__":
    main()
