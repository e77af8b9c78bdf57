"""Plain values from files and variables, laid over one another, and the one line that says what is wrong with them.

Cut from the settings themselves because none of this knows what is being set.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from scoring.duration import Duration
from scoring.errors import SettingError

FILE: Final = "ghosttape.toml"
PREFIX: Final = "GHOSTTAPE_"
"""Environment variables that set something begin with it."""
_NO_SETTINGS: Final = frozenset({f"{PREFIX}CONFIG", f"{PREFIX}FEED_TOKEN", f"{PREFIX}WEB_TOKEN"})
"""But for the one that names the file, and the two the screen reads."""

Tree: TypeAlias = dict[str, Any]
SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class Origins(dict[str, str]):
    """The file or variable that set each dotted key; what is absent is a default."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """Begin with what is known."""
        super().__init__(known or {})
        self.texts: dict[str, str] = {}
        """What variables say, to the letter, by dotted key."""


def read(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> tuple[Tree, Origins]:
    """Read every layer, as plain values that nobody has checked.

    Raises:
        SettingError: a file cannot be read.
    """
    environment = os.environ if environment is None else environment
    folder = folder or Path.cwd()
    named = environment.get(f"{PREFIX}CONFIG")
    file = Path(named) if named else folder / FILE
    tree: Tree = {}
    origins = Origins()
    if named or file.exists():
        merge(tree, read_toml(file), str(file if named else FILE), origins)
    dotenv = read_dotenv(folder / ".env")
    for source, layer in ((".env", dotenv), ("environment", environment)):
        for name, value in layer.items():
            if name.startswith(PREFIX) and name not in _NO_SETTINGS:
                merge(tree, branch(name, value), f"{source} {name}", origins)
                origins.texts[_key_of(name)] = value
    return tree, origins


def convert(tree: Tree, to: type[SettingsT], origins: Origins, secrets: Container[str] = ()) -> SettingsT:
    """Turn a tree of plain values into settings. A variable that looks like a number is text where text is wanted: a password of digits.

    Raises:
        SettingError: naming the key, its value (but for `secrets`), and what was expected or the nearest valid name.
    """
    while True:
        try:
            return msgspec.convert(tree, to, dec_hook=_decode)
        except msgspec.ValidationError as error:
            text, _, key = str(error).removesuffix("`").partition(" - at `$.")
            if not text.startswith("Expected `str`, got") or _value(tree, key) == (meant := origins.texts.get(key)) or meant is None:
                raise _explain(error, tree, to, origins, secrets) from None
            _put(tree, key, meant)


def plain(settings: msgspec.Struct) -> Tree:
    """Turn settings into plain values, as a manifest stores them and `convert` reads them."""
    built: Tree = msgspec.json.decode(msgspec.json.encode(settings, enc_hook=_encode))
    return built


def origin_of(key: str, origins: Mapping[str, str]) -> str:
    """Find who set a key, or the nearest table around it."""
    while key:
        if key in origins:
            return origins[key]
        key = re.sub(r"(^|\.)[^.\[]+$|\[[^\]]*\]$", "", key)
    return "default"


def leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Give every dotted key of a tree with its value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value


def read_toml(file: Path) -> Tree:
    """Read a settings file.

    Raises:
        SettingError: it is missing, unreadable or no TOML.
    """
    try:
        return tomllib.loads(_read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(str(file), "the file", str(error), "valid TOML") from None


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingError("environment", f"{PREFIX}CONFIG", str(file), "a file that exists") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(str(file), "the file", str(error), "readable UTF-8 text") from None


def read_dotenv(file: Path) -> dict[str, str]:
    """Read `NAME=value` lines; no file gives none.

    Raises:
        SettingError: it is unreadable.
    """
    if not file.is_file():
        return {}
    lines = (line.strip() for line in _read_text(file).splitlines())
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def branch(name: str, value: str) -> Tree:
    """Turn `GHOSTTAPE_FEED__PORT=9000` into a tree; a value is read as TOML where it is TOML, else it is text."""
    try:
        leaf: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        leaf = value
    tree: Tree = {}
    _put(tree, _key_of(name), leaf)
    return tree


def _key_of(variable: str) -> str:
    """Give the dotted key that a variable sets."""
    return variable.removeprefix(PREFIX).lower().replace("__", ".")


def _put(tree: Tree, key: str, leaf: Any) -> None:
    *tables, name = key.split(".")
    for table in tables:
        tree = tree.setdefault(table, {})
    tree[name] = leaf


def merge(tree: Tree, layer: Tree, origin: str, origins: Origins, prefix: str = "") -> None:
    """Lay `layer` over `tree` and note who set each key."""
    for name, value in layer.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and isinstance(tree.get(name, {}), dict):
            merge(tree.setdefault(name, {}), value, origin, origins, f"{key}.")
        else:
            tree[name] = value
        origins[key] = origin


def _decode(kind: type, value: Any) -> Any:
    if kind is Duration:
        if not isinstance(value, str):
            raise ValueError("Expected a duration such as '250ms', '10s', '1m', '24h' or '7d'")
        try:
            return Duration.parse(value)
        except ValueError as error:
            raise ValueError(f"Expected {error}") from None
    raise NotImplementedError(kind)


def _encode(value: object) -> str:
    if isinstance(value, Duration):
        return str(value)
    raise NotImplementedError(type(value))


def _explain(
    error: msgspec.ValidationError, tree: Tree, to: type[Any], origins: Mapping[str, str], secrets: Container[str]
) -> SettingError:
    """Turn msgspec's `Expected … - at `$.feed.port`` into our one line."""
    text, _, path = str(error).partition(" - at `$")
    key = path.rstrip("`").removeprefix(".")
    unknown = re.match(r"Object contains unknown field `(.*)`", text)
    if unknown:
        name = unknown[1]
        full = f"{key}.{name}" if key else name
        return SettingError(origin_of(full, origins), full, _value(tree, full), f"a known key{nearest(name, _fields_at(to, key))}")
    missing = re.match(r"Object missing required field `(.*)`", text)
    if missing:
        return SettingError(origin_of(key, origins), f"{key}.{missing[1]}", "", "a value")
    if text.startswith("Invalid enum value"):
        choices = _type_at(to, key)
        return SettingError(origin_of(key, origins), key, _value(tree, key), f"one of {', '.join(map(str, get_args(choices) or choices))}")
    inside = re.match(r"(\w+)(?: = [^:]*)?: expected (.*)", text)  # what a table says of one of its own keys
    if inside:
        key, text = f"{key}.{inside[1]}", inside[2]
    shown = "***" if key in secrets else _value(tree, key)
    return SettingError(origin_of(key, origins), key, shown, re.sub(r"^Expected |`", "", text))


def _value(tree: Any, key: str) -> Any:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d*)\]", key):
        if name == "..." or (index == "" and not name):
            return tree
        try:
            tree = tree[name] if name else tree[int(index)]
        except (KeyError, IndexError, TypeError):
            return tree
    return tree


def _type_at(to: Any, key: str) -> Any:
    """Give the type that is declared at `key`."""
    for part in (name for name, _ in re.findall(r"([^.\[\]]+)|(\[\d*\])", key)):
        if part:
            to = get_type_hints(to)[_field_of(to, part)] if part != "..." and hasattr(to, "__struct_fields__") else to
        while get_origin(to) in (tuple, dict):
            to = get_args(to)[1 if get_origin(to) is dict else 0]
    return to


def _field_of(to: Any, name: str) -> str:
    """Give the field that is written as `name`."""
    names: dict[str, str] = dict(zip(to.__struct_encode_fields__, to.__struct_fields__, strict=True))
    return names.get(name, name)


def _fields_at(to: Any, key: str) -> list[str]:
    """Name the keys that the table at `key` takes."""
    return list(getattr(_type_at(to, key), "__struct_encode_fields__", ()))


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f", one of {', '.join(names)}" if names else ""
