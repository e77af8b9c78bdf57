"""Raw logs: every line is a frame or a reject with its number."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.inputs.frame_logs import FrameLogSettings, is_frame_log, read_frame_logs
from scoring.errors import SessionError
from scoring.records import Reject

STAMP = 1_723_161_253_902_844_928


def read(paths: list[Path], settings: FrameLogSettings | None = None) -> tuple[list[tuple[int, bytes]], list[Reject]]:
    frames: list[tuple[int, bytes]] = []
    rejects: list[Reject] = []
    for chunk in read_frame_logs(paths, settings):
        frames += zip(chunk.received_ns.tolist(), chunk.payloads, strict=True)
        rejects += chunk.rejects
    return frames, rejects


def test_the_real_logs_are_read_whole(shared_data: Callable[[str], Path]) -> None:
    paths = [shared_data(f"market/spot_btcusdt_2024080{day}.gz") for day in (8, 9)]
    frames, rejects = read(paths)
    assert (len(frames), rejects) == (99_574, [])
    stamps = np.array([stamp for stamp, _ in frames])
    assert (np.diff(stamps) >= 0).all()
    with gzip.open(paths[0]) as file:
        stamp, payload = file.readline().rstrip(b"\n").split(b" ", 1)
    assert frames[0] == (int(stamp), payload)
    assert all(is_frame_log(path) for path in paths)


def test_plain_and_packed_read_the_same(tmp_path: Path) -> None:
    content = b"".join(b'%d {"row": %d}\n' % (STAMP + row, row) for row in range(1000))
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "packed").write_bytes(gzip.compress(content[:5000]) + gzip.compress(content[5000:]))
    plain, packed = read([tmp_path / "plain"]), read([tmp_path / "packed"])
    assert plain == packed
    assert plain[0] == [(STAMP + row, b'{"row": %d}' % row) for row in range(1000)]


def test_several_files_are_read_in_their_order(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b'%d {"from": "%s"}' % (STAMP, name.encode()))
    assert [payload for _, payload in read([tmp_path / "b", tmp_path / "a"])[0]] == [b'{"from": "b"}', b'{"from": "a"}']


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "an empty line"),
        (b'{"no": "time"}', "no receive time"),
        (b'12.5 {"a": 1}', "no receive time"),
        (b'-5 {"a": 1}', "no receive time"),
        (b'9999999999999999999 {"a": 1}', "no receive time"),
        (b'17231612539028449280 {"a": 1}', "no receive time"),
        (b"%d" % STAMP, "no payload"),
        (b"%d " % STAMP, "no payload"),
        (b"%d [1]" % STAMP, "no JSON object"),
        (b"\xff\x00\xfe", "no receive time"),
    ],
)
def test_a_line_that_is_no_frame_is_refused_with_its_number(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"%d {}\n%s\n%d {}\n" % (STAMP, line, STAMP + 1))
    frames, rejects = read([path])
    assert frames == [(STAMP, b"{}"), (STAMP + 1, b"{}")]
    assert [(reject.source, reject.position, reject.payload) for reject in rejects] == [("log", 2, line)]
    assert reason in rejects[0].reason


def test_short_stamps_and_windows_line_ends_are_frames(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'5 {"a": 1}\r\n%d  {}\r\n%d {}\r\n' % (STAMP, STAMP))
    assert read([path]) == ([(5, b'{"a": 1}'), (STAMP, b"{}"), (STAMP, b"{}")], [])


lines = st.one_of(
    st.binary(max_size=20),
    st.builds(b"%d %s".__mod__, st.tuples(st.integers(0, (1 << 64) - 1), st.binary(max_size=8))),
    st.builds(b"%d {%s".__mod__, st.tuples(st.integers(10**18, 10**19 - 1), st.binary(max_size=8))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(lines, max_size=8).map(b"\n".join), st.integers(1, 64))
def test_any_bytes_are_frames_or_rejects_whatever_the_block(content: bytes, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(content)
        frames, rejects = read([path], FrameLogSettings(block_bytes=block_bytes))
        assert (frames, rejects) == read([path])
        if not content.startswith(b"\x1f\x8b"):
            assert len(frames) + len(rejects) == len(content.split(b"\n")) - (not content or content.endswith(b"\n"))


def test_a_cut_gzip_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    content = b"".join(b'%d {"row": "%x"}\n' % (STAMP + row, row * 2654435761) for row in range(10_000))
    path.write_bytes(gzip.compress(content)[:-2000])
    frames, rejects = read([path])
    assert 0 < len(frames) < 10_000
    assert len(rejects) == 1
    assert "broken here" in rejects[0].reason


def test_a_line_too_long_is_refused_and_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"%d {%s}\n%d {}\n" % (STAMP, b"x" * 5000, STAMP))
    frames, rejects = read([path], FrameLogSettings(block_bytes=100, longest_line=1000))
    assert frames == [(STAMP, b"{}")]
    assert [(reject.position, "at most 1000 bytes" in reject.reason) for reject in rejects] == [(1, True)]


@pytest.mark.parametrize("content", [b"", b"id,price\n1,2\n", b"\x1f\x8bnot gzip", b"PK\x03\x04", b'{"a": 1}'])
def test_other_files_are_told_from_logs(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert not is_frame_log(tmp_path / "file")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="expected a log of frames: check the path"):
        read([tmp_path / "missing"])
