"""Sessions of a group's members become one that replays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.tape.manifest import PartitionInfo, load, save
from connectors.tape.writer import FrameWriter
from connectors.wire.kafka_marks import KAFKA_FEED, Reached, Runs, encode_mark
from flows.commands.join import main
from flows.sessions import new_manifest, with_symbols
from flows.settings import Shaping
from scoring.records import NANOSECONDS_PER_SECOND

PLACE = ("trades", 0)


def member(session: Path, offsets: range) -> Path:
    shaping = with_symbols(Shaping(), ("BTCUSDT",))
    save(session, new_manifest(session.name, {"live": PartitionInfo(symbols=shaping.symbols)}, shaping, "live"))
    writer, runs = FrameWriter(session / "frames" / "live"), Runs()
    for offset in offsets:
        data = {"e": "trade", "E": offset, "s": "BTCUSDT", "t": offset + 1, "p": "10", "q": "1", "T": offset, "m": True}
        writer.append(offset * NANOSECONDS_PER_SECOND, "binance", json.dumps({"stream": "btcusdt@trade", "data": data}).encode())
        runs.add(PLACE, offset)
    writer.append(offsets[-1] * NANOSECONDS_PER_SECOND, KAFKA_FEED, encode_mark({PLACE: Reached(offsets[-1] + 1)}, True, runs))
    writer.close()
    return session


def test_members_become_one_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sessions = [member(tmp_path / "a", range(6)), member(tmp_path / "b", range(4, 9))]
    main([*map(str, sessions), "--to", str(tmp_path / "whole")])
    assert "9 events, of which 2 stood on more than one tape" in capsys.readouterr().out
    manifest = load(tmp_path / "whole")
    assert (manifest.origin, sum(info.rows for info in manifest.files)) == ("joined from a, b", 9)
    assert manifest.partitions == {"live": PartitionInfo(symbols=("BTCUSDT",))}
    assert manifest.settings == load(sessions[0]).settings


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    one, two = member(tmp_path / "a", range(3)), member(tmp_path / "b", range(3, 5))
    save(two, replace(load(two), settings={}))
    with pytest.raises(SystemExit, match="expected members of one group to be set alike"):
        main([str(one), str(two), "--to", str(tmp_path / "whole")])
    with pytest.raises(SystemExit, match="there is a session already"):
        main([str(one), "--to", str(two)])
    save(two, replace(load(two), partitions={}))
    with pytest.raises(SystemExit, match="expected the tape of a live run"):
        main([str(two), "--to", str(tmp_path / "whole")])
