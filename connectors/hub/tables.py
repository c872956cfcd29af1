"""The tables of the hub, derived from the topics of the protocol: one for each dataset and profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from isp.agreement.topics import RELEASES, Topic

RECORD_ID: Final = "record_id"
RELEASED_AT: Final = "released_at"
EPSG: Final = 27700
"""The British National Grid, in metres."""

Kind = Literal["text", "texts", "flag", "count", "number", "date", "time", "instant"]
"""The kind of a column: a text, a list of texts, a date, a local time or an instant in UTC, for example."""

_EASTING, _NORTHING = "easting", "northing"
_KINDS: Final[dict[str, Kind]] = {
    "string": "text",
    "boolean": "flag",
    "int": "count",
    "double": "number",
    "date": "date",
    "time-millis": "time",
    "timestamp-millis": "instant",
}


class Column(NamedTuple):
    """A column: its name, the kind of its values, and the datafield in the guidance's words."""

    name: str
    kind: Kind
    doc: str


class Point(NamedTuple):
    """A column with points in EPSG:27700, and the columns with their coordinates in metres."""

    name: str
    easting: str
    northing: str


@dataclass(frozen=True, slots=True)
class HubTable:
    """A table with the newest version of each record of one topic.

    A row is deleted `retention_ms` after its release.
    """

    schema: str
    name: str
    topic: Topic
    columns: tuple[Column, ...]
    points: tuple[Point, ...]

    @property
    def instants(self) -> tuple[str, ...]:
        """Return the columns of the record with an instant."""
        found = (column.name for column in self.columns if column.kind == "instant")
        return tuple(name for name in found if name != RELEASED_AT)

    @property
    def doc(self) -> str:
        """Return what the table has, and its marking."""
        return f"{self.topic.marking}. {self.topic.schema['doc']}"


def tables_of(topics: Iterable[Topic]) -> tuple[HubTable, ...]:
    """Return the tables for released records among `topics`, in the order of their names."""
    found = [table_of(topic) for topic in topics if topic.family in RELEASES]
    return tuple(sorted(found, key=lambda table: (table.schema, table.name)))


def table_of(topic: Topic) -> HubTable:
    """Return the table of a topic of released records.

    Raises:
        TypeError: the schema of its values has a type that no column has.
    """
    assert topic.dataset is not None
    columns = tuple(_columns(topic.schema["fields"]))
    return HubTable(
        _schema_name(topic), _name(topic.dataset), topic, columns, tuple(_points(columns))
    )


def _schema_name(topic: Topic) -> str:
    """Return the profile; records of a neighbour's area have a schema of their own."""
    profile = _name(str(topic.profile))
    if topic.neighbour is None:
        return profile
    return f"neighbour_{_name(topic.neighbour)}_{profile}"


def _name(text: str) -> str:
    return text.replace("-", "_")


def _columns(fields: Iterable[dict[str, Any]]) -> Iterator[Column]:
    for field in fields:
        yield Column(field["name"], _kind(field["type"]), field.get("doc", ""))
    yield Column(RELEASED_AT, "instant", "When the record was released, in UTC, to the hour")


def _kind(avro: Any) -> Kind:
    match avro:
        case ["null", of]:
            return _kind(of)
        case {"type": "array", "items": "string"}:
            return "texts"
        case {"logicalType": logical} if logical in _KINDS:
            return _KINDS[logical]
        case str() if avro in _KINDS:
            return _KINDS[avro]
    raise TypeError(f"no column has the Avro type {avro!r}; accepted: {', '.join(_KINDS)}")


def _points(columns: tuple[Column, ...]) -> Iterator[Point]:
    """Yield a point for each place whose easting and northing are released."""
    names = {column.name for column in columns}
    for column in columns:
        prefix = column.name.removesuffix(_EASTING)
        northing = f"{prefix}{_NORTHING}"
        if column.name.endswith(_EASTING) and northing in names:
            yield Point(f"{prefix}point", column.name, northing)
