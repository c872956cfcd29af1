"""Whether an original record is about a subject: certain, or not at all.

Names are compared without regard to case, accents, punctuation and order, and only with the date of
birth. An address is the household's when it is the same as a whole, with the postcode; a town may follow.
A reference is that of a person: that of a crime would give all of its victims.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from sanitiser.address_words import settlements
from schemas.letters import Subject
from schemas.record_type import RecordType

# Numbers with a stroke between them are one: *1/2* is another house than *1-2*, and than *1 2*.
_WORDS = re.compile(r"\d+[/-]\d+|[^\W_]+")
_COUNTRIES = frozenset({("england",), ("wales",), ("uk",), ("united", "kingdom")})
Person = tuple[str, ...]
Matcher = Callable[[Mapping[str, Any]], bool]


def person_of(subject: Subject) -> Person:
    """The one form of a subject, by which two letters mean the same one."""
    if subject.reference is not None:
        return ("reference", subject.reference.strip())
    if subject.name is not None:
        return ("person", *_name(subject.name), str(subject.date_of_birth))
    return ("household", _postcode(subject.postcode), *_words(subject.address))


def references_of_people(record_type: RecordType) -> tuple[str, ...]:
    """Return the fields of a record type that hold the reference of a person."""
    return tuple(field.name for field in record_type.fields if field.join and field.about)


def can_tell_of(subject: Subject, record_type: RecordType) -> bool:
    """Return True if the record type has the fields by which a record is known to be about such a subject."""
    if subject.reference is not None:
        return bool(references_of_people(record_type))
    if subject.name is not None:
        return any(True for _ in _people(record_type))
    return any(
        _has(record_type, f"{place}address") and _has(record_type, f"{place}postcode")
        for place in record_type.places
    )


def matcher(subject: Subject, record_type: RecordType) -> Matcher:
    """A function that says whether a cleaned record of the type is about the subject."""
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
    wanted, born = _name(subject.name), subject.date_of_birth
    pairs = list(_people(record_type)) if wanted else []

    def matches(record: Mapping[str, Any]) -> bool:
        return any(_name(record.get(n)) == wanted and _day(record.get(b)) == born for n, b in pairs)

    return matches


def _by_household(subject: Subject, record_type: RecordType) -> Matcher:
    wanted, postcode = _words(subject.address), _postcode(subject.postcode)
    places = [p for p in record_type.places if _has(record_type, f"{p}address")]

    def matches(record: Mapping[str, Any]) -> bool:
        return any(
            _postcode(record.get(f"{place}postcode")) == postcode
            and _is_of(_words(record.get(f"{place}address")), wanted, postcode)
            for place in places
        )

    return matches


def _is_of(address: tuple[str, ...], wanted: tuple[str, ...], postcode: str) -> bool:
    """Return True if the address is the words wanted and nothing behind them but towns and the postcode.

    Any other word can name a part of the house, or another street: *1 Mill* is not *1 Mill Lane*.
    """
    if not wanted or address[: len(wanted)] != wanted:
        return False
    parts = {postcode, postcode[:-3], postcode[-3:]}
    rest = tuple(w for w in address[len(wanted) :] if w.upper() not in parts)
    return _are_towns(rest)


def _are_towns(words: tuple[str, ...]) -> bool:
    """Return True if the words are names of towns and countries, one after the other."""
    known = settlements() | _COUNTRIES
    return not words or any(
        words[:n] in known and _are_towns(words[n:]) for n in range(1, len(words) + 1)
    )


def _people(record_type: RecordType) -> Iterator[tuple[str, str]]:
    """The fields of name and date of birth of everybody of whom a record has both."""
    for field in record_type.fields:
        if field.name == "name" or field.name.endswith("_name"):
            born = f"{field.name.removesuffix('name')}date_of_birth"
            if _has(record_type, born) and record_type.field(born).about == field.about:
                yield field.name, born


def _has(record_type: RecordType, name: str) -> bool:
    return any(field.name == name for field in record_type.fields)


def _name(text: Any) -> tuple[str, ...]:
    return tuple(sorted(_words(text)))


def _words(text: Any) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", str(text or "").casefold())
    unmarked = "".join(c for c in plain if not unicodedata.combining(c)).replace("'", "")
    return tuple(_WORDS.findall(unmarked.replace("’", "")))


def _postcode(text: Any) -> str:
    return "".join(str(text or "").upper().split())


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None
