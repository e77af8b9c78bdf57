"""Tables of what people write, and of what is written to be overlooked or to cost time."""

import doctest
import pickle
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd import assets
from scoring.crowd.assets import AssetFinder, AssetNames, NameSettings, base_of

NAMES = {
    "bitcoin": AssetNames(("BTCUSDT", "BTCEUR"), ("btc", "bitcoin", "биткоин"), ("bitcoin magazine",)),
    "bitcoin-cash": AssetNames(("BCHUSDT",), ("bitcoin cash",)),
    "bluzelle": AssetNames(("BLZBTC",)),
    "chainlink": AssetNames(("LINKUSDT",), ("chainlink",), ("chain link fence", "link in bio")),
    "dogecoin": AssetNames(("DOGEUSDT",), ("$doge", "dogecoin")),
    "ethereum": AssetNames(("ETHUSDT",), ("ethereum",), ("ethereum classic",)),
    "forthbox": AssetNames(("FORBTC",)),
    "gas": AssetNames(("GASBTC",)),
    "harmony": AssetNames(("ONEUSDT",)),
    "poet": AssetNames(("POEBTC",)),
    "shiba": AssetNames((), ("shiba inu",)),
    "teeth": AssetNames(("TEUSDT",)),
}
FINDER = AssetFinder(NAMES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("buy doge now", "dogecoin"),
        ("BTC and btc and Bitcoin's price", "bitcoin"),
        ("$DOGE #BLZUSDT", "bluzelle dogecoin"),
        ("BTCUSDT.P long", "bitcoin"),
        ("BINANCE:BTCUSDT", "bitcoin"),
        ("биткоин растёт", "bitcoin"),
        ("БИТКОИН", "bitcoin"),
        ("🚀btc🚀", "bitcoin"),
        ("btcx xbtc 10btc bitcoiner", ""),
        ("shiba inu, shiba-inu, shiba_inu", "shiba"),
        ("shiba. inu", ""),
        ("shiba\ninu", ""),
        ("the shiba", ""),
    ],
)
def test_names_are_found_as_whole_words(text: str, found: str) -> None:
    assert FINDER.find(text) == tuple(found.split())


@pytest.mark.parametrize(
    "text",
    [
        "BLZ/USDT",
        "blz/usdt",
        "BLZ-USDT",
        "BLZ_USDT",
        "BLZ / USDT",
        "#BLZUSDT",
        "$blzeth",
        "BLZ/BTC",
        "#BLZ_BTC",
        "BLZBTC",
        "ＢＬＺ／ＢＴＣ",
    ],
)
def test_a_pair_is_about_what_is_traded(text: str) -> None:
    assert FINDER.find(text) == ("bluzelle",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("XYZ/BTC", ""),
        ("#xyz/btc", ""),
        ("ETH/BTC", "ethereum"),
        ("$BLZ/$BTC", "bitcoin bluzelle"),
        ("BTC/ETH/BLZ all up", "bitcoin bluzelle ethereum"),
        ("BLZ/BTC/ETH", "bitcoin bluzelle ethereum"),
        ("stocks/btc", "bitcoin"),
        ("BUY/BTC", "bitcoin"),
        ("0.5/BTC", "bitcoin"),
        ("BTC, ETH", "bitcoin ethereum"),
        ("BLZ -- BTC", "bitcoin bluzelle"),
    ],
)
def test_what_it_is_priced_in_does_not_count_and_a_list_is_no_pair(text: str, found: str) -> None:
    assert FINDER.find(text) == tuple(found.split())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("link in the chat", ""),
        ("THE LINK IS BELOW", ""),
        ("the LINK is below", ""),
        ("for one reason: gas", ""),
        ("BUY ONE NOW", ""),
        ("$LINK", "chainlink"),
        ("#link", "chainlink"),
        ("Buy LINK", "chainlink"),
        ("ONE target 50 sats", "harmony"),
        ("buy link", ""),
        ("LINK/USDT", "chainlink"),
        ("link/usdt", "chainlink"),
        ("LINKUSDT", "chainlink"),
        ("linkusdt", "chainlink"),
        ("ONE/TRY", "harmony"),
        ("one-try", ""),
        ("#LINK_TO_CHANNEL", ""),
        ("#LINK_USDT", "chainlink"),
        ("poetry", ""),
        ("#POETRY", "poet"),
        ("teeth", ""),
        ("$TE", "teeth"),
        ("Te", ""),
        ("LONG\nONE GOOD THING\nsmall words far away in the next line", ""),
        ("long ONE", "harmony"),
        ("ONE long", "harmony"),
    ],
)
def test_a_ticker_that_is_a_word_counts_only_where_it_is_written_as_a_ticker(text: str, found: str) -> None:
    assert FINDER.find(text) == tuple(found.split())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bitcoin cash", "bitcoin-cash"),
        ("bitcoin cash and bitcoin", "bitcoin bitcoin-cash"),
        ("Bitcoin Magazine", ""),
        ("bitcoin magazine on bitcoin", "bitcoin"),
        ("ethereum classic", ""),
        ("my #link in bio", ""),
        ("a chain-link fence", ""),
        ("a chain $link", "chainlink"),
    ],
)
def test_the_longest_name_wins_and_excluded_phrases_mean_nothing(text: str, found: str) -> None:
    assert FINDER.find(text) == tuple(found.split())


@pytest.mark.parametrize(
    "text",
    [
        "B T C",
        "b.t.c",
        "B-T-C now",
        "b_t_c",
        "B  T  C",
        "B • T • C",
        "В Т С",
        "Ｂ．Ｔ．Ｃ",
        "b\u200b t\u200b c",
        "𝔹𝕋ℂ",
        "b̶t̶c̶",
        "🅱🆃🅲",
        "₿TC",
        "ВТС",
        "d o g e and b t c",
    ],
)
def test_disguised_letters_are_read(text: str) -> None:
    assert "bitcoin" in FINDER.find(text)


@pytest.mark.parametrize(
    "text",
    [
        "b t",
        "b t.c",
        "b, t, c",
        "b\nt\nc",
        "a b t c",
        "btc@",
        "x@btc_signals",
        "@bitcoin",
        "https://bitcoin.org/btc",
        "www.btc.com",
        "t.me/btc",
    ],
)
def test_other_letters_handles_and_links_are_not(text: str) -> None:
    assert FINDER.find(text) == (("bitcoin",) if text == "btc@" else ())


def test_a_word_inside_a_longer_name_is_no_name_of_its_own() -> None:
    names = AssetFinder({"dogs": AssetNames(aliases=("inu",)), "shiba": AssetNames(aliases=("shiba inu",))})
    assert names.find("shiba inu") == ("shiba",)
    assert names.find("shiba. inu") == ("dogs",)


def test_which_words_are_common_is_a_setting() -> None:
    chosen = AssetFinder(NAMES, NameSettings(common_words=("DOGE",), plain_words=("link", "te"), trading_words=("Grab",)))
    assert chosen.find("doge") == ()
    assert chosen.find("the link, te, teeth") == ("chainlink", "teeth")
    assert chosen.find("grab DOGE") == ("dogecoin",)
    assert chosen.find("buy DOGE") == ()


def test_a_text_is_read_only_so_far() -> None:
    assert AssetFinder(NAMES, NameSettings(most_characters=10)).find("0123456789 btc") == ()


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        (AssetNames(aliases=("moon",)), AssetNames(aliases=("MOON",)), "moon"),
        (AssetNames(aliases=("btc",)), AssetNames(symbols=("BTCUSDT",)), "btc"),
        (AssetNames(symbols=("BTCUSDT",)), AssetNames(symbols=("BTCEUR",)), "btc"),
        (AssetNames(aliases=("ВТС",)), AssetNames(aliases=("btc",)), "btc"),
    ],
)
def test_a_name_of_two_assets_is_an_error_that_names_both(one: AssetNames, other: AssetNames, name: str) -> None:
    with pytest.raises(ValueError, match=f"assets 'first' and 'second' are both called '{name}'"):
        AssetFinder({"first": one, "second": other})


def test_a_name_without_a_letter_is_an_error() -> None:
    with pytest.raises(ValueError, match="asset 'rocket': a name with a letter or a digit was expected, found '🚀'"):
        AssetFinder({"rocket": AssetNames(aliases=("🚀",))})


def test_a_pair_that_two_assets_could_mean_is_none_of_them() -> None:
    names = {"x": AssetNames(("XUSDT",)), "xt": AssetNames(("XTUSDT",))}
    unclear = AssetFinder(names, NameSettings(quotes=("USDT", "USD", "TUSD")))
    assert unclear.find("#XTUSD") == ()
    assert AssetFinder({**names, "x": AssetNames(("XUSDT", "XTUSD"))}, NameSettings(quotes=("USDT", "USD", "TUSD"))).find("#XTUSD") == (
        "x",
    )


@pytest.mark.parametrize(("symbol", "base"), [("BTCUSDT", "BTC"), ("BTCFDUSD", "BTC"), ("ETHBTC", "ETH"), ("BTC", "BTC"), ("GOLD", "GOLD")])
def test_the_base_of_a_symbol_is_what_is_left_without_its_quote(symbol: str, base: str) -> None:
    assert base_of(symbol) == base


def test_anything_with_symbols_aliases_and_exclusions_will_do() -> None:
    class Asset(msgspec.Struct, frozen=True):
        symbols: tuple[str, ...] = ("DOGEUSDT",)
        aliases: tuple[str, ...] = ()
        exclude: tuple[str, ...] = ()

    assert AssetFinder({"dogecoin": Asset()}).find("#doge") == ("dogecoin",)
    assert AssetFinder({}).find("b t c") == ()


def test_a_finder_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(FINDER)).find("buy DOGE") == ("dogecoin",)


pieces = st.sampled_from(
    [
        "btc",
        "BTC",
        "link",
        "LINK",
        "#",
        "$",
        "/",
        "-",
        "_",
        " ",
        "\n",
        "usdt",
        "bitcoin",
        "cash",
        "buy",
        "ß",
        "İ",
        "@",
        "🚀",
        "B T C",
        "magazine",
    ]
)


@given(st.lists(pieces, max_size=30).map("".join) | st.text(max_size=50))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_known_names_sorted_once_each(text: str) -> None:
    found = FINDER.find(text)
    assert list(found) == sorted(set(found))
    assert set(found) <= set(NAMES)


@given(st.lists(pieces, max_size=30).map("".join))
@settings(max_examples=200, deadline=None)
def test_invisible_characters_change_nothing(text: str) -> None:
    assert FINDER.find("\u200b".join(text)) == FINDER.find(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a b ",
        "#btc ",
        "#one ",
        "one/",
        "btc/eth ",
        "@",
        "@x",
        "a./",
        "b\u0301",
        " . ",
        "bitcoin ",
        "chain link ",
        "B T C  ",
        "\ufdfa",
        "й ",
    ],
)
def test_a_hostile_text_takes_no_longer_than_another(piece: str) -> None:
    everything = AssetFinder(NAMES, NameSettings(most_characters=300_000))
    text = piece * (300_000 // len(piece))
    started = time.process_time()
    everything.find(text)
    assert time.process_time() - started < 3
    started = time.process_time()
    FINDER.find(text)
    assert time.process_time() - started < 0.5


def test_the_examples_hold() -> None:
    assert doctest.testmod(assets).failed == 0
