"""A replay with another model works, and says that it is another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connectors.outputs.archive import digests
from connectors.tape.manifest import load
from flows.commands.replay import main
from scoring.crowd.finbert import STARTER_FOLDER
from tests.flows.sessions import BUNDLED


def test_a_replay_with_another_model_says_so_and_still_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    shutil.copytree(STARTER_FOLDER, other)
    main([str(BUNDLED), "--quiet", "--data-dir", str(tmp_path / "out"), "--model", str(other)])
    printed = capsys.readouterr()
    recorded = load(BUNDLED)
    assert recorded.model is not None
    name, digest = recorded.model.split()
    assert f"was scored by the model {name} {digest}, this replay by other {digest}: what hangs on moods may differ" in printed.err
    # The same file under another name: only what carries the name differs.
    told = {table.value: result.hex for table, result in digests(tmp_path / "out").items()}
    assert told["trade_metrics"] == recorded.digests["trade_metrics"]
    assert told["decoupling_signals"] == recorded.digests["decoupling_signals"]
    assert told["social_signals"] != recorded.digests["social_signals"]
