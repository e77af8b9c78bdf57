"""The settings hold the exchange's own limits, and an unknown key is refused."""

from __future__ import annotations

import msgspec
import pytest

from connectors.inputs.binance_settings import BinanceSettings
from scoring.duration import Duration


def test_the_defaults_stay_within_the_limits_of_the_exchange() -> None:
    chosen = BinanceSettings()
    assert chosen.streams_per_connection <= 1024
    assert chosen.messages_per_second < 5
    assert chosen.connections / (chosen.connections_within / Duration.parse("5m")) <= 300
    assert chosen.rotate_after + 2 * chosen.overlap < Duration.parse("24h")
    assert chosen.stale < chosen.silence
    assert chosen.hosts[0] == "wss://data-stream.binance.vision"


def test_an_unknown_key_or_unit_is_refused() -> None:
    for wrong in ({"host": "ws://127.0.0.1"}, {"time_unit": "nanosecond"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, BinanceSettings)
