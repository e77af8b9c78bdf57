"""Fetching a public model, from a real server on this machine that cuts connections."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flows.commands import model as command
from flows.commands.model import RECORD, ModelSource, fetch
from scoring.crowd.finbert import STARTER_FOLDER, load
from scoring.crowd.sentiment import SentimentSettings
from scoring.duration import Duration
from scoring.errors import ResourceError

NAMES = ("config.json", "tokenizer.json", "model.onnx")


class Server:
    """A server of the starter's files, under the public model's names."""

    def __init__(self) -> None:
        self.files = {f"/m/{name}": (STARTER_FOLDER / name).read_bytes() for name in NAMES}
        self.files["/m/onnx/model_int8.onnx"] = self.files.pop("/m/model.onnx")
        self.cut_after = 0
        """Bytes after which an answer is cut; 0 for never."""
        self.cuts = 0
        """How many more answers are cut."""
        self.ranges = True
        self.tagged = True
        self.refuse_with = 0
        self.asked: list[tuple[str, str | None]] = []
        """Path and Range of every request."""
        self.sent = 0
        """Bytes of bodies sent."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/m"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path.removeprefix("/m/"), wanted))
        if self.refuse_with or handler.path not in self.files:
            handler.send_error(self.refuse_with or 404)
            return
        body = self.files[handler.path]
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        start = 0
        if self.ranges and wanted and handler.headers.get("If-Range", tag) == tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                handler.send_error(416)
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            handler.send_response(200)
        if self.tagged:
            handler.send_header("ETag", tag)
        rest = body[start:]
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        if self.cuts and len(rest) > self.cut_after:
            self.cuts -= 1
            rest = rest[: self.cut_after]
        handler.wfile.write(rest)
        self.sent += len(rest)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(scope="module")
def expected() -> tuple[float, float, float]:
    (score,) = load(SentimentSettings()).score([ModelSource().sentence])
    return score.positive, score.negative, score.neutral


@pytest.fixture
def source(server: Server, expected: tuple[float, float, float]) -> ModelSource:
    return ModelSource(address=server.address, expected=expected, tolerance=1e-9, pause=Duration.parse("1ms"), timeout=Duration.parse("5s"))


def test_a_model_is_fetched_tried_and_recorded(source: ModelSource, tmp_path: Path, expected: tuple[float, float, float]) -> None:
    record = fetch(source, tmp_path / "finbert")
    assert record.said == expected
    onnx = (STARTER_FOLDER / "model.onnx").read_bytes()
    assert record.files["onnx/model_int8.onnx"].bytes == len(onnx)
    assert record.files["onnx/model_int8.onnx"].sha256 == hashlib.sha256(onnx).hexdigest()
    assert msgspec.json.decode((tmp_path / "finbert" / RECORD).read_bytes(), type=command.Record) == record
    assert [path.name for path in tmp_path.iterdir()] == ["finbert"]
    assert load(SentimentSettings(model=str(tmp_path / "finbert"))).name == "finbert"


def test_what_is_there_whole_is_not_fetched_again(source: ModelSource, server: Server, tmp_path: Path) -> None:
    first = fetch(source, tmp_path / "finbert")
    asked = len(server.asked)
    assert fetch(source, tmp_path / "finbert") == first
    assert len(server.asked) == asked


def test_a_file_that_changed_on_the_disk_is_fetched_again(source: ModelSource, tmp_path: Path) -> None:
    first = fetch(source, tmp_path / "finbert")
    (tmp_path / "finbert" / "config.json").unlink()
    assert fetch(source, tmp_path / "finbert") == first


def test_a_cut_connection_goes_on_where_it_was_cut(source: ModelSource, server: Server, tmp_path: Path) -> None:
    server.cut_after, server.cuts = 30_000, 3
    record = fetch(source, tmp_path / "finbert")
    assert server.cuts == 0
    assert [wanted for _, wanted in server.asked if wanted] == ["bytes=30000-", "bytes=60000-", "bytes=90000-"]
    assert server.sent == sum(file.bytes for file in record.files.values())


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(source: ModelSource, server: Server, tmp_path: Path) -> None:
    server.cut_after, server.cuts = 0, 1_000
    (tmp_path / ".finbert.partial").mkdir()
    body = server.files["/m/config.json"]
    (tmp_path / ".finbert.partial" / "config.json.part").write_bytes(body[:100])
    (tmp_path / ".finbert.partial" / "config.json.part.etag").write_text(f'"{hashlib.sha256(body).hexdigest()}"')
    with pytest.raises(ResourceError, match=r"cut after 100 bytes: go online and run it again"):
        fetch(source, tmp_path / "finbert")
    assert not (tmp_path / "finbert").exists()
    assert server.asked == [("config.json", "bytes=100-")] * source.attempts
    server.cuts = 0
    fetch(source, tmp_path / "finbert")
    assert server.asked[source.attempts] == ("config.json", "bytes=100-")


def test_a_file_that_changed_on_the_server_comes_whole(source: ModelSource, server: Server, tmp_path: Path) -> None:
    (tmp_path / ".finbert.partial").mkdir()
    (tmp_path / ".finbert.partial" / "config.json.part").write_bytes(b"of an older version")
    (tmp_path / ".finbert.partial" / "config.json.part.etag").write_text('"older"')
    fetch(source, tmp_path / "finbert")
    assert (tmp_path / "finbert" / "config.json").read_bytes() == server.files["/m/config.json"]


def test_a_range_beyond_the_file_starts_again(source: ModelSource, server: Server, tmp_path: Path) -> None:
    body = server.files["/m/config.json"]
    (tmp_path / ".finbert.partial").mkdir()
    (tmp_path / ".finbert.partial" / "config.json.part").write_bytes(body + b"and more")
    (tmp_path / ".finbert.partial" / "config.json.part.etag").write_text(f'"{hashlib.sha256(body).hexdigest()}"')
    fetch(source, tmp_path / "finbert")
    assert (tmp_path / "finbert" / "config.json").read_bytes() == body


@pytest.mark.parametrize(("ranges", "tagged"), [(False, True), (True, False)])
def test_a_server_without_ranges_or_versions_is_asked_for_the_whole(
    source: ModelSource, server: Server, tmp_path: Path, ranges: bool, tagged: bool
) -> None:
    server.ranges, server.tagged = ranges, tagged
    server.cut_after, server.cuts = 30_000, 1
    fetch(source, tmp_path / "finbert")
    for name in source.files:
        assert (tmp_path / "finbert" / name).read_bytes() == server.files[f"/m/{name}"]


def test_a_model_that_says_something_else_is_not_accepted(source: ModelSource, tmp_path: Path) -> None:
    other = msgspec.structs.replace(source, expected=(0.1, 0.8, 0.1), tolerance=0.05)
    with pytest.raises(ResourceError, match="it was not accepted"):
        fetch(other, tmp_path / "finbert")
    assert not list(tmp_path.iterdir())


def test_a_broken_model_is_not_accepted(source: ModelSource, server: Server, tmp_path: Path) -> None:
    server.files["/m/onnx/model_int8.onnx"] = b"<html>log in first</html>"
    with pytest.raises(ResourceError, match="expected an ONNX model"):
        fetch(source, tmp_path / "finbert")
    assert not list(tmp_path.iterdir())


def test_files_put_there_by_hand_are_tried_without_a_network(source: ModelSource, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "finbert"
    for name in source.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(server.files[f"/m/{name}"])
    assert fetch(source, folder).files.keys() == set(source.files)
    assert not server.asked


@pytest.mark.parametrize("code", [404, 403])
def test_what_is_not_there_is_said_at_once(source: ModelSource, server: Server, tmp_path: Path, code: int) -> None:
    server.refuse_with = code
    with pytest.raises(ResourceError, match=f"/m/config.json: the server says {code} "):
        fetch(source, tmp_path / "finbert")
    assert len(server.asked) == 1


def test_a_server_in_trouble_is_asked_again(source: ModelSource, server: Server, tmp_path: Path) -> None:
    server.refuse_with = 503
    with pytest.raises(ResourceError, match="the server says 503 "):
        fetch(source, tmp_path / "finbert")
    assert len(server.asked) == source.attempts


def test_offline_the_command_says_what_to_do_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = Server()
    nobody.close()
    monkeypatch.setitem(command.SOURCES, "finbert", ModelSource(pause=Duration.parse("1ms")))
    with pytest.raises(SystemExit) as ended:
        command.main(["finbert", "--address", nobody.address, "--to", str(tmp_path / "finbert")])
    said = str(ended.value.code)
    assert "\n" not in said
    assert "Connection refused: go online and run it again" in said
    assert "sentiment.model = 'starter', which needs no network" in said


def test_the_command_fetches_and_says_how_to_use_it(
    server: Server, source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(command.SOURCES, "finbert", msgspec.structs.replace(source, address="http://127.0.0.1:1"))
    command.main(["finbert", "--address", server.address, "--files", *source.files, "--to", str(tmp_path / "finbert")])
    assert f"sentiment.model = '{tmp_path / 'finbert'}'" in capsys.readouterr().out
