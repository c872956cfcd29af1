"""Assembles the pipeline of a protocol: one flow for every agency's dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from isp.agreement.protocol import Protocol, SupplyAgreement
from isp.agreement.topics import MAXIMUM_RECORD_BYTES, RELEASES, Names, state_days, topics
from isp.audit.chain import Heads
from sanitiser.key_ring import KeyRing
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.reference_lists import NO_LISTS, ReferenceLists
from schemas.catalogue import Catalogue
from schemas.derive import intake_schema
from schemas.state import StateKind
from streams.assembly import Means, build_steps, terms_of
from streams.audit import AuditWriter, SlotChain
from streams.sanitising.alarm import RejectAlarm
from streams.sanitising.audit_entries import Audience, AuditBatch, Passage
from streams.sanitising.counting import Counting
from streams.sanitising.pipeline import DatasetFlow, Pipeline
from streams.sanitising.rechecking import Rechecker, Reread, not_read_again
from streams.state.store import StateStore
from streams.steps.decode import Decoder
from streams.steps.route import Destination, Router
from streams.wire import Wire

_FAMILIES = frozenset({"rejected", "receipts", "audit", *RELEASES})
"""Families of the topics that the worker writes to, besides internal topics."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts that all flows of a protocol share."""

    protocol: Protocol
    catalogue: Catalogue
    means: Means
    wire: Wire
    destinations: Mapping[str, Destination]


def build_pipeline(
    protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    keys: KeyRing,
    wire: Wire,
    clock: Callable[[], float],
    lists: ReferenceLists = NO_LISTS,
    slot: str = "0",
    state: StateStore | None = None,
    reread: Reread = not_read_again,
) -> Pipeline:
    """Return the pipeline for all supplies of a protocol; `slot` is part of the name of its audit chain.

    Without `state` the store is in main memory. `reread` reads the intake again for a new list of protected
    places.

    Raises:
        RecogniserMissing: the protocol allows scrubbed texts, and the recogniser is not installed.
    """
    names = Names(protocol.prefix)
    internal = _internal_topics(protocol)
    destinations = {
        topic.name: Destination(topic.name, wire.encoder(topic), topic.marking)
        for topic in topics(protocol, catalogue)
        if topic.family in _FAMILIES or topic.name in internal
    }
    store = StateStore(days=state_days(protocol)) if state is None else state
    means = Means.of(protocol, catalogue, index, keys, lists, store)
    parts = _Parts(protocol, catalogue, means, wire, destinations)
    flows = {names.intake(s.agency, s.dataset): _flow(s, parts) for s in protocol.supplies}
    receipts = {s.agency: destinations[names.receipts(s.agency)] for s in protocol.supplies}
    heads = Heads()
    audit_writer = AuditWriter(
        destinations[names.audit],
        destinations[names.audit_heads],
        heads,
        SlotChain(heads, store, names.worker, slot).committed_head,
    )
    new_audit_batch = partial(AuditBatch, _audiences(parts), names.worker, _passage(protocol))
    remembered: dict[StateKind | None, Destination] = {None: destinations[names.memory]}
    remembered |= {kind: destinations[names.state(kind)] for kind in state_days(protocol)}
    return Pipeline(
        flows, receipts, store, remembered, audit_writer, new_audit_batch, clock,
        RejectAlarm(protocol), pausing_topics(protocol),
        Rechecker(lists.protected, index, keys.lasting, store, reread),
    )  # fmt: skip


def pausing_topics(protocol: Protocol) -> frozenset[str]:
    """Return the intake topics that a reject alarm stops."""
    names = Names(protocol.prefix)
    return frozenset(
        names.intake(s.agency, s.dataset) for s in protocol.supplies if s.reject_limit.pause
    )


def _internal_topics(protocol: Protocol) -> frozenset[str]:
    """Return the internal topics that the worker writes to."""
    names = Names(protocol.prefix)
    kinds = map(names.state, state_days(protocol))
    return frozenset({names.memory, names.audit_heads, names.incidents, *kinds})


def _audiences(parts: _Parts) -> Mapping[str, Audience]:
    """Return the audience of each topic of releases."""
    return {
        topic.name: Audience(
            topic.profile,
            topic.neighbour,
            parts.protocol.recipients(topic.dataset, topic.profile, topic.neighbour),
        )
        for topic in topics(parts.protocol, parts.catalogue)
        if topic.family in RELEASES and topic.dataset and topic.profile
    }


def _passage(protocol: Protocol) -> Passage | None:
    """Return where the facts for domestic alerts go; None if the protocol has no such alerts."""
    names = Names(protocol.prefix)
    reader = names.party_of(names.alerter)
    return Passage(names.incidents, reader) if protocol.domestic_alerts and reader else None


def _flow(supply: SupplyAgreement, parts: _Parts) -> DatasetFlow:
    record_type = parts.catalogue.record_type(supply.dataset)
    alerts = parts.protocol.domestic_alerts
    observed = alerts is not None and supply.dataset in alerts.datasets
    terms = replace(terms_of(parts.protocol, supply, parts.catalogue), observed=observed)
    names = Names(parts.protocol.prefix)
    return DatasetFlow(
        build_steps(terms, parts.means),
        Decoder(parts.wire.decoder_for(intake_schema(record_type)), MAXIMUM_RECORD_BYTES),
        Router(
            {
                (region, p): parts.destinations[names.released(p, supply.dataset, region or None)]
                for region, profiles in terms.profiles.items()
                for p in profiles
            },
            parts.destinations[names.rejected(supply.agency, supply.dataset)],
            parts.destinations[names.incidents] if observed else None,
            {p: of.period for p, of in terms.precisions.items() if of.period is not None},
        ),
        Counting(record_type),
    )
