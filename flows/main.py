"""The whole dataflow on one page.

    python -m bytewax.run flows.main                                        live
    python -m bytewax.run "flows.main:replay('recordings/session')"         from a recording
    python -m bytewax.run "flows.main:replay('recordings/session')" -w 2    the same answer from two workers

Each line names a stream and says what travels on it. Live and replay differ in `ports` and nowhere else.
"""

from __future__ import annotations

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows import alerts, decode, market, ports
from flows.running import refusing_in_one_line
from flows.settings import Shaping


def build(plugs: ports.Ports, shaping: Shaping) -> Dataflow:
    """Lay the dataflow out."""
    flow = Dataflow("ghosttape")

    chunks = op.input("tape", flow, plugs.tape)  # Chunk(partition="binance", frames=20,000 frames, clock_ns=…)
    decoded = op.flat_map_batch("decode", chunks, plugs.decode)  # ("BTCUSDT", Parcel) | ("binance", Batch | Pulse)
    parcels = op.filter_map_value("parcels", decoded, decode.as_parcel)  # ("BTCUSDT", Parcel(items=[Batch, BookUpdates, Gap, Clock]))
    pulses = op.filter_map_value("pulses", decoded, decode.as_pulse)  # ("binance", Pulse(frames=99574, rejects=0, …))
    plain = op.filter_map_value("plain", decoded, decode.as_rows)  # ("pumps", Rows(posts)) | ("binance", Rows(rejects))

    ordered = op.stateful_batch("order", parcels, market.order)  # ("BTCUSDT", Parcel): each trade once, depth rows, gaps in place
    bars = op.stateful_batch("bars", ordered, market.bars(shaping, plugs.provisional))  # ("BTCUSDT", Rows(trade_metrics))
    spreads = op.stateful_batch("spreads", ordered, market.spreads(shaping, plugs.provisional))  # ("BTCUSDT", Rows(spread_metrics))
    risk = op.stateful_batch("risk", ordered, market.risk(shaping, plugs.provisional))  # ("BTCUSDT", Rows(risk_metrics))
    candles = op.stateful_batch("candles", ordered, market.candles)  # ("BTCUSDT", Rows(candles))
    gaps = op.flat_map("gaps", ordered, market.gap_rows)  # ("BTCUSDT", Rows(gaps))
    marks = op.flat_map("marks", risk, market.marks)  # ("portfolio", Rows(risk_metrics))
    portfolio = op.stateful_batch("portfolio", marks, market.portfolio(shaping))  # ("portfolio", Rows(portfolio))

    metrics = op.merge("metrics", bars, spreads, risk)  # ("BTCUSDT", Rows(trade_metrics | spread_metrics | risk_metrics))
    judged = op.flat_map("judged", metrics, alerts.judged(shaping))  # ("BTCUSDT", Rows), final, trade windows of one width
    alarms = op.stateful_batch("alerts", judged, alerts.judge(shaping))  # ("BTCUSDT", Rows(alerts))

    results = op.merge("results", metrics, candles, gaps, portfolio, alarms, plain)  # ("BTCUSDT", Rows)
    stored = op.flat_map("stored", results, ports.stored)  # ("one", Rows), final
    shown = op.map("shown", op.merge("news", results, pulses), ports.shown)  # ("one", Rows | Pulse), provisional too
    for name, store in plugs.stores.items():
        op.output(name, stored, store)
    for name, screen in plugs.screens.items():
        op.output(name, shown, screen)
    return flow


def flow() -> Dataflow:
    """Run live."""
    with refusing_in_one_line():
        return build(*ports.live())


def replay(session: str, speed: str = "max", batch_rows: int = 0, form: str = "", data_dir: str = "", screen: bool = False) -> Dataflow:
    """Run from a recording.

    `speed` is `max` or a factor such as `10x`; `batch_rows` is how much is handed on at once (0: the setting); `form` is `frames` or
    `columns` (empty: columns where the session has them); results go below `data_dir` (empty: a folder named after the session).
    """
    with refusing_in_one_line():
        return build(*ports.replay(session, speed, batch_rows, form, data_dir, screen))
