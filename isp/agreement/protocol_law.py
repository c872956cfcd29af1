"""Check of a protocol against the law that it names: its bases, conditions and marking."""

from __future__ import annotations

from collections.abc import Iterator

from isp.agreement.alerts import AlertTerms
from isp.agreement.law import Basis, Law, Vocabulary
from isp.agreement.processes import Process, load_processes
from isp.agreement.protocol import Party, Protocol
from schemas.catalogue import Catalogue
from schemas.positions import Finding, YamlPath
from schemas.record_type import PERSONAL, Sensitivity


def law_findings(
    protocol: Protocol, catalogue: Catalogue, vocabulary: Vocabulary
) -> Iterator[Finding]:
    """Yield each claim of a protocol that the law (guidance 2.2, 2.4) does not support."""
    law = vocabulary.laws.get(protocol.law)
    if law is None:
        accepted = ", ".join(vocabulary.laws)
        yield Finding(("law",), f"law {protocol.law!r} is unknown; accepted: {accepted}")
        return
    if protocol.marking not in law.accepted_markings:
        accepted = ", ".join(law.accepted_markings)
        yield Finding(
            ("marking",), f"{protocol.marking!r} is too low or unknown; accepted: {accepted}"
        )
    parties = {party.id: party for party in protocol.parties}
    for i, supply in enumerate(protocol.supplies):
        claim = _Claim(("supplies", i), supply.legal_basis, parties[supply.agency])
        yield from _basis_findings(claim, (supply.dataset,), None, protocol.law, vocabulary)
    for i, entitlement in enumerate(protocol.receives):
        claim = _Claim(("receives", i), entitlement.legal_basis, parties[entitlement.party])
        information = _information(entitlement.profile, entitlement.datasets, catalogue)
        datasets = entitlement.datasets
        yield from _basis_findings(claim, datasets, information, protocol.law, vocabulary)
        given = entitlement.conditions
        yield from _condition_findings(claim, given, information, protocol.law, law, vocabulary)
    for i, table in enumerate(protocol.aggregates):
        claim = _Claim(("aggregates", i), table.legal_basis, parties[table.agency])
        yield from _basis_findings(claim, (), Sensitivity.DEPERSONALISED, protocol.law, vocabulary)
    for i, recipient in enumerate(protocol.alert_recipients):
        if recipient.terms is not None:
            place = ("alerts", "domestic", "recipients", i, "terms")
            yield from _terms_findings(
                place, parties[recipient.party], recipient.terms, protocol, vocabulary
            )


def _terms_findings(
    place: YamlPath, party: Party, terms: AlertTerms, protocol: Protocol, vocabulary: Vocabulary
) -> Iterator[Finding]:
    """Yield each fault of the terms of prepared requests, which disclose records about named people.

    These records are about alleged offences, so the information is sensitive with any of the datasets.
    """
    domestic = protocol.domestic_alerts
    assert domestic is not None
    claimed = (terms.legal_basis, terms.conditions)
    for finding in claim_findings(
        party, claimed, domestic.datasets, Sensitivity.SENSITIVE, protocol, vocabulary
    ):
        yield finding._replace(place=(*place, *finding.place))
    processes = load_processes().processes
    process = processes.get(terms.process)
    if process is None:
        message = f"process {terms.process!r} is unknown; accepted: {', '.join(processes)}"
        yield Finding((*place, "process"), message)
        return
    if not _is_for_alerts(process):
        accepted = ", ".join(name for name, each in processes.items() if _is_for_alerts(each))
        message = (
            f"{terms.process} needs a consent or a statement that an alert cannot give, or has one dataset "
            f"only; accepted: {accepted}"
        )
        yield Finding((*place, "process"), message)
    if terms.days > process.longest_days:
        message = f"{terms.days} days; accepted for {terms.process}: 1 to {process.longest_days}"
        yield Finding((*place, "days"), message)


def _is_for_alerts(process: Process) -> bool:
    """Return True if requests of the process can be prepared without a statement of the recipient."""
    return (
        not process.needs_consent and process.only is None and process.identification != "necessary"
    )


def claim_findings(
    party: Party,
    claimed: tuple[str, tuple[str, ...]],
    datasets: tuple[str, ...],
    information: Sensitivity,
    protocol: Protocol,
    vocabulary: Vocabulary,
) -> Iterator[Finding]:
    """Yield each fault of the basis and conditions with which a party claims information of datasets."""
    basis, conditions = claimed
    law, claim = protocol.law, _Claim((), basis, party)
    yield from _basis_findings(claim, datasets, information, law, vocabulary)
    of_law = vocabulary.laws[law]
    yield from _condition_findings(claim, conditions, information, law, of_law, vocabulary)


class _Claim:
    """A party's claim to share on a legal basis, at a place of the protocol."""

    def __init__(self, place: YamlPath, basis: str, party: Party) -> None:
        self.place, self.basis, self.party = place, basis, party

    def finding(self, message: str, field: str = "legal_basis") -> Finding:
        return Finding((*self.place, field), message)


def _information(profile: str, datasets: tuple[str, ...], catalogue: Catalogue) -> Sensitivity:
    """Return the most sensitive type of information that an entitlement releases."""
    if profile != PERSONAL:
        return Sensitivity.DEPERSONALISED
    of_all = {catalogue.record_type(dataset).information for dataset in datasets}
    return Sensitivity.SENSITIVE if Sensitivity.SENSITIVE in of_all else Sensitivity.PERSONAL


def _basis_findings(
    claim: _Claim,
    datasets: tuple[str, ...],
    information: Sensitivity | None,
    law: str,
    vocabulary: Vocabulary,
) -> Iterator[Finding]:
    basis = vocabulary.basis(claim.basis)
    if basis is None or law not in basis.laws:
        accepted = ", ".join(b.id for b in vocabulary.bases if law in b.laws)
        instead = f" (today: {basis.today})" if basis and basis.today else ""
        yield claim.finding(
            f"{claim.basis!r} is not a basis of {law}{instead}; accepted: {accepted}"
        )
        return
    yield from _party_findings(claim, basis)
    if information is not None and not basis.carries(information):
        yield claim.finding(f"{basis.title} gives no power to share {information} information")
    beyond = sorted(set(datasets) - vocabulary.prescribed) if basis.prescribed else []
    if beyond:
        yield claim.finding(
            f"{', '.join(beyond)}: not information of a prescribed description ({basis.source})"
        )


def _party_findings(claim: _Claim, basis: Basis) -> Iterator[Finding]:
    party = claim.party
    if basis.relevant_authorities and not party.relevant_authority:
        yield claim.finding(
            f"{party.id!r} is not a relevant authority (guidance 2.2.3): {basis.title}"
        )
    if basis.between and party.kind not in basis.between:
        accepted = " or ".join(basis.between)
        yield claim.finding(f"{party.id!r} is a {party.kind}; {basis.title} is for {accepted}")


def _condition_findings(
    claim: _Claim,
    given: tuple[str, ...],
    information: Sensitivity,
    law_name: str,
    law: Law,
    vocabulary: Vocabulary,
) -> Iterator[Finding]:
    known = {c.id: c for c in vocabulary.conditions if law_name in c.laws}
    for name in sorted(set(given) - set(known)):
        accepted = ", ".join(known)
        yield claim.finding(
            f"{name!r} is not a condition of {law_name}; accepted: {accepted}", "conditions"
        )
    met = {known[name].kind for name in given if name in known}
    for kind in law.needs(information):
        if kind not in met:
            accepted = ", ".join(c.id for c in known.values() if c.kind == kind)
            message = f"{information} information needs a condition of {kind}; accepted: {accepted}"
            yield claim.finding(message, "conditions")
