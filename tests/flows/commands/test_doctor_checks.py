"""Checks run side by side, in bounded time, and whatever happens to one is a finding."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from flows.commands.doctor_checks import Check, Finding, Mark, failed, perform, warning, well
from scoring.errors import ResourceError


def test_findings_come_in_the_order_of_the_checks_and_the_checks_run_at_once() -> None:
    together = threading.Barrier(3)

    def look(name: str) -> Iterator[Finding]:
        together.wait(5)
        yield well(name, "there")
        yield warning(name, "nearly", "wait")

    found = list(perform([Check(name, lambda name=name: look(name)) for name in "cab"]))  # type: ignore[misc]
    assert [(finding.check, finding.mark) for finding in found] == [(name, mark) for name in "cab" for mark in (Mark.OK, Mark.WARNING)]


def test_a_check_that_hangs_has_failed_and_holds_up_nobody() -> None:
    never = threading.Event()

    def hang() -> Iterator[Finding]:
        never.wait(30)
        yield well("slow", "too late")

    began = time.monotonic()
    found = list(perform([Check("slow", hang), Check("quick", lambda: [well("quick", "there")])], seconds=0.2))
    never.set()
    assert time.monotonic() - began < 5
    assert [(finding.check, finding.mark) for finding in found] == [("slow", Mark.FAILED), ("quick", Mark.OK)]
    assert found[0].found == "no answer within 0.2 s"


def test_a_refusal_is_a_finding_in_its_own_words() -> None:
    def refuse() -> list[Finding]:
        raise ResourceError("disk: full, expected room: free some")

    assert list(perform([Check("disk", refuse)])) == [failed("disk", "disk: full, expected room: free some", "")]


def test_a_check_that_breaks_says_so_and_the_others_hold() -> None:
    def time_out() -> list[Finding]:
        raise TimeoutError("first\nsecond")

    found = list(perform([Check("broken", time_out), Check("fine", lambda: [well("fine", "there")])]))
    assert [finding.mark for finding in found] == [Mark.FAILED, Mark.OK]
    assert found[0].found == "this check broke: TimeoutError: first second"
