"""Words that mislead: tickers that are also words, currencies that others are priced in, words that traders put beside a ticker.

They are defaults of settings. The first list is short on purpose: it holds English words that are, or were, tickers of traded
coins, as listed by the larger exchanges.
"""

from typing import Final

_COMMON_WORDS: Final = (
    "ace act age aid aim air alpha alt amp any apt arc ark art ask ast atom auction aura axe bake band bar bat beam bel best big "
    "bit block blur bond bonk book brave bread bull bus buy cake call cat chat chess city cloud coin combo core cow cream cube "
    "cult cure data date day deep dent dig dock dog dot drop dusk edge ever farm fet fire flame flow flux for forth free front "
    "fuel fun fuse gain game gas gem get gift go goat god gold good grass grin grip grow hard has high hive hold home hook hop "
    "hope hot house ice icon idea index ion iris jam jet joy just key kin kite lab land last launch layer lend life like link "
    "lit live loom loop lot love low luna magic maker man map mask mass matter me mean mega mine mint mob moon more move multi "
    "near neo new next night noon not now nut oak oasis ocean oil omni one only open orbit orca order out ox pay pearl people "
    "perp pig pit pixel place plan play point pond pool pop portal post power price prime prom pros pump push radar ramp rare "
    "ray real red render request rich rise road rook rose safe salt sand save scout sea see self send shift ship sign sky slim "
    "snow sol solve spell spot star steem step stock storm stream strong sun super swap sweat sys tap team tech tensor the time "
    "tip token tone top torn tower trade trust try turbo unfi uni unit up use val vet via vibe view vite voxel wan wax win wing "
    "wings wood work world you zap zen zero"
)
COMMON_WORDS: Final = frozenset(_COMMON_WORDS.split())
"""English words (and names) that are tickers too: as bare words they count for nothing."""

QUOTES: Final = (
    "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USD", "EUR", "GBP", "TRY", "JPY", "BRL", "AUD", "RUB", "BTC", "ETH", "BNB",
    "PERP",
)  # fmt: skip
"""Currencies that others are priced in, and the ending of perpetual contracts."""

_TRADING_WORDS: Final = (
    "accumulate add bag bags bearish bought breakout bullish buy buying call close coin dip entry exit hodl hold holding long "
    "longed longing moon pump pumping scalp sell selling short shorted shorting signal sold stop target targets token tp trade "
    "trading"
)
TRADING_WORDS: Final = frozenset(_TRADING_WORDS.split())
"""Beside one of these, an upper-case word is a ticker."""
