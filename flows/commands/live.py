"""`just live`: what comes in goes on the tape and through the flow, and goes on after a crash where it was."""

from __future__ import annotations

from pathlib import Path

from flows import ports
from flows.main import build
from flows.running import refusing_in_one_line, run
from flows.settings import load


def main() -> None:
    """Run the command."""
    with refusing_in_one_line():
        settings, _ = load()
        run(build(*ports.live()), settings.recovery, recovery=Path(settings.data_dir) / "recovery")


if __name__ == "__main__":
    main()
