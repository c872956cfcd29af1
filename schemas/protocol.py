"""The Information Sharing Protocol (ISP) as a file: who supplies what, who receives what, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from schemas.positions import Finding, Place, located

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Profile = Literal["central", "second"]
MINIMUM_HOUSEHOLDS = 4
"""Appendix 1: "if the postcode contains fewer than four households"."""


class ProtocolError(ValueError):
    """A protocol that must not be applied; every finding with file, line, place and reason."""


class Status(StrEnum):
    """Statutory status of a party (guidance 2.2.1, 2.2.2)."""

    RESPONSIBLE_AUTHORITY = "responsible-authority"
    CO_OPERATING_BODY = "co-operating-body"
    INVITED = "invited"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Partnership(_Strict):
    """The Community Safety Partnership; `short_name` starts the name of every topic."""

    name: str
    short_name: Name
    area: tuple[Annotated[str, Field(pattern=r"^[EW]\d{8}$")], ...]


class LiaisonOfficer(_Strict):
    """A Designated Liaison Officer or deputy, as a post with a mailbox (guidance 2.2.1)."""

    post: str
    contact: str


class Party(_Strict):
    """A signatory. Status, relevant authority and group are separate (guidance 2.2.1–2.2.3)."""

    id: Name
    name: str
    kind: Literal["police-force", "fire-and-rescue", "council", "business"]
    status: Status
    relevant_authority: bool
    group: Literal["central", "second"]
    liaison_officer: LiaisonOfficer | None = None


class RejectLimit(_Strict):
    """When rejects alarm: `share` of the last `window` records of one dataset; `pause` stops intake."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.2
    window: Annotated[int, Field(ge=20)] = 500
    pause: bool = False


class SupplyAgreement(_Strict):
    """One agency's duty to supply one dataset."""

    agency: Name
    dataset: str
    purpose: str
    legal_basis: str
    partitions: Annotated[int, Field(ge=1, le=64)] = 4
    reject_limit: RejectLimit = RejectLimit()


class Entitlement(_Strict):
    """What one party receives: depersonalised datasets in one release profile."""

    party: Name
    profile: Profile
    datasets: tuple[str, ...]
    purpose: str
    legal_basis: str


class Sanitising(_Strict):
    """Appendix 1's settings; `minimum_households` may be raised, never lowered."""

    minimum_households: Annotated[int, Field(ge=MINIMUM_HOUSEHOLDS)] = MINIMUM_HOUSEHOLDS
    substitute_limit_metres: Annotated[int, Field(ge=1, le=20_000)] = 2_000


class Retention(_Strict):
    """Days that each family of topics keeps what it holds."""

    intake_days: Annotated[int, Field(ge=1)]
    rejected_days: Annotated[int, Field(ge=1)]
    depersonalised_days: Annotated[int, Field(ge=1)]
    supplies_days: Annotated[int, Field(ge=1)]
    receipts_days: Annotated[int, Field(ge=1)]


class Protocol(_Strict):
    """One partnership's protocol, checked against itself."""

    partnership: Partnership
    review: date
    marking: Literal["RESTRICTED"] = "RESTRICTED"
    parties: tuple[Party, ...]
    supplies: tuple[SupplyAgreement, ...]
    receives: tuple[Entitlement, ...]
    sanitising: Sanitising = Sanitising()
    retention: Retention

    @property
    def prefix(self) -> str:
        """First part of every topic and principal name."""
        return self.partnership.short_name

    def party(self, party_id: str) -> Party:
        """The signatory of that id; `ProtocolError` names those there are."""
        for party in self.parties:
            if party.id == party_id:
                return party
        known = ", ".join(p.id for p in self.parties)
        raise ProtocolError(f"{party_id!r} is no party to the protocol; accepted: {known}")

    def profiles_of(self, dataset: str) -> tuple[str, ...]:
        """Release profiles in which somebody is entitled to `dataset` now."""
        entitled = {e.profile for e in self.receives if dataset in e.datasets}
        return tuple(sorted(entitled))

    @model_validator(mode="after")
    def _is_consistent(self) -> Protocol:
        findings = list(_findings(self))
        if findings:
            raise ValueError("; ".join(findings))
        return self


def _findings(protocol: Protocol) -> Iterator[str]:
    yield from _party_findings(protocol)
    yield from _supply_findings(protocol)
    yield from _entitlement_findings(protocol)


def _party_findings(protocol: Protocol) -> Iterator[str]:
    ids = [p.id for p in protocol.parties]
    if len(set(ids)) != len(ids):
        yield "a party id stands twice"
    if "worker" in ids:
        yield "the party id 'worker' is the name of the processor itself"
    for party in protocol.parties:
        if party.status is Status.RESPONSIBLE_AUTHORITY and party.liaison_officer is None:
            yield f"{party.id!r}: a responsible authority names a liaison officer (guidance 2.2.1)"


def _supply_findings(protocol: Protocol) -> Iterator[str]:
    ids = {p.id for p in protocol.parties}
    supplied = [(s.agency, s.dataset) for s in protocol.supplies]
    if len(set(supplied)) != len(supplied):
        yield "an agency's dataset stands twice under supplies"
    for agency in sorted({agency for agency, _ in supplied} - ids):
        yield f"supplies: {agency!r} is no party"


def _entitlement_findings(protocol: Protocol) -> Iterator[str]:
    groups = {p.id: p.group for p in protocol.parties}
    for entitlement in protocol.receives:
        party = entitlement.party
        if party not in groups:
            yield f"receives: {party!r} is no party"
        elif groups[party] == "second" and entitlement.profile == "central":
            yield f"receives: {party!r} is in the second group, so has profile 'second'"


def load_protocol(path: Path, datasets: frozenset[str]) -> Protocol:
    """Read a protocol file and hold it against the `datasets` of the catalogue.

    Raises:
        ProtocolError: one line a finding, each with file, line, place and what is accepted.
    """
    try:
        document = YAML(typ="rt").load(path)
    except FileNotFoundError:
        raise ProtocolError(f"{path}: there is no such protocol file") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProtocolError(f"{path}:{line}: not YAML: {error.problem}") from None
    try:
        protocol = Protocol.model_validate(document)
    except ValidationError as error:
        findings = [
            Finding(e["loc"], e["msg"].removeprefix("Value error, ")) for e in error.errors()
        ]
        raise ProtocolError(located(findings, path, document, "protocol")) from None
    _check_datasets(protocol, datasets, path, document)
    return protocol


def _check_datasets(
    protocol: Protocol, datasets: frozenset[str], path: Path, document: Any
) -> None:
    named: list[tuple[Place, str]] = [
        (("supplies", i, "dataset"), s.dataset) for i, s in enumerate(protocol.supplies)
    ]
    named += [
        (("receives", i, "datasets", j), dataset)
        for i, e in enumerate(protocol.receives)
        for j, dataset in enumerate(e.datasets)
    ]
    accepted = ", ".join(sorted(datasets))
    findings = [
        Finding(place, f"dataset {dataset!r} is unknown; accepted: {accepted}")
        for place, dataset in named
        if dataset not in datasets
    ]
    if findings:
        raise ProtocolError(located(findings, path, document, "protocol"))
