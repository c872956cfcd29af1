"""The members of a class: people or cases that are alike, and how many of them are surely different.

Two people are surely different if their references differ or, without references, if both their names and
their dates of birth differ. So a mistyped name or date makes nobody two people. Two cases are surely
different if all their people are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from struct import Struct
from typing import Any, Final, NamedTuple

from sanitiser.people.names import full_name, is_birth
from sanitiser.references import ReferenceKey
from schemas.people import Person

TOKEN_BYTES: Final = 8
_HEAD: Final = Struct(">IBH")
"""The day on which a member was seen, its flags, and the length of its tokens in bytes."""

NAMED: Final = 1
"""Flag: the name or the reference of every person is known."""
DATED: Final = 2
"""Flag: the date of birth or the reference of every person is known."""
_CASE: Final = 4
"""Flag: the first token is that of a case."""

_KNOWN: Final = NAMED | DATED


class Evidence(NamedTuple):
    """The evidence that tells people apart: keyed digests of a reference, or of a name and a date of birth.

    The flags say which of them are known. `tokens` has the digests, of `TOKEN_BYTES` each. They are in no
    release, so that the state joins nobody to one. The evidence about a case has the token of the case, and
    then those of its people.
    """

    flags: int
    tokens: bytes

    @classmethod
    def of_case(cls, case: bytes, people: Iterable[Evidence]) -> Evidence:
        """Return the evidence about a case. What is not known of one of its people is not known of it."""
        flags, tokens = _KNOWN, [case[:TOKEN_BYTES]]
        for person in people:
            flags &= person.flags
            tokens.append(person.tokens)
        return cls(flags | _CASE, b"".join(tokens))

    @property
    def can_differ(self) -> bool:
        """Return True if it can tell the person or case apart from others."""
        return bool(self.flags & _KNOWN)


NOTHING_KNOWN: Final = Evidence(0, b"")
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
            return Evidence(_KNOWN, self._token("reference", reference))
        flags, tokens = 0, b""
        words = full_name(record.get(self._name)) if self._name else None
        if words:
            flags |= NAMED
            tokens += self._token("name", *words)
        born = record.get(self._born) if self._born else None
        if isinstance(born, date) and is_birth(born):
            flags |= DATED
            tokens += self._token("born", born.isoformat())
        return Evidence(flags, tokens)

    def _token(self, *parts: str) -> bytes:
        return bytes.fromhex(self._key.digest(*parts))[:TOKEN_BYTES]


class Member(NamedTuple):
    """A person or case that was seen on a day, an ordinal; the rest is as in `Evidence`."""

    day: int
    flags: int
    tokens: bytes


def others_since(value: bytes, evidence: Evidence, day: int) -> list[Member]:
    """Return the members of a class that were seen after a day, without the one of the evidence.

    `value` is as `write_members` writes it.
    """
    found, at, size = list[Member](), 0, len(value)
    own = evidence.tokens[:TOKEN_BYTES] if evidence.flags & _CASE else evidence.tokens
    first = TOKEN_BYTES if evidence.flags & _CASE else None
    while at < size:
        seen, flags, length = _HEAD.unpack_from(value, at)
        at += _HEAD.size
        tokens = value[at : at + length]
        at += length
        if seen > day and tokens[:first] != own:
            found.append(Member(seen, flags, tokens))
    return found


def write_members(members: Iterable[Member]) -> bytes:
    """Return the bytes of members, from which `others_since` reads them."""
    return b"".join([_HEAD.pack(m.day, m.flags, len(m.tokens)) + m.tokens for m in members])


def surely_different(members: Iterable[Evidence | Member]) -> int:
    """Return a number of people, or of cases without a common person, that surely are among the members.

    Names are compared with names, and dates with dates. So the number is the larger one of those by name and
    by date. A person of whom nothing is known is not counted, because it can be any of the others.
    """
    known = [(m.flags & _KNOWN, m.tokens) for m in members]
    named = [tokens for flags, tokens in known if flags & NAMED]
    dated = [tokens for flags, tokens in known if flags & DATED]
    by_name = _apart(named)
    return by_name if not dated or dated == named else max(by_name, _apart(dated))


def kept_members(members: Sequence[Member], most: int) -> list[Member]:
    """Return at most this number of members, in their order, with as many different ones as possible."""
    kept = list(members)
    while len(kept) > most:
        groups = _groups([split(member.tokens) for member in kept])
        # The first of equally large groups has the oldest member.
        del kept[max(groups, key=len)[0]]
    return kept


def split(tokens: bytes) -> tuple[bytes, ...]:
    """Return the tokens one by one."""
    return tuple([tokens[at : at + TOKEN_BYTES] for at in range(0, len(tokens), TOKEN_BYTES)])


def _apart(members: Sequence[bytes]) -> int:
    """Return the number of groups of members, of which no two have a token in common."""
    apart = list(map(split, members))
    tokens = [token for of in apart for token in of]
    # In most classes all members are different.
    return len(apart) if len(set(tokens)) == len(tokens) else len(_groups(apart))


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
