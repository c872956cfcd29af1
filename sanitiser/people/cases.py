"""The people of one case of whom releases tell, in all records that a reader can join.

The files of one crime have the same digest of its reference. So a reader joins what they tell about victims
and offenders. The state has, for each case, the people of whom a release tells something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sanitiser.people.members import TOKEN_BYTES, Evidence
from sanitiser.references import ReferenceKey
from sanitiser.state import State

MOST_PEOPLE: Final = 16
"""Largest number of people of one case of whom releases tell something."""

_PREFIX: Final = b"j"


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

    def person(
        self, reference: str, about: str, record_id: str, areas: Sequence[str], evidence: Evidence
    ) -> PersonOfCase:
        """Return a person of the case whose records have this released digest of their reference."""
        who = self._token("who", about, record_id)
        told = Told(who, b"", tuple([self._token("area", area) for area in areas]), evidence)
        case = self._digest("case", reference)
        return PersonOfCase(case, told, about, self._key, self._memory)

    def _token(self, *parts: str) -> bytes:
        return self._digest(*parts)[:TOKEN_BYTES]

    def _digest(self, *parts: str) -> bytes:
        return bytes.fromhex(self._key.digest(*parts))


class PersonOfCase:
    """One person of a record, and the other people of the case of whom releases tell."""

    def __init__(self, case: bytes, me: Told, about: str, key: ReferenceKey, memory: State) -> None:
        """Read the people of the case from the state. An earlier release about this person is replaced."""
        self._name = _PREFIX + case
        self._about = about
        self._me = me
        self._key = key
        self._memory = memory
        everybody = list(_read(memory.get(self._name) or b""))
        self._others = [person for person in everybody if person.who != me.who]
        self._is_known = len(self._others) < len(everybody)
        evidence = [p.evidence for p in (me, *self._others)]
        self.evidence = Evidence.of_case(case[:TOKEN_BYTES], evidence)

    @property
    def is_joined(self) -> bool:
        """Return True if releases tell of other people of the case."""
        return bool(self._others)

    @property
    def is_full(self) -> bool:
        """Return True if releases tell of so many others that nothing may be told of this person."""
        return len(self._others) >= MOST_PEOPLE

    def classes(self, told: Sequence[str]) -> list[bytes]:
        """Return the class of the case, if these attributes are released, in each of its areas.

        The cases of a class have people of the same roles with the same attributes, and the same of these
        people are in the area.
        """
        people = [*self._others, self._me._replace(attributes=self._attributes(told))]
        areas = dict.fromkeys(area for person in people for area in person.areas)
        return [self._class(area, people) for area in areas]

    def tell(self, told: Sequence[str]) -> None:
        """Store the attributes that are released of this person; nothing if there are none."""
        people = list(self._others)
        if told and not self.is_full:
            people.append(self._me._replace(attributes=self._attributes(told)))
        if people or self._is_known:
            self._memory.put(self._name, _written(people))

    def _attributes(self, told: Sequence[str]) -> bytes:
        return bytes.fromhex(self._key.digest("told", self._about, *told))[:TOKEN_BYTES]

    def _class(self, area: bytes, people: Sequence[Told]) -> bytes:
        shown = sorted(f"{p.attributes.hex()} {area in p.areas}" for p in people)
        return bytes.fromhex(self._key.digest("class", area.hex(), *shown))


def _written(people: Sequence[Told]) -> bytes:
    """Return the entry of a case, from which `_read` reads its people."""
    parts = list[bytes]()
    for who, attributes, areas, (flags, tokens) in people:
        parts += (who, attributes, bytes([flags, len(areas), len(tokens)]), *areas, *tokens)
    return b"".join(parts)


def _read(value: bytes) -> Iterator[Told]:
    at = 0
    while at < len(value):
        who, at = value[at : at + TOKEN_BYTES], at + TOKEN_BYTES
        attributes, at = value[at : at + TOKEN_BYTES], at + TOKEN_BYTES
        flags, of_areas, of_person = value[at : at + 3]
        at += 3
        split = at + of_areas * TOKEN_BYTES
        end = split + of_person * TOKEN_BYTES
        yield Told(
            who, attributes, _tokens(value[at:split]), Evidence(flags, _tokens(value[split:end]))
        )
        at = end


def _tokens(value: bytes) -> tuple[bytes, ...]:
    return tuple([value[at : at + TOKEN_BYTES] for at in range(0, len(value), TOKEN_BYTES)])
