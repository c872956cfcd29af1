"""Find residual identifiers: values that must not be in a release, by form or by content."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from offline.risk.words import is_common
from sanitiser.people.names import normal_words
from sanitiser.places.postcodes import FORM, INWARD
from schemas.codes import CodeList
from schemas.derive import release_schema
from schemas.record_type import Field, RecordType
from schemas.scrubbed import scrubbable, scrubbed_name

ATTACK = "residual identifiers"
_BETWEEN = ";"
_SHORTEST_TEXT = 4
_SHORT = 5
"""Most words of a text that is a name or a number, and no narrative."""
_LONG_NUMBER = 6
_ORDINAL = re.compile(r"\b\d{1,3}(?:st|nd|rd|th)\b", re.IGNORECASE)
_NHS_DIGITS = 10
_FORMS = {
    "a telephone number": re.compile(r"(?<!\d)(?:\+44\s?|0)\d(?:[\s-]?\d){8,9}(?!\d)"),
    "an e-mail address": re.compile(r"[^\s@]+@[^\s@]+\.\w+"),
    "a National Insurance number": re.compile(r"\b[A-Z]{2} ?(?:\d\d ?){3}[A-D]\b", re.IGNORECASE),
    "a vehicle mark": re.compile(r"\b[A-Z]{2}\d\d ?[A-Z]{3}\b", re.IGNORECASE),
    "a UPRN": re.compile(r"(?<!\d)\d{11,12}(?!\d)"),
    "a date": re.compile(r"\b(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d\d-\d\d)\b"),
}
_POSTCODE = re.compile(rf"\b{FORM}\s*{INWARD}\b", re.IGNORECASE | re.ASCII)
_TEN_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){9}\d(?!\d)")
_FREE = frozenset({"address", "premises"})
_CODED = frozenset({"code", "coded-text", "group"})


def residual_identifiers(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    code_lists: Mapping[str, CodeList],
    registered: Collection[str],
) -> Iterator[Hit]:
    """Yield every identifier that is left in the rows of a release.

    `registered` has the names of premises that a register publishes. It is never what the sanitiser
    released, because a faulty sanitiser would then prove itself right.
    """
    declared = {f["name"] for f in release_schema(record_type, profile)["fields"]}
    header = list(rows[0]) if rows else []
    undeclared = [name for name in header if name not in declared]
    for name in undeclared:
        yield Hit(ATTACK, name, "is not a field of a release")
    fields = {f.name: f for f in record_type.released(profile) if f.name in header}
    texts = _dropped_texts(truths, record_type, profile)
    free = [n for n, f in fields.items() if f.treatments[profile].action in _FREE]
    addresses = [n for n in free if fields[n].treatments[profile].action == "address"]
    scrubbed = [n for f in scrubbable(record_type, profile) if (n := scrubbed_name(f)) in header]
    for name in (*free, *undeclared, *scrubbed):
        yield from _in_text(name, rows, texts)
    for name in addresses:
        yield from _numbers_in(name, rows)
    for name in (n for n in free if n not in addresses):
        yield from _unregistered(name, rows, registered)
    dropped = _dropped_words(truths, record_type, profile)
    for name in header:
        if name not in addresses and (name in free or name not in fields):
            yield from _dropped_in(name, rows, dropped, registered)
    for name, field in fields.items():
        yield from _in_coded(field, profile, rows, code_lists) if name not in free else ()


def _dropped_in(
    name: str,
    rows: Iterable[Mapping[str, str]],
    dropped: frozenset[str],
    registered: Collection[str],
) -> Iterator[Hit]:
    """Yield a hit for each cell with a dropped word, except names that a register has."""
    for number, row in enumerate(rows, 1):
        if row[name] and row[name] not in registered and not dropped.isdisjoint(_words(row[name])):
            yield Hit(ATTACK, name, "has a word that the profile drops", number)


def _words(text: str) -> Iterator[str]:
    """Yield the uncommon words of a text, and its long numbers."""
    for word in normal_words(text):
        if len(word) >= _SHORTEST_TEXT and not is_common(word):
            yield word
    digits = "".join(filter(str.isdigit, text))
    if len(digits) >= _LONG_NUMBER:
        yield digits


def _dropped_words(
    truths: Iterable[Truth], record_type: RecordType, profile: str
) -> frozenset[str]:
    """Return the words of the originals' short texts of which the profile gets nothing."""
    names = [
        f.name
        for f in record_type.fields
        if f.kind == "text" and f.treatments[profile].action in {"drop", "reference"}
    ]
    values = (str(truth.given[name]) for truth in truths for name in names if truth.given.get(name))
    short = (value for value in values if len(value.split()) <= _SHORT)
    return frozenset(word for value in short for word in _words(value))


def _in_text(name: str, rows: Iterable[Mapping[str, str]], texts: frozenset[str]) -> Iterator[Hit]:
    for number, row in enumerate(rows, 1):
        cell = row[name]
        if not cell:
            continue
        if " ".join(cell.casefold().split()) in texts:
            yield Hit(ATTACK, name, "has a value that the profile drops", number)
        for reason in forms_within(cell):
            yield Hit(ATTACK, name, f"has {reason}", number)
        if _POSTCODE.search(cell):
            yield Hit(ATTACK, name, "has a postcode", number)


def forms_within(cell: str) -> Iterator[str]:
    """Yield a reason for each form of an identifier in a text."""
    for reason, form in _FORMS.items():
        if form.search(cell):
            yield reason
    for match in _TEN_DIGITS.finditer(cell):
        if _is_nhs_number(re.sub(r"\D", "", match[0])):
            yield "an NHS number"


def _is_nhs_number(digits: str) -> bool:
    """Return True if the check digit, modulo 11, is right (NHS Data Dictionary)."""
    total = sum(int(d) * (_NHS_DIGITS - at) for at, d in enumerate(digits[:-1]))
    return (11 - total % 11) % 11 == int(digits[-1])


def _numbers_in(name: str, rows: Iterable[Mapping[str, str]]) -> Iterator[Hit]:
    """Yield a hit for each address with a number; `streets` and `matching` judge its words."""
    for number, row in enumerate(rows, 1):
        if any(c.isdigit() for c in _ORDINAL.sub("", row[name])):
            yield Hit(ATTACK, name, "has a number", number)


def _unregistered(
    name: str, rows: Iterable[Mapping[str, str]], registered: Collection[str]
) -> Iterator[Hit]:
    for number, row in enumerate(rows, 1):
        if row[name] and row[name] not in registered:
            yield Hit(ATTACK, name, "is no name of a register", number)


def _in_coded(
    field: Field,
    profile: str,
    rows: Iterable[Mapping[str, str]],
    code_lists: Mapping[str, CodeList],
) -> Iterator[Hit]:
    treatment = field.treatments[profile]
    for number, row in enumerate(rows, 1):
        cell = row[field.name]
        if not cell:
            continue
        if treatment.action in _CODED:
            codes = code_lists[str(treatment.code_list)]
            known = set(codes.groups.values()) if treatment.action == "group" else None
            for part in cell.split(_BETWEEN):
                if part not in known if known is not None else codes.code(part) is None:
                    yield Hit(
                        ATTACK, field.name, "has a value that is not a code of its list", number
                    )


def _dropped_texts(
    truths: Iterable[Truth], record_type: RecordType, profile: str
) -> frozenset[str]:
    """Return the originals' whole texts of which the profile gets nothing, or only a digest."""
    names = [
        f.name
        for f in record_type.fields
        if f.kind == "text" and f.treatments[profile].action in {"drop", "reference"}
    ]
    values = (truth.given.get(name) for truth in truths for name in names)
    folded = (" ".join(str(v).casefold().split()) for v in values if v)
    return frozenset(v for v in folded if sum(c.isalpha() for c in v) >= _SHORTEST_TEXT)
