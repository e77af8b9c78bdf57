"""Flows run in processes of their own: signals, kills and workers are part of what is tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.flows.sessions import end_started

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "recordings" / "session"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def no_process_stays() -> Iterator[None]:
    """End what a test has started, also where it failed half-way."""
    yield
    end_started()


@pytest.fixture
def command(tmp_path: Path) -> Run:
    """Run a module of ours as a person would, in an empty folder's settings, and give what it said."""

    def run(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        variables = clean_environment(tmp_path) | dict(environment or {})
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def clean_environment(folder: Path) -> dict[str, str]:
    """Give the environment without anybody's own settings, with data below `folder`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GHOSTTAPE_")}
    return own | {"GHOSTTAPE_DATA_DIR": str(folder / "data"), "COLUMNS": "160", "PYTHONWARNINGS": "error"}


DIGESTS = """
import json, sys
from pathlib import Path
from connectors.outputs.archive import digests
print(json.dumps({table: [result.rows, result.hex] for table, result in digests(Path(sys.argv[1])).items()}))
"""


def digests_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Digest the archive of a finished run."""
    done = subprocess.run([sys.executable, "-c", DIGESTS, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return {table: (rows, digest) for table, (rows, digest) in json.loads(done.stdout).items()}
