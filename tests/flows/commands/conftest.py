"""What the tests of the commands that read results share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.commands.told import write_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of results that are known by hand."""
    return write_results(tmp_path_factory.mktemp("told"))
