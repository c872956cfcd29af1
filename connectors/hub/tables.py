"""The tables of the hub, derived from the topics of the protocol.

There is one for each dataset and profile, one for the supplies of each agency's dataset, and one for each
source of tables that need no processing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from isp.agreement.topics import RELEASES, Names, Topic

RECORD_ID: Final = "record_id"
SUPPLY_ID: Final = "supply_id"
RELEASED_AT: Final = "released_at"
EPSG: Final = 27700
"""The British National Grid, in metres."""

OWN_SCHEMA: Final = "ipu"
"""The schema with the hub's own tables."""
SUPPLIES: Final = "supplies"
"""The schema with the metadata of supplies (guidance 3.4), a row for each supply."""
SOURCES: Final = "aggregate"
"""The schema with the tables that need no processing (guidance 3.3, 4.4), as their topics are called."""

Kind = Literal[
    "text", "texts", "flag", "count", "total", "number", "date", "time", "instant", "facts"
]
"""The kind of a column: a list of texts, a local time or an instant in UTC, for example.

A `count` has 32 bits, and a `total` 64. `facts` are values by name, as JSON.
"""

_EASTING, _NORTHING = "easting", "northing"
_KINDS: Final[dict[str, Kind]] = {
    "string": "text",
    "boolean": "flag",
    "int": "count",
    "long": "total",
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


_RELEASED: Final = Column(
    RELEASED_AT,
    "instant",
    "When the record was released, in UTC, to the hour, or to the period of its date",
)


class Point(NamedTuple):
    """A column with points in EPSG:27700, and the columns with their coordinates in metres."""

    name: str
    easting: str
    northing: str


@dataclass(frozen=True, slots=True)
class HubTable:
    """A table with the newest version of each record of one topic.

    `key` is the column with the key of the topic's messages. A row is deleted when the topic's retention
    after its release has passed.
    """

    schema: str
    name: str
    topic: Topic
    columns: tuple[Column, ...]
    points: tuple[Point, ...] = ()
    key: str = RECORD_ID

    def of_kind(self, kind: Kind) -> tuple[str, ...]:
        """Return the columns of the record of a kind."""
        found = (column.name for column in self.columns if column.kind == kind)
        return tuple(name for name in found if name != RELEASED_AT)

    @property
    def doc(self) -> str:
        """Return what the table has, and its marking."""
        return f"{self.topic.marking}. {self.topic.schema['doc']}"


@dataclass(frozen=True, slots=True)
class SourceTable:
    """The place of a source's table, which is stored as it was supplied (guidance 3.3, 4.4).

    Only the supplied table itself says which columns it has.
    """

    schema: str
    name: str
    topic: Topic
    source: str


AnyTable = HubTable | SourceTable


def tables_of(topics: Iterable[Topic]) -> tuple[HubTable, ...]:
    """Return the tables of records and of supplies among `topics`, in the order of their names."""
    found = [table_of(topic) for topic in topics if topic.family in RELEASES | {SUPPLIES}]
    return tuple(sorted(found, key=lambda table: (table.schema, table.name)))


def source_tables(topics: Iterable[Topic], prefix: str) -> tuple[SourceTable, ...]:
    """Return the tables of sources among a partnership's `topics`, in the order of their names."""
    begin = len(Names(prefix).aggregate(""))
    sources = [(topic.name[begin:], topic) for topic in topics if topic.family == "aggregate"]
    return tuple(SourceTable(SOURCES, _name(name), topic, name) for name, topic in sorted(sources))


def table_of(topic: Topic) -> HubTable:
    """Return the table of a topic of released records, or of supplies.

    Raises:
        TypeError: the schema of its values has a type that no column has.
    """
    assert topic.dataset is not None
    columns = (*columns_of(topic.schema["fields"]), _RELEASED)
    if topic.family == SUPPLIES:
        name = f"{_name(str(topic.agency))}__{_name(topic.dataset)}"
        return HubTable(SUPPLIES, name, topic, columns, key=SUPPLY_ID)
    points = tuple(_points(columns))
    return HubTable(_schema_name(topic), _name(topic.dataset), topic, columns, points)


def columns_of(fields: Iterable[Mapping[str, Any]]) -> Iterator[Column]:
    """Yield the column of each field of an Avro schema.

    Raises:
        TypeError: a field has a type that no column has.
    """
    for field in fields:
        yield Column(field["name"], _kind(field["type"]), field.get("doc", ""))


def _schema_name(topic: Topic) -> str:
    """Return the profile; records of a neighbour's area have a schema of their own."""
    profile = _name(str(topic.profile))
    if topic.neighbour is None:
        return profile
    return f"neighbour_{_name(topic.neighbour)}_{profile}"


def _name(text: str) -> str:
    return text.replace("-", "_")


def _kind(avro: Any) -> Kind:
    match avro:
        case ["null", of]:
            return _kind(of)
        case {"type": "array", "items": "string"}:
            return "texts"
        case {"type": "map" | "record"}:
            return "facts"
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
