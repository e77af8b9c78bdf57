"""The charter, as far as a machine can read it: layers, sizes, docstrings, and a test beside every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("scoring", "connectors", "flows", "tui", "recordings")

LONGEST_MODULE = 300
LONGEST_FUNCTION = 50

LONG_MODULES = {"scoring/records.py": "longer than others", "scoring/feed.py": "longer than others"}
"""With the words of its docstring that give the reason."""

LONG_FUNCTIONS = {
    ("scoring/alerts/rules.py", "default_rules"): "a table of the rules that ship with the program",
    ("scoring/crowd/training/graph.py", "build"): "the graph of the model, one node after another",
}

TESTED_ELSEWHERE = {
    # Nothing to run: names and values that others read.
    "scoring/crowd/vocabulary.py": "tests/scoring/crowd/test_assets.py",
    "tui/palette.py": "tests/tui/test_figures.py",
    "tui/frame.py": "tests/tui/test_chart.py",
    "tui/margins.py": "tests/tui/test_chart.py",
    "tui/widgets/facts.py": "tests/tui/widgets/test_numbers.py",
    "tui/widgets/ladder.py": "tests/tui/widgets/test_numbers.py",
    "tui/widgets/meter.py": "tests/tui/widgets/test_numbers.py",
    "tui/widgets/risk.py": "tests/tui/widgets/test_numbers.py",
    # Private halves of one thing, tested from its outside.
    "connectors/inputs/kafka_client.py": "tests/connectors/inputs/test_kafka.py",
    "connectors/inputs/kafka_clock.py": "tests/connectors/inputs/test_kafka.py",
    "connectors/inputs/live.py": "tests/connectors/inputs/test_lines.py",
    "connectors/outputs/feed_reader.py": "tests/connectors/outputs/test_feed.py",
    "connectors/outputs/feed_settings.py": "tests/flows/test_settings.py",
    "connectors/outputs/feed_server.py": "tests/connectors/outputs/test_feed.py",
    "flows/decoders.py": "tests/flows/test_decode.py",
    "flows/layers.py": "tests/flows/test_settings.py",
    "recordings/exchange.py": "tests/recordings/test_generate.py",
    "recordings/story.py": "tests/recordings/test_generate.py",
    "scoring/crowd/training": "tests/scoring/crowd/test_training.py",
    # The flow as a whole: stages that only host pure states, and commands that only start them.
    "flows/main.py": "tests/flows/test_same_bytes.py",
    "flows/market.py": "tests/flows/test_same_bytes.py",
    "flows/ports.py": "tests/flows/test_refusals.py",
    "flows/running.py": "tests/flows/test_recovery.py",
    "flows/sessions.py": "tests/flows/commands/test_import.py",
    "flows/signals.py": "tests/flows/test_slow_model.py",
    "flows/commands/demo.py": "tests/flows/test_commands.py",
    "flows/commands/live.py": "tests/flows/test_recovery.py",
    "flows/commands/model.py": "tests/flows/test_model.py",
    "flows/commands/query.py": "tests/flows/test_commands.py",
    "flows/commands/replay.py": "tests/flows/test_same_bytes.py",
    "flows/commands/settings.py": "tests/flows/test_commands.py",
    "flows/commands/verify.py": "tests/flows/test_same_bytes.py",
}


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py"))


def mirrored(module: Path) -> Path:
    """Name the test file of a module."""
    return Path("tests") / module.parent / f"test_{module.stem.strip('_')}.py"


def test_imports_keep_the_contracts() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", list(modules()), ids=str)
def test_a_module_says_what_it_promises_and_is_of_a_size_to_be_read(module: Path) -> None:
    text = (ROOT / module).read_text(encoding="utf-8")
    tree = ast.parse(text)
    docstring = " ".join((ast.get_docstring(tree) or "").split())
    assert docstring, "has no docstring"
    if (reason := LONG_MODULES.get(module.as_posix())) is not None:
        assert reason in docstring
    else:
        assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (module.as_posix(), node.name) not in LONG_FUNCTIONS:
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, f"{node.name} is longer than {LONGEST_FUNCTION} lines"


def test_every_module_has_a_test_of_its_own_or_is_listed() -> None:
    missing = [
        str(module)
        for module in modules()
        if not module.name.startswith("__")
        and not (ROOT / mirrored(module)).exists()
        and module.as_posix() not in TESTED_ELSEWHERE
        and module.parent.as_posix() not in TESTED_ELSEWHERE
    ]
    assert missing == []


def test_what_is_listed_is_there_and_has_to_be_listed() -> None:
    for listed, tested in TESTED_ELSEWHERE.items():
        assert (ROOT / listed).exists(), f"{listed} is gone"
        assert (ROOT / tested).exists(), f"{tested}, which tests {listed}, is gone"
        assert not listed.endswith(".py") or not (ROOT / mirrored(Path(listed))).exists(), f"{listed} has a test of its own now"
    for module, function in LONG_FUNCTIONS:
        assert f"def {function}(" in (ROOT / module).read_text(encoding="utf-8"), f"{function} of {module} is gone"
