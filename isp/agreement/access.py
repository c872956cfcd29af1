"""The ACLs of the broker, derived from the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple

from isp.agreement.alerts import AlertRecipient, DomesticAlerts
from isp.agreement.emerging_streams import watched_entitlements, watched_streams
from isp.agreement.protocol import Entitlement, Protocol
from isp.agreement.topics import Names, state_days, tells_supplies
from schemas.record_type import PERSONAL
from schemas.state import StateOwner
from transport.client_names import (
    ALERTER_SLOTS,
    COPIES,
    DETECTOR_SLOTS,
    HUB_LOG,
    RECORDER_CHAINS,
    WORKER_SLOTS,
    alerter_group,
    alerter_transaction,
    case_groups,
    detector_group,
    detector_transaction,
    discloser_group,
    discloser_transaction,
    own_groups,
    publishing_transaction,
    reader_group,
    recorder_transaction,
    table_transaction,
    worker_group,
    worker_transaction,
)

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["read", "write", "describe"]
_BOTH: tuple[Operation, Operation] = ("read", "write")


class AclRule(NamedTuple):
    """One ACL that allows an operation. The broker's authorizer denies every operation without one."""

    principal: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False


class Ground(NamedTuple):
    """The agreement on which a rule is based: the partner's purpose, its legal basis and conditions."""

    purpose: str
    legal_basis: str
    conditions: tuple[str, ...] = ()


def principals(protocol: Protocol) -> tuple[str, ...]:
    """Return each SCRAM user of the protocol: components, parties, and conflict officers of recipients."""
    names = Names(protocol.prefix)
    return tuple(map(names.principal, (*protocol.components, *people(protocol))))


def conflict_officers(protocol: Protocol) -> tuple[str, ...]:
    """Return the SCRAM user of each conflict officer, who alone reads alerts about a recipient's staff."""
    names = Names(protocol.prefix)
    return tuple(
        names.conflict_officer(recipient.party)
        for recipient in protocol.alert_recipients
        if recipient.conflict_officer is not None
    )


def people(protocol: Protocol) -> tuple[str, ...]:
    """Return the ids under which people log in: parties, and `conflict.<party>` for conflict officers."""
    names = Names(protocol.prefix)
    officers = [str(names.party_of(principal)) for principal in conflict_officers(protocol)]
    return (*(party.id for party in protocol.parties), *officers)


def rules(protocol: Protocol, closed: frozenset[str] = frozenset()) -> frozenset[AclRule]:
    """Return all rules of the protocol; no party may supply or read the `closed` datasets."""
    return frozenset(
        (
            *_worker(protocol),
            *_state(protocol, "alerter"),
            *_detector(protocol),
            *_hub(protocol, closed),
            *_audit(protocol),
            *_cases(protocol),
            *_alerts(protocol),
            *_groups(protocol),
            *_transactional_ids(protocol),
            *_schemas(protocol),
            *grounds(protocol, closed),
        )
    )


def grounds(
    protocol: Protocol, closed: frozenset[str] = frozenset()
) -> dict[AclRule, frozenset[Ground]]:
    """Return the rules of parties as suppliers and recipients, each with the agreements it is based on."""
    found: dict[AclRule, frozenset[Ground]] = {}
    agreed = (
        _suppliers(protocol, closed),
        _recipients(protocol, closed),
        _aggregates(protocol),
        _alert_recipients(protocol),
        _finding_recipients(protocol),
    )
    for rule, ground in chain(*agreed):
        found[rule] = found.get(rule, frozenset()) | {ground}
    return found


def _worker(protocol: Protocol) -> Iterator[AclRule]:
    names = Names(protocol.prefix)
    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        yield AclRule(names.worker, "read", "topic", names.intake(agency, dataset))
        yield AclRule(names.worker, "write", "topic", names.rejected(agency, dataset))
        yield AclRule(names.worker, "write", "topic", names.receipts(agency))
    yield from _state(protocol, "worker")
    for topic in (names.memory, names.audit_heads):
        yield AclRule(names.worker, "read", "topic", topic)
        yield AclRule(names.worker, "write", "topic", topic)
    yield AclRule(names.worker, "write", "topic", names.audit)
    yield AclRule(names.worker, "read", "topic", names.in_force)
    for _, _, topic in _released(protocol):
        yield AclRule(names.worker, "write", "topic", topic)


def _released(protocol: Protocol) -> Iterator[tuple[Entitlement, str, str]]:
    """Yield entitlement, dataset and topic of each release that a party receives, and somebody supplies."""
    names, supplied = Names(protocol.prefix), {supply.dataset for supply in protocol.supplies}
    for entitlement in protocol.receives:
        for dataset in supplied.intersection(entitlement.datasets):
            topic = names.released(entitlement.profile, dataset, entitlement.neighbour)
            yield entitlement, dataset, topic


def _state(protocol: Protocol, owner: StateOwner) -> Iterator[AclRule]:
    """Yield the rules for the state of one agent, which nobody else may read or write."""
    names = Names(protocol.prefix)
    for topic in map(names.state, state_days(protocol, owner)):
        yield AclRule(names.principal(owner), "read", "topic", topic)
        yield AclRule(names.principal(owner), "write", "topic", topic)


def _detector(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the rules for the detector of emerging problems.

    It reads the depersonalised releases that a recipient receives, and the supplies and receipts that say
    how complete they are. It reads no original record and no personal release.
    """
    emerging, names = protocol.emerging_problems, Names(protocol.prefix)
    if emerging is None:
        return
    yield from _state(protocol, "detector")
    parties = [recipient.party for recipient in emerging.recipients]
    streams = {stream for party in parties for stream in watched_streams(protocol, party).items()}
    for dataset, profile in streams:
        topic = names.depersonalised(profile, dataset)
        yield AclRule(names.detector, "read", "topic", topic)
    for supply in protocol.supplies:
        if supply.dataset in {dataset for dataset, _ in streams}:
            metadata = names.supplies(supply.agency, supply.dataset)
            yield AclRule(names.detector, "read", "topic", metadata)
            yield AclRule(names.detector, "read", "topic", names.receipts(supply.agency))
    for party in parties:
        yield AclRule(names.detector, "write", "topic", names.alerts_emerging(party))
    yield AclRule(names.detector, "write", "topic", names.audit)
    for operation in _BOTH:
        yield AclRule(names.detector, operation, "topic", names.audit_heads)
    yield AclRule(names.detector, "read", "topic", names.in_force)


def _hub(protocol: Protocol, closed: frozenset[str]) -> Iterator[AclRule]:
    """Yield the rules for the information hub: it reads releases; personal ones only if that is agreed.

    It also reads the metadata of their supplies, and the tables that need no processing. What no party may
    read, it may not read either. It writes to the audit which copies it has made.
    """
    hub, names = protocol.hub, Names(protocol.prefix)
    if hub is None:
        return
    told = set()
    for entitlement, dataset, topic in _released(protocol):
        if dataset not in closed and (hub.personal or entitlement.profile != PERSONAL):
            yield AclRule(names.hub, "read", "topic", topic)
            if tells_supplies(entitlement.profile, entitlement.neighbour):
                told.add(dataset)
    for supply in protocol.supplies:
        if supply.dataset in told:
            metadata = names.supplies(supply.agency, supply.dataset)
            yield AclRule(names.hub, "read", "topic", metadata)
    for agreement in protocol.aggregates:
        yield AclRule(names.hub, "read", "topic", names.aggregate(agreement.source))
    yield AclRule(names.hub, "write", "topic", names.audit)
    for operation in _BOTH:
        yield AclRule(names.hub, operation, "topic", names.audit_heads)
    yield AclRule(names.hub, "read", "topic", names.in_force)


def _finding_recipients(protocol: Protocol) -> Iterator[tuple[AclRule, Ground]]:
    """Yield the right to read findings, based on each entitlement whose releases they are made of."""
    emerging, names = protocol.emerging_problems, Names(protocol.prefix)
    if emerging is None:
        return
    for recipient in emerging.recipients:
        party = recipient.party
        read = AclRule(names.principal(party), "read", "topic", names.alerts_emerging(party))
        for entitlement in watched_entitlements(protocol, party):
            terms = (entitlement.purpose, entitlement.legal_basis, entitlement.conditions)
            yield read, Ground(*terms)


def _audit(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the rules for the audit: the recorder writes it, and the auditor compares it with the receipts.

    The auditor may describe the topics of cases and of the protocol in force, but may not read them.
    """
    names = Names(protocol.prefix)
    for topic in (names.audit, names.audit_heads):
        yield AclRule(names.recorder, "write", "topic", topic)
        yield AclRule(names.auditor, "read", "topic", topic)
    yield AclRule(names.recorder, "read", "topic", names.audit_heads)
    for topic in (names.cases, names.in_force):
        yield AclRule(names.auditor, "describe", "topic", topic)
    for agency in {s.agency for s in protocol.supplies}:
        yield AclRule(names.auditor, "read", "topic", names.receipts(agency))


def _cases(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the rules for cases: parties write letters and read inboxes, the discloser does the reverse.

    The right to read disclosed records is not derived from the protocol: it is granted for each case.
    """
    names = Names(protocol.prefix)
    for party in protocol.correspondents:
        principal = names.principal(party.id)
        yield AclRule(principal, "write", "topic", names.letters(party.id))
        yield AclRule(principal, "read", "topic", names.inbox(party.id))
        yield AclRule(names.discloser, "read", "topic", names.letters(party.id))
        yield AclRule(names.discloser, "write", "topic", names.inbox(party.id))
    for supply in protocol.supplies:
        yield AclRule(names.discloser, "read", "topic", names.intake(supply.agency, supply.dataset))
    for operation in _BOTH:
        yield AclRule(names.discloser, operation, "topic", names.cases)
        yield AclRule(names.discloser, operation, "topic", names.audit_heads)
        yield AclRule(names.discloser, operation, "topic", names.every_disclosed, prefixed=True)
    yield AclRule(names.discloser, "write", "topic", names.audit)
    yield AclRule(names.discloser, "read", "topic", names.in_force)


def _alerts(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the rules for domestic alerts: the alerter writes alerts, and each recipient reads its own.

    The recipient may not read alerts about its own staff, nor write the list of its staff: only its conflict
    officer's login may. Otherwise an insider could remove himself from the list, or learn who is in an alert
    by adding a person to it.
    """
    if protocol.domestic_alerts is None:
        return
    names = Names(protocol.prefix)
    yield AclRule(names.worker, "write", "topic", names.incidents)
    yield AclRule(names.recorder, "write", "topic", names.alert_orders)
    yield AclRule(names.discloser, "read", "topic", names.prepared)
    for topic in (names.incidents, names.cases, names.alert_orders, names.in_force):
        yield AclRule(names.alerter, "read", "topic", topic)
    for topic in (names.prepared, names.audit):
        yield AclRule(names.alerter, "write", "topic", topic)
    for operation in _BOTH:
        yield AclRule(names.alerter, operation, "topic", names.audit_heads)
    for recipient in protocol.alert_recipients:
        yield from _alerts_of(recipient, names)


def _alerts_of(recipient: AlertRecipient, names: Names) -> Iterator[AclRule]:
    party, principal = recipient.party, names.principal(recipient.party)
    yield AclRule(names.alerter, "write", "topic", names.alerts(party))
    yield AclRule(principal, "read", "topic", names.alerts(party))
    for topic in (names.acknowledgements(party), names.staff(party)):
        yield AclRule(names.alerter, "read", "topic", topic)
    for topic in (names.acknowledgements(party), names.deliveries(party)):
        for operation in _BOTH:
            yield AclRule(principal, operation, "topic", topic)
    if recipient.conflict_officer is not None:
        officer, topic = names.conflict_officer(party), names.conflict_alerts(party)
        yield AclRule(names.alerter, "write", "topic", topic)
        yield AclRule(officer, "read", "topic", topic)
        for operation in _BOTH:
            yield AclRule(officer, operation, "topic", names.staff(party))


def _alert_recipients(protocol: Protocol) -> Iterator[tuple[AclRule, Ground]]:
    """Yield the right to read alerts, with the agreements that it is based on.

    A personal alert is based on the terms of the recipient's cases, and a depersonalised one on each
    entitlement to a source of alerts in profile central.
    """
    domestic, names = protocol.domestic_alerts, Names(protocol.prefix)
    if domestic is None:
        return
    for recipient in domestic.recipients:
        principal, topic = names.principal(recipient.party), names.alerts(recipient.party)
        read = AclRule(principal, "read", "topic", topic)
        for ground in _alert_grounds(protocol, domestic, recipient):
            yield read, ground


def _alert_grounds(
    protocol: Protocol, domestic: DomesticAlerts, recipient: AlertRecipient
) -> Iterator[Ground]:
    terms = recipient.terms
    if terms is not None:
        yield Ground(terms.purpose, terms.legal_basis, terms.conditions)
    for entitlement in protocol.receives if recipient.depersonalised else ():
        is_own = (entitlement.party, entitlement.neighbour) == (recipient.party, None)
        of_source = not {*domestic.datasets}.isdisjoint(entitlement.datasets)
        if is_own and of_source and entitlement.profile == "central":
            yield Ground(entitlement.purpose, entitlement.legal_basis, entitlement.conditions)


def _suppliers(protocol: Protocol, closed: frozenset[str]) -> Iterator[tuple[AclRule, Ground]]:
    names = Names(protocol.prefix)
    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        principal, ground = names.principal(agency), Ground(supply.purpose, supply.legal_basis)
        if dataset not in closed:
            yield AclRule(principal, "write", "topic", names.intake(agency, dataset)), ground
            yield AclRule(principal, "write", "topic", names.supplies(agency, dataset)), ground
        yield AclRule(principal, "read", "topic", names.rejected(agency, dataset)), ground
        yield AclRule(principal, "read", "topic", names.receipts(agency)), ground
        yield AclRule(principal, "read", "topic", names.supplies(agency, dataset)), ground


def _recipients(protocol: Protocol, closed: frozenset[str]) -> Iterator[tuple[AclRule, Ground]]:
    names = Names(protocol.prefix)
    for entitlement in protocol.receives:
        principal = names.principal(entitlement.party)
        ground = Ground(entitlement.purpose, entitlement.legal_basis, entitlement.conditions)
        for dataset in entitlement.datasets:
            if dataset in closed:
                continue
            topic = names.released(entitlement.profile, dataset, entitlement.neighbour)
            yield AclRule(principal, "read", "topic", topic), ground
            told = tells_supplies(entitlement.profile, entitlement.neighbour)
            for supply in protocol.supplies:
                if told and supply.dataset == dataset:
                    metadata = names.supplies(supply.agency, dataset)
                    yield AclRule(principal, "read", "topic", metadata), ground


def _aggregates(protocol: Protocol) -> Iterator[tuple[AclRule, Ground]]:
    """Yield the rules for tables: named recipients read restricted tables, all parties read public ones."""
    names = Names(protocol.prefix)
    for agreement in protocol.aggregates:
        topic, keeper = names.aggregate(agreement.source), names.principal(agreement.agency)
        ground = Ground(agreement.purpose, agreement.legal_basis)
        yield AclRule(keeper, "write", "topic", topic), ground
        yield AclRule(keeper, "read", "topic", topic), ground
        for party in agreement.recipients or [p.id for p in protocol.parties]:
            yield AclRule(names.principal(party), "read", "topic", topic), ground


def _schemas(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the right to read schemas for every principal; they do not show who supplies or receives."""
    for principal in principals(protocol):
        yield AclRule(principal, "read", "topic", Names(protocol.prefix).schemas)


def _groups(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the right to each group by its full name, because the broker keeps state for every name in use.

    Only the groups of single cases have a prefix: the discloser creates and deletes them with its cases.
    """
    names = Names(protocol.prefix)
    for principal in principals(protocol):
        yield AclRule(principal, "read", "group", reader_group(principal))
    yield AclRule(names.worker, "read", "group", worker_group(names.worker))
    yield AclRule(names.discloser, "read", "group", discloser_group(names.discloser))
    yield AclRule(names.discloser, "read", "group", case_groups(names.discloser), prefixed=True)
    if protocol.domestic_alerts is not None:
        yield AclRule(names.alerter, "read", "group", alerter_group(names.alerter))
    if protocol.emerging_problems is not None:
        yield AclRule(names.detector, "read", "group", detector_group(names.detector))
    for party in protocol.parties:
        principal = names.principal(party.id)
        for group in own_groups(principal):
            yield AclRule(principal, "read", "group", group)


def _transactional_ids(protocol: Protocol) -> Iterator[AclRule]:
    """Yield the right to each transactional id by its full name, for the only principal that uses it."""
    for principal, name in _transactions(protocol):
        yield AclRule(principal, "write", "transactional-id", name)


def _transactions(protocol: Protocol) -> Iterator[tuple[str, str]]:
    names = Names(protocol.prefix)
    for slot in WORKER_SLOTS:
        yield names.worker, worker_transaction(names.worker, slot)
    for name in (*RECORDER_CHAINS, *((HUB_LOG,) if protocol.hub is not None else ())):
        yield names.recorder, recorder_transaction(names.recorder, name)
    yield names.discloser, discloser_transaction(names.discloser)
    for slot in ALERTER_SLOTS if protocol.domestic_alerts is not None else ():
        yield names.alerter, alerter_transaction(names.alerter, slot)
    for slot in DETECTOR_SLOTS if protocol.emerging_problems is not None else ():
        yield names.detector, detector_transaction(names.detector, slot)
    if protocol.hub is not None:
        yield names.hub, recorder_transaction(names.hub, COPIES)
    for supply in protocol.supplies:
        principal = names.principal(supply.agency)
        yield principal, publishing_transaction(principal, supply.dataset)
    for agreement in protocol.aggregates:
        keeper = names.principal(agreement.agency)
        yield keeper, table_transaction(keeper, agreement.source)
