"""The match of an original record and a subject. A record matches with certainty, or not at all.

Names are compared without case, accents, punctuation and order of words, and only together with the date of
birth. An address matches a household only as a whole and with the postcode; names of towns may follow it.
Only references of people are compared: the reference of a crime would match all its victims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from isp.cases.letters import Subject
from sanitiser.address.words import settlements
from sanitiser.people.names import normal_name, normal_words
from schemas.record_type import RecordType

_COUNTRIES = frozenset({("england",), ("wales",), ("uk",), ("united", "kingdom")})
Person = tuple[str, ...]
Matcher = Callable[[Mapping[str, Any]], bool]


def person_of(subject: Subject) -> Person:
    """Return the normal form of a subject, which is equal for two letters about the same one."""
    if subject.reference is not None:
        return ("reference", subject.reference.strip())
    if subject.name is not None:
        return ("person", *normal_name(subject.name), str(subject.date_of_birth))
    return ("household", _postcode(subject.postcode), *normal_words(subject.address))


def references_of_people(record_type: RecordType) -> tuple[str, ...]:
    """Return the fields of a record type that hold the reference of a person."""
    return tuple(field.name for field in record_type.fields if field.join and field.about)


def can_tell_of(subject: Subject, record_type: RecordType) -> bool:
    """Return True if the record type has the fields to match a record with such a subject."""
    if subject.reference is not None:
        return bool(references_of_people(record_type))
    if subject.name is not None:
        return any(True for _ in _people(record_type))
    return any(
        _has(record_type, f"{place}address") and _has(record_type, f"{place}postcode")
        for place in record_type.places
    )


def matcher(subject: Subject, record_type: RecordType) -> Matcher:
    """Return a function that returns True for a cleaned record of the type that is about the subject."""
    if subject.reference is not None:
        return _by_reference(subject.reference, record_type)
    if subject.name is not None:
        return _by_person(subject, record_type)
    return _by_household(subject, record_type)


def _by_reference(reference: str, record_type: RecordType) -> Matcher:
    wanted = reference.strip()
    names = references_of_people(record_type)
    return lambda record: any(record.get(name) == wanted for name in names)


def _by_person(subject: Subject, record_type: RecordType) -> Matcher:
    wanted, born = normal_name(subject.name), subject.date_of_birth
    pairs = list(_people(record_type)) if wanted else []

    def matches(record: Mapping[str, Any]) -> bool:
        return any(
            normal_name(record.get(n)) == wanted and _day(record.get(b)) == born for n, b in pairs
        )

    return matches


def _by_household(subject: Subject, record_type: RecordType) -> Matcher:
    wanted, postcode = normal_words(subject.address), _postcode(subject.postcode)
    places = [p for p in record_type.places if _has(record_type, f"{p}address")]

    def matches(record: Mapping[str, Any]) -> bool:
        return any(
            _postcode(record.get(f"{place}postcode")) == postcode
            and _is_of(normal_words(record.get(f"{place}address")), wanted, postcode)
            for place in places
        )

    return matches


def _is_of(address: tuple[str, ...], wanted: tuple[str, ...], postcode: str) -> bool:
    """Return True if the address is the wanted words, followed only by names of towns and the postcode.

    Any other word may name a part of the house, or another street: *1 Mill* is not *1 Mill Lane*.
    """
    if not wanted or address[: len(wanted)] != wanted:
        return False
    parts = {postcode, postcode[:-3], postcode[-3:]}
    rest = tuple(w for w in address[len(wanted) :] if w.upper() not in parts)
    return _are_towns(rest)


def _are_towns(words: tuple[str, ...]) -> bool:
    """Return True if the words are names of towns and countries, one after the other."""
    known = settlements() | _COUNTRIES
    longest = max(map(len, known))
    begins = {0}
    for at in range(len(words)):
        if at in begins:
            begins |= {at + n for n in range(1, longest + 1) if words[at : at + n] in known}
    return len(words) in begins


def _people(record_type: RecordType) -> Iterator[tuple[str, str]]:
    """Yield the name field and the date-of-birth field of each person that has both in the record type."""
    for field in record_type.fields:
        if field.name == "name" or field.name.endswith("_name"):
            born = f"{field.name.removesuffix('name')}date_of_birth"
            if _has(record_type, born) and record_type.field(born).about == field.about:
                yield field.name, born


def _has(record_type: RecordType, name: str) -> bool:
    return any(field.name == name for field in record_type.fields)


def _postcode(text: Any) -> str:
    return "".join(str(text or "").upper().split())


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None
