"""The index, from a site that answers as documented, through the tape to rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from connectors.inputs.fear_greed import FearGreedSettings, new_figure, poller
from connectors.wire import fear_greed
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, frames, running, serving


def answer(*days: tuple[int, int], left: int = 100) -> bytes:
    rows = ",".join(
        f'{{"value":"{value}","value_classification":"Neutral","timestamp":"{1_777_248_000 + day * 86_400}","time_until_update":"{left}"}}'
        for day, value in days
    )
    return f'{{"name":"Fear and Greed Index","data":[{rows}],"metadata":{{"error":null}}}}'.encode()


def test_an_answer_goes_on_the_tape_when_its_newest_figure_is_new() -> None:
    seen, put = list[str](), list[int]()
    for body in (answer((0, 40)), answer((0, 40), left=50), answer(), answer((0, 41)), answer((1, 41), (0, 41)), answer((1, 41), (0, 7))):
        reading = new_figure(body, seen)
        seen = list(reading.seen)
        assert list(reading.payloads) in ([], [body])
        put.append(len(reading.payloads))
    assert put == [1, 0, 0, 1, 1, 0]
    assert len(seen) == 1


def test_an_error_of_the_index_is_no_answer() -> None:
    with pytest.raises(ValueError, match="limit"):
        new_figure(b'{"data":[],"metadata":{"error":"limit has to be a number"}}', ())


def test_the_index_is_asked_for_its_newest_days(tmp_path: Path) -> None:
    body = answer((1, 41), (0, 40))
    with serving({"/fng/": [Reply(body)]}) as site:
        feed = poller(FearGreedSettings(address=f"{site.address}/fng/", days=2, interval=Duration.parse("20ms")), tmp_path)
        with running(feed, tmp_path / "frames" / "live") as recorder:
            site.wait_for(3)
            assert frames(recorder, "fear_greed", 1) == [body]
            assert feed.health()[0].state == "live"
    assert {asked.path for asked in site.asked} == {"/fng/?limit=2"}
    at = np.array([1_780_000_000_000_000_000])
    assert fear_greed.decode([body], at, at).batches[0]["value"].tolist() == [40, 41]
