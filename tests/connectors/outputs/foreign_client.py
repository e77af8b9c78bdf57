"""A program of somebody else's, as its documentation has it: `python foreign_client.py PORT FRAMES`, in a process of its own.

It prints, as lines of JSON, the frames it has received and then what REST has answered.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

SECONDS = 30


def main(port: str, wanted: int) -> None:
    streams = importlib.import_module("binance.websocket.spot.websocket_stream")
    received: list[str] = []
    client = streams.SpotWebsocketStreamClient(
        stream_url=f"ws://127.0.0.1:{port}", on_message=lambda _, message: received.append(message), is_combined=True
    )
    client.subscribe(stream=["btcusdt@trade", "ethusdt@bookTicker"])
    deadline = time.monotonic() + SECONDS
    while len(received) <= wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    client.stop()
    print(json.dumps([frame for frame in map(json.loads, received) if "stream" in frame]))
    print(json.dumps(look_up(port)))


def look_up(port: str) -> dict[str, object]:
    """Ask for everything over REST."""
    rest = importlib.import_module("binance.spot").Spot(base_url=f"http://127.0.0.1:{port}")
    symbol = "BTCUSDT"
    return {
        "ping": rest.ping(),
        "time": rest.time(),
        "exchange_info": rest.exchange_info(),
        "historical_trades": rest.historical_trades(symbol, fromId=1_000, limit=2),
        "trades": rest.trades(symbol, limit=1),
        "agg_trades": rest.agg_trades(symbol, fromId=1, limit=2),
        "klines": rest.klines(symbol, "1m"),
        "depth": rest.depth(symbol, limit=5),
        "ticker_24hr": rest.ticker_24hr(symbol),
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
