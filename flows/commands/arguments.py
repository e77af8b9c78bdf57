"""What is typed behind a command: one parser for all of them, so that each refuses in one line and says what is being done at once."""

from __future__ import annotations

import argparse
from typing import NoReturn


class Arguments(argparse.ArgumentParser):
    """Reads the command line of `just NAME`; its help begins with the first paragraph of a docstring."""

    def __init__(self, name: str, description: str | None) -> None:
        """Take the name of the command, and the docstring of its module."""
        super().__init__(prog=f"just {name}", description=(description or "").partition("\n\n")[0], allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """End the program with one line and exit code 2."""
        self.exit(2, f"{self.prog}: {message}: see {self.prog} --help\n")


def whole_number(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
