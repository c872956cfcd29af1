"""Who may do what on the broker, derived from the protocol: the rows of its access control list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from schemas.protocol import Protocol
from schemas.topics import Names

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["read", "write", "describe"]


class Rule(NamedTuple):
    """One allowance. Whatever no rule allows, the broker's authorizer denies."""

    principal: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False


def principals(protocol: Protocol) -> tuple[str, ...]:
    """Every SCRAM user of the protocol: one a party, and the worker."""
    names = Names(protocol.prefix)
    return (names.worker, *(names.principal(p.id) for p in protocol.parties))


def rules(protocol: Protocol) -> frozenset[Rule]:
    """All allowances the protocol makes."""
    return frozenset(
        (*_worker(protocol), *_suppliers(protocol), *_recipients(protocol), *_own_names(protocol))
    )


def _worker(protocol: Protocol) -> Iterator[Rule]:
    names = Names(protocol.prefix)
    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        yield Rule(names.worker, "read", "topic", names.intake(agency, dataset))
        yield Rule(names.worker, "write", "topic", names.rejected(agency, dataset))
        yield Rule(names.worker, "write", "topic", names.receipts(agency))
        for profile in protocol.profiles_of(dataset):
            yield Rule(names.worker, "write", "topic", names.depersonalised(profile, dataset))


def _suppliers(protocol: Protocol) -> Iterator[Rule]:
    names = Names(protocol.prefix)
    for supply in protocol.supplies:
        agency, dataset = supply.agency, supply.dataset
        principal = names.principal(agency)
        yield Rule(principal, "write", "topic", names.intake(agency, dataset))
        yield Rule(principal, "read", "topic", names.rejected(agency, dataset))
        yield Rule(principal, "read", "topic", names.receipts(agency))
        yield Rule(principal, "read", "topic", names.supplies(agency))
        yield Rule(principal, "write", "topic", names.supplies(agency))


def _recipients(protocol: Protocol) -> Iterator[Rule]:
    names = Names(protocol.prefix)
    for entitlement in protocol.receives:
        principal = names.principal(entitlement.party)
        for dataset in entitlement.datasets:
            yield Rule(
                principal, "read", "topic", names.depersonalised(entitlement.profile, dataset)
            )
            # A supply tells how many records there were, and so how many the second profile lacks.
            for supply in protocol.supplies if entitlement.profile == "central" else ():
                if supply.dataset == dataset:
                    yield Rule(principal, "read", "topic", names.supplies(supply.agency))


def _own_names(protocol: Protocol) -> Iterator[Rule]:
    """Groups and transactional ids begin with the principal and a point, so none can be joined by another."""
    for principal in principals(protocol):
        yield Rule(principal, "read", "group", f"{principal}.", prefixed=True)
        yield Rule(principal, "write", "transactional-id", f"{principal}.", prefixed=True)
