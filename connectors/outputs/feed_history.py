"""The past of one subject as columns: its newest rows, one for each step of a grid of event time, and which of them are news.

Each step keeps its last row. A client is told the steps that changed since it last asked, so a screen that joins late and one that
was slow know the same. Bounded: at most `limit` steps and a quarter more, 24 bytes for each and 8 for each number in it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

_SLACK: Final = 4
"""Old rows are cut off when there are a quarter too many, not at each new one."""

Part: TypeAlias = tuple[list[int], list[list[float]], list[str]]
"""Rows as instants, columns of numbers, and words."""


class History:
    """The newest rows of one subject: an instant, `columns` numbers and a word each."""

    __slots__ = ("_at_ns", "_changed", "_columns", "_end_ns", "_is_news_late", "_late", "_limit", "_most", "_newest", "_step_ns", "_words")

    def __init__(self, step_ns: int, limit: int, columns: int = 1, is_news_late: bool = False) -> None:
        """Start empty; `is_news_late` for rows that are news when their step is over: nobody hears the newest row otherwise."""
        self._is_news_late = is_news_late
        self._step_ns = step_ns
        self._limit = limit
        self._most = limit + limit // _SLACK
        self._newest: tuple[int, int, Sequence[float], str] | None = None
        """Instant of the newest row, the number it was put under, and what it says; cheap to replace while its step lasts."""
        self._end_ns = 0
        """Where its step ends."""
        self._at_ns = array("q")
        """Of the rows before it: rising, one in each step."""
        self._changed = array("q")
        """The number each was put under; rising too, but for what came late."""
        self._columns = tuple(array("d") for _ in range(columns))
        self._words: list[str] = []
        self._late = 0
        """The number of the last change that came late."""

    @property
    def newest_ns(self) -> int:
        """Instant of the newest row; before all others where there is none."""
        return self._newest[0] if self._newest else -1

    def put(self, at_ns: int, numbers: Sequence[float], sequence: int, word: str = "") -> bool:
        """Take a row under a number that rises with each change; say whether it may be news to who keeps longer steps.

        In its step it replaces an older row, and one of the same instant where it says something else.
        """
        if at_ns >= self._end_ns:
            self._close(sequence)
            self._end_ns = at_ns - at_ns % self._step_ns + self._step_ns
        elif self._newest and at_ns <= self._newest[0]:
            return self._put_late(at_ns, numbers, sequence, word)
        self._newest = (at_ns, sequence, numbers, word)
        return True

    def put_many(self, at_ns: NDArray[np.int64], numbers: NDArray[np.float64], sequence: int) -> None:
        """Take rows of one number, int64[n] and float64[n], the only ones of their steps, in order."""
        begin, end = int(np.searchsorted(at_ns, self._end_ns)), len(at_ns)
        for index in self._news(at_ns[:begin], numbers[:begin]):
            self.put(at_ns[index].item(), (numbers[index].item(),), sequence)
        if begin < end - 1:
            self._close(sequence)
            self._newest = None
            self._at_ns.frombytes(at_ns[begin : end - 1].tobytes())
            self._columns[0].frombytes(numbers[begin : end - 1].tobytes())
            self._changed.extend([sequence] * (end - begin - 1))
            self._words.extend([""] * (end - begin - 1))
            if len(self._at_ns) > self._most:
                self._cut()
        if begin < end:
            self.put(at_ns[-1].item(), (numbers[-1].item(),), sequence)

    def _news(self, at_ns: NDArray[np.int64], numbers: NDArray[np.float64]) -> Sequence[int]:
        """Say which of these rows are not known as they are."""
        if not len(at_ns) or not self._at_ns:
            return range(len(at_ns))
        known, said = np.array(self._at_ns), np.array(self._columns[0])
        index = np.searchsorted(known, at_ns).clip(max=len(known) - 1)
        found: list[int] = np.flatnonzero((known[index] != at_ns) | (said[index] != numbers)).tolist()
        return found

    def since(self, sequence: int, but_newest: bool = False) -> Part | None:
        """Give what was put under a later number, in order; None where there is nothing.

        `but_newest` leaves out the newest row of all, for a client that hears it otherwise.
        """
        changed, newest = self._changed, None if but_newest else self._newest
        first = max(len(changed) + 1 - self._limit, 0)
        fresh: Sequence[int]
        if self._late > sequence:
            fresh = [index for index in range(first, len(changed)) if changed[index] > sequence]
        else:
            begin = len(changed)
            while begin > first and changed[begin - 1] > sequence:
                begin -= 1
            fresh = range(begin, len(changed))
        is_newest_told = newest is not None and newest[1] > sequence
        if not fresh and not is_newest_told:
            return None
        instants = [self._at_ns[index] for index in fresh]
        columns = [[column[index] for index in fresh] for column in self._columns]
        words = [self._words[index] for index in fresh]
        if newest is not None and is_newest_told:
            instants.append(newest[0])
            for column, number in zip(columns, newest[2], strict=True):
                column.append(number)
            words.append(newest[3])
        return instants, columns, words

    def _close(self, sequence: int) -> None:
        """Put the newest row, whose step is over, to the others."""
        if self._newest:
            at_ns, known, numbers, word = self._newest
            self._insert(len(self._at_ns), at_ns, sequence if self._is_news_late else known, numbers, word)

    def _insert(self, index: int, at_ns: int, sequence: int, numbers: Sequence[float], word: str) -> None:
        self._at_ns.insert(index, at_ns)
        self._changed.insert(index, sequence)
        for column, number in zip(self._columns, numbers, strict=True):
            column.insert(index, number)
        self._words.insert(index, word)
        if len(self._at_ns) > self._most:
            self._cut()

    def _put_late(self, at_ns: int, numbers: Sequence[float], sequence: int, word: str) -> bool:
        """Take a row that is no later than the newest."""
        newest, known = self._newest, self._at_ns
        first_ns = at_ns - at_ns % self._step_ns
        end_ns = first_ns + self._step_ns
        if newest and end_ns == self._end_ns:
            if at_ns < newest[0] or (newest[2] == numbers and newest[3] == word):
                return False
            self._newest = (at_ns, sequence, numbers, word)
            return True
        index = bisect_left(known, first_ns)
        if index == len(known) or known[index] >= end_ns:
            if index > len(known) - self._limit:
                self._late = sequence
                self._insert(index, at_ns, sequence, numbers, word)
            return True
        if at_ns < known[index] or (at_ns == known[index] and self._says(index, numbers, word)):
            return False
        self._late = sequence
        known[index], self._changed[index], self._words[index] = at_ns, sequence, word
        for column, number in zip(self._columns, numbers, strict=True):
            column[index] = number
        return True

    def _says(self, index: int, numbers: Sequence[float], word: str) -> bool:
        return (
            self._columns[0][index] == numbers[0]
            and self._words[index] == word
            and all(column[index] == number for column, number in zip(self._columns[1:], numbers[1:], strict=True))
        )

    def _cut(self) -> None:
        many = len(self._at_ns) - self._limit
        del self._at_ns[:many], self._changed[:many], self._words[:many]
        for column in self._columns:
            del column[:many]
