"""The supplies of all sources, from their metadata and from the receipts of the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from detection.emerging.facts import Source
from detection.emerging.supplied import SourceSupplies
from detection.emerging.supply import EVALUATION_LIMIT_MS, LOOK_LIMIT_MS, SupplyNote
from schemas.london import london_time

_EPOCH: Final = date(1970, 1, 1)
_ENDS: Final = ("period_from", "period_to")


@dataclass(slots=True)
class Supplies:
    """The supplies of all sources. Instants are milliseconds since 1970 UTC, days local since 1970-01-01."""

    sources: dict[Source, SourceSupplies] = field(default_factory=dict)

    def note_supply(self, supply: Mapping[str, Any], at_ms: int) -> Source:
        """Take a message about a supply (`system/supply.avsc`); return its source."""
        note = supply_note(supply)
        self._of(note.source).note_supply(note, at_ms, local_day(at_ms))
        return note.source

    def note_receipt(self, receipt: Mapping[str, Any], at_ms: int) -> Source:
        """Take a receipt (`system/receipt.avsc`); return its source."""
        source = Source(receipt["agency"], receipt["dataset"])
        newest = _day(receipt.get("newest_event"))
        self._of(source).note_receipt(
            receipt["supply_id"], receipt["received"], newest, at_ms, local_day(at_ms)
        )
        return source

    def note_record(self, source: Source, day: int, at_ms: int) -> None:
        """Take a record of `day` that has arrived for the first time. A correction is not to be noted."""
        self._of(source).note_record(day, local_day(at_ms))

    def is_held(self, source: Source, now_ms: int, limit_ms: int = LOOK_LIMIT_MS) -> bool:
        """Return True if a supply of the source is not settled, and was begun less than the limit ago."""
        return source in self.sources and self.sources[source].is_held(now_ms, limit_ms)

    def covered(self, source: Source, day: int) -> bool:
        """Return True if a supply of the source covers the day."""
        return source in self.sources and self.sources[source].covers(day)

    def missing_days(self, source: Source, first: int, last: int) -> int:
        """Return how many of the days are not covered."""
        return sum(not self.covered(source, day) for day in range(first, last + 1))

    def newest_day(self, source: Source) -> int | None:
        """Return the newest day that a supply of the source covers."""
        return self.sources[source].newest_day if source in self.sources else None

    def completeness(self, source: Source, days: Sequence[int], today: int) -> float | None:
        """Return the share of the records of these days that usually has arrived by `today`."""
        return self.sources[source].completeness(days, today) if source in self.sources else None

    def complete_day(self, source: Source, today: int) -> int | None:
        """Return the newest covered day of which 95 % has usually arrived by `today`."""
        return self.sources[source].complete_day(today) if source in self.sources else None

    def at(self, now_ms: int, limit_ms: int = EVALUATION_LIMIT_MS) -> SuppliedAt:
        """Return what an evaluation at an instant must know."""
        return SuppliedAt(self, now_ms, limit_ms)

    def _of(self, source: Source) -> SourceSupplies:
        return self.sources.setdefault(source, SourceSupplies())


@dataclass(frozen=True, slots=True)
class SuppliedAt:
    """The supplies at one instant, for a snapshot."""

    supplies: Supplies
    now_ms: int
    limit_ms: int

    def held(self, source: Source) -> bool:
        """Return True if a supply of the source is incomplete, or not all its records are here."""
        return self.supplies.is_held(source, self.now_ms, self.limit_ms)

    def complete_day(self, source: Source) -> int | None:
        """Return the last day whose records have usually arrived, or None if unknown."""
        return self.supplies.complete_day(source, local_day(self.now_ms))

    def covered(self, source: Source, day: int) -> bool:
        """Return True if a supply covers the day."""
        return self.supplies.covered(source, day)


def supply_note(supply: Mapping[str, Any]) -> SupplyNote:
    """Return the facts of a message about a supply.

    The period that the supplier claims counts beside the measured one: a quiet day has no record.
    """
    found = [_day(of.get(end)) for of in (supply, supply.get("claims") or {}) for end in _ENDS]
    days = [day for day in found if day is not None]
    return SupplyNote(
        supply["supply_id"],
        Source(supply["agency"], supply["dataset"]),
        min(days, default=None),
        max(days, default=None),
        supply["records"],
        supply["complete"],
        supply.get("erases", False),
    )


def local_day(at_ms: int) -> int:
    """Return the day of an instant in Europe/London, counted since 1970-01-01."""
    return (london_time(datetime.fromtimestamp(at_ms / 1_000, UTC)).date() - _EPOCH).days


def _day(iso: str | None) -> int | None:
    """Return a day from ISO 8601; None if there is none, or it is no date."""
    try:
        return (date.fromisoformat(iso[:10]) - _EPOCH).days if iso else None
    except ValueError:
        return None
