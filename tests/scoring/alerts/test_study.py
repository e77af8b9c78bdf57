"""A study is right about alerts that are known to be good, known to be useless, or too few."""

import numpy as np
import pytest

from scoring.alerts.excursion import Excursions, Track
from scoring.alerts.study import Comparison, StudySettings, compare, find, interval, join
from scoring.duration import Duration

NONE = np.zeros((1, 1))


def settings(delay: int = 0, apart: int = 0, least_alerts: int = 5) -> StudySettings:
    return StudySettings(delay=Duration(delay), apart=Duration(apart), stale=Duration(0), least_alerts=least_alerts)


def test_an_alert_is_held_against_its_own_random_instants() -> None:
    # Eligible for a horizon of 1: the instants 0, 1, 3, 4, with returns 0.1, 0, 0.5, −1/3.
    track = Track(np.arange(6), np.array([10.0, 11.0, 11.0, 22.0, 33.0, 22.0]))
    draws = np.array([[0.0, 0.3, 0.5, 0.99]])
    found = compare(track, np.array([2]), Duration(1), draws, settings())
    assert found.own.forward.tolist() == [1.0]
    assert found.matched.forward.tolist() == [pytest.approx((0.1 + 0 + 0.5 - 1 / 3) / 4)]
    assert found.matched.best.tolist() == [pytest.approx((0.1 + 0 + 0.5 + 0) / 4)]
    assert found.matched.worst.tolist() == [pytest.approx(-1 / 12)]
    assert found.rank.tolist() == [1.0]


def test_instants_that_did_as_well_count_half() -> None:
    flat = Track(np.arange(10), np.full(10, 7.0))
    found = compare(flat, np.array([2, 5]), Duration(3), np.array([[0.1, 0.9], [0.5, 0.2]]), settings())
    assert found.rank.tolist() == [0.5, 0.5]
    assert found.own.forward.tolist() == [0.0, 0.0]


def test_a_delay_moves_the_entry() -> None:
    track = Track(np.arange(6), np.array([10.0, 11.0, 11.0, 22.0, 33.0, 22.0]))
    found = compare(track, np.array([1]), Duration(1), np.array([[0.0]]), settings(delay=1))
    assert found.own.forward.tolist() == [1.0]


def test_without_a_place_for_random_instants_an_alert_is_not_compared() -> None:
    track = Track(np.arange(4), np.array([10.0, 11.0, 12.0, 13.0]))
    found = compare(track, np.array([1]), Duration(1), np.array([[0.5]]), settings(apart=10))
    assert found.own.forward.tolist() == [pytest.approx(1 / 11)]
    assert np.isnan(found.rank).all()
    finding = find(found, NONE, settings())
    assert finding.alerts == 0
    assert np.isnan(finding[1:]).all()


def comparison(forward: list[float], matched: list[float], rank: list[float]) -> Comparison:
    own = np.array(forward)
    other = np.array(matched)
    return Comparison(Excursions(own, own + 0.1, own - 0.1), Excursions(other, other, other), np.array(rank))


def test_a_finding_is_the_mean_over_the_alerts_that_are_known() -> None:
    finding = find(comparison([0.1, 0.3, np.nan], [0.0, 0.1, np.nan], [1.0, 0.5, np.nan]), NONE, settings())
    assert finding.alerts == 2
    assert finding.forward == pytest.approx(0.2)
    assert finding.matched == pytest.approx(0.05)
    assert finding.difference == pytest.approx(0.15)
    assert finding.best == pytest.approx(0.3)
    assert finding.worst == pytest.approx(0.1)
    assert finding.rank == 0.75
    assert np.isnan([finding.low, finding.high]).all()


def test_comparisons_join_in_order() -> None:
    whole = join([comparison([0.1], [0.0], [1.0]), comparison([0.3, 0.2], [0.1, 0.4], [0.5, 0.0])])
    assert whole.own.forward.tolist() == [0.1, 0.3, 0.2]
    assert whole.matched.worst.tolist() == [0.0, 0.1, 0.4]
    assert whole.rank.tolist() == [1.0, 0.5, 0.0]


def test_an_interval_is_read_off_the_resampled_means() -> None:
    # With one draw repeated, each resampled mean is one of the two numbers.
    differences = np.array([0.0, 1.0])
    draws = np.array([[0.0, 0.0]] * 3 + [[0.9, 0.9]] * 97)
    assert interval(differences, draws, settings(least_alerts=2)) == (0.0, 1.0)
    draws = np.array([[0.0, 0.0]] * 2 + [[0.9, 0.9]] * 98)
    assert interval(differences, draws, settings(least_alerts=2)) == (1.0, 1.0)


def test_two_alerts_give_no_interval() -> None:
    assert np.isnan(interval(np.array([0.1, 0.2]), np.full((10, 2), 0.5), settings())).all()


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    chance = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        differences = chance.normal(0.01, 0.02, 30)
        low, high = interval(differences, chance.random((300, 30)), settings())
        hits += low <= 0.01 <= high
    assert 170 <= hits <= 200


def test_useless_alerts_do_not_differ_and_good_ones_do() -> None:
    chance = np.random.default_rng(11)
    returns = chance.normal(0, 0.001, 5_000)
    good = np.arange(100, 4_900, 100)
    returns[good + 1] += 0.01
    track = Track(np.arange(5_000), np.cumprod(1 + returns).astype(np.float64))
    useless = good + 50
    for fired, differs in ((good, True), (useless, False)):
        found = compare(track, fired, Duration(5), chance.random((len(fired), 100)), settings())
        finding = find(found, chance.random((500, len(fired))), settings())
        assert (finding.low > 0) is differs
        assert (finding.rank > 0.9) is differs
