"""Build the metadata of one supply (guidance 3.4) and count its rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from connectors.errors import SourceError
from connectors.mappings.convert import Converted, Converter, columns_present
from connectors.mappings.mapping import Mapping
from connectors.publishing.metadata import UNSTATED, Metadata
from connectors.publishing.repeats import Repeats
from connectors.sources.content import content_digest
from connectors.sources.table import HIDDEN, NOTHING_LEFT_OUT, Contents, Unreadable
from schemas.record_type import RecordType

ID_DIGITS = 32
UNREADABLE_NAMED = 10
_EMPTY = (None, "")


def supply_id(agency: str, mapping: Mapping, present: Collection[str], content: bytes) -> str:
    """Return the id of a supply: the same for the same file, agency and mapping.

    `present` are the mapping's columns that the file has, `content` is the digest of its content.
    """
    digest = hashlib.sha256()
    for part in (
        agency.encode(),
        mapping.dataset.encode(),
        mapping.content(present).encode(),
        content,
    ):
        # Each part follows its length, so that two different supplies never give the same bytes.
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:ID_DIGITS]


def erasure_id(supplied: str, rows: Collection[int] | None) -> str:
    """Return the id of the erasure of a supply's records, or of only those of its `rows`."""
    named = "all" if rows is None else ",".join(map(str, sorted(rows)))
    return hashlib.sha256(f"erase {supplied} {named}".encode()).hexdigest()[:ID_DIGITS]


def identify_supply(
    file: Path,
    mapping: Mapping,
    agency: str,
    record_type: RecordType,
    header: Sequence[str],
    contents: Contents = NOTHING_LEFT_OUT,
) -> tuple[str, Converter]:
    """Return the supply id of a file, and the converter of its rows.

    Raises:
        SourceError: the file does not match the mapping; names the file.
    """
    try:
        present = columns_present(mapping, header)
        identifier = supply_id(agency, mapping, present, content_digest(file))
        return identifier, Converter(mapping, record_type, header, identifier)
    except SourceError as error:
        hidden = len(contents.hidden_columns)
        hint = (
            f". Columns that the workbook hides and that are not read: {hidden}" if hidden else ""
        )
        raise SourceError(f"{file}: {error}{hint}") from None


def where_unreadable(named: Sequence[str], count: int) -> str:
    """Return the named unreadable rows, and how many more there are of `count`."""
    more = count - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


@dataclass(slots=True)
class Counts:
    """Counts over the rows of a file so far. Counting the same rows again gives the same result."""

    rows_read: int = 0
    records: int = 0
    unreadable: int = 0
    out_of_scope: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    unreadable_named: list[str] = field(default_factory=list)
    period_from: date | None = None
    period_to: date | None = None
    repeats: Repeats = field(default_factory=Repeats)

    def add_unreadable(self, row: Unreadable) -> None:
        """Count an unreadable row; keep the names of the first few."""
        self.rows_read += 1
        self.unreadable += 1
        if len(self.unreadable_named) < UNREADABLE_NAMED:
            self.unreadable_named.append(row.told)

    def add_hidden(self) -> None:
        """Count a row that the workbook hides."""
        self.rows_read += 1
        self.out_of_scope[HIDDEN] += 1

    def add(self, converted: Converted, dates: Sequence[str]) -> None:
        """Count a row; `dates` are the fields with the dates of a record's events."""
        self.rows_read += 1
        if converted.record is None:
            self.out_of_scope[str(converted.out_of_scope)] += 1
            return
        self.records += 1
        record = converted.record
        self.repeats.add(converted.identity, self.rows_read)
        self.filled.update([name for name, value in record.items() if value not in _EMPTY])
        for name in dates:
            value = record[name]
            if isinstance(value, date):
                self.period_from = min(value, self.period_from or value)
                self.period_to = max(value, self.period_to or value)

    @property
    def caveats(self) -> list[str]:
        """Return the caveats about rows of the file that were not sent."""
        found = []
        if self.unreadable:
            found.append(f"Rows of the file that could not be read and were not sent: {self.where}")
        if hidden := self.out_of_scope[HIDDEN]:
            found.append(f"Rows that the workbook hides and that were not sent: {hidden}")
        return found

    @property
    def where(self) -> str:
        """Return the first unreadable rows, each with its reason, and how many more there are."""
        return where_unreadable(self.unreadable_named, self.unreadable)


REPOSITIONED: Final = (
    "Places may be repositioned: a postcode with few homes is released as the nearest one with enough, and a "
    "street may be that of the released postcode"
)
"""Said of every supply with places (guidance, Appendix 1)."""


@dataclass(frozen=True, slots=True)
class Supply:
    """The parts of a supply's metadata that do not change while it is sent.

    `supplier` and `contact` are from the protocol. The `metadata` replace them, and replace the
    mapping's notes datafield by datafield.
    """

    supply_id: str
    agency: str
    contact: str
    mapping: Mapping
    converter: Converter
    supplied_on: date
    read_as: str = ""
    agency_name: str = ""
    supplier: str = ""
    metadata: Metadata = UNSTATED
    erases: bool = False
    contents: Contents = NOTHING_LEFT_OUT

    def caveats(self, counts: Counts, *, complete: bool) -> list[str]:
        """Return all caveats of the supply, each once.

        Records that share a reference are known only when the supply is complete.
        """
        stated = (
            *self.mapping.caveats,
            *self.metadata.caveats,
            *self.contents.caveats,
            *((REPOSITIONED,) if self.converter.has_places else ()),
            *counts.caveats,
            *(counts.repeats.found().caveats if complete else ()),
        )
        return list(dict.fromkeys(stated))

    def record(self, counts: Counts, *, complete: bool) -> dict[str, Any]:
        """Return the supply as a record of system/supply.avsc.

        The duties are the schema's own words.
        """
        m, stated = self.mapping, self.metadata
        return {
            "supply_id": self.supply_id,
            "agency": self.agency,
            "agency_name": self.agency_name,
            "supplier": stated.supplier or self.supplier,
            "contact": stated.contact or self.contact,
            "dataset": m.dataset,
            "period_from": counts.period_from and counts.period_from.isoformat(),
            "period_to": counts.period_to and counts.period_to.isoformat(),
            "file_format": f"{self.read_as}; mapping {m.name}",
            "rows_read": counts.rows_read,
            "out_of_scope": dict(counts.out_of_scope),
            "records": counts.records,
            "complete": complete,
            "supplied_on": self.supplied_on.isoformat(),
            "fields": list(self.converter.fields),
            "filled": dict(counts.filled),
            "explanations": m.explanations | stated.explanations,
            "undeclared_columns": list(self.converter.undeclared),
            "coding_systems": m.coding_systems | stated.coding_systems,
            "geocoding": stated.geocoding or m.geocoding,
            "caveats": self.caveats(counts, complete=complete),
            "claims": stated.claims and stated.claims.record,
            "erases": self.erases,
        }

    def renewed(self, newest: ReadOnly[str, Any]) -> dict[str, Any] | None:
        """Return the newest record of a supply with the metadata given now; None if nothing is new.

        The guidance wants metadata "kept up to date", also after a supply is complete.
        """
        stated, newest = self.metadata, dict(newest)
        renewed = newest | {
            "supplier": stated.supplier or newest["supplier"],
            "contact": stated.contact or newest["contact"],
            "explanations": newest["explanations"] | stated.explanations,
            "coding_systems": newest["coding_systems"] | stated.coding_systems,
            "geocoding": stated.geocoding or newest["geocoding"],
            "caveats": list(dict.fromkeys([*newest["caveats"], *stated.caveats])),
            "claims": stated.claims.record if stated.claims else newest["claims"],
        }
        return None if renewed == newest else renewed


def latest_of(known: ReadOnly[str, Any] | None, later: ReadOnly[str, Any]) -> ReadOnly[str, Any]:
    """Return, of two records of one supply, the one with more rows.

    The later one if they are equal.
    """
    if known is None:
        return later
    came, comes = ((s["rows_read"], s["complete"]) for s in (known, later))
    return later if comes >= came else known


def event_dates(record_type: RecordType) -> tuple[str, ...]:
    """Return the fields whose dates bound the time period of a supply."""
    names = (name for event in record_type.events for name in (event.date, event.until) if name)
    return tuple(dict.fromkeys(names))
