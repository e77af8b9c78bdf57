"""What is typed behind a command: one parser for all of them, so that each refuses in one line and says what is being done at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, NoReturn

HIGHEST_PORT: Final = 65_535


class Arguments(argparse.ArgumentParser):
    """Reads the command line of `just NAME`; its help begins with the first paragraph of a docstring."""

    def __init__(self, name: str, description: str | None) -> None:
        """Take the name of the command, and the docstring of its module."""
        super().__init__(prog=f"just {name}", description=(description or "").partition("\n\n")[0], allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """End the program with one line and exit code 2."""
        self.exit(2, f"{self.prog}: {message}: see {self.prog} --help\n")


def port(text: str) -> int:
    """Read a TCP port; 0 is any free one."""
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, which is a number from 0 (any free one) to {HIGHEST_PORT}")
    return int(text)


def file(text: str) -> str:
    """Read the name of a file that is there: what is only read at the end is missed at the beginning."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no file")
    return text


def whole_number(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
