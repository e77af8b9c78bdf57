"""Samples: prices carried forward, and runs that end in silence."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.buckets import Buckets
from scoring.market.samples import Sampler, Samples

SECOND = 1_000_000_000
LONGEST = 900
"""Steps of a second in the longest horizon."""


def buckets_of(steps: list[int]) -> Buckets:
    buckets = Buckets()
    for step in steps:
        buckets.add(step, step, step * SECOND - 1, 100.0 + step % 7, 2.0, False)
    return buckets


def listed(found: list[Samples]) -> list[str]:
    return [
        repr(row)
        for samples in found
        for row in zip(samples.step.tolist(), samples.price.tolist(), samples.event_ns.tolist(), samples.measures.T.tolist(), strict=True)
    ]


def test_there_is_no_sample_before_the_first_trade_and_the_last_price_is_carried_forward() -> None:
    (samples,) = Sampler(SECOND, 3).sample(14, buckets_of([10, 12]).take(14))
    assert samples.step.tolist() == [10, 11, 12, 13, 14]
    assert samples.price.tolist() == [103.0, 103.0, 105.0, 105.0, 105.0]
    assert samples.event_ns.tolist() == [10 * SECOND - 1] * 2 + [12 * SECOND - 1] * 3


@pytest.mark.parametrize("walking", [True, False])
def test_sampling_ends_after_the_longest_horizon_and_begins_afresh(walking: bool) -> None:
    buckets = buckets_of([10, 10 + LONGEST, 20 + 2 * LONGEST + 1])
    sampler = Sampler(SECOND, 3)
    if walking:
        found = [samples for step in range(5000) if (samples := sampler.walk([step], buckets.pop)) is not None]
        steps = [samples.step.item() for samples in found]
    else:
        steps = [step for samples in sampler.sample(5000, buckets.take(5000)) for step in samples.step.tolist()]
    assert steps == [*range(10, 10 + 2 * LONGEST + 1), *range(21 + 2 * LONGEST, 21 + 3 * LONGEST + 1)]


def test_nothing_new_gives_nothing() -> None:
    sampler = Sampler(SECOND, 3)
    assert sampler.sample(9, Buckets().take(9)) == []
    assert sampler.walk(range(10), Buckets().pop) is None
    sampler.sample(20, buckets_of([20]).take(20))
    assert sampler.sample(20, Buckets().take(20)) == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([1, 1, 2, 5, 40, 899, 900, 901, 2000]), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from([1, 2, 20, 100, 1500]), st.booleans()), max_size=20),
)
def test_walking_and_columns_mixed_in_any_way_give_the_same_samples(gaps: list[int], calls: list[tuple[int, bool]]) -> None:
    steps = [100]
    for gap in gaps:
        steps.append(steps[-1] + gap)
    end = steps[-1] + 1000
    expected = Sampler(SECOND, 3).sample(end, buckets_of(steps).take(end))
    sampler, buckets, found, at = Sampler(SECOND, 3), buckets_of(steps), [], 90
    for size, walking in [*calls, (end, False)]:
        through = min(at + size, end)
        if walking:
            samples = sampler.walk(range(at + 1, through + 1), buckets.pop)
            found += [samples] if samples is not None else []
        else:
            found += sampler.sample(through, buckets.take(through))
        at = through
        sampler = pickle.loads(pickle.dumps(sampler))
    assert listed(found) == listed(expected)


def test_a_copy_looks_ahead_and_leaves_no_trace() -> None:
    sampler, buckets = Sampler(SECOND, 3), buckets_of(list(range(10, 30)))
    sampler.walk(range(10, 15), buckets.pop)
    ahead = sampler.copy().walk(range(15, 25), buckets.get)
    assert ahead is not None
    samples = sampler.walk(range(15, 25), buckets.pop)
    assert samples is not None
    assert listed([samples]) == listed([ahead])
