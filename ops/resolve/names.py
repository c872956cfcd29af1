"""Compute the record ids that the releases of an original have: by its reference or its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sanitiser.identity import Identity
from sanitiser.key_ring import KeyRing
from sanitiser.policy import Policy
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.record_type import RecordType
from streams.assembly import region_key
from streams.decision import Steps
from streams.disclosure.releases import audit_reference
from streams.steps.route import OWN


def is_known_by_one_reference(record_type: RecordType) -> bool:
    """Return True if the reference alone identifies a record of the type."""
    return len(record_type.identity) == 1


def record_ids(
    keys: KeyRing,
    neighbours: Collection[str],
    catalogue: Catalogue,
    supplied: Iterable[tuple[str, str]],
    reference: str,
) -> frozenset[bytes]:
    """Return every record id, as 16 bytes, of the reference in any profile, region, epoch or case.

    `supplied` are pairs of agency and dataset; one reference identifies a record of each.
    `neighbours` are as in `policies_of`.
    """
    known = reference.strip()
    found: set[str] = set()
    for agency, dataset in supplied:
        record_type = catalogue.record_type(dataset)
        original = {_known_by(record_type): known}
        policies = policies_of(keys, neighbours, catalogue, record_type)
        found |= {policy.record_id(agency, original) for policy in policies}
        found.add(audit_reference(keys.lasting, agency, dataset, known))
    return frozenset(map(bytes.fromhex, found))


def ids_of_original(
    steps: Steps, record: Mapping[str, Any], lasting: ReferenceKey, policies: Iterable[Policy]
) -> set[bytes]:
    """Return every record id, as 16 bytes, of a cleaned record under these policies or in any case."""
    # As the discloser identifies the record, which is read by the same steps.
    identity = Identity(steps.record_type)(record)
    found = {audit_reference(lasting, steps.agency, steps.record_type.dataset, *identity)}
    found |= {policy.record_id(steps.agency, record) for policy in policies}
    return set(map(bytes.fromhex, found))


def _known_by(record_type: RecordType) -> str:
    """Return the one field that identifies a record of the type."""
    (field,) = record_type.identity
    return field


def policies_of(
    keys: KeyRing, neighbours: Collection[str], catalogue: Catalogue, record_type: RecordType
) -> Iterator[Policy]:
    """Yield the policies of all profiles of the type.

    The audit keeps releases of earlier entitlements.

    `neighbours` are short names, also of those that have left the protocol.
    """
    for epoch in keys.epochs:
        for region in (OWN, *neighbours):
            for profile in record_type.profiles:
                if epoch.key is not None:
                    key = region_key(region, epoch.key)
                    yield Policy(record_type, profile, key, catalogue.code_lists)
