"""What studies measure: the stored results of sessions, replayed for it, or of folders that have some already."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from connectors.inputs.source import STOP
from connectors.outputs.results import read_columns
from connectors.tape.manifest import MANIFEST
from connectors.tape.manifest import load as load_manifest
from flows.commands.replay import Replay, perform
from flows.layers import nearest
from flows.sessions import shaping_of
from flows.settings import Settings, Shaping
from scoring.alerts.events import Occurrence, read_events
from scoring.alerts.excursion import Track
from scoring.alerts.rules import RuleSettings
from scoring.errors import ResourceError, SessionError, SettingError
from scoring.records import NANOSECONDS_PER_SECOND, Alert, Table, columns_of

SECONDS_PER_DAY = 86_400


class Results(msgspec.Struct, frozen=True):
    """What one flow said."""

    name: str
    folder: Path
    shaping: Shaping
    """The settings that shaped it."""

    def track(self, symbol: str) -> Track:
        """Give the prices of a symbol."""
        columns = read_columns(self.folder, Table.RISK_METRICS, ("sampled_ns", "price"), symbol)
        known = columns["price"] > 0
        return Track(columns["sampled_ns"][known], columns["price"][known])

    def alerts(self) -> list[Alert]:
        """Give every alert, as it stands last, in order of the instants at which they fired."""
        columns = read_columns(self.folder, Table.ALERTS, tuple(columns_of(Alert)))
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return sorted((Alert(*row) for row in rows), key=lambda alert: (alert.fired_ns, alert.alert_id))

    def asset_of(self, symbol: str) -> str:
        """Name the asset of a symbol; the symbol itself where there is none."""
        return assets_by_name(self.shaping).get(symbol, symbol)


def assets_by_name(shaping: Shaping) -> dict[str, str]:
    """Name the asset for each asset and each symbol."""
    return {name: asset for asset, found in shaping.assets.items() for name in (asset, *found.symbols)}


def open_results(paths: Sequence[str], settings: Settings) -> list[Results]:
    """Replay each session; a folder of results is taken as it is, with the settings in force.

    Raises:
        SessionError: a folder is neither, or two sessions share a name.
        ResourceError: a replay was stopped.
    """
    replayed = [path.name for path in dict.fromkeys(map(Path, paths)) if not has_results(path)]
    for name in replayed:
        if replayed.count(name) > 1:
            raise SessionError(f"two sessions are named {name}, expected one: replay them apart and name their folders of results instead")
    return [_open(path, shaping) for path, shaping in shapings_of(paths, settings).items()]


def shapings_of(paths: Sequence[str], settings: Settings) -> dict[Path, Shaping]:
    """Give the settings that shape each session, and those in force for a folder of results; nothing is replayed.

    Raises:
        SessionError: a folder is neither.
    """
    return {path: settings.shaping if has_results(path) else _recorded(path) for path in map(Path, paths)}


def find_rule(name: str, paths: Sequence[str], settings: Settings, command: str, key: str) -> RuleSettings:
    """Find a rule in the settings in force, or, where it is not there, in those of a session; nothing is replayed.

    Raises:
        SessionError: a folder is neither session nor results.
        SettingError: no such rule; `command` and `key` say who asked for it.
    """
    known: dict[str, RuleSettings] = {}
    for shaping in (settings.shaping, *shapings_of(paths, settings).values()):
        for rule in shaping.alerts.rules:
            known.setdefault(rule.name, rule)
    if name not in known:
        raise SettingError(command, key, name, f"the name of a rule{nearest(name, known)}")
    return known[name]


def has_results(path: str | Path) -> bool:
    """Say whether a folder holds results, which are not replayed."""
    return (Path(path) / "archive").is_dir()


def _recorded(path: Path) -> Shaping:
    if not (path / MANIFEST).is_file():
        raise SessionError(f"{path}: neither {MANIFEST} nor archive in it: expected a session, or results such as data/replay/NAME")
    return shaping_of(load_manifest(path), path)


def _open(path: Path, shaping: Shaping) -> Results:
    if has_results(path):
        return Results(path.name, path, shaping)
    print(f"replaying {path}", file=sys.stderr)
    outcome = perform(Replay(str(path)))
    if STOP.is_set():
        raise ResourceError(f"{path}: stopped before the end of the tape: nothing was measured")
    return Results(path.name, outcome.folder, shaping)


class Span(msgspec.Struct, frozen=True):
    """How long one asset was watched."""

    asset: str
    start_ns: int
    end_ns: int


def spans_of(all_results: Sequence[Results]) -> list[Span]:
    """Say how long each asset was watched in each of the results."""
    spans = []
    for results in all_results:
        for symbol in results.shaping.symbols:
            instants = results.track(symbol).instants
            if len(instants):
                spans.append(Span(results.asset_of(symbol), int(instants[0]), int(instants[-1])))
    return spans


def days_of(all_results: Sequence[Results]) -> float:
    """Give the days that were watched: each of the results from its first price to its last."""
    total_ns = 0
    for results in all_results:
        instants = read_columns(results.folder, Table.RISK_METRICS, ("sampled_ns",))["sampled_ns"]
        total_ns += int(np.ptp(instants)) if len(instants) else 0
    return total_ns / NANOSECONDS_PER_SECOND / SECONDS_PER_DAY


def known_events(file: str, all_results: Sequence[Results], within_ns: int) -> list[Occurrence]:
    """Read the events of a CSV file that lie where somebody watched; what does not is counted on standard error.

    Raises:
        ResourceError: the file cannot be read.
        SettingError: a line of it is wrong.
    """
    names: Mapping[str, str] = {name: asset for results in all_results for name, asset in assets_by_name(results.shaping).items()}
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceError(f"{file}: cannot be read ({error}): expected a CSV file of asset,instant") from error
    events = read_events(text.splitlines(), file, names)
    spans = spans_of(all_results)
    watched = [
        event
        for event in events
        if any(span.asset == event.asset and span.start_ns - within_ns <= event.at_ns <= span.end_ns + within_ns for span in spans)
    ]
    if len(watched) < len(events):
        print(f"{file}: {len(events) - len(watched)} of {len(events)} events lie outside what was recorded", file=sys.stderr)
    return watched
