"""The whole dataflow on one page.

    python -m bytewax.run flows.main                                        live
    python -m bytewax.run "flows.main:replay('recordings/session')"         from a recording
    python -m bytewax.run "flows.main:replay('recordings/session')" -w 2    the same answer from two workers

Each line names a stream and says what travels on it. Live and replay differ in `ports` and nowhere else.
"""

from __future__ import annotations

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream

from flows import alerts, chatter, decode, market, ports, signals
from flows.running import refusing_in_one_line
from flows.settings import Shaping
from scoring.records import Pulse, Rows, SourceHealth


def build(plugs: ports.Ports, shaping: Shaping) -> Dataflow:
    """Lay the dataflow out."""
    flow = Dataflow("ghosttape")

    chunks = op.input("tape", flow, plugs.tape)  # Chunk(partition="binance", frames=20,000 frames, clock_ns=…)
    decoded = op.flat_map_batch("decode", chunks, plugs.decode)  # ("BTCUSDT", Parcel) | ("binance", Batch | Pulse)
    parted = op.branch("parted", decoded, decode.is_parcel)
    parcels, others = parted.trues, parted.falses  # ("BTCUSDT", Parcel(items=[Batch, BookUpdates, Gap, Clock])) | what comes now and then
    pulses = op.filter_map_value("pulses", others, decode.as_pulse)  # ("binance", Pulse(frames=99574, rejects=0, …))
    talks = op.filter_map_value("talks", others, decode.as_talk)  # ("telegram", Talk(items=[Batch, Clock]))
    plain = op.filter_map_value("plain", others, decode.as_rows)  # ("binance", Rows(rejects | gaps))

    # ("BTCUSDT", Rows(trade_metrics | spread_metrics | risk_metrics | candles | gaps | audits))
    measured = op.stateful_batch("market", parcels, market.measured(shaping, plugs.provisional))
    risk = op.filter_value("risk", measured, market.is_risk)  # ("BTCUSDT", Rows(risk_metrics)), final
    marks = op.map("marks", risk, market.mark)  # ("portfolio", Rows(risk_metrics))
    portfolio = op.stateful_batch("portfolio", marks, market.portfolio(shaping))  # ("portfolio", Rows(portfolio))

    named = op.map_value("named", talks, chatter.named(shaping))  # ("telegram", Talk), each post with the assets it means
    posts = op.flat_map("posts", named, chatter.spoken)  # ("moon_signals", Rows(posts))
    moods = op.stateful_batch("moods", named, chatter.mood(shaping, plugs.model, plugs.deadline))  # ("telegram", Rows(social_signals))
    crowds = op.map("crowds", moods, signals.by_asset)  # ("dogecoin", Rows(social_signals))
    prices = op.flat_map("prices", risk, signals.prices(shaping, plugs.model is not None))  # ("dogecoin", Rows(risk_metrics))
    meetings = op.merge("meetings", crowds, prices)  # ("dogecoin", Rows(social_signals | risk_metrics))
    decoupled = op.stateful_batch("decoupling", meetings, signals.decoupling(shaping))  # ("dogecoin", Rows(…), moods before signals)
    signalled = op.map("signals", decoupled, signals.by_symbol(shaping))  # ("DOGEUSDT", Rows(social_signals | decoupling_signals))

    told = op.merge("told", measured, signalled)  # ("BTCUSDT", Rows(trade_metrics | … | decoupling_signals))
    judged = op.flat_map("judged", told, alerts.judged(shaping))  # ("BTCUSDT", Rows), final, trade windows of one width
    alarms = op.stateful_batch("alerts", judged, alerts.judge(shaping, plugs.provisional))  # ("BTCUSDT", Rows(alerts))

    results = op.merge("results", told, posts, portfolio, alarms, plain)  # ("BTCUSDT", Rows)
    news: KeyedStream[Rows | Pulse | SourceHealth] = op.merge("news", results, pulses)  # ("BTCUSDT", Rows | Pulse), provisional too
    final = op.filter_value("final", results, ports.is_final)  # ("BTCUSDT", Rows)
    for name, screen in plugs.screens.items():  # first: the engine takes what is ready in the order of this page
        op.output(name, news, screen)
    for name, store in plugs.stores.items():
        op.output(name, final, store)
    if plugs.repairs:
        op.output("repairs", measured, plugs.repairs)
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
