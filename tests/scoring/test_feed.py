"""The messages of the feed: what is written is read back, what is not known is null, what is hostile is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from scoring import feed
from scoring.duration import moment
from scoring.records import TABLES, Table, stored_name

AT = datetime(2026, 8, 1, 12, 0, 1, 500_000, tzinfo=UTC)
ALERT = feed.AlertState("id", "RULE", "BTCUSDT", "warning", "firing", AT, AT, None, "m", "m > 1", 1.0, 2.0, 3.0, "{}", "complete")
PULSE = feed.SourceState("binance", AT, 1, 0, 0, None, None, None, None, "live")
ROWS = feed.NewRows("risk_metrics", "BTCUSDT", True, {"price": [1.5], "sampled_at": ["2026-08-01T12:00:00Z"], "open_gaps": [0]})
POINTS = feed.PricePoints("BTCUSDT", 5.0, [AT], [1.5])


RULE = feed.RuleText("DRAWDOWN", "critical", "risk_metrics.drawdown > 0.01", "", 5.0, 60.0, 600.0, "judge", "It fell.")


@pytest.mark.parametrize(
    "message",
    [
        feed.Hello("0.1", "session", "replay", ["BTCUSDT"], ["alerts"], rules=[RULE]),
        ROWS,
        ALERT,
        PULSE,
        POINTS,
        feed.Heartbeat(1.5),
        feed.Snapshot([ROWS], [ALERT], [POINTS], [PULSE]),
    ],
)
def test_every_message_reads_back_as_it_was_written(message: feed.Message) -> None:
    assert feed.decode_messages(feed.encode(message)) == [message]


def test_messages_that_come_together_are_read_one_after_another() -> None:
    told: list[feed.Message] = [ROWS, feed.Heartbeat(1.5), ALERT]
    assert feed.decode_messages(b"\n".join(map(feed.encode, told))) == told
    with pytest.raises(msgspec.DecodeError):
        feed.decode_messages(feed.encode(ROWS) + b'\n{"type":"nothing"}')


def test_a_hello_of_before_the_rules_were_told_can_still_be_read() -> None:
    old = b'{"type":"hello","version":"0.1","session":"s","mode":"live","symbols":[],"tables":[],"protocol":1}'
    assert feed.decode_messages(old) == [feed.Hello("0.1", "s", "live", [], [], protocol=1)]


def test_a_subscription_reads_back_and_an_unknown_topic_is_refused() -> None:
    wanted = feed.Subscribe(topics=[feed.Topic.ALERTS], symbols=["BTCUSDT"])
    assert feed.decode_request(feed.encode(wanted)) == wanted
    assert feed.decode_request('{"type":"subscribe"}') == feed.Subscribe()
    with pytest.raises(msgspec.DecodeError):
        feed.decode_request('{"type":"subscribe","topics":["everything"]}')


def test_a_number_that_is_not_known_is_null() -> None:
    assert b'"price":[null]' in feed.encode(feed.PricePoints("A", 5.0, [AT], [float("nan")]))


def test_an_instant_without_a_zone_is_refused() -> None:
    written = feed.encode(PULSE).replace(b"12:00:01.500000Z", b"12:00:01.5")
    with pytest.raises(msgspec.DecodeError):
        feed.decode_messages(written)


def test_every_result_table_is_a_topic_under_its_own_name() -> None:
    assert {str(table) for table in Table} == {str(topic) for topic in feed.Topic} - {"points", "pulse", "health"}


def test_an_alert_has_the_columns_of_its_table_under_the_names_of_storage() -> None:
    columns = [stored_name(name) for name in TABLES[Table.ALERTS].row.__struct_fields__]
    assert list(feed.AlertState.__struct_fields__) == columns


def test_a_source_has_the_fields_of_a_pulse() -> None:
    from scoring.records import Pulse

    assert [stored_name(name).removeprefix("at_") for name in Pulse.__struct_fields__] == list(feed.SourceState.__struct_fields__)


def test_instants_are_cut_to_microseconds_and_zero_is_not_known() -> None:
    ns = 1_785_585_601_500_000_999
    assert feed.instant(ns) == AT
    assert moment(ns) == AT
    assert feed.instant_text(ns) == "2026-08-01T12:00:01.500000Z"
    assert feed.instant(0) is None
    assert feed.instant_text(0) is None


@pytest.mark.parametrize(
    "value", [None, 3, True, "", "yesterday", "2026-08-01T12:00:00", "0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z"]
)
def test_what_is_no_instant_is_none(value: feed.Value) -> None:
    assert feed.read_instant(value) is None


def test_an_instant_of_another_zone_becomes_utc() -> None:
    assert feed.read_instant("2026-08-01T14:00:01.5+02:00") == AT
    assert feed.read_instant(feed.instant_text(1_785_585_601_500_000_000)) == AT
