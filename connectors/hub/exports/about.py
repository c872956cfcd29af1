"""The description inside each exported file: marking, origin, metadata and caveats. Pure.

The metadata are those of guidance 3.4: what the supplier said about its supply, as far as the party may read
it, and the datafields in the guidance's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from connectors.hub.exports.supplies import Supplies
from connectors.hub.exports.texts import said, shown
from connectors.hub.tables import EPSG, Column, HubTable
from schemas.london import london_time
from schemas.record_type import PERSONAL

COORDINATES: Final = f"EPSG:{EPSG} (OSGB36 / British National Grid, metres)"

_CAVEATS: Final = (
    "Counts of few people can name somebody. Follow your protocol before you pass on a count.",
    "The column caveats says which datafields of a record were corrected or left out, and why.",
    "A record that is corrected or erased later stays in this file as it is. Replace it by a new export.",
)
_OF_POINTS: Final = (
    "A point is that of a postcode, or the centre of a postcode sector. It can stand for several homes, "
    "and it is not the exact place. A postcode with few homes is released as the nearest one with enough."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an export: partnership, recipient, principal and time.

    `copied_at` is when the hub wrote the copy that the rows are from. `export_id` is random, so that the
    SHA-256 of the file tells nothing about its rows.
    """

    export_id: str
    partnership: str
    party: str
    principal: str
    at: datetime
    copied_at: datetime


@dataclass(frozen=True, slots=True)
class Extent:
    """Which rows an export has, and when the retention of the first and of the last row ends."""

    records: int
    where: str | None
    from_hour: datetime | None
    first_until: datetime
    last_until: datetime


@dataclass(frozen=True, slots=True)
class About:
    """The description of an export."""

    table: HubTable
    origin: Origin
    extent: Extent
    supplies: Supplies
    duties: str

    @property
    def marking(self) -> str:
        """Return the protective marking of the rows."""
        return self.table.topic.marking

    @property
    def title(self) -> str:
        """Return what the rows are, with their marking first."""
        return self.table.doc

    def facts(self) -> dict[str, str]:
        """Return what is known of the export as a whole, by name."""
        origin, extent, topic = self.origin, self.extent, self.table.topic
        since = extent.from_hour
        facts = {
            "marking": self.marking,
            "content": self.title,
            "dataset": str(topic.dataset),
            "profile": str(topic.profile),
            "area": f"neighbour {topic.neighbour}" if topic.neighbour else origin.partnership,
            "partnership": origin.partnership,
            "exported_for": origin.party,
            "exported_by": f"the operator of the hub, as {origin.principal}",
            "exported_at": _at(origin.at),
            "copied_from_hub_at": _at(origin.copied_at),
            "export_id": origin.export_id,
            "records": f"{extent.records}",
            "filter": extent.where or "none",
            "released_since": "any time" if since is None else _at(since),
            "coordinate_system": COORDINATES if self.table.points else "no points",
            "times": "Dates and times are local (Europe/London); columns that end with _utc, and "
            "released_at, are UTC. released_at is exact to the hour. If a caveat of a row says that its "
            "date is the first day of a week or month, released_at is the begin of a week or month, too.",
            "delete_first_record_by": _day(extent.first_until),
            "delete_file_by": _day(extent.last_until),
            "duties": self.duties,
        }
        return {name: shown(text) for name, text in facts.items()}

    def caveats(self) -> tuple[str, ...]:
        """Return the caveats that hold for each export of such a table."""
        of_points = bool(self.table.points) and self.table.topic.profile != PERSONAL
        return (*((_OF_POINTS,) if of_points else ()), *_CAVEATS)

    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the file; a point is in those formats that have points."""
        points = (
            Column(p.name, "text", f"Point of {p.easting} and {p.northing}")
            for p in self.table.points
        )
        return (*self.table.columns, *points)

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            **self.facts(),
            "caveats": list(self.caveats()),
            "columns": {column.name: shown(column.doc) for column in self.columns()},
            "supplies": [_shown_supply(supply) for supply in self.supplies.found],
            "supplies_note": self.supplies.note,
        }

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield all of it as pairs of a name and a text, the marking first.

        No name has a colon or an equals sign, at which GDAL would end it.
        """
        yield from self.facts().items()
        for caveat in self.caveats():
            yield "caveat", caveat
        for supply in self.supplies.found:
            for name, value in supply.items():
                yield f"supply of {said(supply['agency'])}, {name}", said(value)
        if self.supplies.note:
            yield "supplies", self.supplies.note
        for column in self.columns():
            yield f"column {column.name}", shown(column.doc)


def _shown_supply(supply: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in supply.items()}


def _plain(value: Any) -> Any:
    """Return a value with types that JSON has."""
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {shown(name): _plain(of) for name, of in value.items()}
        case list():
            return [_plain(each) for each in value]
    return said(value)


def _at(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _day(instant: datetime) -> str:
    return london_time(instant).date().isoformat()
