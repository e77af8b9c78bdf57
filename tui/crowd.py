"""What the screen knows of the crowd: the newest posts, how each sounds, and how the crowd stands to the price of each asset.

A post and its mood are two messages, which may come in either order: they are kept apart and joined when drawn. All of it is other
people's text, so it is bounded here, a megabyte of a post to what one line can ever show.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

import msgspec

from scoring.feed import NewRows, Topic, Value, read_instant, read_number

POST_LIMIT: Final = 100
ASSET_LIMIT: Final = 64
TEXT_LIMIT: Final = 500
"""Characters kept of a post, and of any other name in it."""
MOOD_LIMIT: Final = 720
"""Moods kept of the past of one asset: an hour of them, as many as the feed tells."""
_STEP_S: Final = 5
"""From one of them to the next: as the feed thins them and prices, so that both can be drawn over the same time."""

_Key = TypeVar("_Key")
_Item = TypeVar("_Item")

PostKey: TypeAlias = tuple[str, int]
"""Channel, and id of the message in it."""


class Post(msgspec.Struct, frozen=True):
    """One post."""

    at: datetime
    """When its author posted it."""
    channel: str
    text: str
    assets: tuple[str, ...]
    """Those it means; a post that means none has no mood."""


class Stance(msgspec.Struct, frozen=True):
    """The crowd against the price of one asset, at one instant. Fields as in `scoring.records.DecouplingSignal`."""

    asset: str
    symbol: str
    """Whose price it is held against; the asset where it has none."""
    at: datetime
    vibe: float | None
    """None while the last 30 s are silent."""
    average_vibe: float | None
    message_count: float | None
    hype_momentum: float | None
    message_count_z: float | None
    hype_momentum_z: float | None
    warming: bool
    completeness: str
    copies: float | None = None
    """Posts of the window that repeat a text of it."""
    unique_channels: float | None = None


class Mood(msgspec.Struct, frozen=True, gc=False):
    """What is drawn of a stance of the past."""

    at: datetime
    average_vibe: float | None
    message_count: float | None


class Crowd(msgspec.Struct, frozen=True):
    """All that is known of it."""

    posts: Mapping[PostKey, Post] = {}
    """The latest change last."""
    scores: Mapping[PostKey, float] = {}
    """Moods, −1 to 1; the same for every asset a post means."""
    identities: Mapping[PostKey, str] = {}
    """Hashes of their texts: copies share one."""
    stances: Mapping[str, Stance] = {}
    """By asset."""
    past: Mapping[str, tuple[Mood, ...]] = {}
    """By asset, thinned to one in five seconds, in order; that of the newest stance is the last."""

    @property
    def is_heard(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.posts or self.stances)


TOPICS: Final = frozenset({str(Topic.POSTS), str(Topic.SOCIAL_SIGNALS), str(Topic.DECOUPLING_SIGNALS)})
"""Tables it is made of."""


def hear(crowd: Crowd, rows: NewRows) -> Crowd:
    """Give what is known after some rows of one of `TOPICS`."""
    if rows.past:
        return _with_past(crowd, rows) if rows.table == Topic.DECOUPLING_SIGNALS else crowd
    for cells in _newest(rows, POST_LIMIT):
        match rows.table:
            case Topic.POSTS:
                crowd = _with_post(crowd, cells)
            case Topic.SOCIAL_SIGNALS:
                crowd = _with_score(crowd, cells)
            case Topic.DECOUPLING_SIGNALS:
                crowd = _with_stance(crowd, rows.symbol, cells)
    return crowd


def by_symbol(stances: Mapping[str, Stance]) -> dict[str, Stance]:
    """Give the stance that is shown of each symbol.

    An asset without a symbol goes under its own name, which may be that of a symbol: the one that has a price goes first. Of several
    that have, the one with the most texts does.
    """
    ranked = sorted(stances.values(), key=lambda stance: (stance.asset != stance.symbol, stance.message_count or 0.0, stance.asset))
    return {stance.symbol: stance for stance in ranked}


def latest(known: Mapping[_Key, _Item], key: _Key, item: _Item, limit: int) -> dict[_Key, _Item]:
    """Put an item at the end, in place of an older one under its key; the longest unchanged go when there are too many."""
    return newest(known, [(key, item)], limit)


def newest(known: Mapping[_Key, _Item], items: Iterable[tuple[_Key, _Item]], limit: int) -> dict[_Key, _Item]:
    """Do that with several, one after the other."""
    found = dict(known)
    for key, item in items:
        found.pop(key, None)
        found[key] = item
    for key in list(itertools.islice(found, max(len(found) - limit, 0))):
        del found[key]
    return found


def _newest(rows: NewRows, limit: int) -> Iterator[dict[str, Value]]:
    columns = [column[-limit:] for column in rows.columns.values()]
    return (dict(zip(rows.columns, cells, strict=True)) for cells in zip(*columns, strict=False))


def _with_post(crowd: Crowd, cells: Mapping[str, Value]) -> Crowd:
    key, at = _key(cells), read_instant(cells.get("posted_at"))
    if key is None or at is None:
        return crowd
    assets = tuple(asset for asset in _text(cells, "assets").split(",") if asset)
    post = Post(at, key[0], _text(cells, "text"), assets)
    return msgspec.structs.replace(crowd, posts=latest(crowd.posts, key, post, POST_LIMIT))


def _with_score(crowd: Crowd, cells: Mapping[str, Value]) -> Crowd:
    key, score = _key(cells), read_number(cells.get("score"))
    if key is None or score is None:
        return crowd
    identities = latest(crowd.identities, key, _text(cells, "text_id"), POST_LIMIT)
    return msgspec.structs.replace(crowd, scores=latest(crowd.scores, key, score, POST_LIMIT), identities=identities)


def _with_stance(crowd: Crowd, symbol: str, cells: Mapping[str, Value]) -> Crowd:
    asset, at = _text(cells, "asset"), read_instant(cells.get("evaluated_at"))
    if not asset or at is None:
        return crowd
    known = crowd.stances.get(asset)
    if (known is None and len(crowd.stances) >= ASSET_LIMIT) or (known is not None and at < known.at):
        return crowd  # a final row of a moment that has already been seen as it stood then is no news
    stance = Stance(
        asset=asset,
        symbol=symbol,
        at=at,
        vibe=read_number(cells.get("vibe")),
        average_vibe=read_number(cells.get("average_vibe")),
        message_count=read_number(cells.get("message_count")),
        hype_momentum=read_number(cells.get("hype_momentum")),
        message_count_z=read_number(cells.get("message_count_z")),
        hype_momentum_z=read_number(cells.get("hype_momentum_z")),
        warming=cells.get("warming") is True,
        completeness=_text(cells, "completeness"),
        copies=read_number(cells.get("copies")),
        unique_channels=read_number(cells.get("unique_channels")),
    )
    moods = _thinned(crowd.past.get(asset, ()), [Mood(at, stance.average_vibe, stance.message_count)])
    return msgspec.structs.replace(crowd, stances={**crowd.stances, asset: stance}, past={**crowd.past, asset: moods})


def _with_past(crowd: Crowd, rows: NewRows) -> Crowd:
    by_asset: dict[str, list[Mood]] = {}
    for cells in _newest(rows, MOOD_LIMIT):
        asset, at = _text(cells, "asset"), read_instant(cells.get("evaluated_at"))
        if asset and at is not None and (asset in crowd.past or asset in by_asset or len(crowd.past) + len(by_asset) < ASSET_LIMIT):
            mood = Mood(at, read_number(cells.get("average_vibe")), read_number(cells.get("message_count")))
            by_asset.setdefault(asset, []).append(mood)
    past = {asset: _thinned(crowd.past.get(asset, ()), moods) for asset, moods in by_asset.items()}
    return msgspec.structs.replace(crowd, past={**crowd.past, **past}) if past else crowd


def _thinned(past: tuple[Mood, ...], new: Sequence[Mood]) -> tuple[Mood, ...]:
    """Join moods: the last in each step stays, in whichever order they come."""
    if len(new) == 1 and past and new[0].at > past[-1].at:
        return (*(past[:-1] if _step(past[-1]) == _step(new[0]) else past[-MOOD_LIMIT + 1 :]), new[0])
    by_step = {_step(mood): mood for mood in past}
    for mood in new:
        known = by_step.get(step := _step(mood))
        if known is None or mood.at >= known.at:
            by_step[step] = mood
    return tuple(by_step[step] for step in sorted(by_step)[-MOOD_LIMIT:])


def _step(mood: Mood) -> int:
    return int(mood.at.timestamp()) // _STEP_S


def _key(cells: Mapping[str, Value]) -> PostKey | None:
    channel, message_id = cells.get("channel"), cells.get("message_id")
    return (channel[:TEXT_LIMIT], message_id) if isinstance(channel, str) and isinstance(message_id, int) else None


def _text(cells: Mapping[str, Value], column: str) -> str:
    value = cells.get(column)
    return value[:TEXT_LIMIT] if isinstance(value, str) else ""
