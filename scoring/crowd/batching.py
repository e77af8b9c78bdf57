"""Which texts are scored together: those of about the same length, so that little of a batch is padding.

Whether texts may share a batch at all is the model's business, see `finbert`; where they may not, `batch_tokens` is 0 and every
text is alone and unpadded, so that what the model computes is a function of the text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def groups_by_length(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Cut positions into groups, the longest texts first; a group padded to its longest has at most `batch_tokens` tokens.

    A text longer than that is alone.

    >>> groups_by_length([3, 9, 3, 8], batch_tokens=18)
    [[1, 3], [0, 2]]
    """
    groups: list[list[int]] = []
    room = 0
    for position in sorted(range(len(lengths)), key=lambda position: -lengths[position]):
        if not room:
            groups.append([])
            room = max(batch_tokens // max(lengths[position], 1), 1)
        groups[-1].append(position)
        room -= 1
    return groups


def padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put rows of tokens into one table, padded to the longest, and give it with its mask: int64[rows, tokens] each.

    >>> padded([[5, 6], [7]], padding=0)
    (array([[5, 6],
           [7, 0]]), array([[1, 1],
           [1, 0]]))
    """
    ids = np.full((len(rows), max(map(len, rows))), padding, np.int64)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
