"""What is known of the crowd, as a table of messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce as fold

import pytest

from scoring.feed import NewRows, Value
from tui.crowd import ASSET_LIMIT, MOOD_LIMIT, POST_LIMIT, TEXT_LIMIT, Crowd, by_symbol, hear, latest
from tui.history import asset_of
from tui.state import State, SymbolState
from tui.watch import Readings

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)


def after(*rows: NewRows) -> Crowd:
    return fold(hear, rows, Crowd())


def rows(table: str, subject: str, **cells: Value) -> NewRows:
    return NewRows(table, subject, False, {name: [value] for name, value in cells.items()})


def post(number: int = 1, text: str = "to the moon", assets: str = "dogecoin", channel: str = "room") -> NewRows:
    return rows("posts", channel, channel=channel, message_id=number, posted_at="2026-08-01T12:00:00Z", text=text, assets=assets)


def signal(number: int = 1, score: Value = 0.5, asset: str = "dogecoin") -> NewRows:
    return rows("social_signals", asset, asset=asset, channel="room", message_id=number, score=score)


def stance(second: int = 0, average: Value = 0.2, asset: str = "dogecoin", **cells: Value) -> NewRows:
    at = f"2026-08-01T12:00:{second:02}Z"
    return rows("decoupling_signals", "DOGEUSDT", asset=asset, evaluated_at=at, average_vibe=average, **cells)


@pytest.mark.parametrize("messages", [[post(), signal()], [signal(), post()]])
def test_a_post_and_its_mood_come_together_whichever_is_first(messages: list[NewRows]) -> None:
    crowd = after(*messages)
    (key, known), *_ = crowd.posts.items()
    assert (key, crowd.scores[key]) == (("room", 1), 0.5)
    assert (known.at, known.channel, known.text, known.assets) == (AT, "room", "to the moon", ("dogecoin",))


def test_posts_of_two_channels_may_have_one_number() -> None:
    assert len(after(post(), post(channel="other")).posts) == 2


def test_an_edited_post_replaces_the_one_before() -> None:
    crowd = after(post(), post(2), post(text="to the floor", assets="bitcoin,dogecoin"), signal(score=-0.5))
    assert [known.text for known in crowd.posts.values()] == ["to the moon", "to the floor"]
    assert crowd.posts["room", 1].assets == ("bitcoin", "dogecoin")
    assert crowd.scores["room", 1] == -0.5


def test_a_message_may_hold_many_rows() -> None:
    many = NewRows("social_signals", "", False, {"channel": ["a", "a"], "message_id": [1, 2], "score": [0.1, 0.2]})
    assert after(many).scores == {("a", 1): 0.1, ("a", 2): 0.2}


def test_the_newest_stance_of_each_asset_is_known() -> None:
    crowd = after(stance(1, 0.1), stance(3, 0.3), stance(2, 0.2), stance(1, 0.7, asset="bitcoin"), stance(3, 0.4))
    assert {asset: known.average_vibe for asset, known in crowd.stances.items()} == {"dogecoin": 0.4, "bitcoin": 0.7}
    assert crowd.stances["dogecoin"].symbol == "DOGEUSDT"


def test_of_two_assets_of_one_symbol_the_one_with_more_texts_is_shown_everywhere() -> None:
    few, many = (stance(3, asset=asset, message_count=count, hype_momentum_z=count) for asset, count in (("doge", 2), ("shiba", 9)))
    for messages in ([few, many], [many, few]):
        crowd = after(*messages)
        assert set(crowd.stances) == {"doge", "shiba"}
        state = State(symbols={"DOGEUSDT": SymbolState("DOGEUSDT")}, crowd=crowd)
        assert Readings().of(state, "DOGEUSDT").hype_z.value == 9
        assert asset_of(crowd, "DOGEUSDT") == "shiba"


def test_an_asset_that_is_only_called_like_a_symbol_never_stands_in_its_place() -> None:
    crowd = after(stance(3, asset="dogecoin", message_count=2), stance(3, asset="DOGEUSDT", message_count=99))
    assert by_symbol(crowd.stances)["DOGEUSDT"].asset == asset_of(crowd, "DOGEUSDT") == "dogecoin"


def past(*moods: tuple[str, int, float]) -> NewRows:
    columns: dict[str, list[Value]] = {
        "asset": [asset for asset, _, _ in moods],
        "evaluated_at": [(AT + timedelta(seconds=second)).isoformat() for _, second, _ in moods],
        "average_vibe": [vibe for _, _, vibe in moods],
        "message_count": [second for _, second, _ in moods],
    }
    return NewRows("decoupling_signals", "DOGEUSDT", False, columns, past=True)


def moods(crowd: Crowd, asset: str = "dogecoin") -> list[tuple[int, float | None]]:
    return [(round((mood.at - AT).total_seconds()), mood.average_vibe) for mood in crowd.past[asset]]


def test_one_mood_in_five_seconds_is_kept_of_the_past_the_last_of_them() -> None:
    assert moods(after(stance(1, 0.1), stance(4, 0.4), stance(6, 0.6), stance(12, 1.2))) == [(4, 0.4), (6, 0.6), (12, 1.2)]


def test_the_past_may_come_after_the_newest_and_changes_no_newest() -> None:
    told = past(("dogecoin", -7, -0.7), ("dogecoin", 3, 0.3), ("dogecoin", 12, 9.0), ("bitcoin", 0, 0.5))
    crowd = after(stance(4, 0.4), stance(13, 1.3), told)
    assert moods(crowd) == [(-7, -0.7), (4, 0.4), (13, 1.3)]
    assert moods(crowd, "bitcoin") == [(0, 0.5)]
    assert list(crowd.stances) == ["dogecoin"]
    assert crowd.stances["dogecoin"].average_vibe == 1.3


def test_the_past_of_another_machine_is_bounded() -> None:
    crowd = after(past(*(("dogecoin", 5 * step, 0.0) for step in range(MOOD_LIMIT + 20))))
    assert (len(crowd.past["dogecoin"]), moods(crowd)[-1][0]) == (MOOD_LIMIT, 5 * (MOOD_LIMIT + 19))
    assert len(after(past(*((f"asset {number}", 0, 0.0) for number in range(ASSET_LIMIT + 20)))).past) == ASSET_LIMIT
    nonsense = [past(("", 0, 0.0)), NewRows("posts", "", False, {"channel": ["a"]}, past=True)]
    assert all(hear(crowd, rows) is crowd for rows in nonsense)


def test_what_is_not_known_is_none() -> None:
    known = after(stance(average=None, vibe="loud", message_count=10**400, warming=True)).stances["dogecoin"]
    assert (known.average_vibe, known.vibe, known.message_count, known.warming, known.completeness) == (None, None, None, True, "")


@pytest.mark.parametrize(
    "wrong",
    [
        rows("posts", "", text="x"),
        rows("posts", "", channel="room", message_id=1, posted_at="yesterday", text="x"),
        rows("posts", "", channel="room", message_id="1", posted_at="2026-08-01T12:00:00Z", text="x"),
        rows("social_signals", "", channel="room", message_id=1, score=None),
        rows("social_signals", "", channel=None, message_id=1, score=0.5),
        rows("decoupling_signals", "", asset="", evaluated_at="2026-08-01T12:00:00Z"),
        rows("decoupling_signals", "", asset="dogecoin"),
        rows("risk_metrics", "BTCUSDT", price=1.0),
        NewRows("posts", "", False, {"channel": []}),
        NewRows("posts", "", False, {}),
    ],
)
def test_rows_that_cannot_be_read_change_nothing(wrong: NewRows) -> None:
    before = after(post(), signal(), stance())
    assert hear(before, wrong) is before


def test_what_another_machine_may_send_is_bounded() -> None:
    flood = [post(number, "x" * 1_000_000) for number in range(POST_LIMIT + 20)]
    flood += [signal(number) for number in range(POST_LIMIT + 20)]
    flood += [stance(asset=f"asset {number}") for number in range(ASSET_LIMIT + 20)]
    crowd = after(*flood)
    assert (len(crowd.posts), len(crowd.scores), len(crowd.stances)) == (POST_LIMIT, POST_LIMIT, ASSET_LIMIT)
    assert {len(known.text) for known in crowd.posts.values()} == {TEXT_LIMIT}
    assert next(iter(crowd.posts)) == ("room", 20)


def test_there_is_something_to_show_from_the_first_post_or_stance_on() -> None:
    assert [crowd.is_heard for crowd in (Crowd(), after(signal()), after(post()), after(stance()))] == [False, False, True, True]


def test_the_latest_stands_last_and_the_oldest_goes() -> None:
    assert list(latest({"a": 1, "b": 2, "c": 3}, "b", 4, 3).items()) == [("a", 1), ("c", 3), ("b", 4)]
    assert latest({"a": 1, "b": 2}, "c", 3, 2) == {"b": 2, "c": 3}


def test_copies_are_known_by_the_hash_of_their_text() -> None:
    one = NewRows(
        "social_signals", "dogecoin", False, {"channel": ["a"], "message_id": [1], "score": [0.5], "text_id": ["x" * 2 * TEXT_LIMIT]}
    )
    crowd = hear(after(signal(7)), one)
    assert {len(identity) for identity in crowd.identities.values()} == {0, TEXT_LIMIT}
    assert crowd.identities.keys() == crowd.scores.keys()


def test_a_stance_says_how_many_copies_and_channels_there_were() -> None:
    (known,) = after(stance(copies=3, unique_channels=2)).stances.values()
    assert (known.copies, known.unique_channels) == (3, 2)
