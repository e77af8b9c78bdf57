"""Python, settings, disk and clock, as found on this machine and on some that are worse."""

from __future__ import annotations

import shutil
import sys
import time
from collections import namedtuple
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from connectors.inputs.symbols import TopSymbolSettings
from connectors.tape.manifest import FileInfo, Manifest, save
from flows.commands import doctor_machine
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_machine import data_folder, day_of_tape, free_space, nearest_folder, own_clock, python, settings_read
from flows.settings import Asset, BinanceInput, InputSettings, Market, Settings

DAY_NS = 86_400_000_000_000
DiskUsage = namedtuple("DiskUsage", "total used free")


def test_libraries_are_compared_with_the_lock_file(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"# made\nmsgspec=={msgspec.__version__} \\\n    --hash=sha256:00\nwin-only==1 ; sys_platform == 'win32' \\\n")
    (found,) = python(lock)
    assert (found.mark, found.found.partition(", ")[2]) == (Mark.OK, "1 libraries as locked")


def test_a_library_may_have_another_version_for_another_python(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"msgspec==0.1 ; python_full_version < '3'\nmsgspec=={msgspec.__version__} ; python_full_version >= '3'\n")
    (found,) = python(lock)
    assert found.mark is Mark.OK


def test_a_library_that_differs_or_is_missing_is_a_warning(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("msgspec==0.0.1 \\\nnobody-has-this==1.0 \\\n")
    (found,) = python(lock)
    assert found.mark is Mark.WARNING
    assert f"msgspec is {msgspec.__version__}, not 0.0.1, nobody-has-this is missing" in found.found
    assert next(python(tmp_path / "none.lock")).mark is Mark.WARNING


def test_a_python_without_an_engine_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    (found,) = python()
    assert (found.mark, found.found) == (Mark.FAILED, "Python 3.14.0")


def test_settings_say_where_they_come_from_and_what_is_followed() -> None:
    found = list(settings_read(Settings(), {"feed.port": "ghosttape.toml", "feed.token": ".env GHOSTTAPE_FEED__TOKEN"}))
    assert [finding.mark for finding in found] == [Mark.OK] * 4
    assert found[0].found == "from .env, ghosttape.toml; the rest are defaults"
    assert found[1].found.startswith("on: binance; off: telegram,")
    assert found[2].found == "3 assets with 3 symbols"
    assert found[3].found == "trade, bookTicker, depth@100ms, kline_1m; trade is what counts"
    assert next(settings_read(Settings(), {})).found == "all defaults: no ghosttape.toml here"


def test_nothing_to_follow_has_failed() -> None:
    off = Settings(inputs=InputSettings(binance=BinanceInput(enabled=False)))
    assert [finding.mark for finding in settings_read(off, {})] == [Mark.OK, Mark.FAILED]
    nameless = Settings(assets={"bitcoin": Asset()})
    assert [finding.mark for finding in settings_read(nameless, {})] == [Mark.OK, Mark.OK, Mark.FAILED]
    top = replace(nameless, inputs=InputSettings(binance=BinanceInput(top=TopSymbolSettings(20))))
    assert list(settings_read(top, {}))[2].found == "1 assets with 0 symbols, and the 20 most traded against USDT"


def test_a_stream_that_counts_and_is_not_asked_for_has_failed() -> None:
    found = list(settings_read(Settings(market=Market(primary="aggTrade")), {}))[-1]
    assert found.mark is Mark.FAILED
    assert "'aggTrade' among them" in found.found


def test_a_folder_is_written_to_without_a_trace(tmp_path: Path) -> None:
    folder, disk = data_folder(tmp_path)
    assert (folder.mark, disk.mark) == (Mark.OK, Mark.OK)
    assert "ms at most" in disk.found
    later, _ = data_folder(tmp_path / "a" / "b")
    assert later.found == f"{tmp_path / 'a' / 'b'} can be written (made at the first start, in {tmp_path})"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_has_failed(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    (found,) = data_folder(tmp_path / "data")
    assert (found.mark, found.todo) == (Mark.FAILED, "move it away, or set data_dir")
    (found,) = data_folder(tmp_path / "data" / "deeper")
    assert "is in the way of" in found.found
    assert list(free_space(Settings(data_dir=str(tmp_path / "data")))) == []
    assert nearest_folder(tmp_path / "data" / "deeper") == tmp_path / "data"


def test_a_folder_that_takes_no_files_has_failed() -> None:
    (found,) = data_folder(Path("/proc/self"))
    assert found.mark is Mark.FAILED
    assert "cannot be written" in found.found


def test_a_slow_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_machine, "_SLOW_SYNC_S", 0.0)
    _, disk = data_folder(tmp_path)
    assert disk.mark is Mark.WARNING
    assert "sync_interval" in disk.todo


@pytest.mark.parametrize(("free", "mark"), [(1e9, Mark.FAILED), (3e9, Mark.WARNING), (4e9, Mark.OK), (1e12, Mark.OK)])
def test_room_is_compared_with_a_day_of_tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, mark: Mark) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(0, 0, int(free)))
    (found,) = free_space(Settings(data_dir=str(tmp_path)))
    assert found.mark is mark
    assert "a day of tape is about 1.2 GB (400 MB a symbol, as measured on a turbulent day)" in found.found


def test_a_day_is_measured_on_the_tape_that_is_there(tmp_path: Path) -> None:
    info = FileInfo("frames/live/0.parquet", 1, 50_000_000, "")
    save(tmp_path, Manifest("tape", "", "", start_ns=DAY_NS, end_ns=DAY_NS + DAY_NS // 4, files=(info,)))
    assert day_of_tape(tmp_path, 3) == (200_000_000, "as the tape that is there: 50 MB in 6.0 hours")
    save(tmp_path, Manifest("tape", "", "", start_ns=DAY_NS, end_ns=DAY_NS + 1, files=(info,)))
    assert day_of_tape(tmp_path, 3)[0] == 1_200_000_000


def test_a_clock_that_jumps_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = own_clock()
    assert found.mark is Mark.OK
    wall = iter((100.0, 105.0))
    monkeypatch.setattr(time, "time", lambda: next(wall))
    (found,) = own_clock()
    assert found.mark is Mark.WARNING
    assert "jumped by +4" in found.found
