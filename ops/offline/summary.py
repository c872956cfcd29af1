"""What became of a file's records, and how well those released are hidden among households."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.repeats import Repeats
from connectors.sources.table import NOTHING_LEFT_OUT, Contents, Unreadable
from connectors.supply import UNREADABLE_NAMED
from ops.offline.steps import Done
from sanitiser.location import Located

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(slots=True)
class Summary:
    """Counts over one file.

    `households` counts places released with a postcode by the number of households of that
    postcode, `displacement` counts the places that were moved by whole metres.
    """

    minimum_households: int
    records: int = 0
    released: int = 0
    excluded: int = 0
    rejected: int = 0
    unreadable: int = 0
    out_of_scope: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    caveats: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    combinations: Counter[str] = field(default_factory=Counter)
    geocoded: Counter[str] = field(default_factory=Counter)
    substituted: int = 0
    households: Counter[int] = field(default_factory=Counter)
    displacement: Counter[int] = field(default_factory=Counter)
    unreadable_named: list[str] = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)
    contents: Contents = NOTHING_LEFT_OUT

    def add_unreadable(self, row: Unreadable) -> None:
        """Count a row that could not be read; the first few are named."""
        self.unreadable += 1
        if len(self.unreadable_named) < UNREADABLE_NAMED:
            self.unreadable_named.append(row.told)

    @property
    def notes(self) -> list[str]:
        """What is to be known of the file: sheets that are not read, records that replace others."""
        return [*self.contents.lines, *self.repeats.found().caveats]

    def add(self, done: Done) -> None:
        """Count one record."""
        self.records += 1
        self.rejected += bool(done.faults)
        self.released += done.released is not None
        self.excluded += done.released is None and not done.faults
        self.faults.update([fault.code for fault in done.faults])
        self.caveats.update(done.caveats)
        self.withheld.update(done.kept_out)
        self.combinations.update(done.combinations)
        for located in done.locations.values():
            self._add_place(located, released=done.released is not None)

    def _add_place(self, located: Located, *, released: bool) -> None:
        self.geocoded[located.method] += 1
        if not released:
            return
        self.withheld.update(located.withheld)
        place = located.place
        if place is None or place.postcode is None:
            return
        self.households[place.households or 0] += 1
        if place.substituted:
            self.substituted += 1
            self.displacement[round(place.displacement_m or 0)] += 1

    def document(self) -> dict[str, Any]:
        """The summary for a program to read: counts, quantiles of households and metres."""
        return {
            "records": self.records,
            "released": self.released,
            "excluded_by_profile": self.excluded,
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
    """Minimum, quartiles and maximum of counted values; None where there is none."""
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
