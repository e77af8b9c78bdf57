"""Which assets a text speaks of.

A name is found as a whole word, however its letters are written or spaced out (`folding`). The longest name wins, so `bitcoin cash`
is not bitcoin. Links and `@handles` are not read: what a link points at is not what the text says. In a pair such as `BNT/BTC`
the text is about what is traded and not about what it is priced in.

A ticker that is also a common word counts only where it is written as a ticker: `$ONE`, `#ONE`, `ONE/USDT`, `ONEUSDT`, or in upper
case beside a trading word in a text that is not all upper case. Tickers of one or two letters count as common words.

Every step goes through the text once and retries nothing, so that a hostile text costs time in proportion to its length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec

from scoring.crowd.folding import caseless
from scoring.crowd.vocabulary import COMMON_WORDS, QUOTES, TRADING_WORDS
from scoring.crowd.words import Words, seen_in, words_of

SHORT_TICKER: Final = 2
"""Letters up to which a ticker is more often something else."""


class Names(Protocol):
    """What people call an asset: anything with these three."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Its symbols at the exchange, upper case, e.g. `BTCUSDT`; what is left without the quote currency is a name too."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Words or phrases, in any case."""

    @property
    def exclude(self) -> tuple[str, ...]:
        """Phrases that hold an alias and mean something else."""


class AssetNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names of one asset."""

    symbols: tuple[str, ...] = ()
    """Its symbols at the exchange, upper case, e.g. `BTCUSDT`; what is left without the quote currency is a name too."""
    aliases: tuple[str, ...] = ()
    """Words or phrases, in any case."""
    exclude: tuple[str, ...] = ()
    """Phrases that hold an alias and mean something else, e.g. `link in bio`."""


class NameSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How names are told from words."""

    common_words: tuple[str, ...] = ()
    """Words beyond those of `vocabulary.COMMON_WORDS` that count only where they are written as a ticker."""
    plain_words: tuple[str, ...] = ()
    """Words of `vocabulary.COMMON_WORDS`, and tickers of one or two letters, that count wherever they stand."""
    quotes: tuple[str, ...] = QUOTES
    """Currencies that others are priced in, upper case."""
    trading_words: tuple[str, ...] = tuple(sorted(TRADING_WORDS))
    """Beside one of these, an upper-case word is a ticker."""
    most_characters: int = 65_536
    """How far a text is read; a message of Telegram has at most 4,096 characters."""


class _Name(NamedTuple):
    words: tuple[str, ...]
    asset: str
    strict: bool
    """Counts only where it is written as a ticker."""


class AssetFinder:
    """Compiled once from the names of all assets."""

    def __init__(self, assets: Mapping[str, Names], settings: NameSettings | None = None) -> None:
        """Compile.

        Raises:
            ValueError: a name belongs to two assets, or holds no letter or digit.
        """
        settings = settings or NameSettings()
        self._most_characters = settings.most_characters
        self._quotes = frozenset(quote.lower() for quote in settings.quotes)
        self._trading = frozenset(map(caseless, settings.trading_words))
        self._plain = frozenset(map(caseless, settings.plain_words))
        self._common = (COMMON_WORDS | frozenset(map(caseless, settings.common_words))) - self._plain
        self._names: dict[str, list[_Name]] = {}
        """By first word, longest first."""
        self._excluded: dict[str, list[_Name]] = {}
        owners: dict[tuple[str, ...], str] = {}
        for asset, names in sorted(assets.items()):
            for name in (*names.aliases, *names.symbols, *(base_of(symbol, settings.quotes) for symbol in names.symbols)):
                self._own(_words(name, asset), asset, owners)
            for phrase in names.exclude:
                words = _words(phrase, asset)
                self._excluded.setdefault(words[0], []).append(_Name(words, asset, False))
        for words, asset in owners.items():
            self._add(_Name(words, asset, self._is_common(words)))
        self._add_pairs(assets, owners, settings)
        for known in self._names.values():
            known.sort(key=lambda name: -len(name.words))
        self._first_words = frozenset(self._names)
        self._letters = frozenset(letter for word in self._first_words for letter in word)

    def find(self, text: str) -> tuple[str, ...]:
        """Give the names of the assets that `text` speaks of, sorted.

        >>> assets = {"bitcoin": AssetNames(("BTCUSDT",), ("bitcoin",)), "chainlink": AssetNames(("LINKUSDT",), exclude=("link in bio",))}
        >>> finder = AssetFinder(assets)
        >>> finder.find("Buy LINK and Ｂ.Т.Ｃ now"), finder.find("the link is in the chat"), finder.find("#LINK/BTC")
        (('bitcoin', 'chainlink'), (), ('chainlink',))
        """
        text = text[: self._most_characters]
        seen = seen_in(text)
        if self._first_words.isdisjoint(seen) and len(self._letters.intersection(seen)) < 2:
            return ()
        return tuple(sorted(self._found(Words(text))))

    # --- compiling ---------------------------------------------------------------------------------------------------------------

    def _own(self, words: tuple[str, ...], asset: str, owners: dict[tuple[str, ...], str]) -> None:
        other = owners.setdefault(words, asset)
        if other != asset:
            raise ValueError(f"assets {other!r} and {asset!r} are both called {' '.join(words)!r}: give the name to one of them")

    def _add(self, name: _Name) -> None:
        self._names.setdefault(name.words[0], []).append(name)

    def _add_pairs(self, assets: Mapping[str, Names], owners: Mapping[tuple[str, ...], str], settings: NameSettings) -> None:
        """Add what a base and any quote make when they are written as one word, unless it is a name or two assets could be meant."""
        pairs: dict[str, set[str]] = {}
        for asset, names in assets.items():
            for symbol in names.symbols:
                base = base_of(symbol, settings.quotes).lower()
                for quote in self._quotes - {base}:
                    pairs.setdefault(base + quote, set()).add(asset)
        for pair, meant in sorted(pairs.items()):
            if len(meant) == 1 and (pair,) not in owners:
                base = base_of(pair.upper(), settings.quotes).lower()
                # "te" + "eth", "en" + "try": such pairs may be words.
                word_like = len(base) <= SHORT_TICKER or pair.removeprefix(base) in self._common
                self._add(_Name((pair,), next(iter(meant)), word_like and base not in self._plain))

    def _is_common(self, words: tuple[str, ...]) -> bool:
        word = words[0]
        return len(words) == 1 and (word in self._common or (len(word) <= SHORT_TICKER and word.isascii() and word not in self._plain))

    # --- reading -----------------------------------------------------------------------------------------------------------------

    def _found(self, words: Words) -> set[str]:
        found: set[str] = set()
        barred = set(self._barred(words))
        free = 0
        for index in words.among(self._first_words):
            if index < free:
                continue
            name = next((name for name in self._names[words.texts[index]] if words.stands(name.words, index)), None)
            if name is None:
                continue
            free = index + len(name.words)
            if name.asset not in found and (name.asset, index) not in barred and self._counts(name, words, index):
                found.add(name.asset)
        return found

    def _barred(self, words: Words) -> Iterator[tuple[str, int]]:
        for index in words.among(self._excluded):
            for phrase in self._excluded[words.texts[index]]:
                if words.stands(phrase.words, index):
                    yield from ((phrase.asset, index + offset) for offset in range(len(phrase.words)))

    def _counts(self, name: _Name, words: Words, index: int) -> bool:
        if len(name.words) == 1 and self._is_quote(words, index):
            return False
        return not name.strict or words.is_marked(index) or self._is_base(words, index) or self._is_traded(words, index)

    def _is_base(self, words: Words, index: int) -> bool:
        """Tell whether it is priced in the next word; `try` is a quote currency and a word."""
        quote = words.after(index)
        return quote in self._quotes and words.is_pair(index) and (words.is_raised(index) or quote not in self._common)

    def _is_traded(self, words: Words, index: int) -> bool:
        beside = words.before(index) in self._trading or words.after(index) in self._trading
        return beside and words.is_raised_alone(index)

    def _is_quote(self, words: Words, index: int) -> bool:
        """Tell whether the word before is priced in it, which takes a word that looks like a ticker."""
        base = index - 1
        if words.texts[index] not in self._quotes or words.is_marked(index) or not words.is_pair(base):
            return False
        ticker = words.is_marked(base) or words.texts[base] in self._first_words or (words.is_raised(base) and words.is_raised(index))
        return ticker and words.texts[base] not in self._trading


def base_of(symbol: str, quotes: tuple[str, ...] = QUOTES) -> str:
    """Give a symbol without its quote currency; the longest that fits is taken.

    >>> base_of("BTCUSDT"), base_of("ETHBTC"), base_of("BTCFDUSD"), base_of("GOLD")
    ('BTC', 'ETH', 'BTC', 'GOLD')
    """
    fitting = [quote for quote in quotes if symbol.endswith(quote) and symbol != quote]
    return symbol.removesuffix(max(fitting, key=len, default=""))


def _words(name: str, asset: str) -> tuple[str, ...]:
    words = tuple(words_of(name))
    if not words:
        raise ValueError(f"asset {asset!r}: a name with a letter or a digit was expected, found {name!r}")
    return words
