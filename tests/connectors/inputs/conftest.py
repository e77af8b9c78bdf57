"""What the tests of the live connection share: a market that is served on loopback, and a feed with a tape of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.inputs.binance_run import Run
from tests.connectors.inputs.market_server import MarketServer


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "session" / "frames" / "live")


@pytest.fixture
def server() -> Iterator[MarketServer]:
    with MarketServer() as listening:
        yield listening
