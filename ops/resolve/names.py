"""The names that releases of one original bear, from its supplier's reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sanitiser.key_ring import KeyRing
from sanitiser.policy import Policy
from schemas.catalogue import Catalogue
from schemas.protocol import Protocol
from schemas.record_type import RecordType
from streams.disclosures.releases import audit_reference
from streams.flows import region_key
from streams.steps.route import OWN


def record_ids(
    keys: KeyRing,
    protocol: Protocol,
    catalogue: Catalogue,
    supplied: Iterable[tuple[str, str]],
    reference: str,
) -> frozenset[bytes]:
    """Every record id, as 16 bytes, that a record of the reference has in any profile, region, epoch or case.

    `supplied` are agencies with a dataset each; of those whose records are not known by one reference
    there is none.
    """
    known = reference.strip()
    found: set[str] = set()
    for agency, dataset in supplied:
        record_type = catalogue.record_type(dataset)
        if len(record_type.identity) == 1:
            original = {_known_by(record_type): known}
            policies = _policies(keys, protocol, catalogue, record_type)
            found |= {policy.record_id(agency, original) for policy in policies}
            found.add(audit_reference(keys.lasting, agency, dataset, known))
    return frozenset(map(bytes.fromhex, found))


def _known_by(record_type: RecordType) -> str:
    """The one field that a record of the type is known by."""
    (field,) = record_type.identity
    return field


def _policies(
    keys: KeyRing, protocol: Protocol, catalogue: Catalogue, record_type: RecordType
) -> Iterator[Policy]:
    neighbours = (None, *(n.short_name for n in protocol.neighbours))
    for epoch in keys.epochs:
        for neighbour in neighbours:
            for profile in protocol.profiles_of(record_type.dataset, neighbour):
                if epoch.key is not None:
                    key = region_key(neighbour or OWN, epoch.key)
                    yield Policy(record_type, profile, key, catalogue.code_lists)
