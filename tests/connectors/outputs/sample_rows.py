"""Rows of any table, made from numbers alone: the same arguments give the same rows, in this process and in another."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scoring.records import TABLES, Column, Rows, Table, columns_of

START_NS = int(dt.datetime(2026, 11, 20, 14, 0, tzinfo=dt.UTC).timestamp()) * 1_000_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
DAY_NS = 24 * 60 * MINUTE_NS


def sample(table: Table, subject: str, instants_ns: Sequence[int], revision: int = 0) -> Rows:
    """Make one row per instant; every key column says subject or instant, another revision changes the rest."""
    instants = np.array(instants_ns, np.int64)
    spec = TABLES[table]
    columns: dict[str, Column] = {}
    for number, (name, kind) in enumerate(columns_of(spec.row).items()):
        salt = number + 31 * revision
        if name.endswith("_ns") and (name in spec.key or name == spec.instant):
            columns[name] = instants.copy()
        elif name.endswith("_ns"):
            columns[name] = np.where(instants // SECOND_NS % 2 == 0, 0, instants + salt * 1_000)
        elif name in spec.key and kind is str:
            columns[name] = np.array([f"{subject} {at}" if name in ("alert_id", "guid") else subject for at in instants_ns], object)
        elif kind is int:
            columns[name] = instants // 1_000_000 + (0 if name in spec.key else salt)
        elif kind is float:
            wave = (instants // 1_000_000 * (salt + 1) % 1_000_003) / 7.0
            columns[name] = np.where(wave < 20_000, np.nan, wave)
        elif kind is bool:
            columns[name] = instants // SECOND_NS % 3 == 0
        else:
            texts = [f"{name} {at} é {salt}" for at in instants_ns]
            columns[name] = np.array([text.encode() if kind is bytes else text for text in texts] + [None], object)[:-1]
    return Rows(table, subject, columns, int(instants[-1]) if len(instants) else 0)


def grid(start_ns: int, count: int, step_ns: int = 500_000_000) -> list[int]:
    """Give instants at equal steps."""
    return [start_ns + step_ns * place for place in range(count)]


def hashes_of(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file below a folder but lock files, by relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
