"""What people type: each command as they would run it, also while a flow is at work."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.outputs.warehouse import WarehouseSettings
from connectors.tape.manifest import load, save
from flows.commands import demo, query
from flows.commands.replay import claimed
from flows.settings import Settings
from scoring.errors import ResourceError
from tests.flows import tapes
from tests.flows.conftest import ROOT, Run, clean_environment
from tests.flows.sessions import BUNDLED, cut, finish, free_ports, start
from tests.waiting import wait_until
from tui.feed import follow
from tui.state import Link, State, reduce


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let commands run in this process keep their data to themselves."""
    for name in [name for name in os.environ if name.startswith("GHOSTTAPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GHOSTTAPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(ROOT)
    return tmp_path / "data"


def asked(sql: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Ask in this process, and give the answer and what was said beside it."""
    capsys.readouterr()
    query.main([sql, *arguments])
    said = capsys.readouterr()
    return said.out, said.err


# --- query ---------------------------------------------------------------------------------------------------------------------------


def test_every_question_is_answered_while_a_replay_writes(own_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    going = start(["flows.commands.replay", str(BUNDLED), "20x", "--quiet"], clean_environment(tmp_path))
    wait_until((own_data / "replay" / "session" / "archive" / "risk_metrics").exists)
    counts = list[int]()
    while len(counts) <= 20 or counts[-1] == counts[0]:
        answer, said = asked("SELECT count(*) AS rows FROM risk_metrics", capsys)
        counts.append(int(answer.split()[-1]))
        assert said == f"asking {own_data / 'replay' / 'session' / 'warehouse.duckdb'}\n"
        assert going.poll() is None, "it was to be asked while it runs"
    going.send_signal(signal.SIGTERM)
    assert "stopped before the end" in finish(going, 20)
    assert counts == sorted(counts)


def test_the_warehouse_that_was_written_last_is_asked(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    files = [tmp_path / "replay" / "a" / "warehouse.duckdb", tmp_path / "warehouse.duckdb", tmp_path / "replay" / "b" / "warehouse.duckdb"]
    assert query.newest_warehouse(settings) == str(files[1])  # none yet: the message is about the live one
    for second, file in enumerate(files, start=1):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (second, second))
        assert query.newest_warehouse(settings) == str(file)


def test_a_warehouse_elsewhere_is_asked_where_the_settings_say(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), warehouse=WarehouseSettings(path=str(tmp_path / "other.duckdb")))
    (tmp_path / "warehouse.duckdb").touch()
    assert query.newest_warehouse(settings) == str(tmp_path / "other.duckdb")
    assert query.newest_warehouse(replace(settings, warehouse=WarehouseSettings(path="md:tape"))) == "md:tape"


def test_a_question_of_a_folder_goes_there_and_says_nothing_beside_its_answer(
    own_data: Path, tmp_path: Path, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    session = cut(BUNDLED, tmp_path / "short", 0, 15, columns=False)
    assert command("flows.commands.replay", str(session), "--data-dir", str(tmp_path / "here"), "--quiet").returncode == 0
    answer, said = asked("SELECT DISTINCT symbol FROM risk_metrics ORDER BY 1", capsys, "--data-dir", str(tmp_path / "here"))
    assert answer.split()[-3:] == ["BTCUSDT", "DOGEUSDT", "ETHUSDT"]
    assert said == ""
    assert not own_data.exists()


def test_a_question_that_cannot_be_answered_is_refused_in_one_line(command: Run, tmp_path: Path) -> None:
    done = command("flows.commands.query", "SELECT 1")
    path = tmp_path / "data" / "warehouse.duckdb"
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"asking {path}",
        f"ghosttape: {path}: no warehouse here: start a flow or a replay first, which makes one",
    ]


# --- settings, replay, verify, live --------------------------------------------------------------------------------------------------


def test_settings_prints_every_key_with_its_origin(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[feed]\nhistory_points = 11\n")
    own = {"GHOSTTAPE_CONFIG": str(tmp_path / "own.toml"), "GHOSTTAPE_FEED__TOKEN": "hunter2", "COLUMNS": "400"}
    done = command("flows.commands.settings", environment=own)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if "." in line or "data_dir" in line}
    assert "11" in rows["feed.history_points"]
    assert rows["feed.history_points"][-1] == str(tmp_path / "own.toml")
    assert rows["feed.token"][-2:] == ["environment", "GHOSTTAPE_FEED__TOKEN"]
    assert rows["archive.open_spans"][-1] == "default"
    assert "hunter2" not in done.stdout


def test_the_speed_may_stand_behind_the_options(command: Run, tmp_path: Path) -> None:
    session = cut(BUNDLED, tmp_path / "short", 0, 15, columns=False)
    done = command("flows.commands.replay", str(session), "--quiet", "50x")
    assert done.returncode == 0, done.stderr
    assert "frames/s; results in" in done.stdout


def test_verify_names_a_file_that_was_altered(command: Run, tmp_path: Path) -> None:
    session = cut(BUNDLED, tmp_path / "short", 0, 15, columns=False)
    [file] = sorted((session / "frames" / "binance").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = command("flows.commands.verify", str(session))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"ghosttape: {session}: frames/binance/{file.name}: sha256")


def test_a_verification_that_is_stopped_records_nothing(tmp_path: Path) -> None:
    session = cut(BUNDLED, tmp_path / "short", 0, 60, columns=False)
    save(session, replace(load(session), digests={"trade_metrics": "kept"}))
    (tmp_path / "temporary").mkdir()
    environment = clean_environment(tmp_path) | {"TMPDIR": str(tmp_path / "temporary")}
    going = start(["flows.commands.verify", str(session), "--record", "--speed", "1x"], environment)
    wait_until(lambda: list((tmp_path / "temporary").glob("ghosttape-*/archive")))
    going.send_signal(signal.SIGTERM)
    said = going.communicate(timeout=20)[0]
    assert going.returncode == 1
    assert "stopped before the end of the tape" in said
    assert load(session).digests == {"trade_metrics": "kept"}


def test_live_is_refused_where_the_port_is_in_use_before_anything_is_recorded(command: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = command("flows.commands.live", environment={"GHOSTTAPE_FEED__PORT": port})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("ghosttape: ")
    assert port in line
    assert done.stdout.startswith(f"live: recording to {tmp_path / 'data' / 'tape'}; ")
    assert not list(tmp_path.glob("data/tape/frames/**/*.*"))


# --- demo ----------------------------------------------------------------------------------------------------------------------------


def test_a_demo_takes_another_port_where_the_wanted_one_is_taken() -> None:
    [port] = free_ports(1)
    assert demo.free_port(port) == port
    with socket.create_server(("127.0.0.1", port)):
        other = demo.free_port(port)
        assert other != port
        socket.create_server(("127.0.0.1", other)).close()


def test_a_demo_says_what_it_does_before_anything_that_takes_time_is_read() -> None:
    heavy = ("numpy", "pyarrow", "duckdb", "onnxruntime", "requests", "textual")
    script = f"import sys, flows.commands.demo; print(*set(sys.modules) & set({heavy!r}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "\n"


@pytest.mark.usefixtures("own_data")
def test_a_demo_keeps_to_loopback_and_asks_no_token_whatever_is_set_for_live_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTTAPE_FEED__TOKEN", "secret")
    monkeypatch.setenv("GHOSTTAPE_FEED__HOST", "0.0.0.0")
    port = demo.free_port(0)
    with tempfile.TemporaryFile("w+") as log:
        flow = demo.start_flow(str(BUNDLED), "5x", port, log)
        try:
            demo.wait_for_feed(flow, port, log)
            seen = subprocess.run(
                [sys.executable, "-m", "tui", "--print", "json", "--url", f"ws://127.0.0.1:{port}"],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert "BTCUSDT" in seen.stdout, seen.stderr
        finally:
            demo.stop(flow)


@pytest.mark.usefixtures("own_data")
def test_a_demo_waits_for_its_flow_and_stops_it() -> None:
    port = demo.free_port(0)
    with tempfile.TemporaryFile("w+") as log:
        flow = demo.start_flow(str(BUNDLED), "5x", port, log)
        try:
            demo.wait_for_feed(flow, port, log)
            assert flow.poll() is None
            started = time.monotonic()
            demo.stop(flow)
            assert time.monotonic() - started < demo.STOP_SECONDS
            log.seek(0)
            assert flow.returncode == 0, log.read()
            demo.stop(flow)  # of a flow that has ended: nothing to do
        finally:
            if flow.poll() is None:
                flow.kill()


@pytest.mark.usefixtures("own_data")
def test_a_demo_of_a_session_that_is_over_at_once_is_seen_nevertheless(tmp_path: Path) -> None:
    session = cut(BUNDLED, tmp_path / "short", 0, 60)
    port = demo.free_port(0)

    async def watch() -> State:
        state = State()
        async with asyncio.timeout(60), aclosing(follow(f"ws://127.0.0.1:{port}")) as events:
            async for event in events:
                state = reduce(state, event)
                if state.link is Link.ENDED:
                    break
        return state

    with tempfile.TemporaryFile("w+") as log:
        flow = demo.start_flow(str(session), "max", port, log)
        try:
            demo.wait_for_feed(flow, port, log)
            time.sleep(1.0)
            assert flow.poll() is None
            state = asyncio.run(watch())
            assert {key.table for key in state.symbols["BTCUSDT"].rows} >= {"trade_metrics", "risk_metrics"}
            assert flow.wait(60) == 0
        finally:
            demo.stop(flow)


@pytest.mark.usefixtures("own_data")
def test_a_demo_whose_session_is_refused_says_why_in_one_line(tmp_path: Path) -> None:
    session = tapes.write_session(tmp_path / "broken", {})
    save(session, replace(load(session), settings={"marked": {}}))
    with tempfile.TemporaryFile("w+") as log:
        flow = demo.start_flow(str(session), "max", demo.free_port(0), log)
        with pytest.raises(ResourceError, match=r"^[^\n]*expected a known key; did you mean 'market'\?$"):
            demo.wait_for_feed(flow, 1, log)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("progress\nghosttape: the port is taken\n", "the port is taken"),
        (
            "Traceback:\nFileNotFoundError: [Errno 2] no such file\n  38: 0x7f2 - frame\nthread caused panic. aborting.\n",
            "[Errno 2] no such file",
        ),
        ("it only hums\n\n", "it only hums"),
        ("", "it ended with -6 and said nothing"),
    ],
)
def test_a_demo_finds_why_its_flow_ended_in_what_it_said(said: str, words: str) -> None:
    with tempfile.TemporaryFile("w+") as log:
        log.write(said)
        assert demo.last_words(log, -6).endswith(words)


# --- replay --------------------------------------------------------------------------------------------------------------------------


def test_a_second_replay_of_a_session_keeps_its_results_apart_while_the_first_one_runs(tmp_path: Path) -> None:
    folder = tmp_path / "replay" / "session"
    with claimed(folder, is_given=False) as first, claimed(folder, is_given=False) as second:
        assert (first, second.name) == (folder, "session-2")
        with pytest.raises(ResourceError, match=r"^[^\n]*found another replay that writes there[^\n]*$"), claimed(folder, is_given=True):
            pass
    with claimed(folder, is_given=True) as again:
        assert again == folder
