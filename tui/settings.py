"""The settings of the screen: groups of the watch list and keys, in `~/.config/ghosttape/tui.toml`. All of it may be missing."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from scoring.errors import SettingError


class ScreenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file may say."""

    groups: dict[str, list[str]] = {}
    """Name of a group of the watch list, and its symbols in order."""
    keys: dict[str, str] = {}
    """Id of a binding (the help and the error message name them), and its key or keys with commas between."""


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """Say where it is looked for: `$XDG_CONFIG_HOME/ghosttape/tui.toml`.

    >>> path({"XDG_CONFIG_HOME": "/config"}).as_posix()
    '/config/ghosttape/tui.toml'
    """
    folder = environment.get("XDG_CONFIG_HOME", "")
    return (Path(folder) if folder.startswith("/") else Path.home() / ".config") / "ghosttape" / "tui.toml"


def load(file: Path) -> ScreenSettings:
    """Read the file; a missing one says nothing.

    Raises:
        SettingError: it cannot be read, or says what the screen does not know.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ScreenSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(str(file), "the file", str(error), "a readable text file") from error
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(str(file), "the file", str(error), "TOML, such as [keys] and a line 'overview.sort = \"s\"'") from error
    try:
        settings = msgspec.convert(_flat(said), ScreenSettings)
    except msgspec.ValidationError as error:
        raise SettingError(str(file), "the file", str(error), "tables [groups] of lists of symbols and [keys] of texts") from error
    if settings.keys:
        from tui.keys import check  # needs every page, which a start without keys of its own need not load

        check(settings.keys, str(file))
    return settings


def _flat(said: dict[str, object]) -> dict[str, object]:
    """Join the names of keys: `overview.sort = "s"` is a table in a table to TOML."""
    keys = said.get("keys")
    if not isinstance(keys, dict):
        return said
    flat: dict[str, object] = {}
    for name, value in keys.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": key for inner, key in value.items()}
        else:
            flat[name] = value
    return {**said, "keys": flat}
