"""The people of one case of whom releases tell, in all records that a reader can join.

The files of one crime have the same digest of its reference. So a reader joins what they tell about victims
and offenders. The state has, for each case, the people of whom a release tells something.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from sanitiser.people.members import TOKEN_BYTES, Evidence, split
from sanitiser.references import ReferenceKey
from sanitiser.state import State

MOST_PEOPLE: Final = 16
"""Largest number of people of one case of whom releases tell something."""

_PREFIX: Final = b"j"
_HEAD_BYTES: Final = 3
_AREAS: Final = 1_024
_ATTRIBUTES: Final = 4_096


class Told(NamedTuple):
    """A person of whom a release tells something.

    `who` is the digest of the record and the role, `attributes` that of the role and the released
    attributes. `areas` has the digests of the released areas.
    """

    who: bytes
    attributes: bytes
    areas: tuple[bytes, ...]
    evidence: Evidence


class Cases:
    """The cases of one profile, region and epoch. All datasets of the profile share them."""

    def __init__(self, profile: str, key: ReferenceKey, memory: State) -> None:
        """Take the key of the region and epoch."""
        self._key = key.for_purpose("memory", "cases", profile)
        self._memory = memory
        self._area = lru_cache(_AREAS)(lambda area: self.digest("area", area)[:TOKEN_BYTES])
        self._attributes = lru_cache(_ATTRIBUTES)(
            lambda about, told: self.digest("told", about, *told)[:TOKEN_BYTES]
        )

    def person(
        self, reference: str, about: str, who: bytes, areas: Iterable[str], evidence: Evidence
    ) -> PersonOfCase:
        """Return a person of the case whose records have this released digest of their reference.

        `who` is a digest of the record and the role.
        """
        me = Told(who[:TOKEN_BYTES], b"", tuple(map(self._area, areas)), evidence)
        return PersonOfCase(self, self._memory, self.digest("case", reference), about, me)

    def attributes(self, about: str, told: Sequence[str]) -> bytes:
        """Return the digest of a role and attributes."""
        return self._attributes(about, tuple(told))

    def digest(self, *parts: str) -> bytes:
        """Return a digest for the state."""
        return bytes.fromhex(self._key.digest(*parts))


class PersonOfCase:
    """One person of a record, and the other people of the case of whom releases tell."""

    def __init__(self, cases: Cases, memory: State, case: bytes, about: str, me: Told) -> None:
        """Read the people of the case from the state. An earlier release about this person is replaced."""
        self._cases = cases
        self._memory = memory
        self._case = case
        self._about = about
        self._me = me
        everybody = _read(memory.get(_PREFIX + case) or b"")
        self._others = [person for person in everybody if person.who != me.who]
        self._is_known = len(self._others) < len(everybody)

    @property
    def is_joined(self) -> bool:
        """Return True if releases tell of other people of the case."""
        return bool(self._others)

    @property
    def is_full(self) -> bool:
        """Return True if releases tell of so many others that nothing may be told of this person."""
        return len(self._others) >= MOST_PEOPLE

    @property
    def evidence(self) -> Evidence:
        """Return the evidence about the case, with this person."""
        return Evidence.of_case(self._case, [p.evidence for p in (self._me, *self._others)])

    def classes(self, told: Sequence[str]) -> list[bytes]:
        """Return the class of the case, if these attributes are released, in each of its areas.

        The cases of a class have people of the same roles with the same attributes, and the same of these
        people are in the area.
        """
        people = [*self._others, self._telling(told)]
        areas = dict.fromkeys(area for person in people for area in person.areas)
        return [self._class(area, people) for area in areas]

    def tell(self, told: Sequence[str]) -> None:
        """Store the attributes that are released of this person; nothing if there are none."""
        people = list(self._others)
        if told and not self.is_full:
            people.append(self._telling(told))
        if people or self._is_known:
            self._memory.put(_PREFIX + self._case, _written(people))

    def _telling(self, told: Sequence[str]) -> Told:
        return self._me._replace(attributes=self._cases.attributes(self._about, told))

    def _class(self, area: bytes, people: Sequence[Told]) -> bytes:
        shown = sorted(f"{p.attributes.hex()} {area in p.areas}" for p in people)
        return self._cases.digest("class", area.hex(), *shown)


def _written(people: Sequence[Told]) -> bytes:
    """Return the entry of a case, from which `_read` reads its people."""
    parts = list[bytes]()
    for who, attributes, areas, (flags, tokens) in people:
        parts += (who, attributes, bytes([flags, len(areas), len(tokens)]), *areas, tokens)
    return b"".join(parts)


def _read(value: bytes) -> list[Told]:
    people, at = list[Told](), 0
    while at < len(value):
        attributes, head = at + TOKEN_BYTES, at + 2 * TOKEN_BYTES
        flags, of_areas, of_person = value[head : head + _HEAD_BYTES]
        areas = head + _HEAD_BYTES
        person = areas + of_areas * TOKEN_BYTES
        end = person + of_person
        evidence = Evidence(flags, value[person:end])
        people.append(
            Told(value[at:attributes], value[attributes:head], split(value[areas:person]), evidence)
        )
        at = end
    return people
