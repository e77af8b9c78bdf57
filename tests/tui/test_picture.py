"""The picture for the README."""

from __future__ import annotations

import html
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tui.picture import main, pages_of
from tui.sample_moments import MOMENTS


def words(svg: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", svg)).replace("\xa0", " ")


def test_it_is_the_same_picture_each_time_and_shows_the_screen(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    assert main([str(first)]) == 0
    assert main([str(second), "120x40"]) == 0
    svg = first.read_text(encoding="utf-8")
    assert svg == second.read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    for text in ("Ghosttape", "IMMINENT_HYPE_PUMP", "61,284.50", "▲ +8.67%", "Portfolio", "moonshot_calls"):
        assert text in words(svg)


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["a", "wide"], ["a", "120x"], ["--all"], ["--help"], ["-o", "80x24"]])
def test_wrong_use_is_told_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m tui.picture OUT.svg [COLUMNSxROWS] | --all FOLDER\n"


def test_all_of_them_are_drawn_under_their_names_without_what_differs_by_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.picture.MOMENTS", {"alert": MOMENTS["alert"]})
    assert main(["--all", str(tmp_path / "screens")]) == 0
    names = {path.name for path in (tmp_path / "screens").iterdir()}
    assert names == {f"{page}-{moment}.svg" for page in pages_of("alert") for moment in ("alert", "narrow")}
    for path in (tmp_path / "screens").iterdir():
        svg = path.read_text(encoding="utf-8")
        ElementTree.fromstring(svg)
        assert "terminal-" not in svg
