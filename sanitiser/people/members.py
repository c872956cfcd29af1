"""The members of a class: people or cases that are alike, and how many of them are surely different.

Two people are surely different if their references differ or, without references, if both their names and
their dates of birth differ. So a mistyped name or date makes nobody two people. Two cases are surely
different if all their people are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from struct import Struct
from typing import Any, Final, NamedTuple

from sanitiser.people.names import full_name, is_birth
from sanitiser.references import ReferenceKey
from schemas.people import Person

TOKEN_BYTES: Final = 8
_HEAD: Final = Struct(">IBB")
"""The day on which a member was seen, an ordinal; its flags; and the number of its tokens."""

NAMED: Final = 1
"""Flag: the name or the reference of every person is known."""
DATED: Final = 2
"""Flag: the date of birth or the reference of every person is known."""
_CASE: Final = 4
"""Flag: the first token is that of a case."""

_KNOWN: Final = NAMED | DATED


class Evidence(NamedTuple):
    """The evidence that tells people apart: keyed digests of a reference, or of a name and a date of birth.

    The flags say which of them are known. The tokens are in no release, so that the state joins nobody to
    one. The evidence about a case has the token of the case, and then those of its people.
    """

    flags: int
    tokens: tuple[bytes, ...]

    @classmethod
    def of_case(cls, case: bytes, people: Iterable[Evidence]) -> Evidence:
        """Return the evidence about a case. What is not known of one of its people is not known of it."""
        flags, tokens = _KNOWN, [case]
        for person in people:
            flags &= person.flags
            tokens += person.tokens
        return cls(flags | _CASE, tuple(tokens))

    @property
    def can_differ(self) -> bool:
        """Return True if it can tell the person or case apart from others."""
        return bool(self.flags & _KNOWN)

    def is_same(self, other: Evidence) -> bool:
        """Return True if it is the same evidence, or evidence about the same case."""
        if self.flags & _CASE:
            return self.tokens[0] == other.tokens[0]
        return self.tokens == other.tokens


NOTHING_KNOWN: Final = Evidence(0, ())
"""The evidence about a person of whom neither reference, nor name, nor date of birth is known."""


class EvidenceReader:
    """Reads the evidence about one person of a record."""

    def __init__(self, person: Person, key: ReferenceKey) -> None:
        """Take the person's fields, and the key of the digests of one profile."""
        self._reference, self._name, self._born = person.reference, person.name, person.born
        self._key = key

    def __call__(self, released: Mapping[str, Any], record: Mapping[str, Any]) -> Evidence:
        """Return the evidence in a record with this release."""
        if self._reference is not None:
            reference = released[self._reference]
            if not reference:
                return NOTHING_KNOWN
            return Evidence(_KNOWN, (self._token("reference", reference),))
        flags, tokens = 0, list[bytes]()
        words = full_name(record.get(self._name)) if self._name else None
        if words:
            flags |= NAMED
            tokens.append(self._token("name", *words))
        born = record.get(self._born) if self._born else None
        if isinstance(born, date) and is_birth(born):
            flags |= DATED
            tokens.append(self._token("born", born.isoformat()))
        return Evidence(flags, tuple(tokens))

    def _token(self, *parts: str) -> bytes:
        return bytes.fromhex(self._key.digest(*parts))[:TOKEN_BYTES]


class Member(NamedTuple):
    """A person or case that was seen on a day, an ordinal."""

    day: int
    evidence: Evidence


def read_members(value: bytes) -> Iterator[Member]:
    """Yield the members of a class in the order of their days; `write_members` is the inverse."""
    at, size = 0, len(value)
    while at < size:
        day, flags, count = _HEAD.unpack_from(value, at)
        at += _HEAD.size
        end = at + count * TOKEN_BYTES
        tokens = tuple([value[t : t + TOKEN_BYTES] for t in range(at, end, TOKEN_BYTES)])
        yield Member(day, Evidence(flags, tokens))
        at = end


def write_members(members: Sequence[Member]) -> bytes:
    """Return the bytes of members, from which `read_members` reads them."""
    parts = list[bytes]()
    for day, (flags, tokens) in members:
        parts += (_HEAD.pack(day, flags, len(tokens)), *tokens)
    return b"".join(parts)


def surely_different(evidence: Sequence[Evidence]) -> int:
    """Return a number of people, or of cases without a common person, that surely are in the evidence.

    Names are compared with names, and dates with dates. So the number is the larger one of those by name and
    by date. A person of whom nothing is known is not counted, because it can be any of the others.
    """
    named = [tokens for flags, tokens in evidence if flags & NAMED]
    dated = [tokens for flags, tokens in evidence if flags & DATED]
    by_name = _apart(named)
    return by_name if len(dated) == 0 or dated == named else max(by_name, _apart(dated))


def kept_members(members: Sequence[Member], most: int) -> list[Member]:
    """Return at most this number of members, in their order, with as many different ones as possible."""
    kept = list(members)
    while len(kept) > most:
        groups = _groups([member.evidence.tokens for member in kept])
        # The first of equally large groups has the oldest member.
        del kept[max(groups, key=len)[0]]
    return kept


def _apart(members: Sequence[tuple[bytes, ...]]) -> int:
    """Return the number of groups of members, of which no two have a token in common."""
    tokens = [token for of in members for token in of]
    # In most classes all members are different.
    return len(members) if len(set(tokens)) == len(tokens) else len(_groups(members))


def _groups(members: Sequence[tuple[bytes, ...]]) -> list[list[int]]:
    """Return the positions of members, by group."""
    groups: list[tuple[set[bytes], list[int]]] = []
    for position, tokens in enumerate(members):
        joined, places = set(tokens), [position]
        apart = []
        for group in groups:
            if group[0].isdisjoint(tokens):
                apart.append(group)
            else:
                joined |= group[0]
                places += group[1]
        groups = [*apart, (joined, places)]
    return [sorted(places) for _, places in groups]
