"""Result rows as events: one JSON object a row, named as in storage, instants in RFC 3339, what is not known null.

Rows have natural keys, so an event needs no id: who reads one twice upserts it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from connectors.wire.kafka import Event
from scoring.feed import instant_text
from scoring.records import TABLES, Rows, Table, stored_name

TABLE = "table"
"""Header: which result table a row is of."""

RESULT_TOPICS: Mapping[Table, str] = {
    Table.ALERTS: "ghosttape.alerts",
    Table.DECOUPLING_SIGNALS: "ghosttape.signals",
    Table.SOCIAL_SIGNALS: "ghosttape.signals",
}
"""Topics of the tables that are produced unless the settings say others."""

_ENCODER = msgspec.json.Encoder()


def result_events(rows: Rows, topics: Mapping[Table, str]) -> Iterator[Event]:
    """Give an event for each row of a table that has a topic; key: symbol, asset or channel."""
    topic = topics.get(rows.table)
    if topic is None or rows.provisional:
        return
    key_columns = TABLES[rows.table].key
    names = list(rows.columns)
    headers = ((TABLE, rows.table.value),)
    for values in zip(*(column.tolist() for column in rows.columns.values()), strict=True):
        row = dict(zip(names, values, strict=True))
        subject = row.get("symbol") or row[key_columns[0]]
        content = {stored_name(name): _cell(name, value) for name, value in row.items()}
        yield Event(topic, _key(subject), _ENCODER.encode(content), headers=headers)


def _cell(name: str, value: object) -> object:
    if name.endswith("_ns") and isinstance(value, int):
        return instant_text(value)
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return value


def _key(subject: object) -> bytes:
    return str(subject).encode(errors="replace")
