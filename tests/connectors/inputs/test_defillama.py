"""Protocols and chains, from a site that answers as documented, through the tape to rows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from connectors.inputs.defillama import DefiSettings, largest_protocols, new_days, poller
from connectors.wire import defi
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, frames, running, serving

DAY_S = 86_400
AT = np.array([1_780_000_000_000_000_000])


def listed(name: str, tvl: float | None, category: str | None = "Lending") -> dict[str, object]:
    chains = {f"chain {number}": 1.0 for number in range(50)}
    return {
        "id": "1",
        "name": name,
        "symbol": "-",
        "category": category,
        "tvl": tvl,
        "chainTvls": chains,
        "change_1d": 2.0,
        "change_7d": None,
    }


def history(*figures: float) -> bytes:
    return msgspec.json.encode([{"date": 1_700_000_000 + number * DAY_S, "tvl": tvl} for number, tvl in enumerate(figures)])


PROTOCOLS = msgspec.json.encode(
    [
        listed("Small", 1.0),
        listed("Exchange", 9e10, "CEX"),
        listed("Big", 5e9),
        listed("Unknown", None),
        listed("Wrong", -5.0),
        listed("Bare", 7.0, None),
        listed("Also big", 5e9),
    ]
)


def test_the_list_on_the_tape_is_the_sites_own_with_fewer_rows_and_fields() -> None:
    reading = largest_protocols(3, frozenset({"CEX"}))(PROTOCOLS, ("known",))
    (payload,) = reading.payloads
    assert reading.seen == ("known",)
    (batch,) = defi.decode_protocols([payload], AT, AT).batches
    assert batch["protocol"].tolist() == ["Also big", "Big", "Bare"]
    (whole,) = defi.decode_protocols([PROTOCOLS], AT, AT).batches
    at = [whole["protocol"].tolist().index(name) for name in batch["protocol"]]
    assert {name: repr(column.tolist()) for name, column in batch.columns.items()} == {
        name: repr(column[at].tolist()) for name, column in whole.columns.items()
    }
    assert len(payload) < len(PROTOCOLS) / 10


def test_a_list_without_protocols_puts_nothing_on_the_tape() -> None:
    assert largest_protocols(3, frozenset())(b"[]", ()).payloads == ()


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[1]", b'[{"name":"\xff"}]'])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    for read in (largest_protocols(3, frozenset()), new_days("all")):
        with pytest.raises(ValueError, match=r"."):
            read(body, ())


def figures_of(payloads: list[bytes]) -> list[float]:
    return [figure for payload in payloads for figure in defi.decode_tvl([payload], AT, AT).batches[0]["tvl_usd"].tolist()]


def test_a_history_comes_whole_once_then_only_what_is_new_or_has_moved() -> None:
    read, seen, found = new_days("Ethereum"), list[str](), list[list[float]]()
    for body in (history(1, 2), history(1, 2), history(1, 3), history(9, 3, 4, 5), history(), history(1, 2), history(9, 3, 4, 5, 6)):
        reading = read(body, seen)
        seen = list(reading.seen)
        found.append(figures_of(list(reading.payloads)))
    assert found == [[1, 2], [], [3], [4, 5], [], [], [6]]
    assert len(seen) == 1


def test_protocols_and_chains_go_on_the_tape_and_a_restart_adds_what_is_new(tmp_path: Path) -> None:
    replies = {
        "/protocols": [Reply(PROTOCOLS)],
        "/v2/historicalChainTvl": [Reply(history(1, 2)), Reply(history(1, 2, 3))],
        "/v2/historicalChainTvl/OP%20Mainnet": [Reply(history(5))],
    }
    with serving(replies) as site:
        soon = Duration.parse("20ms")
        settings = DefiSettings(address=f"{site.address}/", chains=("all", "OP Mainnet"), interval=soon, chains_interval=soon)
        tape = tmp_path / "frames" / "live"
        for days in (2, 3):  # frames: a restart adds one
            feed = poller(settings, tmp_path)
            with running(feed, tape) as recorder:
                frames(recorder, "defillama_tvl", days)
                assert [health.source for health in feed.health()] == ["defillama protocols", "defillama all", "defillama OP Mainnet"]
                assert len(frames(recorder, "defillama_protocols", 1)[0]) < len(PROTOCOLS)
                found = [msgspec.json.decode(frame, type=defi.ChainDays) for frame in frames(recorder, "defillama_tvl", days)]
        assert sorted((one.chain, [day.tvl for day in one.days]) for one in found) == [
            ("OP Mainnet", [5.0]),
            ("all", [1.0, 2.0]),
            ("all", [3.0]),
        ]


def test_protocols_can_be_left_out(tmp_path: Path) -> None:
    with serving({"/v2/historicalChainTvl": [Reply(history(1))]}) as site:
        feed = poller(DefiSettings(address=site.address, protocols=0), tmp_path)
        with running(feed, tmp_path / "frames" / "live") as recorder:
            frames(recorder, "defillama_tvl", 1)
    assert [asked.path for asked in site.asked] == ["/v2/historicalChainTvl"]
