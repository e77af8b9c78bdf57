"""Scripts of faults: what they may say, and what is drawn from a seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from connectors.outputs.exchange_faults import Agenda, ExchangeFaults, Fault, FaultKind, Where
from scoring.duration import Duration
from scoring.errors import SettingError

TEN_MINUTES = Duration.parse("10m")


def test_a_script_is_read_in_the_order_of_its_instants(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(
        """
        [[fault]]
        at = "90s"
        kind = "refuse"
        status = 451
        on = "connect"
        for = "20s"
        [[fault]]
        at = "1s"
        kind = "drop"
        connection = 2
        """
    )
    drop = Fault(at=Duration.parse("1s"), kind=FaultKind.DROP, connection=2)
    refuse = Fault(at=Duration.parse("90s"), kind=FaultKind.REFUSE, status=451, on=Where.CONNECT, span=Duration.parse("20s"))
    assert ExchangeFaults.read(path) == (drop, refuse)


def test_a_script_may_be_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    path.write_text('{"at": "2s", "kind": "silence", "for": "5s"}\n\n{"at": "1s", "kind": "drop"}\n')
    assert [(fault.kind, str(fault.at)) for fault in ExchangeFaults.read(path)] == [(FaultKind.DROP, "1s"), (FaultKind.SILENCE, "2s")]


def test_a_script_may_draw_some(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[random]]\nseed = 7\nspan = "10m"\ndisconnects = 40\nskews = 2\n')
    assert ExchangeFaults.read(path) == ExchangeFaults.random(7, TEN_MINUTES, disconnects=40, skews=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "unknown field `x`"),
        ('[[fault]]\nat = "soon"\nkind = "drop"', "a duration such as"),
        ("[[fault]]\nat = 1\nkind = 'drop'", "a duration such as"),
        ('[[fault]]\nat = "1s"\nkind = "flood"', "flood"),
        ("[[fault]", "expected a fault script"),
    ],
)
def test_a_script_that_is_not_understood_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(SettingError) as refused:
        ExchangeFaults.read(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.toml"):
        ExchangeFaults.read(tmp_path / "none.toml")


def test_drawn_faults_are_the_same_for_a_seed_in_order_within_the_span() -> None:
    faults = ExchangeFaults.random(
        3, TEN_MINUTES, disconnects=9, silences=8, duplicates=7, reorders=6, corruptions=5, slows=4, shutdowns=3, refusals=2, skews=1
    )
    kinds = Counter(fault.kind for fault in faults)
    assert [kinds[kind] for kind in FaultKind] == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert 0 <= faults[0].at <= faults[-1].at < TEN_MINUTES
    assert ExchangeFaults.random(3, TEN_MINUTES, disconnects=2) == ExchangeFaults.random(3, TEN_MINUTES, disconnects=2)
    assert ExchangeFaults.random(3, TEN_MINUTES, disconnects=2) != ExchangeFaults.random(4, TEN_MINUTES, disconnects=2)


def test_an_agenda_is_kept_in_order() -> None:
    done: list[str] = []
    agenda = Agenda()
    for at_ns, what in ((2, "b"), (1, "a"), (2, "c")):
        agenda.add(at_ns, lambda what=what: done.append(what))  # type: ignore[misc]
    assert agenda.next_ns() == 1
    while agenda.next_ns() is not None:
        agenda.run()
    assert done == ["a", "b", "c"]
