"""The line of the portfolio."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from tui import palette, sample
from tui.ledger import WHOLE, Ledger
from tui.state import Lost, State, reduce
from tui.widgets.totals import totals

SAMPLE = fold(reduce, sample.events(), State())


def test_it_says_value_gain_exposure_drawdown_and_how_old_they_are() -> None:
    text = totals(SAMPLE, 116, hidden=False).plain
    assert text == "Portfolio   value 21,049.44   unrealised ▲ +268.44   exposure 21,049.44   drawdown 1.34%   age 0.0s"


def test_hidden_amounts_do_not_even_tell_their_size_or_sign() -> None:
    poor = msgspec.structs.replace(SAMPLE, ledger=Ledger(positions={WHOLE: {"value": 1.0, "unrealised_profit": -1.0, "drawdown": 0.0134}}))
    rich, bare = totals(SAMPLE, 116, hidden=True), totals(poor, 116, hidden=True)
    assert rich.plain.replace("0.0s", "–") == bare.plain
    assert "268" not in rich.plain
    assert palette.UP not in str(rich.spans)


@pytest.mark.parametrize("width", [1, 20, 40, 60, 78, 96, 116])
def test_it_never_breaks_and_keeps_its_age_as_long_as_it_can(width: int) -> None:
    text = totals(SAMPLE, width, hidden=False).plain
    assert cell_len(text) <= width
    if width >= 50:
        assert "age" in text


def test_what_is_not_news_is_dim() -> None:
    later = msgspec.structs.replace(SAMPLE.sources["binance"], at=sample.AT + timedelta(seconds=40))
    for state in (reduce(SAMPLE, later), reduce(SAMPLE, Lost("gone", sample.AT, 1.0))):
        colours = {span.style.color.name for span in totals(state, 116, hidden=False).spans if span.style.color}  # type: ignore[union-attr]
        assert colours == {palette.QUIET}


def test_without_a_portfolio_there_is_no_line() -> None:
    assert totals(State(), 116, hidden=False).plain == ""
