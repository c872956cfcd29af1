"""The releases from which emerging problems are detected for a recipient, derived from the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from isp.agreement.protocol import Entitlement, Protocol
from schemas.record_type import DEPERSONALISED_PROFILES


def watched_streams(
    protocol: Protocol, party: str, closed: frozenset[str] = frozenset()
) -> Mapping[str, str]:
    """Return the fullest depersonalised profile of each dataset that is used for the recipient.

    These are datasets of `alerts.emerging` that somebody supplies and that the party receives of this area.
    A `closed` dataset is not shared for the time being.
    """
    emerging = protocol.emerging_problems
    supplied = {supply.dataset for supply in protocol.supplies} - closed
    found: dict[str, str] = {}
    for entitlement in sorted(watched_entitlements(protocol, party), key=_fullest_first):
        for dataset in () if emerging is None else emerging.datasets:
            if dataset in supplied and dataset in entitlement.datasets:
                found.setdefault(dataset, entitlement.profile)
    return found


def watched_entitlements(protocol: Protocol, party: str) -> Iterator[Entitlement]:
    """Yield the entitlements of a party to depersonalised releases of the datasets that are used.

    Releases that the protocol makes coarser are not used.
    """
    emerging = protocol.emerging_problems
    used = set() if emerging is None else {*emerging.datasets}
    for entitlement in protocol.receives:
        is_own = (entitlement.party, entitlement.neighbour) == (party, None)
        is_watched = entitlement.profile in protocol.watched_profiles
        if is_own and is_watched and not used.isdisjoint(entitlement.datasets):
            yield entitlement


def _fullest_first(entitlement: Entitlement) -> int:
    return DEPERSONALISED_PROFILES.index(entitlement.profile)
