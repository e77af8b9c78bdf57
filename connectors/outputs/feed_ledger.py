"""The newest of everything under its key, bounded, and what of it has changed since any moment."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


class Ledger(Generic[_Key, _Item]):
    """The newest item under each key, in the order of their last change; the oldest go when there are more than `limit`."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._items: OrderedDict[_Key, tuple[int, _Item]] = OrderedDict()

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._items)

    def put(self, key: _Key, item: _Item, sequence: int) -> None:
        """Replace what is under the key; `sequence` is not below any before."""
        self._items[key] = (sequence, item)
        self._items.move_to_end(key)
        if len(self._items) > self._limit:
            self._items.popitem(last=False)

    def drop(self, key: _Key) -> None:
        """Forget what is under the key, if anything."""
        self._items.pop(key, None)

    def since(self, sequence: int) -> list[_Item]:
        """Give what was put under a higher number, oldest change first."""
        found: list[_Item] = []
        for number, item in reversed(self._items.values()):
            if number <= sequence:
                break
            found.append(item)
        found.reverse()
        return found
