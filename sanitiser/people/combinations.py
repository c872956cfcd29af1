"""Combinations of attributes that stand out in their small area are told more coarsely.

Age, sex, ethnicity, occupation and relation single people out together though none does alone. A
release tells of them only what at least k different people of each area that it names have in common,
as far as was seen within a window; so whoever knows the area finds k people whom it could mean (k-map:
Sweeney 2002). It is decided record by record, since a stream cannot wait for the others.

Different people are those of different references; where a type has none, those born on different
days. All who are known by neither count as one: they may be one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

from sanitiser.people.ages import band
from sanitiser.references import ReferenceKey
from sanitiser.state import State
from schemas.codes import CodeList
from schemas.people import Person, attribute, coarser_name, people
from schemas.record_type import RecordType

_NAME_BYTES = 8
_MEMBER = Struct(f">{_NAME_BYTES}sI")
_STEPS = (
    ("occupation", False), ("relation", False), ("ethnicity", True), ("age", True),
    ("ethnicity", False), ("age", False), ("sex", False),
)  # fmt: skip
"""What is given up, one step after the other: an attribute, and whether a coarser form remains."""

GENERALISED, WITHHELD, STANDING_OUT = "generalised", "withheld", "standing-out"


class Rule(NamedTuple):
    """Fewest people alike, the days within which they count, and whether releases follow it."""

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
        rule: Rule,
        memory: State,
    ) -> None:
        """Compile the ladder of each person; classes of different profiles share nothing."""
        self._places = record_type.released_places(profile)
        self._profile = profile
        self._rule = rule
        self._memory = memory
        self._key = key.for_purpose("memory", "combinations", profile, record_type.dataset)
        self._ladders = [_ladder(p, profile, code_lists) for p in people(record_type, profile)]

    @property
    def has_people(self) -> bool:
        """Whether such releases tell of anybody at all."""
        return bool(self._ladders)

    def __call__(self, released: dict[str, Any], record: Mapping[str, Any], day: int) -> list[str]:
        """Make a release of `record` coarser in place, as far as must be; `day` is today's ordinal.

        Gives an outcome, such as ``second:generalised``, for everybody who stood out.
        """
        outcomes = []
        for ladder in self._ladders:
            values = ladder.values(released)
            if values:
                member = self._member(ladder, released, record)
                outcome = self._check(ladder, values, released, member, day)
                if outcome is not None:
                    outcomes.append(f"{self._profile}:{outcome}")
        return outcomes

    def _check(
        self,
        ladder: _Ladder,
        values: dict[str, str],
        released: dict[str, Any],
        member: bytes,
        day: int,
    ) -> str | None:
        once = b"l" + self._digest(ladder.about, released["record_id"])
        least = int.from_bytes(self._memory.get(once) or b"\0")
        areas = released_areas(released, self._places)
        classes: list[bytes] = []
        alone, level = False, 0
        for level, shown in enumerate(ladder.levels):
            # In order: a class must have one name in every process.
            told = [f"{name}={values[name]}" for name in sorted(shown) if name in values]
            alike = [b"c" + self._digest(ladder.about, area, *told) for area in areas]
            classes += alike
            enough = not told or self._enough(alike, member, day)
            alone = alone or not enough
            if not self._rule.heeded or (enough and level >= least):
                break
        for name in dict.fromkeys(classes):
            self._join(name, member, day)
        if not self._rule.heeded:
            return STANDING_OUT if alone else None
        if level:
            self._memory.put(once, bytes([level]))
        return ladder.show(level, values, released)

    def _digest(self, *parts: str) -> bytes:
        return bytes.fromhex(self._key.digest(*parts))

    def _member(
        self, ladder: _Ladder, released: Mapping[str, Any], record: Mapping[str, Any]
    ) -> bytes:
        if ladder.reference and released[ladder.reference]:
            return bytes.fromhex(released[ladder.reference])[:_NAME_BYTES]
        born = record.get(ladder.born) if ladder.born else None
        return self._digest(ladder.about, "born", str(born))[:_NAME_BYTES]

    def _enough(self, names: Sequence[bytes], member: bytes, day: int) -> bool:
        """Whether enough are alike in every area; nobody can tell of a release that names none."""
        least = self._rule.minimum_alike - 1
        return bool(names) and all(len(self._others(n, member, day)) >= least for n in names)

    def _others(self, name: bytes, member: bytes, day: int) -> list[tuple[bytes, int]]:
        since = day - self._rule.window_days
        members = _MEMBER.iter_unpack(self._memory.get(name) or b"")
        return [(who, seen) for who, seen in members if who != member and seen > since]

    def _join(self, name: bytes, member: bytes, day: int) -> None:
        """Count a person among those alike; nothing is written where enough others are fresh."""
        others = self._others(name, member, day)
        fresh = day - self._rule.window_days // 2
        if sum(seen > fresh for _, seen in others) >= self._rule.minimum_alike:
            return
        kept = [*others, (member, day)][-self._rule.minimum_alike - 1 :]
        self._memory.put(name, b"".join(_MEMBER.pack(*entry) for entry in kept))


def released_areas(released: Mapping[str, Any], places: Iterable[str]) -> list[str]:
    """Of each place that is told its postcode sector, such as ``home_BA1 2``; else its district."""
    areas = []
    for place in places:
        postcode = released.get(f"{place}postcode")
        area = postcode[:-2] if postcode else released.get(f"{place}district")
        if area:
            areas.append(f"{place}{area}")
    return areas


@dataclass(frozen=True, slots=True)
class _Ladder:
    """What is told of one person, from all of it to nothing."""

    about: str
    reference: str | None
    born: str | None
    exact: tuple[str, ...]
    coarse: tuple[tuple[str, str, Callable[[Any], str | None]], ...]
    levels: tuple[frozenset[str], ...]

    def values(self, released: Mapping[str, Any]) -> dict[str, str]:
        """Every value that the release tells, and the coarser ones that follow; empty if none."""
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
        """Leave in the release what the level shows; None if nothing had to go."""
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
        person.reference,
        person.born,
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
