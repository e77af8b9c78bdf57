"""Alerts are held against known events, worked out by hand."""

import math

import pytest

from scoring.alerts.events import Occurrence, read_events, score
from scoring.errors import SettingError

ASSETS = {"dogecoin": "dogecoin", "DOGEUSDT": "dogecoin", "BTCUSDT": "bitcoin"}


def doge(*instants: int) -> list[Occurrence]:
    return [Occurrence("dogecoin", instant) for instant in instants]


def test_precision_counts_alerts_and_recall_counts_events() -> None:
    found = score(doge(100, 110, 500), doge(120, 900, 1_000), 30)
    assert (found.right, found.found) == (2, 1)
    assert found.precision == 2 / 3
    assert found.recall == 1 / 3
    assert found.lead_ns == 20


def test_the_first_alert_near_an_event_gives_the_lead() -> None:
    assert score(doge(110, 100, 130), doge(120), 30).lead_ns == 20
    assert score(doge(130), doge(120), 30).lead_ns == -10
    assert score(doge(100, 230), doge(120, 220), 30).lead_ns == 5


def test_near_includes_its_limit() -> None:
    assert score(doge(90), doge(120), 30).found == 1
    assert score(doge(89), doge(120), 30).found == 0


def test_an_event_of_another_asset_is_none() -> None:
    assert score(doge(100), [Occurrence("bitcoin", 100)], 30).right == 0


def test_without_alerts_or_events_nothing_is_known() -> None:
    nothing = score([], [], 30)
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)
    assert math.isnan(nothing.lead_ns)


def test_events_are_read_with_assets_or_symbols_in_order_of_instants() -> None:
    lines = ["asset_or_symbol,instant", "", "# two pumps", "DOGEUSDT, 1970-01-01T00:00:02Z", "dogecoin,1970-01-01T01:00:01+01:00"]
    assert read_events(lines, "events.csv", ASSETS) == doge(1_000_000_000, 2_000_000_000)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("DOGEUSDT", r"^events\.csv: line 2 = 'DOGEUSDT': expected an asset or symbol and an instant"),
        ("DOGEUSDT,soon", r"^events\.csv: line 2 = 'soon': expected an instant such as"),
        ("SHIBUSDT,1970-01-01T00:00:02Z", r"^events\.csv: line 2 = 'SHIBUSDT': expected one of dogecoin, DOGEUSDT, BTCUSDT"),
    ],
)
def test_a_wrong_line_is_named(line: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        read_events(["dogecoin,1970-01-01T00:00:01Z", line], "events.csv", ASSETS)


def test_a_first_line_that_is_wrong_is_no_header() -> None:
    with pytest.raises(SettingError, match="line 1"):
        read_events(["dogecoin,1970-01-01T25:00:00Z"], "events.csv", ASSETS)
