"""Generalise combinations of attributes that are rare in their small area.

Age, sex, ethnicity, occupation and relation can identify a person together even if none does alone.
A release has only those that at least k different people of each named area have in common, among
the records seen within a window. So somebody who knows the area finds k people whom the release
could mean (k-map: Sweeney 2002). Each record is decided when it arrives, because a stream cannot
wait for others.

People are different if their references differ or, for a type without references, their dates of
birth. All people with neither count as one, because they may be one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

from sanitiser.people.ages import band
from sanitiser.places.postcodes import sector_of
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
        self._ladders = [_ladder(p, profile, code_lists) for p in people(record_type, profile)]

    @property
    def has_people(self) -> bool:
        """Return True if such releases have attributes of people."""
        return bool(self._ladders)

    def __call__(self, released: dict[str, Any], record: Mapping[str, Any], day: int) -> list[str]:
        """Generalise a release of `record` in place, as far as necessary; `day` is today's ordinal.

        Returns an outcome, such as ``second:generalised``, for every person who was rare.
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
            # Sorted, because a class must have the same name in every process.
            told = [f"{name}={values[name]}" for name in sorted(shown) if name in values]
            alike = [self._class(ladder, area, told) for area in areas]
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

    def _class(self, ladder: _Ladder, area: str, told: Sequence[str]) -> bytes:
        # Earlier versions named people by released digests. Counted together, one person would be two.
        about = (ladder.about, "named-apart") if ladder.reference else (ladder.about,)
        return b"c" + self._digest(*about, area, *told)

    def _member(
        self, ladder: _Ladder, released: Mapping[str, Any], record: Mapping[str, Any]
    ) -> bytes:
        """Return the name of a person here. It is in no release, so that state joins nobody to one."""
        if ladder.reference and released[ladder.reference]:
            return self._digest(ladder.about, "person", released[ladder.reference])[:_NAME_BYTES]
        born = record.get(ladder.born) if ladder.born else None
        return self._digest(ladder.about, "born", str(born))[:_NAME_BYTES]

    def _enough(self, names: Sequence[bytes], member: bytes, day: int) -> bool:
        """Return True if each area has at least k people alike.

        False if the release names no area.
        """
        least = self._rule.minimum_alike - 1
        return bool(names) and all(len(self._others(n, member, day)) >= least for n in names)

    def _others(self, name: bytes, member: bytes, day: int) -> list[tuple[bytes, int]]:
        since = day - self._rule.window_days
        members = _MEMBER.iter_unpack(self._memory.get(name) or b"")
        return [(who, seen) for who, seen in members if who != member and seen > since]

    def _join(self, name: bytes, member: bytes, day: int) -> None:
        """Count a person among those alike; writes nothing if enough others are recent."""
        others = self._others(name, member, day)
        fresh = day - self._rule.window_days // 2
        if sum(seen > fresh for _, seen in others) >= self._rule.minimum_alike:
            return
        kept = [*others, (member, day)][-self._rule.minimum_alike - 1 :]
        self._memory.put(name, b"".join(_MEMBER.pack(*entry) for entry in kept))


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


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The levels of detail about one person, from all attributes to none."""

    about: str
    reference: str | None
    born: str | None
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
