"""The signal stage: per asset, the crowd's mood meets the price, in event time.

The scored posts go on in front of the signals that were made of them, so that whoever judges the signals has heard the posts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec

from flows.market import RowsStage
from flows.settings import Shaping
from scoring.crowd.decoupling import Decoupling
from scoring.records import Rows, Table


def prices(shaping: Shaping, crowd: bool) -> Callable[[tuple[str, Rows]], Iterator[tuple[str, Rows]]]:
    """Give what sends the price of each asset's first symbol to the asset; to none where the tape has no crowd to meet it."""
    assets = {asset.symbols[0]: name for name, asset in shaping.assets.items() if asset.symbols} if crowd else {}

    def send(keyed: tuple[str, Rows]) -> Iterator[tuple[str, Rows]]:
        symbol, rows = keyed
        if symbol in assets:
            yield assets[symbol], rows

    return send


def decoupling(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of one asset."""
    symbols = {name: asset.symbols[0] if asset.symbols else "" for name, asset in shaping.assets.items()}
    names = {symbol: name for name, symbol in symbols.items() if symbol}

    def make(subject: str) -> Meeting:
        asset = names.get(subject, subject)
        return Meeting(Decoupling(asset, symbols[asset], shaping.crowd.decoupling))

    return partial(RowsStage, make)


class Meeting:
    """Posts and prices of one asset: the posts pass, the signals follow."""

    def __init__(self, decoupling: Decoupling) -> None:
        """Take what makes the signals."""
        self._decoupling = decoupling

    def update(self, items: Iterable[Rows]) -> list[Rows]:
        """Take final rows of moods and prices in any interleaving; give the moods, then the signals that have become certain."""
        taken = list(items)
        moods = [rows for rows in taken if rows.table is Table.SOCIAL_SIGNALS and len(rows)]
        return moods + self._decoupling.update(taken)


def by_asset(keyed: tuple[str, Rows]) -> tuple[str, Rows]:
    """Send moods to their asset."""
    return keyed[1].symbol, keyed[1]


def by_symbol(shaping: Shaping) -> Callable[[tuple[str, Rows]], tuple[str, Rows]]:
    """Give what sends moods and signals to where the rules of the asset's symbol are; an asset without one is judged under its name."""
    symbols = {name: asset.symbols[0] for name, asset in shaping.assets.items() if asset.symbols}

    def send(keyed: tuple[str, Rows]) -> tuple[str, Rows]:
        symbol = symbols.get(keyed[0], keyed[0])
        return symbol, msgspec.structs.replace(keyed[1], symbol=symbol)

    return send
