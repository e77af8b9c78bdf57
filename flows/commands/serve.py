"""`just serve SESSION`: a recorded session as an exchange on loopback, for any client of Binance."""

from __future__ import annotations

import argparse
import math
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from connectors.inputs.pace import parse_speed
from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import ExchangeFaults
from connectors.tape.manifest import load
from flows.commands.arguments import Arguments, port, whole_number
from flows.running import refusing_in_one_line
from scoring.duration import Duration, moment
from scoring.errors import SettingError

_LOOK_S: Final = 0.2
"""How often it looks whether the tape has ended."""


def parser() -> Arguments:
    """Describe the command line."""
    defaults = ExchangeSettings()
    made = Arguments("serve", __doc__)
    made.add_argument("session", nargs="?", default="recordings/session", help="folder of a recorded session (default: the bundled one)")
    made.add_argument("--speed", default="1x", help="max, or a factor such as 1x or 20x (default: 1x)")
    made.add_argument("--host", default=defaults.host, help=f"address to listen on (default: {defaults.host})")
    made.add_argument("--port", type=port, default=defaults.port, help=f"port, 0 for any free one (default: {defaults.port})")
    made.add_argument("--faults", default="", help="script of what goes wrong: see docs/serve.md")
    made.add_argument("--lifetime", default=str(defaults.lifetime), help=f"session time of a connection (default: {defaults.lifetime})")
    made.add_argument("--weight", type=whole_number, default=defaults.weight, help=f"request weight a minute (default: {defaults.weight})")
    made.add_argument("--now", action="store_true", help="begin at once, not with the first subscription")
    made.add_argument("--once", action="store_true", help="stop when the tape has ended")
    return made


def settings_of(given: argparse.Namespace) -> ExchangeSettings:
    """Read the command line.

    Raises:
        SettingError: a value or the script is not understood.
    """
    try:
        lifetime = Duration.parse(given.lifetime)
    except ValueError as error:
        raise SettingError("command line", "lifetime", given.lifetime, str(error)) from error
    return ExchangeSettings(
        host=given.host,
        port=given.port,
        speed=parse_speed(given.speed),
        now=given.now,
        faults=ExchangeFaults.read(Path(given.faults)) if given.faults else (),
        lifetime=lifetime,
        weight=given.weight,
    )


def introduce(exchange: Exchange, session: Path, settings: ExchangeSettings) -> None:
    """Say what is served, and where."""
    manifest = load(session)
    start, end = moment(manifest.start_ns), moment(manifest.end_ns)
    stream = f"{exchange.symbols[0].lower()}@trade" if exchange.symbols else "…"
    print(f"{session}: {', '.join(exchange.symbols)}, {start:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC, at {given_speed(settings.speed)}")
    print(f"streams  {exchange.url.replace('http', 'ws')}/stream?streams={stream}")
    print(f"REST     {exchange.url}/api/v3/exchangeInfo")
    print(f"status   {exchange.url}/ghosttape/status")
    print(f"{len(settings.faults)} faults planned; " + ("playing" if settings.now else "plays from the first subscription on"), flush=True)


def given_speed(speed: float) -> str:
    """Write a speed as it is given.

    >>> given_speed(20.0), given_speed(math.inf)
    ('20x', 'max')
    """
    return "max" if math.isinf(speed) else f"{speed:g}x"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    given = parser().parse_args(arguments)
    stop = threading.Event()
    with refusing_in_one_line():
        settings = settings_of(given)
        session = Path(given.session)
        with Exchange(session, settings) as exchange:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            introduce(exchange, session, settings)
            while not stop.wait(_LOOK_S) and exchange.failure is None and not (given.once and exchange.ended):
                continue
        if exchange.failure is not None:
            raise exchange.failure
        print(", ".join(f"{count:,} {what}" for what, count in exchange.counts.items()) or "nobody came")


if __name__ == "__main__":
    main()
