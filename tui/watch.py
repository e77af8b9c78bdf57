"""Which symbols the watch list shows, and in which order: groups, a filter, and sorting where somebody asked for it.

Pure. Without sorting the order is that of the settings, and a row never moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from scoring.feed import Topic
from tui.columns import Column
from tui.crowd import Stance, by_symbol
from tui.ledger import WHOLE
from tui.readings import SPANS, SymbolReadings, read, spans, window_width
from tui.state import State, SymbolState

BY_ASSET: Final = "by asset"
PORTFOLIO: Final = "portfolio"
_QUOTES: Final = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USD", "EUR", "GBP", "TRY", "BTC", "ETH", "BNB")
"""Currencies prices are in, as the names of symbols end."""


class Heading(msgspec.Struct, frozen=True):
    """A line between symbols."""

    text: str


Item: TypeAlias = str | Heading
"""One line of the list: a symbol, or what the next ones have in common."""


class Wish(msgspec.Struct, frozen=True):
    """What somebody asked for."""

    group: str = ""
    filter: str = ""
    """Words, any of which the name has."""
    sort: str = ""
    """Name of a column; empty for the order of the settings."""
    descending: bool = False


class Readings:
    """The numbers of every symbol, read again only where they have changed."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: dict[str, tuple[SymbolState, str, Stance | None, SymbolReadings]] = {}
        self._shapes: dict[str, tuple[SymbolState, frozenset[str] | None, float | None]] = {}
        self._symbols: Mapping[str, SymbolState] = {}
        self._stances: Mapping[str, Stance] = {}
        self._by_symbol: Mapping[str, Stance] = {}
        self._shape: tuple[str, float | None] = (SPANS[-1], None)

    def shape(self, state: State) -> tuple[str, float | None]:
        """Give the span of the change and the width of the trade windows, as `change_span` and `window_width` do for all symbols."""
        if state.symbols is self._symbols:
            return self._shape
        self._symbols = state.symbols
        common: list[frozenset[str]] = []
        widths: list[float] = []
        for name, symbol in state.symbols.items():
            shape = self._shapes.get(name)
            if shape is None or shape[0] is not symbol:
                is_sampled = any(key.table == Topic.RISK_METRICS for key in symbol.rows)
                shape = self._shapes[name] = (symbol, spans(symbol) if is_sampled else None, window_width([symbol]))
            if shape[1] is not None:
                common.append(shape[1])
            if shape[2] is not None:
                widths.append(shape[2])
        span = next((span for span in SPANS if common and all(span in known for known in common)), SPANS[-1])
        self._shape = (span, min(widths, default=None))
        return self._shape

    def of(self, state: State, name: str) -> SymbolReadings:
        """Give the numbers of one symbol."""
        if state.crowd.stances is not self._stances:
            self._stances, self._by_symbol = state.crowd.stances, by_symbol(state.crowd.stances)
        symbol, span, stance = state.symbols[name], self.shape(state)[0], self._by_symbol.get(name)
        kept = self._kept.get(name)
        if kept and kept[0] is symbol and kept[1] == span and kept[2] is stance:
            return kept[3]
        readings = read(symbol, span, stance)
        self._kept[name] = (symbol, span, stance, readings)
        return readings


def groups(state: State, named: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the groups there are to choose from; the first, without a name, is all symbols."""
    return ["", BY_ASSET, *([PORTFOLIO] if held(state) else []), *named]


def held(state: State) -> list[str]:
    """Name the symbols there is a position in."""
    return [symbol for symbol in state.ledger.positions if symbol != WHOLE and symbol in state.symbols]


def asset_of(symbol: str) -> str:
    """Say what is bought and sold.

    >>> asset_of("BTCUSDT"), asset_of("ETHBTC"), asset_of("EUR")
    ('BTC', 'ETH', 'EUR')
    """
    return next((symbol[: -len(quote)] for quote in _QUOTES if symbol.endswith(quote) and symbol != quote), symbol)


def listed(state: State, wish: Wish, named: Mapping[str, Sequence[str]], columns: Sequence[Column], readings: Readings) -> tuple[Item, ...]:
    """Give the lines of the list."""
    names = [name for name in _members(state, wish.group, named) if _matches(name, wish.filter)]
    column = next((column for column in columns if column.name == wish.sort), None)
    if column:
        keyed = [(column.order(readings.of(state, name)), name) for name in names]
        known = [(key, name) for key, name in keyed if key is not None]
        known.sort(key=lambda pair: pair[0], reverse=wish.descending)
        names = [name for _, name in known] + [name for key, name in keyed if key is None]
    if wish.group != BY_ASSET:
        return tuple(names)
    together: dict[str, list[str]] = {}
    for name in names:
        together.setdefault(asset_of(name), []).append(name)
    items: list[Item] = []
    for asset, members in together.items():
        items += [Heading(asset), *members]
    return tuple(items)


def _members(state: State, group: str, named: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if group == PORTFOLIO:
        return held(state)
    if group in named:
        return [name for name in named[group] if name in state.symbols]
    return list(state.symbols)


def _matches(name: str, words: str) -> bool:
    return not words.strip() or any(word in name.upper() for word in words.upper().split())
