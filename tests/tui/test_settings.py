"""The settings of the screen, and the keys among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.errors import SettingError
from tui.settings import ScreenSettings, load, path


def said(tmp_path: Path, text: str) -> ScreenSettings:
    file = tmp_path / "tui.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_without_a_file_everything_is_as_it_is(tmp_path: Path) -> None:
    assert load(tmp_path / "tui.toml") == ScreenSettings()


def test_it_lies_where_xdg_says() -> None:
    assert path({"XDG_CONFIG_HOME": "/c"}) == Path("/c/ghosttape/tui.toml")
    assert path({}) == Path.home() / ".config/ghosttape/tui.toml"


def test_keys_may_be_written_as_toml_likes_them(tmp_path: Path) -> None:
    plain = said(tmp_path, '[keys]\n"overview.sort" = "o"\n[groups]\nmajors = ["BTCUSDT"]')
    dotted = said(tmp_path, '[keys]\noverview.sort = "o"\n[groups]\nmajors = ["BTCUSDT"]')
    assert plain == dotted == ScreenSettings(groups={"majors": ["BTCUSDT"]}, keys={"overview.sort": "o"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[keys]\noverview.sort = "hyperspace"', ["keys.overview.sort", "'hyperspace'", "a key such as"]),
        ('[keys]\noverview.sart = "o"', ["keys.overview.sart", "'o'", "one of overview.", "did you mean overview.sort?"]),
        ('[keys]\noverview.sort = "q"', ["keys.overview.sort", "screen.quit already"]),
        ('[keys]\nscreen.quit = "s"', ["keys.screen.quit", "overview.sort already"]),
        ('[keys]\noverview.sort = "j"', ["keys.overview.sort", "list.down already"]),
        ('[keys]\noverview.sort = ""', ["keys.overview.sort", "a key such as"]),
        ("[keys]\noverview.sort = 3", ["tui.toml", "keys"]),
        ("[groups]\nmajors = 3", ["tui.toml", "groups"]),
        ("[colours]\nup = 3", ["tui.toml", "colours"]),
        ("keys = [", ["tui.toml", "TOML"]),
        ("keys = 3", ["tui.toml", "keys"]),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        said(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in ["tui.toml", "expected", *words]), message


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "tui.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match="readable"):
        load(tmp_path / "tui.toml")


def test_two_keys_may_change_places(tmp_path: Path) -> None:
    assert said(tmp_path, '[keys]\noverview.sort = "g"\noverview.group = "s"').keys == {"overview.sort": "g", "overview.group": "s"}
