"""Count the rows that match what somebody knows of an event, and the people who match a row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from offline.summary import quantiles
from sanitiser.people.ages import band
from sanitiser.people.combinations import released_areas
from sanitiser.people.names import normal_name
from schemas.codes import CodeList
from schemas.people import Person, coarser_name, people
from schemas.record_type import RecordType

ATTACK = "people who stand out"
_LEAST_TOLD = 2

Cells = Mapping[str, str]
_Who = tuple[str, str]
"""The name and the date of birth of a person, or the reference twice."""


def linkage(
    rows: Sequence[Cells], truths: Sequence[Truth], record_type: RecordType, profile: str
) -> dict[str, dict[str, Any]]:
    """Return, for what an intruder may know of an event, how many rows match each original.

    Each entry has the number of originals that a row matches, the share of them that exactly one
    row matches, and the quantiles of how many rows match.
    """
    header = frozenset(rows[0]) if rows else frozenset()
    known: list[str] = []
    found: dict[str, dict[str, Any]] = {}
    for knowledge, names in _knowledge(record_type, profile).items():
        known += [name for name in names if name in header]
        if not known:
            continue
        held = Counter(tuple(row[name] for name in known) for row in rows)
        fits = Counter(held[tuple(t.cells[name] for name in known)] for t in truths)
        del fits[0]
        total = fits.total()
        found[knowledge] = {
            "originals": total,
            "share_with_one_row": round(fits[1] / total, 4) if total else 0.0,
            "rows": quantiles(fits),
        }
    return found


def _knowledge(record_type: RecordType, profile: str) -> dict[str, list[str]]:
    places = record_type.released_places(profile)
    return {
        "place": [f"{prefix}{part}" for prefix in places for part in ("address", "postcode")],
        "place and date": [event.date for event in record_type.events],
        "place, date and time": [event.time for event in record_type.events if event.time],
        "place, date, time and attributes": [
            f.name for person in people(record_type, profile) for f in person.fields
        ],
    }


def people_who_stand_out(
    rows: Sequence[Cells],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    code_lists: Mapping[str, CodeList],
    k: int,
) -> tuple[list[Hit], Counter[int]]:
    """Return rows about a person whom fewer than k originals of the area match.

    Count all rows by matches.
    """
    hits: list[Hit] = []
    alike: Counter[int] = Counter()
    for person in people(record_type, profile):
        crowd = _Crowd(record_type, person, profile, truths, code_lists)
        for number, row in enumerate(rows, 1):
            told = crowd.told(row)
            if len(told) < _LEAST_TOLD:
                continue
            count = crowd.fitting(row, told)
            alike[count] += 1
            if count < k:
                names = ", ".join(name for name, _ in told)
                reason = f"fewer than {k} people of the area match {names}"
                hits.append(Hit(ATTACK, person.about, reason, number))
    return hits, alike


class _Crowd:
    """The people of one role among the originals, by the areas of the released places.

    Two people differ by their references. Without references they differ by names or by dates of
    birth, whichever tells more people apart. All people without any of these count as one.
    """

    def __init__(
        self,
        record_type: RecordType,
        person: Person,
        profile: str,
        truths: Iterable[Truth],
        code_lists: Mapping[str, CodeList],
    ) -> None:
        self._places = record_type.released_places(profile)
        self._names = [f.name for f in person.fields]
        self._coarse = [
            (f.name, coarse, code_lists[codes].group if codes else None)
            for f in person.fields
            if (coarse := coarser_name(f, profile)) is not None
            for codes in [f.treatments[profile].code_list]
        ]
        self._people: dict[str, list[tuple[_Who, dict[str, str]]]] = defaultdict(list)
        named = [
            f.name
            for f in record_type.fields
            if f.about == person.about and (f.name == "name" or f.name.endswith("_name"))
        ]
        for truth in truths:
            reference = truth.cells[person.reference] if person.reference else ""
            born = truth.given.get(person.born) if person.born else None
            name = normal_name(" ".join(str(truth.given.get(n) or "") for n in named))
            who = (reference, reference) if reference else (" ".join(name), str(born))
            for area in self._areas(truth.cells):
                self._people[area].append((who, self._attributes(truth.cells)))
        self._counted: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}

    def told(self, row: Cells) -> tuple[tuple[str, str], ...]:
        """Return the released attributes of the person in a row."""
        names = (*self._names, *(coarse for _, coarse, _ in self._coarse))
        return tuple((name, row[name]) for name in names if row.get(name))

    def fitting(self, row: Cells, told: tuple[tuple[str, str], ...]) -> int:
        """Return the number of people with all these attributes, in the row's smallest area."""
        return min((self._alike(area, told) for area in self._areas(row)), default=0)

    def _alike(self, area: str, told: tuple[tuple[str, str], ...]) -> int:
        if (area, told) not in self._counted:
            fitting = [
                who
                for who, one in self._people[area]
                if all(one.get(name) == value for name, value in told)
            ]
            told_apart = (set(known) for known in zip(*fitting, strict=True))
            self._counted[area, told] = max(map(len, told_apart), default=0)
        return self._counted[area, told]

    def _attributes(self, cells: Cells) -> dict[str, str]:
        found = {name: cells[name] for name in self._names if cells[name]}
        for name, coarse, group in self._coarse:
            if name in found:
                found[coarse] = (group(found[name]) if group else band(int(found[name]))) or ""
        return found

    def _areas(self, cells: Cells) -> list[str]:
        return released_areas(cells, self._places)
