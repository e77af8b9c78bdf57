"""`just live`: what comes in goes on the tape and through the flow, and goes on after a crash where it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.allocation import keep_little_freed
from flows.commands.arguments import Arguments
from flows.running import refusing_in_one_line, run


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    Arguments("live", __doc__).parse_args(arguments)
    keep_little_freed()
    # From here on Arrow is loaded.
    from flows import ports
    from flows.main import build
    from flows.settings import load

    with refusing_in_one_line():
        settings, _ = load()
        folder = Path(settings.data_dir)
        print(f"live: recording to {folder / 'tape'}; watch it with just screen, end it with ctrl+c", flush=True)
        run(build(*ports.live()), settings.recovery, recovery=folder / "recovery")


if __name__ == "__main__":
    main()
