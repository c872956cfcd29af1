"""Who may do what on the broker, derived from the protocol: the rows of its access control list."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple

from schemas.client_names import (
    RECORDER_CHAINS,
    WORKER_SLOTS,
    case_groups,
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
from schemas.protocol import Protocol
from schemas.topics import Names, state_days

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["read", "write", "describe"]


class Rule(NamedTuple):
    """One allowance. Whatever no rule allows, the broker's authorizer denies."""

    principal: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False


class Ground(NamedTuple):
    """Why a rule stands: what the partner does with what it may, and the word of its law for it."""

    purpose: str
    legal_basis: str
    conditions: tuple[str, ...] = ()


def principals(protocol: Protocol) -> tuple[str, ...]:
    """Every SCRAM user of the protocol: one a party, and the processor's own components."""
    names = Names(protocol.prefix)
    components = (names.worker, names.recorder, names.auditor, names.discloser)
    return (*components, *(names.principal(p.id) for p in protocol.parties))


def rules(protocol: Protocol, closed: frozenset[str] = frozenset()) -> frozenset[Rule]:
    """All allowances the protocol makes; of the `closed` datasets nothing is supplied or read."""
    return frozenset(
        (
            *_worker(protocol),
            *_audit(protocol),
            *_cases(protocol),
            *_groups(protocol),
            *_transactional_ids(protocol),
            *_schemas(protocol),
            *grounds(protocol, closed),
        )
    )


def grounds(
    protocol: Protocol, closed: frozenset[str] = frozenset()
) -> dict[Rule, frozenset[Ground]]:
    """Of every rule that a party has for what it supplies or receives: the agreements it rests on."""
    found: dict[Rule, frozenset[Ground]] = {}
    agreed = (_suppliers(protocol, closed), _recipients(protocol, closed), _aggregates(protocol))
    for rule, ground in chain(*agreed):
        found[rule] = found.get(rule, frozenset()) | {ground}
    return found


def _worker(protocol: Protocol) -> Iterator[Rule]:
    names = Names(protocol.prefix)
    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        yield Rule(names.worker, "read", "topic", names.intake(agency, dataset))
        yield Rule(names.worker, "write", "topic", names.rejected(agency, dataset))
        yield Rule(names.worker, "write", "topic", names.receipts(agency))
    for topic in (names.memory, names.audit_heads, *map(names.state, state_days(protocol))):
        yield Rule(names.worker, "read", "topic", topic)
        yield Rule(names.worker, "write", "topic", topic)
    yield Rule(names.worker, "write", "topic", names.audit)
    yield Rule(names.worker, "read", "topic", names.in_force)
    for entitlement in protocol.receives:
        for dataset in entitlement.datasets:
            if any(s.dataset == dataset for s in protocol.supplies):
                topic = names.released(entitlement.profile, dataset, entitlement.neighbour)
                yield Rule(names.worker, "write", "topic", topic)


def _audit(protocol: Protocol) -> Iterator[Rule]:
    """The recorder appends what no batch writes; the auditor reads, and holds it against the receipts.

    Of cases, and of the protocol in force, the auditor may see that there are any, not what they say.
    """
    names = Names(protocol.prefix)
    for topic in (names.audit, names.audit_heads):
        yield Rule(names.recorder, "write", "topic", topic)
        yield Rule(names.auditor, "read", "topic", topic)
    yield Rule(names.recorder, "read", "topic", names.audit_heads)
    for topic in (names.cases, names.in_force):
        yield Rule(names.auditor, "describe", "topic", topic)
    for agency in {s.agency for s in protocol.supplies}:
        yield Rule(names.auditor, "read", "topic", names.receipts(agency))


def _cases(protocol: Protocol) -> Iterator[Rule]:
    """Letters go one way, and how cases stand the other; the discloser stands between.

    Who may read what was disclosed is no part of the protocol: it is granted case by case.
    """
    names = Names(protocol.prefix)
    for party in protocol.correspondents:
        principal = names.principal(party.id)
        yield Rule(principal, "write", "topic", names.letters(party.id))
        yield Rule(principal, "read", "topic", names.inbox(party.id))
        yield Rule(names.discloser, "read", "topic", names.letters(party.id))
        yield Rule(names.discloser, "write", "topic", names.inbox(party.id))
    for supply in protocol.supplies:
        yield Rule(names.discloser, "read", "topic", names.intake(supply.agency, supply.dataset))
    for operation in ("read", "write"):
        yield Rule(names.discloser, operation, "topic", names.cases)
        yield Rule(names.discloser, operation, "topic", names.audit_heads)
        yield Rule(names.discloser, operation, "topic", names.every_disclosed, prefixed=True)
    yield Rule(names.discloser, "write", "topic", names.audit)
    yield Rule(names.discloser, "read", "topic", names.in_force)


def _suppliers(protocol: Protocol, closed: frozenset[str]) -> Iterator[tuple[Rule, Ground]]:
    names = Names(protocol.prefix)
    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        principal, ground = names.principal(agency), Ground(supply.purpose, supply.legal_basis)
        if dataset not in closed:
            yield Rule(principal, "write", "topic", names.intake(agency, dataset)), ground
            yield Rule(principal, "write", "topic", names.supplies(agency, dataset)), ground
        yield Rule(principal, "read", "topic", names.rejected(agency, dataset)), ground
        yield Rule(principal, "read", "topic", names.receipts(agency)), ground
        yield Rule(principal, "read", "topic", names.supplies(agency, dataset)), ground


def _recipients(protocol: Protocol, closed: frozenset[str]) -> Iterator[tuple[Rule, Ground]]:
    names = Names(protocol.prefix)
    for entitlement in protocol.receives:
        principal = names.principal(entitlement.party)
        ground = Ground(entitlement.purpose, entitlement.legal_basis, entitlement.conditions)
        for dataset in entitlement.datasets:
            if dataset in closed:
                continue
            topic = names.released(entitlement.profile, dataset, entitlement.neighbour)
            yield Rule(principal, "read", "topic", topic), ground
            # A supply tells how many records there were, and so how many the second profile lacks
            # or a neighbour does not get.
            told = entitlement.profile != "second" and entitlement.neighbour is None
            for supply in protocol.supplies:
                if told and supply.dataset == dataset:
                    metadata = names.supplies(supply.agency, dataset)
                    yield Rule(principal, "read", "topic", metadata), ground


def _aggregates(protocol: Protocol) -> Iterator[tuple[Rule, Ground]]:
    """Restricted tables go to the recipients named, public ones to every party."""
    names = Names(protocol.prefix)
    for agreement in protocol.aggregates:
        topic, keeper = names.aggregate(agreement.source), names.principal(agreement.agency)
        ground = Ground(agreement.purpose, agreement.legal_basis)
        yield Rule(keeper, "write", "topic", topic), ground
        yield Rule(keeper, "read", "topic", topic), ground
        for party in agreement.recipients or [p.id for p in protocol.parties]:
            yield Rule(names.principal(party), "read", "topic", topic), ground


def _schemas(protocol: Protocol) -> Iterator[Rule]:
    """Whoever writes or reads needs the schemas' ids; the topic says nothing of who supplies or receives."""
    for principal in principals(protocol):
        yield Rule(principal, "read", "topic", Names(protocol.prefix).schemas)


def _groups(protocol: Protocol) -> Iterator[Rule]:
    """Grant each group by its whole name: the broker keeps state for every name that it is given.

    The groups of single cases alone have a prefix: they come and go with the cases of the discloser.
    """
    names = Names(protocol.prefix)
    for principal in principals(protocol):
        yield Rule(principal, "read", "group", reader_group(principal))
    yield Rule(names.worker, "read", "group", worker_group(names.worker))
    yield Rule(names.discloser, "read", "group", discloser_group(names.discloser))
    yield Rule(names.discloser, "read", "group", case_groups(names.discloser), prefixed=True)
    for party in protocol.parties:
        principal = names.principal(party.id)
        for group in own_groups(principal):
            yield Rule(principal, "read", "group", group)


def _transactional_ids(protocol: Protocol) -> Iterator[Rule]:
    """Grant each transactional id by its whole name, to the one principal that uses it."""
    for principal, name in _transactions(protocol):
        yield Rule(principal, "write", "transactional-id", name)


def _transactions(protocol: Protocol) -> Iterator[tuple[str, str]]:
    names = Names(protocol.prefix)
    for slot in WORKER_SLOTS:
        yield names.worker, worker_transaction(names.worker, slot)
    for name in RECORDER_CHAINS:
        yield names.recorder, recorder_transaction(names.recorder, name)
    yield names.discloser, discloser_transaction(names.discloser)
    for supply in protocol.supplies:
        principal = names.principal(supply.agency)
        yield principal, publishing_transaction(principal, supply.dataset)
    for agreement in protocol.aggregates:
        keeper = names.principal(agreement.agency)
        yield keeper, table_transaction(keeper, agreement.source)
