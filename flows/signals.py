"""The signal stage: per asset, the crowd's mood meets the price, in event time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flows.market import RowsStage
from flows.settings import Shaping
from scoring.crowd.decoupling import Decoupling
from scoring.records import Rows


def prices(shaping: Shaping, crowd: bool) -> Callable[[tuple[str, Rows]], Iterator[tuple[str, Rows]]]:
    """Give what sends the price of each asset's first symbol to the asset; to none where the tape has no crowd to meet it."""
    assets = {asset.symbols[0]: name for name, asset in shaping.assets.items() if asset.symbols} if crowd else {}

    def send(keyed: tuple[str, Rows]) -> Iterator[tuple[str, Rows]]:
        if keyed[0] in assets and not keyed[1].provisional:
            yield assets[keyed[0]], keyed[1]

    return send


def decoupling(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of one asset."""
    symbols = {name: asset.symbols[0] if asset.symbols else "" for name, asset in shaping.assets.items()}
    names = {symbol: name for name, symbol in symbols.items() if symbol}

    def make(subject: str) -> Decoupling:
        asset = names.get(subject, subject)
        return Decoupling(asset, symbols[asset], shaping.crowd.decoupling)

    return partial(RowsStage, make)


def by_subject(keyed: tuple[str, Rows]) -> tuple[str, Rows]:
    """Send moods to their asset, and what follows from them to where the rules of its symbol are."""
    return keyed[1].symbol, keyed[1]
