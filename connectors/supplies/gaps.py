"""Find what an agency's minimum datasets lack, for its liaison officer (guidance 2.2.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from connectors.supplies.history import History
from connectors.supplies.requirements import requirements
from isp.agreement.officer import Officer
from isp.agreement.protocol import Party, Protocol
from schemas.catalogue import Catalogue
from schemas.record_type import RecordType, Status

Kind = Literal["field", "unusable", "never-supplied", "not-yet-known", "no-agreement"]


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing; any one of `fields` would be enough."""

    kind: Kind
    dataset: str
    guidance: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgencyGaps:
    """The gaps of one party, with the liaison officer who is responsible."""

    agency: str
    name: str
    liaison_officer: Officer | None
    gaps: tuple[Gap, ...]


def gaps(
    party: Party, history: History, protocol: Protocol, catalogue: Catalogue, today: date
) -> AgencyGaps:
    """Compare what a party has supplied so far with the minimum datasets of the guidance.

    Peripheral datasets count on days on which the protocol states a requirement for them.
    """
    found: list[Gap] = []
    for record_type in catalogue:
        if record_type.core or protocol.is_opened(record_type.dataset, today):
            found += _of_dataset(record_type, party, history, protocol)
    return AgencyGaps(party.id, party.name, party.liaison_officer, tuple(found))


def _of_dataset(
    record_type: RecordType, party: Party, history: History, protocol: Protocol
) -> Iterator[Gap]:
    if any((s.agency, s.dataset) == (party.id, record_type.dataset) for s in protocol.supplies):
        return _of_agreed(record_type, history)
    return _of_not_agreed(record_type, party, protocol)


def _of_agreed(record_type: RecordType, history: History) -> Iterator[Gap]:
    dataset, section = record_type.dataset, record_type.guidance
    outcomes = [outcome for (_, of), outcome in history.outcomes.items() if of == dataset]
    filled = {name for outcome in outcomes for name in outcome.filled}
    rejected = sum(outcome.rejected for outcome in outcomes)
    if history.is_unfinished(dataset):
        message = "its supplies or receipts could not be read to their end, so gaps are not known"
        yield Gap("not-yet-known", dataset, section, message)
    elif not outcomes and not any(s["dataset"] == dataset for s in history.supplies):
        yield Gap("never-supplied", dataset, section, "agreed, but never supplied")
    elif not outcomes:
        message = "supplied, but no receipt yet, so gaps are not known"
        yield Gap("not-yet-known", dataset, section, message)
    elif filled:
        yield from _of_fields(record_type, filled)
    elif rejected and not any(outcome.accepted for outcome in outcomes):
        message = f"supplied, but all of its {rejected:,} records were rejected"
        yield Gap("unusable", dataset, section, message)


def _of_fields(record_type: RecordType, filled: set[str]) -> Iterator[Gap]:
    for asked in requirements(record_type):
        if not asked.is_met(filled):
            message = f"no record with a receipt that is still kept had a usable {asked.wording!r}"
            yield Gap("field", record_type.dataset, record_type.guidance, message, asked.fields)


def _of_not_agreed(record_type: RecordType, party: Party, protocol: Protocol) -> Iterator[Gap]:
    """Yield a gap if no party supplies a minimum dataset and the guidance names this kind of party."""
    if record_type.status is Status.CASE_BY_CASE:
        return
    supplied = any(s.dataset == record_type.dataset for s in protocol.supplies)
    if party.kind in record_type.suppliers and not supplied:
        message = (
            f"the guidance names a {party.kind} as its supplier, but there is no agreement on it"
        )
        yield Gap("no-agreement", record_type.dataset, record_type.guidance, message)
