"""Which texts are scored together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.crowd.batching import groups_by_length, padded

LENGTHS = st.lists(st.integers(0, 70), max_size=60)


@given(LENGTHS, st.integers(0, 300))
def test_every_text_is_in_one_group_and_no_group_is_too_large(lengths: list[int], batch_tokens: int) -> None:
    groups = groups_by_length(lengths, batch_tokens)
    assert sorted(position for group in groups for position in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[position] for position in group) <= batch_tokens or not lengths[group[0]]


@given(LENGTHS, st.integers(0, 300))
def test_groups_go_from_the_longest_texts_to_the_shortest(lengths: list[int], batch_tokens: int) -> None:
    groups = groups_by_length(lengths, batch_tokens)
    for longer, shorter in pairwise(groups):
        assert min(lengths[position] for position in longer) >= max(lengths[position] for position in shorter)


def test_without_room_every_text_is_alone() -> None:
    assert groups_by_length([5, 5, 5], 0) == [[0], [1], [2]]


def test_equal_texts_keep_their_order() -> None:
    assert groups_by_length([4, 9, 4, 9, 4], 18) == [[1, 3], [0, 2, 4]]


def test_padding_is_masked() -> None:
    ids, mask = padded([(5, 6, 7), (8,)], padding=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert ids.dtype == mask.dtype == np.int64
