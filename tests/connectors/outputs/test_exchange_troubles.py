"""Troubles that need no connection: refusals and a clock that is wrong. What connections suffer is tested through the exchange."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from connectors.outputs.exchange_door import RefusedError
from connectors.outputs.exchange_faults import Agenda, Fault, FaultKind, Where
from connectors.outputs.exchange_play import SessionClock
from connectors.outputs.exchange_troubles import Troubles
from scoring.duration import Duration

FIRST_NS = 1_000_000


def planned(*faults: Fault) -> tuple[Troubles, Agenda, Counter[str]]:
    agenda, counts = Agenda(), Counter[str]()
    troubles = Troubles({}, SessionClock(FIRST_NS, 20.0), agenda, counts)
    troubles.plan(faults)
    return troubles, agenda, counts


def refuse(status: int, on: Where) -> Fault:
    return Fault(at=Duration.parse("1s"), kind=FaultKind.REFUSE, status=status, on=on, span=Duration.parse("40s"))


def refused(check: Callable[[], None]) -> RefusedError | None:
    try:
        check()
    except RefusedError as error:
        return error
    return None


@pytest.mark.parametrize(("on", "rest", "connect"), [(Where.REST, True, False), (Where.CONNECT, False, True), (Where.ALL, True, True)])
def test_a_refusal_is_for_rest_or_connections_or_both_and_passes(on: Where, rest: bool, connect: bool) -> None:
    troubles, agenda, counts = planned(refuse(451, on))
    checks = {troubles.check_rest: rest, troubles.check_connect: connect}
    assert agenda.next_ns() == FIRST_NS + Duration.parse("1s")
    assert not any(map(refused, checks))
    agenda.run()
    for check, expected in checks.items():
        error = refused(check)
        assert (error is not None) == expected
        assert error is None or (error.status, error.code, error.retry_after_s) == (451, 0, 3)
    assert agenda.next_ns() == FIRST_NS + Duration.parse("41s")
    agenda.run()
    assert not any(map(refused, checks))
    assert counts == {"refuse": 1}


def test_a_ban_is_told_with_its_code() -> None:
    troubles, agenda, _ = planned(refuse(418, Where.ALL))
    agenda.run()
    with pytest.raises(RefusedError) as refused:
        troubles.check_rest()
    assert (refused.value.status, refused.value.code) == (418, -1003)


def test_the_clock_is_wrong_for_a_while() -> None:
    ahead = Fault(at=Duration(1), kind=FaultKind.SKEW, by=Duration(500), span=Duration(10))
    behind = Fault(at=Duration(2), kind=FaultKind.SKEW, by=Duration(70), behind=True, span=Duration(3))
    troubles, agenda, _ = planned(ahead, behind)
    seen = []
    while agenda.next_ns() is not None:
        agenda.run()
        seen.append(troubles.skew_ns)
    assert seen == [500, 430, 500, 0]


def test_what_waits_looks_again_for_a_connection() -> None:
    _, agenda, counts = planned(Fault(at=Duration(1), kind=FaultKind.DROP, waits=True))
    for _ in range(3):
        assert agenda.next_ns() is not None
        agenda.run()
    assert agenda.next_ns() == FIRST_NS + Duration.parse("1s")
    assert counts == {}


def test_nobody_suffers_where_nobody_is() -> None:
    troubles, agenda, counts = planned(Fault(at=Duration(1), kind=FaultKind.DROP), Fault(at=Duration(1), kind=FaultKind.SILENCE))
    agenda.run()
    agenda.run()
    assert agenda.next_ns() is None
    assert counts == {}
    assert troubles.skew_ns == 0
