"""Sessions as the flow knows them: the settings a manifest stores, and the manifest a new recording gets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from connectors.tape.manifest import MANIFEST, Manifest, PartitionInfo, load, save
from flows.layers import Origins, convert, plain
from flows.settings import Asset, Settings, Shaping, check

PROGRAM: Final = "0.1.0"
"""Version of this program, as manifests and the feed say it."""
WAREHOUSE: Final = "warehouse.duckdb"
"""Name of the DuckDB file in a folder of results."""


def shaping_of(manifest: Manifest, session: Path) -> Shaping:
    """Give the settings that shaped a recording.

    Raises:
        SettingError: what the manifest stores is not valid for this program.
    """
    origins = Origins({"settings": str(session / MANIFEST)})
    for key in manifest.settings:
        origins[key] = str(session / MANIFEST)
    shaping = convert(manifest.settings, Shaping, origins)
    check(shaping, origins)
    return shaping


def new_manifest(name: str, partitions: Mapping[str, PartitionInfo], shaping: Shaping, origin: str) -> Manifest:
    """Give the manifest of a session that is about to be written."""
    return Manifest(
        name=name,
        program=PROGRAM,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        origin=origin,
        partitions=dict(partitions),
        settings=plain(shaping),
    )


def open_session(
    session: Path, partitions: Mapping[str, PartitionInfo], shaping: Shaping, origin: str, model: str | None = None
) -> Manifest:
    """Give the manifest of a session that is written to, with the settings in force stored beside what is on its tape."""
    if (session / MANIFEST).exists():
        manifest = replace(load(session), settings=plain(shaping), partitions=dict(partitions), model=model)
    else:
        manifest = replace(new_manifest(session.name, partitions, shaping, origin), model=model)
    save(session, manifest)
    return manifest


def with_symbols(shaping: Shaping, symbols: tuple[str, ...]) -> Shaping:
    """Give settings that know exactly `symbols`: a symbol of no asset becomes an asset of its own."""
    known = {symbol for symbol in shaping.symbols if symbol in symbols}
    assets = {
        name: Asset(tuple(symbol for symbol in asset.symbols if symbol in known), asset.aliases, asset.exclude)
        for name, asset in shaping.assets.items()
        if any(symbol in known for symbol in asset.symbols)
    }
    assets |= {symbol.lower(): Asset((symbol,)) for symbol in symbols if symbol not in known}
    return replace(shaping, assets=assets)


def replay_folder(settings: Settings, name: str) -> Path:
    """Where the results of a replay are kept, unless told otherwise: apart from those of live runs."""
    return Path(settings.data_dir) / "replay" / name
