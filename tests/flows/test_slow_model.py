"""Law 3: scoring may be slow; it may not change the answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import clean_environment, digests_of
from tests.flows.sessions import BUNDLED, ROOT, cut

SLOW = """
import sys, time
from msgspec.structs import replace
from flows import ports
from flows.main import build
from flows.running import RecoverySettings, run

class Slow:
    '''The real model, behind a delay.'''

    def __init__(self, model, seconds):
        self.name, self.hash, self._model, self._seconds = model.name, model.hash, model, seconds

    def score(self, texts):
        time.sleep(self._seconds)
        return self._model.score(texts)

plugs, shaping = ports.replay(sys.argv[1], "max", int(sys.argv[4]), "frames", sys.argv[2], False)
run(build(replace(plugs, model=Slow(plugs.model, float(sys.argv[3]))), shaping), RecoverySettings())
"""


@pytest.fixture(scope="module")
def hype(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut a minute of hype out of the bundled session."""
    return cut(BUNDLED, tmp_path_factory.mktemp("sessions") / "hype", 500, 60, columns=False)


def digests(session: Path, folder: Path, seconds: float, batch_rows: int) -> dict[str, tuple[int, str]]:
    command = [sys.executable, "-c", SLOW, str(session), str(folder), str(seconds), str(batch_rows)]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(folder), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return digests_of(folder)


def test_a_slow_model_changes_no_result(hype: Path, tmp_path: Path) -> None:
    expected = digests(hype, tmp_path / "0", 0.0, 300)
    assert expected["social_signals"][0] > 50
    assert expected["decoupling_signals"][0] > 20
    assert digests(hype, tmp_path / "50", 0.05, 300) == expected
    assert digests(hype, tmp_path / "500", 0.5, 2_000) == expected
