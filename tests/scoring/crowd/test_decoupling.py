"""The crowd against the price: the numbers of the definition, and no bit of them from who came first.

Longer than others, because the plain oracle and the laws share their makers of posts and prices and readers of rows.
"""

import itertools
import math
import pickle
import random
import statistics
from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.decoupling import Decoupling, DecouplingSettings
from scoring.duration import Duration
from scoring.records import END_NS, DecouplingSignal, Rows, SocialSignal, Table, columns_of, to_columns

SECOND = 1_000_000_000
MINUTE = 60
START = 1_723_161_240
ASSET, SYMBOL = "bitcoin", "BTCUSDT"
SMALL = DecouplingSettings(
    window=Duration.parse("20s"), recent=Duration.parse("5s"), quiet_every=Duration.parse("4s"), trailing_minutes=4, warm_minutes=2
)

Sample = tuple[float, float]
"""Seconds after the start, price."""


def post(
    at: float, message_id: int, score: float = 0.5, text_id: str = "", channel: str = "calls", received: float | None = None
) -> SocialSignal:
    """Give a scored post; instants are seconds after the start."""
    received_ns = round((START + (at + 1 if received is None else received)) * SECOND)
    posted_ns = START * SECOND + round(at * SECOND)
    text_id = text_id or f"text {channel} {message_id}"
    return SocialSignal(ASSET, channel, message_id, posted_ns, received_ns, text_id, score, 0.0, 0.0, 0.0, "starter", "0" * 16)


def instant(through: float) -> int:
    return END_NS if math.isinf(through) else START * SECOND + round(through * SECOND)


def said(through: float, *posts: SocialSignal, asset: str = ASSET, provisional: bool = False) -> Rows:
    return Rows(Table.SOCIAL_SIGNALS, asset, to_columns(SocialSignal, posts), instant(through), provisional)


def risk(through: float, samples: Iterable[Sample] = (), gaps: int = 0, symbol: str = SYMBOL) -> Rows:
    listed = list(samples)
    columns = {
        "sampled_ns": np.array([instant(at) for at, _ in listed], np.int64),
        "price": np.array([price for _, price in listed], np.float64),
        "open_gaps": np.full(len(listed), gaps, np.int64),
        "completeness": np.array([f"open_gap({gaps})" if gaps else "complete"] * len(listed), object),
    }
    return Rows(Table.RISK_METRICS, symbol, columns, instant(through))


def signals(found: Iterable[Rows], provisional: bool = False) -> list[DecouplingSignal]:
    return [
        DecouplingSignal(*values)
        for rows in found
        if rows.provisional is provisional
        for values in zip(*[column.tolist() for column in rows.columns.values()], strict=True)
    ]


def seconds(found: Iterable[Rows], provisional: bool = False) -> list[int]:
    return [row.evaluated_ns // SECOND - START for row in signals(found, provisional)]


def exactly(found: Iterable[Rows]) -> list[str]:
    """Write rows so that every bit counts and NaN equals NaN."""
    return [repr(row) for row in signals(found)]


def versions(said: Iterable[Rows]) -> list[tuple[int, SocialSignal]]:
    """Give each post and edit with the instant it counts from, without the late ones."""
    seen: set[tuple[str, int]] = set()
    found, through_ns = [], -END_NS
    for rows in said:
        for values in zip(*[column.tolist() for column in rows.columns.values()], strict=True):
            row = SocialSignal(*values)
            key = (row.channel, row.message_id)
            from_ns = max(row.posted_ns, row.received_ns) if key in seen else row.posted_ns
            if from_ns > through_ns:
                seen.add(key)
                found.append((from_ns, row))
        through_ns = max(through_ns, rows.through_ns)
    return sorted(found, key=lambda version: version[0])


def mean(scores: Iterable[float]) -> float:
    exact = [Fraction(score) for score in scores]
    return float(sum(exact, Fraction(0)) / len(exact)) if exact else math.nan


def unique(posts: Iterable[SocialSignal]) -> list[float]:
    """Give the score of the earliest posting of each text."""
    first: dict[str, float] = {}
    for row in posts:
        first.setdefault(row.text_id, row.score)
    return list(first.values())


def naive(social: list[Rows], samples: list[Sample], config: DecouplingSettings) -> Iterator[DecouplingSignal]:
    """Walk every second of the tape with plain lists."""
    posts = versions(social)
    prices = [(instant(at), price) for at, price in samples]
    events = [at for at, _ in [*posts, *prices]]
    first = -(-min(events, default=0) // SECOND)
    count, momentum, last_at, last_price = 0, 0.0, -END_NS, math.nan
    before: list[SocialSignal] = []
    before_recent: list[SocialSignal] = []
    minutes: list[tuple[int, float]] = []
    for at in range(first, max(events, default=0) // SECOND + config.window // SECOND + 2):
        by_key = {
            (row.channel, row.message_id): msgspec.structs.replace(row, received_ns=0) for from_ns, row in posts if from_ns <= at * SECOND
        }
        window = sorted(
            (row for row in by_key.values() if row.posted_ns > at * SECOND - config.window),
            key=lambda row: (row.posted_ns, row.channel, row.message_id),
        )
        recent = [row for row in window if row.posted_ns > at * SECOND - config.recent]
        span = range(at - config.window // SECOND + 1, at + 1)
        known = [[price for sampled_ns, price in prices if sampled_ns <= second * SECOND][-1:] for second in span]
        path = [price for (price,) in filter(None, known)]
        price = path[-1] if path else math.nan
        due = bool(window) and at - last_at >= config.quiet_every // SECOND and (price != last_price and bool(path))
        if window != before or recent != before_recent or due:
            total = 0.0
            for each in path:
                total += each
            average = total / len(path) if path else math.nan
            vibe, average_vibe = mean(unique(recent)), mean(unique(window))
            delta_vibe = vibe - average_vibe if recent else 0.0
            count = len(unique(window))
            momentum = delta_vibe * count
            warm = len(minutes) >= config.warm_minutes
            yield DecouplingSignal(
                asset=ASSET,
                evaluated_ns=at * SECOND,
                price=price,
                average_price=average,
                delta_price=(price - average) / average,
                vibe=vibe,
                average_vibe=average_vibe,
                delta_vibe=delta_vibe,
                message_count=count,
                copies=len(window) - count,
                unique_channels=len({row.channel for row in window}),
                hype_momentum=momentum,
                message_count_z=score(count, [n for n, _ in minutes], config.least_count_deviation) if warm else math.nan,
                hype_momentum_z=score(momentum, [m for _, m in minutes], config.least_momentum_deviation) if warm else math.nan,
                warming=not warm,
                open_gaps=0,
                completeness="complete",
            )
            last_at, last_price = at, price
        if at % MINUTE == 0:
            minutes = [*minutes, (count, momentum)][-config.trailing_minutes :]
        before, before_recent = window, recent


def score(value: float, samples: list[float], least: float) -> float:
    return (value - statistics.fmean(samples)) / max(statistics.stdev(samples), least)


def same(row: DecouplingSignal, expected: DecouplingSignal) -> bool:
    """Compare to the last bit, z-scores to 9 digits (the oracle's deviation is another algorithm)."""
    zs = ("message_count_z", "hype_momentum_z")
    close = all(getattr(row, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-9, nan_ok=True) for name in zs)
    rest = [repr(msgspec.structs.replace(each, message_count_z=0.0, hype_momentum_z=0.0)) for each in (row, expected)]
    return close and rest[0] == rest[1]


# --- the numbers ---------------------------------------------------------------------------------------------------------------------


def test_hype_without_price_is_seen() -> None:
    state = Decoupling(ASSET, SYMBOL)
    calm = [post(at, at, 0.0) for at in range(0, 250, 10)]
    pump = [post(280 + at / 10, 1000 + at, 0.9, channel=f"pump {at % 4}") for at in range(190)]
    copies = [post(299, 2000 + at, 0.9, text_id="text pump 0 1000") for at in range(7)]
    found = state.update([risk(300, [(at / 2, 100.0) for at in range(601)]), said(299.5, *calm, *pump, *copies)])
    last = signals(found)[-1]
    assert (last.evaluated_ns, last.message_count, last.copies, last.unique_channels) == ((START + 299) * SECOND, 215, 7, 5)
    assert last.vibe == 0.9
    assert last.average_vibe == mean([0.0] * 25 + [0.9] * 190)
    assert last.hype_momentum == (last.vibe - last.average_vibe) * 215
    assert (last.delta_price, last.warming, last.completeness) == (0.0, True, "complete")
    assert [(rows.table, rows.symbol, rows.through_ns) for rows in found] == [(Table.DECOUPLING_SIGNALS, SYMBOL, instant(299.5))]
    assert list(found[0].columns) == list(columns_of(DecouplingSignal))


def test_a_row_is_made_where_a_post_comes_edits_or_goes_and_nowhere_else() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL)
    edit, again = post(10, 1, -0.5, received=17), post(12, 2, received=18)
    found = state.update([risk(math.inf, [(0, 100.0)]), said(11, post(10, 1)), said(16, post(12, 2)), said(math.inf, edit, again)])
    # Posted at 10 and 12, edited at 17, out of the recent past at 15 and 17, out of the window at 30 and 32.
    assert seconds(found) == [10, 12, 15, 17, 30, 32]
    assert [row.vibe for row in signals(found)[:3]] == [0.5] * 3
    assert [row.average_vibe for row in signals(found)[:5]] == [0.5, 0.5, 0.5, 0.0, 0.5]
    last = signals(found)[-1]
    assert (last.message_count, last.hype_momentum, last.delta_vibe) == (0, 0.0, 0.0)
    assert math.isnan(last.vibe)
    assert math.isnan(last.average_vibe)


def test_edits_of_one_second_that_take_each_other_back_make_no_row() -> None:
    there, back = post(10, 1, -0.5, "b", received=12.2), post(10, 1, 0.5, "a", received=12.7)
    found = Decoupling(ASSET, "", SMALL).update([said(11, post(10, 1, 0.5, "a")), said(40, there, back)])
    assert seconds(found) == [10, 15, 30]


def test_a_moving_price_asks_for_a_row_now_and_then_while_there_is_a_post() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL)
    walk = [(at, 100.0 + at) for at in range(60)]
    found = state.update([said(60, post(10, 1), post(12, 1, received=11)), risk(60, walk)])
    assert seconds(found) == [10, 12, 16, 17, 21, 25, 29, 32]


def test_a_price_that_rests_asks_for_none_until_it_moves() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL)
    found = state.update([said(60, post(10, 1)), risk(60, [(0, 100.0), (12, 101.0), (13, 100.0), (27, 102.0)])])
    assert seconds(found) == [10, 15, 27, 30]


def test_an_edit_that_says_the_same_leaves_the_turn_to_the_price() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL)
    found = state.update([risk(60, [(0, 100.0), (20, 101.0)]), said(60, post(10, 1), post(10, 1, received=20))])
    assert seconds(found) == [10, 15, 20, 30]


def test_gaps_are_those_of_the_market_at_the_instant() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL)
    found = state.update([said(40, post(10, 1), post(20, 2)), risk(12, [(9, 100.0)]), risk(40, [(13, 100.0)], gaps=2)])
    assert [(row.open_gaps, row.completeness) for row in signals(found)][::2] == [(0, "complete"), (2, "open_gap(2)"), (2, "open_gap(2)")]


def test_z_scores_come_once_there_is_history_and_silence_is_history() -> None:
    state = Decoupling(ASSET, SYMBOL, msgspec.structs.replace(SMALL, trailing_minutes=60))
    first = state.update([risk(math.inf, [(-59, 100.0)]), said(119, post(61, 1)), said(1000, post(950, 2), post(950, 3))])
    warming = {row.evaluated_ns // SECOND - START: row.warming for row in signals(first)}
    assert (warming[61], warming[66]) == (False, False)
    row = next(row for row in signals(first) if row.evaluated_ns == (START + 950) * SECOND)
    assert (row.message_count, row.message_count_z, row.hype_momentum_z) == (2, 2.0, 0.0)
    cold = Decoupling(ASSET, SYMBOL, SMALL).update([risk(math.inf, [(1, 100.0)]), said(120, post(61, 1))])
    assert all(row.warming and math.isnan(row.message_count_z) for row in signals(cold))


def test_a_price_of_nothing_has_no_difference() -> None:
    found = Decoupling(ASSET, SYMBOL, SMALL).update([risk(20, [(1, 0.0)]), said(20, post(10, 1))])
    assert [row.average_price for row in signals(found)][:1] == [0.0]
    assert math.isnan(signals(found)[0].delta_price)


# --- the join ------------------------------------------------------------------------------------------------------------------------


def test_rows_wait_for_the_slower_of_posts_and_market() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL)
    assert state.update([said(30, post(10, 1))]) == []
    assert [len(rows) for rows in state.update([risk(9)])] == [0]
    (rows,) = state.update([risk(12.5, [(10, 100.0), (10.5, 101.0)])])
    assert (seconds([rows]), rows.through_ns) == ([10], instant(12.5))
    assert signals([rows])[0].price == 100.0
    (rows,) = state.update([risk(40)])
    assert (seconds([rows]), rows.through_ns) == ([14, 15, 30], instant(30))
    assert state.update([risk(50), said(30)]) == []
    (rows,) = state.update([said(45)])
    assert (len(rows), rows.through_ns, list(rows.columns)) == (0, instant(45), list(columns_of(DecouplingSignal)))


def test_an_asset_without_a_symbol_waits_for_no_market() -> None:
    (rows,) = Decoupling(ASSET, "", SMALL).update([risk(5, [(1, 100.0)], symbol=""), said(20, post(10, 1))])
    assert rows.symbol == ASSET
    assert seconds([rows]) == [10, 15]
    first = signals([rows])[0]
    assert all(math.isnan(value) for value in (first.price, first.average_price, first.delta_price))
    assert (first.open_gaps, first.completeness) == (0, "complete")


def test_late_posts_are_counted_and_change_nothing() -> None:
    clean, disturbed = Decoupling(ASSET, "", SMALL), Decoupling(ASSET, "", SMALL)
    expected = clean.update([said(20, post(10, 1)), said(60)])
    found = disturbed.update([said(20, post(10, 1)), said(60, post(20, 2), post(10, 1, -0.5, received=20))])
    assert exactly(found) == exactly(expected)
    assert (clean.late_posts, disturbed.late_posts) == (0, 2)


def test_the_end_of_a_tape_lets_the_windows_run_empty() -> None:
    found = Decoupling(ASSET, SYMBOL, SMALL).update([said(math.inf, post(10, 1)), risk(math.inf, [(10, 100.0)])])
    assert seconds(found) == [10, 15, 30]
    assert found[-1].through_ns == END_NS


def test_rows_of_others_and_provisional_ones_are_passed_over() -> None:
    state = Decoupling(ASSET, SYMBOL, SMALL, provisional=True)
    others = [
        said(50, post(10, 1), asset="ether"),
        said(50, post(10, 1), provisional=True),
        risk(50, [(1, 1.0)], symbol="ETHUSDT"),
        Rows(Table.PORTFOLIO, SYMBOL, {}, END_NS),
    ]
    assert state.update(others) == []


# --- what is shown early -------------------------------------------------------------------------------------------------------------


def test_provisional_rows_show_the_newest_second_and_change_nothing() -> None:
    plain, state = Decoupling(ASSET, SYMBOL, SMALL), Decoupling(ASSET, SYMBOL, SMALL, provisional=True)
    items = [
        risk(5, [(5, 100.0)]),
        said(5, post(10.5, 1)),
        risk(11, [(11, 101.0)]),
        said(5, post(12, 2, -0.5)),
        said(12),
        said(13, post(12.5, 3)),
    ]
    found = [rows for item in items for rows in state.update([item])]
    # At 10 there is no post yet; at 12 the price of 11 stands; 12 is not shown twice.
    assert seconds(found, provisional=True) == [11, 12]
    shown = signals(found, provisional=True)
    assert [(row.price, row.message_count) for row in shown] == [(101.0, 1), (101.0, 2)]
    assert shown[-1].vibe == 0.0
    expected = [rows for item in items for rows in plain.update([item])]
    assert exactly(found) == exactly(expected)
    end = [said(math.inf), risk(math.inf, [(14, 102.0)])]
    assert exactly(state.update(end)) == exactly(plain.update(end))


# --- settings ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window", Duration.parse("1500ms")),
        ("recent", Duration(0)),
        ("recent", Duration.parse("6m")),
        ("quiet_every", Duration.parse("10ms")),
        ("max_posts", 0),
        ("warm_minutes", 1),
        ("trailing_minutes", 100),
        ("least_count_deviation", 0.0),
        ("least_momentum_deviation", math.nan),
    ],
)
def test_settings_that_cannot_be_evaluated_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field} = .*: expected|expected .*{field} = "):
        msgspec.structs.replace(DecouplingSettings(), **{field: value})


# --- the laws ------------------------------------------------------------------------------------------------------------------------


@st.composite
def tapes(draw: st.DrawFn) -> tuple[list[Rows], list[Sample]]:
    """Give posts with copies, edits, repeats and late ones, in some order, and prices."""
    texts, now, social, sent = ("a", "b", "c", ""), 0.0, [], list[SocialSignal]()
    for _ in range(draw(st.integers(1, 9))):
        now += draw(st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.0, 30.0, 70.0]))
        fresh = []
        for _ in range(draw(st.integers(0, 5))):
            at = now + draw(st.sampled_from([-4.0, -0.5, 0.0, 0.25, 1.0, 2.0, 6.0]))
            said_score, text = draw(st.sampled_from([-1.0, -0.3, 0.1, 0.7, 1 / 3])), draw(st.sampled_from(texts))
            if sent and draw(st.integers(0, 2)) == 0:
                old = draw(st.sampled_from(sent))
                received_ns = instant(now + draw(st.sampled_from([0.5, 2.0, 9.0])))
                fresh.append(msgspec.structs.replace(old, score=said_score, text_id=text or old.text_id, received_ns=received_ns))
            else:
                fresh.append(post(at, len(sent), said_score, text, draw(st.sampled_from(["calls", "tips"]))))
            sent.append(fresh[-1])
        social.append(said(now, *fresh))
    half, samples = draw(st.integers(-20, 40)), []
    for _ in range(draw(st.integers(0, 12))):
        half += draw(st.sampled_from([1, 1, 2, 3, 25]))
        samples.append((half / 2, draw(st.sampled_from([100.0, 100.1, 99.7]))))
    return [*social, said(math.inf)], samples


@settings(max_examples=60, deadline=None)
@given(tapes())
def test_rows_are_those_of_the_definition_worked_out_second_by_second(tape: tuple[list[Rows], list[Sample]]) -> None:
    social, samples = tape
    found = signals(Decoupling(ASSET, SYMBOL, SMALL).update([*social, risk(math.inf, samples)]))
    expected = list(naive(social, samples, SMALL))
    assert [row.evaluated_ns for row in found] == [row.evaluated_ns for row in expected]
    assert [pair for pair in zip(found, expected, strict=True) if not same(*pair)] == []


def cut(rows: Rows, before_ns: int, dice: random.Random) -> list[Rows]:
    """Cut rows into pieces; only the last says how far they are out."""
    at = sorted({0, len(rows), *(dice.randint(0, len(rows)) for _ in range(3))})
    pieces = [
        Rows(rows.table, rows.symbol, {name: column[begin:end] for name, column in rows.columns.items()}, before_ns)
        for begin, end in itertools.pairwise(at)
    ]
    return [*pieces, Rows(rows.table, rows.symbol, {}, rows.through_ns)]


def cut_all(items: list[Rows], dice: random.Random) -> list[Rows]:
    before = [-END_NS, *(rows.through_ns for rows in items)]
    return [piece for rows, before_ns in zip(items, before, strict=False) for piece in cut(rows, before_ns, dice)]


@settings(max_examples=60, deadline=None)
@given(tapes(), st.integers(0, 1 << 30), st.sampled_from([3, 100]), st.booleans())
def test_who_came_first_how_it_was_cut_and_pickling_change_no_bit(
    tape: tuple[list[Rows], list[Sample]], seed: int, max_posts: int, provisional: bool
) -> None:
    social, samples = tape
    dice, config = random.Random(seed), msgspec.structs.replace(SMALL, max_posts=max_posts)
    market = [*(risk(sample[0], [sample]) for sample in samples), risk(math.inf)]
    whole = Decoupling(ASSET, SYMBOL, config)
    expected = whole.update([*social, *market])
    queues, single, found = [cut_all(social, dice), cut_all(market, dice)], Decoupling(ASSET, SYMBOL, config, provisional), list[Rows]()
    while any(queues):
        queue = dice.choice([queue for queue in queues if queue])
        found += single.update([queue.pop(0) for _ in range(min(len(queue), dice.randint(1, 3)))])
        if dice.random() < 0.3:
            single = pickle.loads(pickle.dumps(single))
    assert exactly(found) == exactly(expected)
    assert (found[-1].through_ns, single.late_posts) == (END_NS, whole.late_posts)
    throughs = [rows.through_ns for rows in found if not rows.provisional]
    assert throughs == sorted(set(throughs))
