"""Settings of bars that cannot be a set of windows are refused."""

import pytest

from scoring.duration import Duration
from scoring.market.bar_settings import BarSettings


@pytest.mark.parametrize("widths", [(), (Duration(0),), (Duration.parse("1m"), Duration.parse("60s"))])
def test_widths_that_are_no_widths_are_refused(widths: tuple[Duration, ...]) -> None:
    with pytest.raises(ValueError, match="one or more different lengths of time above 0"):
        BarSettings(widths=widths)
