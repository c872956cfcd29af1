"""Build the worker's own steps for the records of a file, without a broker."""

from __future__ import annotations

from dataclasses import dataclass, replace

from isp.agreement.protocol import Protocol, ProtocolError, SupplyAgreement
from sanitiser.key_ring import KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.reference_lists import NO_LISTS, ReferenceLists
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from streams.assembly import Means, Terms, build_steps, terms_of
from streams.decision import Steps
from streams.steps.route import OWN

AGENCY = "file"
"""The supplier of a record if neither the command nor a protocol names one."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """A protocol, with the agency whose file is sanitised."""

    protocol: Protocol
    supply: SupplyAgreement

    @classmethod
    def of(cls, protocol: Protocol, dataset: str, profile: str, agency: str | None) -> Agreed:
        """Return what the protocol agrees on the dataset.

        `agency` may be None if only one supplies it.

        Raises:
            ProtocolError: the agency does not supply it, several agencies do and none is given, or
                nobody is
                entitled to the profile.
        """
        supplies = {s.agency: s for s in protocol.supplies if s.dataset == dataset}
        if agency is None and len(supplies) == 1:
            (agency,) = supplies
        if agency not in supplies:
            accepted = ", ".join(sorted(supplies)) or "none, because no agency supplies it"
            told = "no agency given" if agency is None else f"{agency!r} does not supply it"
            raise ProtocolError(f"{dataset} of {protocol.title}: {told}; accepted: {accepted}")
        profiles = protocol.profiles_of(dataset)
        if profile not in profiles:
            accepted = ", ".join(profiles) or "none"
            message = f"{dataset} of {protocol.title}: nobody is entitled to it in the profile"
            raise ProtocolError(f"{message} {profile!r}; accepted: {accepted}")
        return cls(protocol, supplies[agency])


def steps_for(
    dataset: str,
    profile: str,
    *,
    index: PostcodeIndex,
    key: ReferenceKey,
    catalogue: Catalogue,
    agency: str = AGENCY,
    agreed: Agreed | None = None,
    lists: ReferenceLists = NO_LISTS,
) -> Steps:
    """Return a worker's steps for a dataset and the readers of one profile.

    With `agreed`, the protocol's agency is used, and a record from a neighbour's area has no
    release here. Without it, every place counts as inside the area, and nothing expires.

    Raises:
        RecogniserMissing: the protocol allows scrubbed texts, and the extra for them is not
            installed.
    """
    keys = KeyRing.of(key)
    if agreed is None:
        terms = Terms(agency, catalogue.record_type(dataset), {OWN: (profile,)})
        return build_steps(terms, Means.without_protocol(catalogue, index, keys, lists))
    terms = terms_of(agreed.protocol, agreed.supply, catalogue)
    terms = replace(terms, profiles={OWN: (profile,)})
    return build_steps(terms, Means.of(agreed.protocol, catalogue, index, keys, lists))
