"""Each command refuses what it does not understand in one line, and its help is there before a flow is."""

from __future__ import annotations

import argparse
import importlib

import pytest

from flows.commands.arguments import Arguments, port, whole_number

COMMANDS = {
    "compact": ["--for", "1h"],
    "demo": ["recordings/session", "10x", "more"],
    "doctor": ["everything"],
    "explain": [],
    "import_": ["a.gz"],
    "join": ["one/tape"],
    "live": ["now"],
    "model": ["gpt"],
    "query": ["SELECT", "1"],
    "record": [],
    "replay": ["--workers", "0"],
    "serve": ["--port", "high"],
    "settings": ["feed.port"],
    "study": ["recordings/session", "--matches", "few"],
    "sweep": ["volume_spike"],
    "telegram_login": ["+4912345"],
    "verify": ["recordings/session", "--form", "frame"],
}


def ended(name: str, arguments: list[str]) -> object:
    """Run a command that ends at once, and give its exit code."""
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"flows.commands.{name}").main(arguments)
    return end.value.code


@pytest.mark.parametrize(("name", "arguments"), COMMANDS.items())
def test_what_is_not_understood_is_refused_in_one_line_that_says_where_help_is(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"just {name.strip('_').replace('_', '-')}"
    assert ended(name, arguments) == 2
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert line.startswith(f"{command}: ")
    assert line.endswith(f": see {command} --help")
    assert said.out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_says_what_it_does_and_what_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(name, ["--help"]) == 0
    usage, *rest = capsys.readouterr().out.splitlines()
    assert usage.startswith(f"usage: just {name.strip('_').replace('_', '-')}")
    assert any(line.startswith("`just ") for line in rest)


def test_of_a_docstring_only_what_comes_first_is_help() -> None:
    assert Arguments("this", "What it does.\n\nHow it is made.").description == "What it does."


def test_every_option_of_every_command_is_explained() -> None:
    for name in COMMANDS:
        if parser := getattr(importlib.import_module(f"flows.commands.{name}"), "parser", None):
            assert all(action.help for action in parser()._actions), name


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", ""])
def test_a_number_of_things_is_at_least_one(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a whole number above 0"):
        whole_number(text)
    assert whole_number("3") == 3


@pytest.mark.parametrize("text", ["-1", "65536", "http", ""])
def test_a_port_is_one_of_those_there_are(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no port, which is a number from 0"):
        port(text)
    assert (port("0"), port("65535")) == (0, 65_535)
