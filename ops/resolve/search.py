"""Search originals: for the one behind a digest, or for all about a reference or a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ops.resolve.candidates import Candidate
from ops.resolve.names import ids_of_original
from sanitiser.policy import Policy
from sanitiser.references import ReferenceKey
from schemas.record_type import RecordType

_SHOWN_EVERY = 500


class Found(NamedTuple):
    """The reference behind a digest; `field` is the field of the release that has the digest."""

    dataset: str
    field: str
    reference: Mapping[str, str]
    supply: str | None


def search(
    digest: str,
    candidates: Iterable[Candidate],
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Found | None:
    """Return the first original whose release has the digest, in any profile, region or epoch.

    Else None.

    `now` is local time in Europe/London. The worker uses the same time to clean records.
    """
    for number, candidate in enumerate(candidates):
        if number % _SHOWN_EVERY == 0:
            progress(number)
        field, record = _compared(digest, candidate, now)
        if field is not None:
            record_type = candidate.steps.record_type
            reference = _reference(field, record, record_type)
            return Found(record_type.dataset, field, reference, candidate.supply)
    return None


Matches = Callable[[Mapping[str, Any]], bool]


def ids_about(
    about: Callable[[RecordType], Matches],
    candidates: Iterable[Candidate],
    now: datetime,
    lasting: ReferenceKey,
    policies: Callable[[RecordType], Iterable[Policy]],
    progress: Callable[[int], None] = lambda _: None,
) -> frozenset[bytes]:
    """Return the record ids of all originals that match, under any policy or in any case.

    For a record type, `about` returns the function that says whether a cleaned record matches.
    `now` is local time in Europe/London.
    """
    found: set[bytes] = set()
    matches: dict[str, Matches] = {}
    named_by: dict[str, list[Policy]] = {}
    for number, candidate in enumerate(candidates):
        if number % _SHOWN_EVERY == 0:
            progress(number)
        record_type = candidate.steps.record_type
        if record_type.dataset not in matches:
            matches[record_type.dataset] = about(record_type)
            named_by[record_type.dataset] = list(policies(record_type))
        read = candidate.steps.read(candidate.given, now)
        if not read.faults and matches[record_type.dataset](read.record):
            named = named_by[record_type.dataset]
            found |= ids_of_original(candidate.steps, read.record, lasting, named)
    return frozenset(found)


def bears(reference: str) -> Callable[[RecordType], Matches]:
    """Return, per record type, the function that finds records of a reference or of its case."""
    wanted = reference.strip()

    def of_type(record_type: RecordType) -> Matches:
        named = {f.name for f in record_type.fields if f.join} | {*record_type.identity}
        names = [n for n in named if record_type.field(n).kind == "text"]
        return lambda record: any(record.get(name) == wanted for name in names)

    return of_type


def _compared(
    digest: str, candidate: Candidate, now: datetime
) -> tuple[str | None, dict[str, Any]]:
    steps = candidate.steps
    read = steps.read(candidate.given, now)
    if not read.faults:
        for policies in steps.policies.values():
            field = policies.digests(steps.agency, read.record).get(digest)
            if field is not None:
                return field, read.record
    return None, read.record


def _reference(field: str, record: Mapping[str, Any], record_type: RecordType) -> dict[str, str]:
    names = record_type.identity if field == "record_id" else (field,)
    return {name: str(record[name]) for name in names if record[name] is not None}
