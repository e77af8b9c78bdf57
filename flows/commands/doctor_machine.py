"""Is this machine fit: Python and its libraries, the settings, the disk, and its clock.

The libraries that count are those of the lock file beside this program, as `./justw` installs them. Files are written without a
name, so nothing stays, whatever happens.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from connectors.tape.manifest import MANIFEST, Manifest, load
from flows.commands.doctor_checks import Finding, failed, warning, well
from flows.feeds import kinds_of
from flows.settings import InputSettings, Settings
from scoring.errors import SettingError

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHONS: Final = ((3, 11), (3, 12))
"""Those that the engine has wheels for."""
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(;?)", re.MULTILINE)
_NAMES_SHOWN: Final = 4

ASSUMED_BYTES: Final = 400_000_000
"""Tape of one symbol and day where there is no tape to measure yet: trades, quotes and depth of BTCUSDT on a turbulent day (9 August
2024) came to 397 MB."""
_MEASURED_NS: Final = 600_000_000_000
"""A shorter tape says too little about a day."""
_DAY_NS: Final = 86_400_000_000_000
_FEW_DAYS: Final = 3.0
"""Room for less than so many days of tape is a warning."""
_SYNCS: Final = 5
_BLOCK: Final = bytes(1 << 16)
_SLOW_SYNC_S: Final = 0.1
"""The recorder syncs each second by default; a tenth of it is where the disk begins to hold frames back."""
_CLOCK_SAMPLE_S: Final = 0.4
_CLOCK_JUMP_S: Final = 0.02


def python(lock: Path = ROOT / "requirements.lock") -> Iterator[Finding]:
    """Compare Python and the libraries with what is locked."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] not in PYTHONS:
        yield failed("python", f"Python {version}", "run it with 3.11 or 3.12, which the engine has wheels for: ./justw finds them")
        return
    if not lock.is_file():
        yield warning("python", f"Python {version}; {lock.name} is missing", "restore it: nothing says which libraries belong here")
        return
    checked, wrong = 0, []
    for name, versions in _pins(lock.read_text("utf-8")).items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            if all(not condition for condition in versions.values()):  # the others belong to other systems
                wrong.append(f"{name} is missing")
            continue
        checked += 1
        if found not in versions:
            wrong.append(f"{name} is {found}, not {' or '.join(versions)}")
    if wrong:
        more = f" and {len(wrong) - _NAMES_SHOWN} more" if len(wrong) > _NAMES_SHOWN else ""
        yield warning("python", f"Python {version}; {', '.join(wrong[:_NAMES_SHOWN])}{more}", "run ./justw --prepare run")
        return
    yield well("python", f"Python {version}, {checked} libraries as locked")


def _pins(text: str) -> dict[str, dict[str, str]]:
    """Read a lock file: each library's versions (another one for another Python), and whether each is for some systems only."""
    found: dict[str, dict[str, str]] = {}
    for name, version, condition in _PINNED.findall(text):
        found.setdefault(name, {})[version] = condition
    return found


def settings_read(settings: Settings, origins: Mapping[str, str]) -> Iterator[Finding]:
    """Say where settings come from, and what is followed."""
    sources = sorted({origin.partition(" ")[0] for origin in origins.values()})
    yield well("settings", f"from {', '.join(sources)}; the rest are defaults" if sources else "all defaults: no ghosttape.toml here")
    yield inputs(settings.inputs)
    if not settings.inputs.binance.enabled:
        return
    symbols = settings.shaping.symbols
    top = settings.inputs.binance.top
    more = f", and the {top.count} most traded against {top.quote_asset}" if top.count else ""
    if not symbols and not top.count:
        yield failed("assets", "no asset has a symbol", "name some, as in ghosttape.example.toml, or set inputs.binance.top.count")
        return
    yield well("assets", f"{len(settings.assets)} assets with {len(symbols)} symbols{more}")
    yield primary_stream(settings)


def inputs(settings: InputSettings) -> Finding:
    """Say which inputs are switched on."""
    states = {
        "binance": settings.binance.enabled,
        "telegram": bool(settings.telegram.groups),
        "prices": settings.prices.enabled,
        "defi": settings.defi.enabled,
        "fear_greed": settings.fear_greed.enabled,
        "news": settings.news.enabled,
        "lines": bool(settings.lines),
    }
    on, off = ([name for name, state in states.items() if state is wanted] for wanted in (True, False))
    if not on:
        return failed("inputs", "all are off", "switch one on, e.g. inputs.binance.enabled = true")
    return well("inputs", f"on: {', '.join(on)}" + (f"; off: {', '.join(off)}" if off else ""))


def primary_stream(settings: Settings) -> Finding:
    """Say which trade stream counts."""
    try:
        kinds = kinds_of(settings.inputs.binance, settings.shaping)
    except SettingError as error:
        return failed("streams", str(error), "")
    return well("streams", f"{', '.join(kinds)}; {settings.market.primary} is what counts")


def data_folder(folder: Path) -> Iterator[Finding]:
    """Try to write, and measure how long the disk takes to have it."""
    home = nearest_folder(folder)
    note = "" if home == folder else f" (made at the first start, in {home})"
    if not home.is_dir():
        yield failed("data folder", f"{home} is in the way of {folder}: it is no folder", "move it away, or set data_dir")
        return
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            times = [_sync_seconds(file.fileno()) for _ in range(_SYNCS)]
    except OSError as error:
        yield failed("data folder", f"{folder} cannot be written: {error.strerror or error}", "change its permissions, or set data_dir")
        return
    yield well("data folder", f"{folder} can be written{note}")
    longest, middle = max(times), sorted(times)[_SYNCS // 2]
    found = f"synced in {middle * 1e3:.1f} ms, {longest * 1e3:.1f} ms at most, of {_SYNCS} tries"
    if middle > _SLOW_SYNC_S:
        yield warning("disk", found, "put data_dir on a faster disk, or sync seldomer: recorder.segment.sync_interval")
    else:
        yield well("disk", found)


def nearest_folder(folder: Path) -> Path:
    """Give what is there of a path."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if os.path.lexists(place))


def _sync_seconds(descriptor: int) -> float:
    os.write(descriptor, _BLOCK)
    began = time.perf_counter()
    os.fsync(descriptor)
    return time.perf_counter() - began


def free_space(settings: Settings) -> Iterator[Finding]:
    """Compare the room on the disk with a day of tape."""
    folder = Path(settings.data_dir)
    home = nearest_folder(folder)
    if not home.is_dir():
        return  # said of the data folder already
    free = shutil.disk_usage(home).free
    day, source = day_of_tape(folder / "tape", len(settings.shaping.symbols) + settings.inputs.binance.top.count)
    found = f"{_size(free)} free; a day of tape is about {_size(day)} ({source})"
    kept = settings.upkeep.tape.size_bytes
    if kept and kept <= free:
        yield well("disk space", f"{found}, and {_size(kept)} of it are kept at most")
    elif free < day:
        yield failed("disk space", found, "free some, or put data_dir on another disk")
    elif free < day * _FEW_DAYS:
        yield warning("disk space", found, "free some, or keep less: upkeep.tape.size_bytes and upkeep.tape.age")
    else:
        yield well("disk space", found)


def day_of_tape(session: Path, symbols: int) -> tuple[int, str]:
    """Estimate the bytes of a day, and say from what."""
    manifest = load(session) if (session / MANIFEST).is_file() else Manifest("", "", "")
    span = manifest.end_ns - manifest.start_ns
    if span < _MEASURED_NS:
        return ASSUMED_BYTES * symbols, f"{_size(ASSUMED_BYTES)} a symbol, as measured on a turbulent day"
    size = sum(info.bytes for info in manifest.files)
    return round(size * (_DAY_NS / span)), f"as the tape that is there: {_size(size)} in {span / _DAY_NS * 24:.1f} hours"


def own_clock() -> Iterator[Finding]:
    """Look whether the wall clock runs as the monotonic one does."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(_CLOCK_SAMPLE_S)
    apart = (time.time() - wall) - (time.monotonic() - steady)
    if abs(apart) > _CLOCK_JUMP_S:
        yield warning("clock", f"the wall clock jumped by {apart * 1e3:+.0f} ms while it was looked at", "let chrony or ntpd steer it")
    else:
        yield well("clock", f"wall and monotonic clock agree, within {abs(apart) * 1e3:.2f} ms over {_CLOCK_SAMPLE_S} s")


def _size(size: float) -> str:
    """Write an amount of bytes.

    >>> _size(1_234_567_890), _size(12_000_000)
    ('1.2 GB', '12 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
