"""What can be set about repair."""

from __future__ import annotations

import pytest

from connectors.inputs.repair_settings import RepairSettings
from scoring.duration import Duration


@pytest.mark.parametrize(
    "wrong", [{"page_limit": 0}, {"page_limit": 1001}, {"warm_minutes": -1}, {"warm_minutes": 1001}, {"depth_limit": 20}]
)
def test_settings_the_exchange_would_refuse_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RepairSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("depth_limit", [100, 500, 1_000, 5_000])
def test_every_size_of_a_book_may_be_asked_for(depth_limit: int) -> None:
    assert RepairSettings(depth_limit=depth_limit).settle < Duration.parse("1s")
