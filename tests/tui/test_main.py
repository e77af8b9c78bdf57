"""The command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tui.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def test_a_wrong_address_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://x"]) == 2
    assert capsys.readouterr().err == "command line: --url = 'http://x': expected the address of a feed, such as ws://127.0.0.1:8765\n"


def test_the_screen_starts_without_what_only_the_flow_needs() -> None:
    program = "import sys, tui.app, tui.feed; print([name for name in ('numpy', 'pyarrow', 'bytewax', 'duckdb') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert found.stdout == "[]\n"


def test_the_screen_imports_nothing_of_the_flow_or_its_edges() -> None:
    for path in sorted((ROOT / "tui").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "from connectors" not in text, path
        assert "from flows" not in text, path


def test_help_names_the_default_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "ws://127.0.0.1:8765" in capsys.readouterr().out


def test_a_wrong_key_stops_the_start_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ghosttape").mkdir()
    file = tmp_path / "ghosttape" / "tui.toml"
    file.write_text('[keys]\nscreen.quit = "hyperspace"\n', encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{file}: keys.screen.quit = 'hyperspace': expected a key such as")
    assert said.count("\n") == 1


def test_prints_once_where_there_is_no_feed_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "ws://127.0.0.1:1", "--print", "json"]) == 1
    assert "no feed: nothing listens at ws://127.0.0.1:1" in capsys.readouterr().err
