"""Find residual identifiers: values that must not be in a release, by form or by content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from sanitiser.address.address import split
from schemas.codes import CodeList
from schemas.derive import release_schema
from schemas.record_type import Field, RecordType

ATTACK = "residual identifiers"
_BETWEEN = ";"
_SHORTEST_TEXT = 4
_DIGEST = re.compile(r"[0-9a-f]{32}")
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
_TEN_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){9}\d(?!\d)")
_FREE = frozenset({"address", "premises"})
_CODED = frozenset({"code", "coded-text", "group"})


def residual_identifiers(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    code_lists: Mapping[str, CodeList],
) -> Iterator[Hit]:
    """Yield every identifier that is left in the rows of a release."""
    declared = {f["name"] for f in release_schema(record_type, profile)["fields"]}
    header = list(rows[0]) if rows else []
    undeclared = [name for name in header if name not in declared]
    for name in undeclared:
        yield Hit(ATTACK, name, "is not a field of a release")
    fields = {f.name: f for f in record_type.released(profile) if f.name in header}
    texts = _dropped_texts(truths, record_type, profile)
    free = [n for n, f in fields.items() if f.treatments[profile].action in _FREE]
    for name in (*free, *undeclared):
        yield from _in_text(name, rows, texts)
    for name in free:
        if fields[name].treatments[profile].action == "address":
            yield from _beyond_the_street(name, rows, truths)
    for name, field in fields.items():
        yield from _in_coded(field, profile, rows, code_lists) if name not in free else ()


def _in_text(name: str, rows: Iterable[Mapping[str, str]], texts: frozenset[str]) -> Iterator[Hit]:
    for number, row in enumerate(rows, 1):
        cell = row[name]
        if not cell:
            continue
        if " ".join(cell.casefold().split()) in texts:
            yield Hit(ATTACK, name, "has a value that the profile drops", number)
        for reason in _forms_within(cell):
            yield Hit(ATTACK, name, f"has {reason}", number)
        if split(cell).postcode is not None:
            yield Hit(ATTACK, name, "has a postcode", number)


def _forms_within(cell: str) -> Iterator[str]:
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


def _beyond_the_street(
    name: str, rows: Iterable[Mapping[str, str]], truths: Iterable[Truth]
) -> Iterator[Hit]:
    allowed = {truth.cells[name] for truth in truths}
    for number, row in enumerate(rows, 1):
        cell = row[name]
        if any(c.isdigit() for c in _ORDINAL.sub("", cell)):
            yield Hit(ATTACK, name, "has a number", number)
        elif cell and cell not in allowed:
            yield Hit(ATTACK, name, "is not the released part of any original", number)


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
        if treatment.action == "reference" and not _DIGEST.fullmatch(cell):
            yield Hit(ATTACK, field.name, "is a reference in clear", number)
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
