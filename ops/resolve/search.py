"""Finds the original of a digest: by making the digests of every original there is, and comparing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ops.resolve.candidates import Candidate
from streams.pipeline import Flow

_SHOWN_EVERY = 500


class Found(NamedTuple):
    """The reference behind a digest: the `field` of a release that bears it, and what it stands for."""

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
    """The first original of which a release bears the digest, in any profile, region or epoch.

    `now` is local time in Europe/London, by which records are judged as the worker judges them.
    """
    for number, candidate in enumerate(candidates):
        if number % _SHOWN_EVERY == 0:
            progress(number)
        field, record = _compared(digest, candidate, now)
        if field is not None:
            flow = candidate.flow
            reference = _reference(field, record, flow)
            return Found(flow.record_type.dataset, field, reference, candidate.supply)
    return None


def _compared(
    digest: str, candidate: Candidate, now: datetime
) -> tuple[str | None, dict[str, Any]]:
    flow = candidate.flow
    validated, problems = flow.validate(candidate.given, now)
    cleaned = flow.clean(validated, problems, now.date())
    record = cleaned.record
    if not cleaned.faults:
        for releaser in flow.releasers.values():
            field = releaser.sanitise.digests(flow.agency, record).get(digest)
            if field is not None:
                return field, record
    return None, record


def _reference(field: str, record: Mapping[str, Any], flow: Flow) -> dict[str, str]:
    names = flow.record_type.identity if field == "record_id" else (field,)
    return {name: str(record[name]) for name in names if record[name] is not None}
