"""The real posts that crowd benchmarks read: 60,011 of 60 channels, in order of time."""

from __future__ import annotations

import gzip
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

DATA: Final = Path(__file__).resolve().parents[3] / "shared/data/telegram"


class Message(msgspec.Struct, frozen=True):
    """One post of a channel."""

    date: datetime
    channel_id: int
    id: int
    text: str


def read_messages(asking: str) -> list[Message]:
    """Read them all; ends the program where they are not on this machine."""
    if not DATA.exists():
        sys.exit(f"{asking}: the real posts are not here: {DATA} is looked for")
    with gzip.open(DATA / "messages_2019-06_2020-12.jsonl.gz") as lines:
        return [msgspec.json.decode(line, type=Message) for line in lines]
