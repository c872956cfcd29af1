"""Generalise combinations of attributes that are rare in their small area.

Age, sex, ethnicity, occupation and relation can identify a person together even if none does alone.
A release has only those that at least k different people of each named area have in common, among
the records seen within a window. So somebody who knows the area finds k people whom the release
could mean (k-map: Sweeney 2002). Each record is decided when it arrives, because a stream cannot
wait for others.

A reader joins the records of one case. So at least k different cases must have the attributes of all
people of the case in common, as far as releases tell of them. What earlier records tell is fixed, so
the later record gives up attributes.

`sanitiser.people.members` says which people and cases are different.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sanitiser.people.ages import band
from sanitiser.people.cases import Cases, PersonOfCase
from sanitiser.people.members import (
    Evidence,
    EvidenceReader,
    Member,
    kept_members,
    others_since,
    surely_different,
    write_members,
)
from sanitiser.places.postcodes import sector_of
from sanitiser.references import ReferenceKey
from sanitiser.state import State
from schemas.codes import CodeList
from schemas.people import Person, attribute, case_reference, coarser_name, people
from schemas.record_type import RecordType

# Part of the name of a class: entries of another format are never counted together with these.
_FORMAT = "members"
_PREFIX = b"c"
_CLASSES = 4_096
_STEPS = (
    ("occupation", False), ("relation", False), ("ethnicity", True), ("age", True),
    ("ethnicity", False), ("age", False), ("sex", False),
)  # fmt: skip
"""The order in which attributes are given up, and whether a coarser form remains."""

GENERALISED, WITHHELD, STANDING_OUT = "generalised", "withheld", "standing-out"


class KMapRule(NamedTuple):
    """The least number of people alike, the days for which they count, and whether releases follow it."""

    minimum_alike: int
    window_days: int
    heeded: bool


class Combinations:
    """The check of one record type's releases in one profile."""

    def __init__(
        self,
        record_type: RecordType,
        profile: str,
        key: ReferenceKey,
        code_lists: Mapping[str, CodeList],
        rule: KMapRule,
        memory: State,
    ) -> None:
        """Compile the ladder of each person; state of different profiles is separate."""
        self._places = record_type.released_places(profile)
        self._profile = profile
        self._rule = rule
        self._memory = memory
        self._key = key.for_purpose("memory", "combinations", profile, record_type.dataset)
        of_people = key.for_purpose("memory", "people", profile)
        self._ladders = [
            (_ladder(p, profile, code_lists), EvidenceReader(p, of_people))
            for p in people(record_type, profile)
        ]
        self._case = case_reference(record_type, profile)
        self._cases = Cases(profile, key, memory)
        self._named = lru_cache(_CLASSES)(partial(self._digest, _FORMAT))

    @property
    def has_people(self) -> bool:
        """Return True if such releases have attributes of people."""
        return bool(self._ladders)

    def __call__(self, released: dict[str, Any], record: Mapping[str, Any], day: int) -> list[str]:
        """Generalise a release of `record` in place, as far as necessary; `day` is today's ordinal.

        Returns an outcome, such as ``second:generalised``, for every person who was rare.
        """
        outcomes = []
        areas = released_areas(released, self._places)
        for ladder, read_evidence in self._ladders:
            values = ladder.values(released)
            # Without values the person stays in the case as an earlier release told: readers may have it.
            if values:
                evidence = read_evidence(released, record)
                who = self._digest(ladder.about, released["record_id"])
                case = self._of_case(ladder.about, who, released, areas, evidence)
                found = _Found(who, values, areas, evidence, case)
                outcome = self._check(ladder, found, released, day)
                if outcome is not None:
                    outcomes.append(f"{self._profile}:{outcome}")
        return outcomes

    def _of_case(
        self, about: str, who: bytes, released: Mapping[str, Any], areas: list[str], evidence: Evidence
    ) -> PersonOfCase | None:  # fmt: skip
        reference = released[self._case] if self._case else None
        if reference is None:
            return None
        return self._cases.person(reference, about, who, areas, evidence)

    def _check(
        self, ladder: _Ladder, found: _Found, released: dict[str, Any], day: int
    ) -> str | None:
        once = b"l" + found.who
        least = int.from_bytes(self._memory.get(once) or b"\0")
        values, case = found.values, found.case
        classes: list[_Class] = []
        alone, enough, level = False, True, 0
        told: list[str] | None = None
        for level, shown in enumerate(ladder.levels):
            before = told
            # Sorted, because a class must have the same name in every process.
            told = [f"{name}={values[name]}" for name in sorted(shown) if name in values]
            if told != before:
                alike = self._classes(ladder, found, told, day) if told else []
                classes += alike
                enough = not told or self._enough(alike, case)
                alone = alone or not enough
            if not self._rule.heeded or (enough and level >= least):
                break
        for one in classes:
            self._join(one, day)
        if case is not None:
            case.tell(told or ())
        if not self._rule.heeded:
            return STANDING_OUT if alone else None
        if level:
            self._memory.put(once, bytes([level]))
        return ladder.show(level, values, released)

    def _digest(self, *parts: str) -> bytes:
        return bytes.fromhex(self._key.digest(*parts))

    def _classes(
        self, ladder: _Ladder, found: _Found, told: Sequence[str], day: int
    ) -> list[_Class]:
        """Return the classes of these attributes: those of the person, and those of the joined case."""
        names = [self._named(ladder.about, area, *told) for area in found.areas]
        classes = [self._class(name, found.evidence, day) for name in names]
        case = found.case
        if case is not None and case.is_joined and not case.is_full:
            classes += [self._class(name, case.evidence, day) for name in case.classes(told)]
        return classes

    def _class(self, name: bytes, evidence: Evidence, day: int) -> _Class:
        key = _PREFIX + name
        value = self._memory.get(key)
        since = day - self._rule.window_days
        return _Class(key, evidence, others_since(value, evidence, since) if value else [])

    def _enough(self, classes: Sequence[_Class], case: PersonOfCase | None) -> bool:
        """Return True if each class has at least k different members, with the person or case itself.

        False if the release names no area, or if releases tell of too many people of the case.
        """
        if case is not None and case.is_full:
            return False
        return bool(classes) and all(map(self._is_common, classes))

    def _is_common(self, one: _Class) -> bool:
        least = self._rule.minimum_alike
        if len(one.others) < least - 1:
            return False
        return surely_different([*one.others, one.evidence]) >= least

    def _join(self, one: _Class, day: int) -> None:
        """Count the person or case in a class; writes nothing if enough others are recent."""
        if not one.evidence.can_differ:
            return
        least, fresh = self._rule.minimum_alike, day - self._rule.window_days // 2
        recent = [member for member in one.others if member.day > fresh]
        if len(recent) >= least and surely_different(recent) >= least:
            return
        kept = kept_members([*one.others, Member(day, *one.evidence)], least + 1)
        self._memory.put(one.key, write_members(kept))


def released_areas(released: Mapping[str, Any], places: Iterable[str]) -> list[str]:
    """Return the postcode sector of each released place, such as ``home_BA1 2``.

    Else its district.
    """
    areas = []
    for place in places:
        postcode = released.get(f"{place}postcode")
        area = sector_of(postcode) if postcode else released.get(f"{place}district")
        if area:
            areas.append(f"{place}{area}")
    return areas


class _Found(NamedTuple):
    """A person in a release: all attributes, the released areas, the evidence, and the case, if any.

    `who` is a digest of the record and the role.
    """

    who: bytes
    values: Mapping[str, str]
    areas: Sequence[str]
    evidence: Evidence
    case: PersonOfCase | None


class _Class(NamedTuple):
    """A class of the state, the person or case that belongs to it, and its other members."""

    key: bytes
    evidence: Evidence
    others: Sequence[Member]


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The levels of detail about one person, from all attributes to none."""

    about: str
    exact: tuple[str, ...]
    coarse: tuple[tuple[str, str, Callable[[Any], str | None]], ...]
    levels: tuple[frozenset[str], ...]

    def values(self, released: Mapping[str, Any]) -> dict[str, str]:
        """Return every value in the release and the coarser forms of them.

        Empty if there is none.
        """
        values = {
            name: str(released[name]) for name in self.exact if released[name] not in (None, [])
        }
        for exact, name, coarser in self.coarse:
            if exact in values:
                found = coarser(released[exact])
                if found is not None:
                    values[name] = found
        return values

    def show(self, level: int, values: Mapping[str, str], released: dict[str, Any]) -> str | None:
        """Reduce the release to the attributes of the level; return None if nothing was removed."""
        shown = self.levels[level]
        gone = [name for name in self.exact if name in values and name not in shown]
        if not gone:
            return None
        for name in gone:
            released[name] = None
        for _, name, _ in self.coarse:
            released[name] = values.get(name) if name in shown else None
        told = any(
            released[name] is not None for name in (*self.exact, *(c[1] for c in self.coarse))
        )
        return GENERALISED if told else WITHHELD


def _ladder(person: Person, profile: str, code_lists: Mapping[str, CodeList]) -> _Ladder:
    coarse = [
        (f.name, coarser_name(f, profile), f.treatments[profile].code_list) for f in person.fields
    ]
    forms = {
        f.name: (f.name, coarser_name(f, profile), attribute(f, profile)) for f in person.fields
    }
    return _Ladder(
        person.about,
        tuple(forms),
        tuple(
            (exact, name, code_lists[codes].group if codes else band)
            for exact, name, codes in coarse
            if name is not None
        ),
        tuple(_levels(list(forms.values()))),
    )


def _levels(forms: list[tuple[str, str | None, str | None]]) -> Iterator[frozenset[str]]:
    shown = {name for name, _, _ in forms}
    yield frozenset(shown)
    for given_up, coarsely in _STEPS:
        before = frozenset(shown)
        for name, coarser, told in forms:
            if told != given_up:
                continue
            if not coarsely:
                shown -= {name, coarser}
            elif coarser is not None:
                shown = shown - {name} | {coarser}
        if shown != before:
            yield frozenset(shown)
