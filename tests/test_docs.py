"""What the pages under docs say is so: commands with their options, settings, variables, keys and scripts are there."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from connectors.outputs.exchange_faults import ExchangeFaults
from flows.settings import Settings, load, walk
from tests.test_readme import README, ROOT, recipes
from tui import settings as screen
from tui.keys import bindings

PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
TEXTS = {"README.md": README, **PAGES}
VARIABLES = {"GHOSTTAPE_FEED_TOKEN", "GHOSTTAPE_WEB_TOKEN"}
"""Those of the screen; all others set a setting."""


def blocks(text: str, language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return found


def code(text: str) -> list[str]:
    """Give every line of every shell block, and everything between backticks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    spans: list[str] = re.findall(r"`([^`]+)`", prose)
    return [*spans, *(line for block in blocks(text, "sh") for line in block.splitlines())]


@functools.cache
def told(module: str) -> str:
    """Give the help of a command."""
    done = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@functools.cache
def module_of(recipe: str) -> str:
    """Name the module a recipe runs."""
    found = re.search(rf"^{recipe}\b[^\n]*:[^\n]*\n[^\n]* -m ([a-z_.]+)", (ROOT / "justfile").read_text(), re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_is_there_and_takes_the_options_it_is_given(page: str) -> None:
    for line in code(TEXTS[page]):
        for recipe, rest in re.findall(r"(?:\./justw|\bjust) ([a-z][a-z-]*)([^#|&]*)", line):
            assert recipe in recipes(), line
            for option in re.findall(r"--[a-z-]+", rest):
                assert option in told(module_of(recipe)), f"{line}: {option}"
        for module in re.findall(r"python -m ([\w.]+)", line):
            assert importlib.util.find_spec(module), line


@pytest.mark.parametrize("page", TEXTS)
def test_every_setting_and_every_variable_is_there(page: str, tmp_path: Path) -> None:
    known = [key for key, _, _ in walk(Settings(), load({}, tmp_path)[1])]
    for key in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)(?: = [^`]*)?`", TEXTS[page]):
        if not (ROOT / key).exists() and Path(key).suffix not in (".toml", ".py", ".duckdb"):
            assert any(one == key or one.startswith(f"{key}.") for one in known), key
    for name in re.findall(r"GHOSTTAPE_\w+", TEXTS[page]):
        assert name in VARIABLES or name.removeprefix("GHOSTTAPE_").lower().replace("__", ".") in known, name


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        assert link.startswith("https://") or (ROOT / "docs" / link.partition("#")[0]).exists(), link


def test_every_option_of_a_table_is_one() -> None:
    options = re.findall(r"^\| `(--[a-z-]+)", PAGES["screen.md"], re.MULTILINE)
    assert len(options) > 2
    assert all(option in told("tui.web") for option in options)


def test_every_key_of_the_screen_is_one(tmp_path: Path) -> None:
    shown = {binding.key_display or binding.key for binding in bindings()} | {binding.key for binding in bindings()}
    table = PAGES["screen.md"].partition("## Keys")[2].partition("## From another machine")[0]
    keys = [key for line in re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE) for key in re.findall(r"`([^`]+)`", line)]
    everywhere = {"↑", "↓", "←", "→", "k", "j", "h", "l", "tab", "enter", "esc", "ctrl+p", "/"}  # of lists, and of Textual itself
    assert len(keys) > 25
    assert [key for key in keys if key not in shown | everywhere] == []
    for block in blocks(table, "toml"):
        (tmp_path / "tui.toml").write_text(block)
        screen.load(tmp_path / "tui.toml")


def test_the_script_of_faults_and_the_lines_of_python_are_read(tmp_path: Path) -> None:
    [script] = blocks(PAGES["serve.md"], "toml")
    (tmp_path / "faults.toml").write_text(script)
    assert len(ExchangeFaults.read(tmp_path / "faults.toml")) == len(tomllib.loads(script)["fault"]) + 40
    kinds = re.findall(r"^\| `(\w+)` \|", PAGES["serve.md"], re.MULTILINE)
    assert len(kinds) > 8
    for kind in kinds:
        (tmp_path / "one.toml").write_text(f'[[fault]]\nat = "1s"\nfor = "1s"\nby = "1s"\nstatus = 429\nkind = "{kind}"\n')
        assert len(ExchangeFaults.read(tmp_path / "one.toml")) == 1, kind
    for page in PAGES.values():
        for block in blocks(page, "python"):
            ast.parse(block)
