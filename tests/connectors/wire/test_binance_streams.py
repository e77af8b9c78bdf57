"""The rules of single fields: what the parser itself refuses."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wire.binance_streams import Amount, Envelope, Positive, RestKline, Whole, Wrapped


@pytest.mark.parametrize("text", ["0", "-1", '"nan"', '"inf"', '"-0"', "null", "1e999", '"1e-400"', '"1_0"', '" 1"', '""'])
def test_a_price_is_a_number_above_nothing(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Positive, strict=False)


@pytest.mark.parametrize("text", ["-1e-9", '"nan"', '"inf"', "null"])
def test_an_amount_may_be_nothing_but_not_less(text: str) -> None:
    assert msgspec.json.decode('"0.00000000"', type=Amount, strict=False) == 0
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Amount, strict=False)


@pytest.mark.parametrize("text", ["-1", "1.5", "9007199254740992", "1e300", "null", '"x"'])
def test_an_id_is_whole_and_fits_a_float(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Whole, strict=False)


@given(st.integers(0, (1 << 53) - 1))
def test_ids_are_exact(number: int) -> None:
    assert msgspec.json.decode(str(number), type=Whole, strict=False) == number
    assert msgspec.json.decode(f'"{number}"', type=Whole, strict=False) == number


def test_what_follows_in_a_row_of_a_candle_is_left_out() -> None:
    kline = msgspec.json.decode('[1,"1","2","0.5","1.5","9",2,"13.5",4,"5","7","0"]', type=RestKline, strict=False)
    assert (kline.open_at, kline.happened_at, kline.taker_buy_base) == (1, 2, 5.0)


def test_a_wrapper_needs_its_data() -> None:
    with pytest.raises(msgspec.ValidationError, match="missing required field `data`"):
        msgspec.json.decode("{}", type=Wrapped[RestKline])


def test_an_envelope_takes_any_object() -> None:
    assert msgspec.json.decode('{"x":1,"e":"trade"}', type=Envelope).event == "trade"
