"""`just model finbert`: fetches a public sentiment model, and accepts it only when it says of one sentence what it is known to say.

A download goes on where it was cut, in this run or the next; a folder is there whole and tried, or not at all. `model.json` beside
the files says where they came from, with sizes and sha256.
"""

from __future__ import annotations

import hashlib
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final

import msgspec
from rich.progress import Progress, TaskID

from flows.commands.arguments import Arguments
from flows.running import refusing_in_one_line
from flows.settings import load as load_settings
from scoring.crowd.finbert import load
from scoring.crowd.sentiment import SentimentSettings
from scoring.duration import Duration
from scoring.errors import ResourceError

RECORD: Final = "model.json"
_READ_BYTES: Final = 1 << 18
_GONE: Final = (401, 403, 404, 410)
"""Answers that will not be better the next time."""
_NOT_SATISFIABLE: Final = 416
_PARTIAL_CONTENT: Final = 206


class ModelSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a public model is, and what it says of one sentence."""

    address: str = "https://huggingface.co/Xenova/finbert/resolve/main"
    """The files are fetched from below it."""
    files: tuple[str, ...] = ("config.json", "tokenizer.json", "onnx/model_int8.onnx")
    """Names below the address, and below the model's folder."""
    sentence: str = "Stocks rallied and the British pound gained."
    """FinBERT's own example."""
    expected: tuple[float, float, float] = (0.898361, 0.034474, 0.067165)
    """P(positive), P(negative), P(neutral) of the sentence, from the float32 original."""
    tolerance: float = 0.05
    """How far from that each may be: 8-bit weights move them by a few hundredths."""
    attempts: int = 5
    """Failures in a row, without a byte gained, before it gives up."""
    pause: Duration = Duration.parse("1s")
    """Before the second attempt; twice as long before each further one."""
    timeout: Duration = Duration.parse("30s")
    """Longest silence of the server."""


SOURCES: Final = {"finbert": ModelSource()}
"""What can be fetched, by name."""


class FileRecord(msgspec.Struct, frozen=True):
    """One file as it was fetched."""

    bytes: int
    sha256: str


class Record(msgspec.Struct, frozen=True):
    """What `model.json` says."""

    address: str
    files: dict[str, FileRecord]
    sentence: str
    said: tuple[float, float, float]
    """P(positive), P(negative), P(neutral) of the sentence, by these files on this machine."""


def fetch(source: ModelSource, folder: Path, progress: Progress | None = None) -> Record:
    """Put a model into `folder`, or find it there whole, and give its record.

    Raises:
        ResourceError: it cannot be fetched, or does not say what it should.
    """
    if (known := _known(folder)) is not None:
        return known
    if all((folder / name).is_file() for name in source.files):
        return _accepted(source, folder)  # put there by hand
    partial = folder.with_name(f".{folder.name}.partial")
    for name in source.files:
        if not (partial / name).is_file():
            task = progress.add_task(name, total=None) if progress else None
            _Download(source, name, partial / name, progress, task).run()
    try:
        record = _accepted(source, partial)
    except ResourceError:
        shutil.rmtree(partial)  # what is wrong with it would be wrong the next time too
        raise
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return record


def _known(folder: Path) -> Record | None:
    """Give the record of a folder whose files are still what it says."""
    try:
        record = msgspec.json.decode((folder / RECORD).read_bytes(), type=Record)
        whole = all(_file_record(folder / name) == expected for name, expected in record.files.items())
    except (OSError, msgspec.MsgspecError):
        return None
    return record if whole else None


def _accepted(source: ModelSource, folder: Path) -> Record:
    """Try the model on its sentence, and write its record."""
    (score,) = load(SentimentSettings(model=str(folder))).score([source.sentence])
    said = (score.positive, score.negative, score.neutral)
    if any(abs(a - b) > source.tolerance for a, b in zip(said, source.expected, strict=True)):
        raise ResourceError(
            f"{source.address}: says {said} of {source.sentence!r}, expected {source.expected} within {source.tolerance}: "
            "another model, or a broken file; it was not accepted"
        )
    record = Record(source.address, {name: _file_record(folder / name) for name in source.files}, source.sentence, said)
    (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    return record


def _file_record(file: Path) -> FileRecord:
    with file.open("rb") as content:
        return FileRecord(file.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest())


class _Download:
    """One file on its way. What has come lies in `NAME.part`, with the server's version of it in `NAME.part.etag`."""

    def __init__(self, source: ModelSource, name: str, target: Path, progress: Progress | None, task: TaskID | None) -> None:
        self.source = source
        self.url = f"{source.address.rstrip('/')}/{name}"
        self.target = target
        self.part = target.with_name(f"{target.name}.part")
        self.etag = target.with_name(f"{target.name}.part.etag")
        self.progress = progress
        self.task = task

    def run(self) -> None:
        """Fetch until it is whole."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        failures = 0
        while failures < self.source.attempts:
            before = self._here()
            try:
                if self._attempt():
                    self.part.rename(self.target)
                    self.etag.unlink(missing_ok=True)
                    return
                reason = f"the connection was cut after {self._here()} bytes"
            except urllib.error.HTTPError as error:
                reason = f"the server says {error.code} {error.reason}"
                if error.code in _GONE:
                    raise self._refused(reason) from error
                if error.code == _NOT_SATISFIABLE:
                    self._forget()
            except (OSError, HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
            failures = 0 if self._here() > before else failures + 1
            time.sleep(self.source.pause.seconds * 2 ** max(failures - 1, 0) if failures < self.source.attempts else 0)
        raise self._refused(reason)

    def _attempt(self) -> bool:
        """Fetch what is missing, over one connection; say whether it is whole."""
        request = urllib.request.Request(self.url, headers={"User-Agent": "ghosttape", "Accept-Encoding": "identity"})
        version = self.etag.read_text() if self.etag.exists() else ""
        if version and self._here():
            # If-Range: a file that changed since comes whole, from the start.
            request.add_header("Range", f"bytes={self._here()}-")
            request.add_header("If-Range", version)
        with urllib.request.urlopen(request, timeout=self.source.timeout.seconds) as answer:
            resumed = answer.status == _PARTIAL_CONTENT
            self.etag.write_text(answer.headers.get("ETag", ""))
            total = self._total(answer, resumed)
            with self.part.open("ab" if resumed else "wb") as file:
                while block := answer.read(_READ_BYTES):
                    file.write(block)
                    self._show(file.tell(), total)
        return total is None or self._here() == total

    def _total(self, answer: HTTPResponse, resumed: bool) -> int | None:
        """Read the size of the whole file; None where the server does not say."""
        size = answer.headers.get("Content-Range", "").rpartition("/")[2] if resumed else answer.headers.get("Content-Length", "")
        return int(size) if size.isdigit() else None

    def _here(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.etag.unlink(missing_ok=True)

    def _show(self, come: int, total: int | None) -> None:
        if self.progress is not None and self.task is not None:
            self.progress.update(self.task, completed=come, total=total)

    def _refused(self, reason: str) -> ResourceError:
        files = ", ".join(self.source.files)
        return ResourceError(
            f"{self.url}: {reason}: go online and run it again (it goes on where it was cut), or put {files} "
            f"into the model's folder by hand, or stay with crowd.sentiment.model = 'starter', which needs no network"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("model", __doc__)
    parser.add_argument("name", choices=sorted(SOURCES), help="which model")
    parser.add_argument("--to", default="", help="folder to put it into (default: models/NAME in the data folder)")
    parser.add_argument("--address", default="", help="fetch the files from below this address, a mirror for example")
    parser.add_argument("--files", nargs="+", default=[], help="names of config.json, tokenizer.json and the ONNX file below it")
    given = parser.parse_args(arguments)
    source = SOURCES[given.name]
    source = msgspec.structs.replace(source, address=given.address or source.address, files=tuple(given.files) or source.files)
    with refusing_in_one_line():
        folder = Path(given.to or Path(load_settings()[0].data_dir) / "models" / given.name)
        with Progress(transient=True) as progress:
            record = fetch(source, folder, progress)
        size = sum(file.bytes for file in record.files.values())
        print(f"{folder}: {size:,} bytes, says {record.said} of {record.sentence!r}: use it with crowd.sentiment.model = {str(folder)!r}")


if __name__ == "__main__":
    main()
