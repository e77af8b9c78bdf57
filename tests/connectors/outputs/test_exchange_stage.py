"""What is played reaches those who listen, and the markets that remember."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from connectors.outputs.exchange_stage import ExchangeStage
from connectors.outputs.exchange_tape import ExchangeTape
from tests.connectors.outputs.exchange_sessions import FIRST_ID, SYMBOLS, rows, write


def stage_of(folder: Path, seconds: int = 3, peek_rows: int = 10_000) -> tuple[ExchangeStage, ExchangeTape]:
    tape = ExchangeTape(write(folder, {"binance": rows(seconds)}), 1_000)
    return ExchangeStage(tape, Counter(), 10_000, peek_rows, 1 << 20, 1.0), tape


def test_it_knows_the_beginning_of_the_tape_in_advance(tmp_path: Path) -> None:
    stage, _ = stage_of(tmp_path, 10)
    assert stage.streams == {f"{symbol.lower()}@{kind}" for symbol in SYMBOLS for kind in ("trade", "bookTicker", "depth@100ms")}
    assert tuple(stage.markets) == SYMBOLS
    assert stage.sizes["BTCUSDT"].tick == "0.10000000"
    assert len(stage.scouts["BTCUSDT"].trades.ledger.ids) == 100
    assert stage.markets["BTCUSDT"].trades.ledger.ids == []
    book = stage.markets["BTCUSDT"].book.answer(1)
    assert book is not None
    assert book.last_id == 4


def test_it_looks_no_further_than_it_should(tmp_path: Path) -> None:
    stage, _ = stage_of(tmp_path, 60, peek_rows=10)
    assert len(stage.scouts["BTCUSDT"].trades.ledger.ids) < 600


def test_markets_remember_what_was_shown(tmp_path: Path) -> None:
    stage, tape = stage_of(tmp_path, 120)
    for block in tape.blocks():
        stage.show(block.names, block.payloads, int(block.received_ns[-1]))
    stage.end(1)
    for market in stage.markets.values():
        assert market.trades.ledger.ids == list(range(FIRST_ID, FIRST_ID + 1_200))
        assert market.trades.aggregates.rows[-1].last_id == FIRST_ID + 1_199


def test_frames_of_no_stream_do_no_harm(tmp_path: Path) -> None:
    stage, _ = stage_of(tmp_path)
    stage.show([b"", b"\xff", b"!ticker@arr", b"unknown@trade"], [b"", b"x", b"{}", b"{"], 1)
    stage.release(1)
    assert all(market.trades.ledger.ids == [] for market in stage.markets.values())
