"""Count the outcome of a file's records, and the households around the released places."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.publishing.repeats import Repeats
from connectors.publishing.supply import UNREADABLE_NAMED
from connectors.sources.table import NOTHING_LEFT_OUT, Contents, Unreadable
from sanitiser.places.location import Located
from streams.steps.step import Work

NEIGHBOURING = "event-in-the-area-of-"
"""Prefix of the reason for a record without a release here; the neighbour's short name follows."""
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


class RowPlaces(NamedTuple):
    """The households around each released postcode of a row, and the distances moved, in metres."""

    households: list[int]
    displacement: list[int]

    @classmethod
    def of(cls, places: Iterable[Located]) -> RowPlaces:
        """Return the places of a released record."""
        told = [p.place for p in places if p.place is not None and p.place.postcode is not None]
        moved = [round(place.displacement_m or 0) for place in told if place.substituted]
        return cls([place.households or 0 for place in told], moved)

    @property
    def note(self) -> str:
        """Return the places as a text that `of_note` can read."""
        return json.dumps(self)

    @classmethod
    def of_note(cls, note: str) -> RowPlaces:
        """Return the places of a text that `note` returned."""
        return cls(*json.loads(note))


@dataclass(slots=True)
class Summary:
    """Counts over one file.

    `households` counts the places of the output with a postcode, by the number of households of
    that postcode. `displacement` counts the places of the output that were moved, by whole metres.
    Every record is rejected, held, excluded or released. A release is in the output at the end, or
    a later one has `replaced` it, or it was `taken_back`.
    """

    minimum_households: int
    records: int = 0
    released: int = 0
    replaced: int = 0
    taken_back: int = 0
    held: int = 0
    excluded: int = 0
    rejected: int = 0
    unreadable: int = 0
    out_of_scope: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    caveats: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    combinations: Counter[str] = field(default_factory=Counter)
    geocoded: Counter[str] = field(default_factory=Counter)
    households: Counter[int] = field(default_factory=Counter)
    displacement: Counter[int] = field(default_factory=Counter)
    unreadable_named: list[str] = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)
    contents: Contents = NOTHING_LEFT_OUT

    def add_unreadable(self, row: Unreadable) -> None:
        """Count an unreadable row; keep the names of the first few."""
        self.unreadable += 1
        if len(self.unreadable_named) < UNREADABLE_NAMED:
            self.unreadable_named.append(row.told)

    @property
    def notes(self) -> list[str]:
        """Return notes on the file: sheets that were not read, records that replace others."""
        return [*self.contents.lines, *self.repeats.found().caveats]

    def add(self, outcome: Work) -> None:
        """Count the outcome of one record.

        `add_row` and `drop_row` count the rows of the output.
        """
        self.records += 1
        self.faults.update([fault.code for fault in outcome.faults])
        self.caveats.update(outcome.caveats)
        self.withheld.update(outcome.withheld)
        self.withheld.update(outcome.rows_withheld)
        self.combinations.update(outcome.combinations)
        if outcome.faults:
            self.rejected += 1
        elif not outcome.releases:
            self.excluded += outcome.excluded
            self.held += not outcome.excluded
        if outcome.region:
            self.withheld[f"{NEIGHBOURING}{outcome.region}"] += 1
        for located in outcome.locations.values():
            self.geocoded[located.method] += 1
            if outcome.releases:
                self.withheld.update(located.withheld)

    def add_row(self, places: RowPlaces, earlier: str | None) -> None:
        """Count a row of the output; `earlier` is the note of the row that it replaces."""
        self.released += 1
        self.households.update(places.households)
        self.displacement.update(places.displacement)
        if earlier is not None:
            self.replaced += 1
            self._drop(earlier)

    def drop_row(self, earlier: str | None) -> None:
        """Count a row that is removed from the output, by its note; None if there was no row."""
        if earlier is not None:
            self.taken_back += 1
            self._drop(earlier)

    def _drop(self, note: str) -> None:
        earlier = RowPlaces.of_note(note)
        self.released -= 1
        self.households.subtract(earlier.households)
        self.displacement.subtract(earlier.displacement)

    @property
    def substituted(self) -> int:
        """Return how many places of the output have a substitute postcode."""
        return self.displacement.total()

    def document(self) -> dict[str, Any]:
        """Return the summary for JSON: counts, quantiles of households and of metres."""
        return {
            "records": self.records,
            "released": self.released,
            "replaced": self.replaced,
            "taken_back": self.taken_back,
            "excluded_by_profile": self.excluded,
            "held": self.held,
            "rejected": self.rejected,
            "unreadable_rows": self.unreadable,
            "out_of_scope": dict(self.out_of_scope),
            "faults": dict(self.faults),
            "caveats": dict(self.caveats),
            "withheld": dict(self.withheld),
            "combinations": dict(self.combinations),
            "geocoded": dict(self.geocoded),
            "minimum_households": self.minimum_households,
            "places_with_postcode": self.households.total(),
            "substituted": self.substituted,
            "households": quantiles(self.households),
            "displacement_m": quantiles(self.displacement),
            "notes": self.notes,
            "same_reference": self.repeats.found().records,
            "same_reference_rows": list(self.repeats.found().rows),
            "unreadable": list(self.unreadable_named),
            **self.contents.document(),
        }


def quantiles(counts: Mapping[int, int]) -> dict[str, int] | None:
    """Return minimum, quartiles and maximum of counted values; None if there are none."""
    total = sum(counts.values())
    if not total:
        return None
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    found: dict[str, int] = {}
    for name, share in zip(names, _QUANTILES, strict=True):
        found[name] = _value_at(counts, max(1, round(share * total)))
    return found


def _value_at(counts: Mapping[int, int], rank: int) -> int:
    reached = 0
    for value in sorted(counts):
        reached += counts[value]
        if reached >= rank:
            return value
    raise AssertionError("a rank beyond the number of values")
