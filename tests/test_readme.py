"""What the README says is so: its commands are there and do what it says, its links lead somewhere."""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.inputs.archives import parse_name
from connectors.inputs.pace import parse_speed
from flows.commands import replay
from tests.flows.conftest import clean_environment
from tests.flows.sessions import free_ports, kill, start
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
JUST = str(Path(sys.executable).parent / "just")


def commands() -> list[list[str]]:
    """Give every command of the sh blocks as words, without its comment."""
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words for words in lines if words]


def given_to(recipe: str) -> list[list[str]]:
    """Give the arguments of every command that runs a recipe."""
    return [words[2:] for words in commands() if words[0] in ("just", "./justw") and words[1] == recipe]


@functools.cache
def recipes() -> dict[str, dict[str, object]]:
    done = subprocess.run([JUST, "--dump", "--dump-format", "json"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, dict[str, object]] = json.loads(done.stdout)["recipes"]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_a_recipe_or_a_module(words: list[str]) -> None:
    if words[0] in ("just", "./justw"):
        assert words[1] in recipes()
    else:
        assert words[:2] == ["python", "-m"]
        assert importlib.util.find_spec(words[2]) is not None
        module, _, call = words[3].partition(":")
        found = importlib.util.find_spec(module)
        assert found is not None
        assert found.origin is not None
        named = ast.parse(call or "flow()", mode="eval").body
        assert isinstance(named, ast.Call)
        assert isinstance(named.func, ast.Name)
        assert f"def {named.func.id}(" in Path(found.origin).read_text()


def test_every_recipe_has_one_line_of_help_a_group_and_modules_that_exist() -> None:
    modules = re.findall(r"-m ([a-z_.]+)", (ROOT / "justfile").read_text())
    assert all(importlib.util.find_spec(module) for module in modules)
    for name, recipe in recipes().items():
        if not recipe["private"]:
            assert recipe["doc"], f"{name} has no help"
            assert any("group" in attribute for attribute in recipe["attributes"] if isinstance(attribute, dict)), name  # type: ignore[attr-defined]


def test_every_relative_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", README) if not link.startswith(("http:", "https:", "#"))]
    assert "docs/screen.svg" in links
    for link in links:
        assert (ROOT / link.partition("#")[0]).exists(), link


def test_the_picture_of_the_screen_is_one() -> None:
    assert ElementTree.parse(ROOT / "docs" / "screen.svg").getroot().tag.endswith("svg")


def test_every_folder_it_names_is_there() -> None:
    folders = re.findall(r"^\| `([a-z]+)/` \|", README, re.MULTILINE)
    assert len(folders) > 4
    for folder in folders:
        assert folder == "data" or (ROOT / folder).is_dir(), folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run a module of ours to its end, all of them with one folder of data, and give what it said."""
    environment = clean_environment(tmp_path_factory.mktemp("readme"))

    def run(module: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_replays_say_what_it_says(runs: Callable[..., str]) -> None:
    plain, *others = given_to("replay")
    said = runs("flows.commands.replay", *plain)
    assert "digest" in said
    assert "frames/s" in said
    for arguments in others:  # the same at other speeds, which would take their time
        wanted = replay.parser().parse_intermixed_args(arguments)
        assert Path(ROOT / wanted.session / "manifest.json").exists()
        assert parse_speed(wanted.speed) > 0


def test_questions_have_answers(runs: Callable[..., str]) -> None:
    runs("flows.commands.replay", "recordings/session", "--quiet")
    for arguments in given_to("query"):
        answer = runs("flows.commands.query", *arguments)
        assert "BTCUSDT" in answer or "DOGEUSDT" in answer


def test_verify_and_settings_do_what_it_says(runs: Callable[..., str]) -> None:
    for arguments in given_to("verify"):
        assert "verified" in runs("flows.commands.verify", *arguments)
    assert given_to("settings") == [[]]
    assert "feed.port" in runs("flows.commands.settings")


def test_what_it_imports_is_named_as_archives_and_logs_are() -> None:
    for *files, to, session in given_to("import"):
        assert (to, session.partition("/")[0]) == ("--to", "recordings")
        for name in files:
            assert re.fullmatch(r"\w+\.gz", name) or parse_name(Path(name))
    assert [session for [session] in given_to("compact")]


def test_the_demo_opens_its_feed_and_leaves_nothing_behind_when_it_is_ended(tmp_path: Path) -> None:
    assert given_to("demo") == [[]]
    [port] = free_ports(1)
    environment = clean_environment(tmp_path) | {"GHOSTTAPE_FEED__PORT": str(port), "TERM": "dumb"}
    going = start(["flows.commands.demo"], environment)
    try:
        wait_until(lambda: answers(port))
        going.send_signal(signal.SIGTERM)
        said = going.communicate(timeout=20)[0]
        assert "Traceback" not in said
        assert not answers(port)
    finally:
        if going.poll() is None:
            kill(going)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("recipe", ["replay", "settings"])
def test_recipes_run_without_their_optional_arguments(recipe: str, tmp_path: Path) -> None:
    # Their dependency prepares the environment, which a test must not: this one is ready as it is.
    (tmp_path / "justfile").write_text((ROOT / "justfile").read_text().replace(".venv/bin/python", sys.executable))
    named = ["--justfile", str(tmp_path / "justfile"), "--working-directory", str(ROOT)]
    environment = clean_environment(tmp_path) | {"JUSTW_READY": str(tmp_path)}
    done = subprocess.run([JUST, *named, recipe], env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
