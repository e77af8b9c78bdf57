"""The posts behind an alert are in its row, and stay there."""

import json

import msgspec
import numpy as np
import pytest

from scoring.crowd.witness import NO_POSTS, Witness, WitnessSettings
from scoring.duration import Duration
from scoring.records import Alert, Column, DecouplingSignal, Rows, SocialSignal, Table, empty_columns, to_columns

SECOND = 1_000_000_000
CROWD = json.dumps({"decoupling_signals.hype_momentum": {"instant": "1970-01-01T00:16:40Z", "value": 120.0, "completeness": "complete"}})
MARKET = json.dumps({"risk_metrics.price": {"instant": "1970-01-01T00:16:40Z", "value": 1.0, "completeness": "complete"}})


def post(at: int, number: int, text: str, score: float) -> SocialSignal:
    return SocialSignal("bitcoin", "calls", number, at * SECOND, at * SECOND, text, score, 0.0, 0.0, 0.0, "starter", "0", f"says {text}")


def moods(*posts: SocialSignal) -> Rows:
    return Rows(Table.SOCIAL_SIGNALS, "bitcoin", to_columns(SocialSignal, posts), 0)


def alerts(*told: tuple[str, str, str], through: int = 0) -> Rows:
    columns: dict[str, Column] = dict(empty_columns(Alert))
    for place, name in enumerate(("alert_id", "state", "evidence")):
        columns[name] = np.array([each[place] for each in told], object)
    return Rows(Table.ALERTS, "BTCUSDT", columns, through * SECOND)


def texts(rows: Rows, at: int = 0) -> list[str]:
    return [each["text"] for each in json.loads(rows.columns["posts"][at])]


@pytest.fixture
def witness() -> Witness:
    heard = Witness(Duration.parse("5m"), Duration.parse("30s"), 100, WitnessSettings(posts=2))
    heard.take(
        [
            moods(
                *(post(800, number, f"calm {number}", 0.0) for number in range(10, 20)),
                post(980, 2, "moon", 1.0),
                post(985, 3, "moon", 1.0),
                post(990, 4, "soon", 0.5),
            )
        ]
    )
    heard.take([moods(post(991, 5, "rug", -0.9), post(995, 6, "fine", 0.4))])
    return heard


def test_an_alert_carries_the_texts_that_moved_the_mood_furthest(witness: Witness) -> None:
    told = witness.testify(alerts(("a", "firing", CROWD)))
    first, second = json.loads(told.columns["posts"][0])
    assert (first["channel"], first["message_id"], first["copies"], first["posted"]) == ("calls", 2, 1, "1970-01-01T00:16:20Z")
    assert (first["text"], second["text"]) == ("says moon", "says soon")
    assert first["moved"] > second["moved"] > 0


def test_an_alert_that_is_written_again_keeps_its_posts_until_it_is_over(witness: Witness) -> None:
    fired = witness.testify(alerts(("a", "firing", CROWD)))
    witness.take([moods(*(post(999, number, f"sky {number}", 1.0) for number in range(30, 40)))])
    later = witness.testify(alerts(("a", "no_data", CROWD), ("a", "resolved", CROWD), ("a", "firing", CROWD)))
    assert texts(later, 0) == texts(later, 1) == texts(fired)
    assert texts(fired) == ["says moon", "says soon"]
    assert texts(later, 2) != texts(fired)


def test_an_alert_about_the_market_alone_has_none(witness: Witness) -> None:
    assert witness.testify(alerts(("a", "firing", MARKET))).columns["posts"].tolist() == [NO_POSTS]
    nothing = alerts()
    assert witness.testify(nothing) is nothing


def test_posts_that_no_later_alert_can_rest_on_are_forgotten(witness: Witness) -> None:
    witness.testify(alerts(through=1099))
    assert texts(witness.testify(alerts(("a", "firing", CROWD)))) == ["says moon", "says soon"]
    # Without the calm posts of second 800, the recent past is all there is.
    witness.testify(alerts(through=1100))
    assert texts(witness.testify(alerts(("b", "firing", CROWD)))) == []


def test_what_is_no_final_mood_is_passed_over() -> None:
    heard = Witness(Duration.parse("5m"), Duration.parse("30s"), 100)
    early = msgspec.structs.replace(moods(post(990, 1, "moon", 1.0)), provisional=True)
    heard.take([early, Rows(Table.DECOUPLING_SIGNALS, "BTCUSDT", empty_columns(DecouplingSignal), 0)])
    assert texts(heard.testify(alerts(("a", "firing", CROWD)))) == []


def test_no_more_posts_are_held_than_agreed() -> None:
    heard = Witness(Duration.parse("5m"), Duration.parse("30s"), 3)
    heard.take([moods(*(post(990, number, f"text {number}", number / 10) for number in range(1, 8)), post(800, 9, "calm", 0.0))])
    (calm,) = json.loads(heard.testify(alerts(("a", "firing", CROWD))).columns["posts"][0])
    # V is the mean of the two newest, 0.65, and V̄ that of all three; without the calm one they are the same.
    assert (calm["text"], calm["moved"]) == ("says calm", pytest.approx(0.65 - 1.3 / 3))
