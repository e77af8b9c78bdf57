"""`just doctor`: looks at everything a live run needs, says in a line each what was found, and what to do.

The exit code is 0 if nothing has failed; warnings are no failure. Nothing is written that stays, and it ends within ten seconds.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from connectors.wire.kafka_connection import KafkaSettings
from flows.commands import (
    doctor_exchange,
    doctor_feed,
    doctor_kafka,
    doctor_machine,
    doctor_model,
    doctor_sites,
    doctor_tape,
    doctor_telegram,
)
from flows.commands.arguments import Arguments
from flows.commands.doctor_checks import Check, Finding, Mark, failed, perform
from flows.sessions import WAREHOUSE
from flows.settings import Settings, load
from scoring.errors import SettingError

SIGNS: Final = {Mark.OK: "✓", Mark.WARNING: "!", Mark.FAILED: "✗"}
PLAIN_SIGNS: Final = {Mark.OK: "+", Mark.WARNING: "!", Mark.FAILED: "x"}
"""Where the terminal has only ASCII."""
_MARK_WIDTH: Final = max(len(mark) for mark in Mark)
_NAME_WIDTH: Final = 16
_NOWHERE: Final = KafkaSettings(bootstrap="")


class Report(msgspec.Struct, frozen=True):
    """What `--json` prints."""

    fine: bool
    """Nothing has failed."""
    seconds: float
    findings: list[Finding]


def checks(settings: Settings, origins: dict[str, str], kafka: KafkaSettings = _NOWHERE) -> Iterator[Check]:
    """Give what is to be looked at, in the order of the report; `kafka` without brokers is none."""
    folder, inputs = Path(settings.data_dir), settings.inputs
    session = folder / "tape"
    yield Check("python", doctor_machine.python)
    yield Check("settings", partial(doctor_machine.settings_read, settings, origins))
    yield Check("data folder", partial(doctor_machine.data_folder, folder))
    yield Check("disk space", partial(doctor_machine.free_space, settings))
    yield Check("clock", doctor_machine.own_clock)
    yield Check("tape", partial(doctor_tape.tape, session))
    yield Check("recovery", partial(doctor_tape.recovery, folder / "recovery", session))
    yield Check("archive", partial(doctor_tape.archive, Path(settings.archive.data_dir or folder)))
    yield Check("warehouse", partial(doctor_tape.warehouse, settings.warehouse.path or str(folder / WAREHOUSE)))
    yield Check("feed address", partial(doctor_feed.address, settings.feed))
    yield Check("feed port", partial(doctor_feed.port, settings.feed))
    yield Check("model", partial(doctor_model.model, settings.crowd.sentiment, settings.scoring))
    if inputs.telegram.groups:
        yield Check("telegram", partial(doctor_telegram.telegram, inputs.telegram))
    if inputs.binance.enabled:
        yield Check("exchange REST", partial(doctor_exchange.rest_hosts, inputs, settings.market.max_clock_ahead), asks=True)
        yield Check("symbols", partial(doctor_exchange.symbols, inputs.binance.rest, settings.shaping.symbols), asks=True)
        yield Check("exchange streams", partial(doctor_exchange.stream_hosts, inputs.binance.stream), asks=True)
    if inputs.prices.enabled:
        yield Check("prices", partial(doctor_sites.prices, inputs.prices, settings.assets), asks=True)
    if inputs.defi.enabled:
        yield Check("defi", partial(doctor_sites.defi, inputs.defi), asks=True)
    if inputs.fear_greed.enabled:
        yield Check("fear & greed", partial(doctor_sites.index, inputs.fear_greed), asks=True)
    if inputs.news.enabled:
        for source, address in inputs.news.feeds.items():
            yield Check(f"news {source}", partial(doctor_sites.news, source, address, inputs.news), asks=True)
    for sender in inputs.lines:
        yield Check("lines", partial(doctor_sites.lines, sender), asks=True)
    if kafka.bootstrap:
        yield Check("kafka", partial(doctor_kafka.kafka, kafka), asks=True)


def examine(offline: bool) -> Iterator[Finding]:
    """Look at everything; settings that cannot be read are all there is to say."""
    try:
        settings, origins = load()
    except SettingError as error:
        yield failed("settings", str(error), "correct it; nothing else was looked at")
        return
    kafka = settings.kafka if settings.kafka.listen or settings.kafka.produce else _NOWHERE
    yield from perform([check for check in checks(settings, origins, kafka) if not (offline and check.asks)])


def line(finding: Finding, signs: dict[Mark, str]) -> str:
    """Write a finding.

    >>> line(Finding("disk", Mark.WARNING, "slow", "buy another"), PLAIN_SIGNS)
    '! warning  disk              slow. To do: buy another'
    """
    todo = f". To do: {finding.todo}" if finding.todo else ""
    return f"{signs[finding.mark]} {finding.mark:<{_MARK_WIDTH}}  {finding.check:<{_NAME_WIDTH}}  {finding.found}{todo}"


def summary(findings: Sequence[Finding], seconds: float) -> str:
    """Count the marks."""
    counts = [f"{sum(finding.mark is mark for finding in findings)} {mark}" for mark in Mark]
    return f"{', '.join(counts)}, in {seconds:.1f} s"


def tell(findings: Iterable[Finding]) -> list[Finding]:
    """Print findings as they come, and give them."""
    signs, told = signs_for(sys.stdout.encoding), []
    for finding in findings:
        print(line(finding, signs), flush=True)
        told.append(finding)
    return told


def signs_for(encoding: str) -> dict[Mark, str]:
    """Choose signs that a terminal can show."""
    try:
        "".join(SIGNS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN_SIGNS
    return SIGNS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give the exit code."""
    parser = Arguments("doctor", __doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--offline", action="store_true", help="ask no other machine")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    found = list(examine(given.offline)) if given.json else tell(examine(given.offline))
    seconds, fine = time.monotonic() - began, all(finding.mark is not Mark.FAILED for finding in found)
    if given.json:
        report = Report(fine, round(seconds, 3), found)
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        print(summary(found, seconds))
    return 0 if fine else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a check that hangs in some library would hold up an orderly end, or break it
