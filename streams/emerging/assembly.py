"""Assembles the detector of a protocol."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes

from detection.emerging.facts import Source
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, state_days, topics
from isp.audit.chain import Heads
from schemas.catalogue import Catalogue
from streams.audit import AuditWriter, SlotChain
from streams.emerging.background import Background
from streams.emerging.calibrating import Calibrating
from streams.emerging.detector import WRITER_BYTES, Detector, Parts
from streams.emerging.documents import Documents
from streams.emerging.evolving import Evolving
from streams.emerging.inputs import Inputs
from streams.emerging.memory import StateMemory
from streams.emerging.publishing import Publishing
from streams.emerging.recipients import settings_of
from streams.emerging.schedule import days_between
from streams.emerging.supplied import Supplied
from streams.emerging.taking import Taking
from streams.emerging.time_found import TimeFound
from streams.state.dated import DatedStore
from streams.steps.route import Destination
from streams.wire import Wire


class NoEmergingProblems(ValueError):
    """The protocol has no emerging problems."""


def build_detector(
    protocol: Protocol,
    catalogue: Catalogue,
    wire: Wire,
    store: DatedStore,
    background: Background,
    measuring: Background,
    clock: Callable[[], float],
    slot: str,
) -> Detector:
    """Return the detector of a protocol. `store` has the layout `streams.emerging.rows.PROBLEMS`.

    Evaluations run in `background`, the measurement of false alarms in `measuring`. `slot` is part of the
    name of its audit chain.

    Raises:
        NoEmergingProblems: the protocol has none.
    """
    emerging = protocol.emerging_problems
    if emerging is None:
        raise NoEmergingProblems("the protocol has no `alerts.emerging`; nothing to do")
    names, heads, settings = Names(protocol.prefix), Heads(), settings_of(protocol, emerging)
    to = _destinations(protocol, catalogue, wire)
    chain = SlotChain(heads, None, names.detector, slot)
    audit_writer = AuditWriter(to[names.audit], to[names.audit_heads], heads, chain.committed_head)
    inputs = Inputs(protocol, catalogue, wire.decoder_for)
    supplied = Supplied(inputs, clock)
    memory = StateMemory(store, settings, supplied)
    evolving = Evolving(memory, days_between(emerging.evaluations))
    (kind,) = state_days(protocol, "detector")
    publishing = Publishing(
        memory=memory,
        documents=Documents(memory, evolving, supplied, settings, _suppliers(protocol)),
        store=store,
        audit_writer=audit_writer,
        findings={
            watch.recipient: to[names.alerts_emerging(watch.recipient)]
            for watch in settings.watches
        },
        state=to[names.state(kind)],
        principal=names.detector,
        writer=token_bytes(WRITER_BYTES),
    )
    found = TimeFound(
        memory, evolving, supplied, background, emerging.evaluations, emerging.keep_days
    )
    taking = Taking(inputs, memory, evolving, supplied)
    calibrating = Calibrating(memory, measuring)
    parts = Parts(
        inputs, memory, supplied, evolving, taking, found, calibrating, publishing, background
    )
    return Detector(parts, store, audit_writer, clock)


def _destinations(protocol: Protocol, catalogue: Catalogue, wire: Wire) -> dict[str, Destination]:
    return {
        topic.name: Destination(topic.name, wire.encoder(topic), topic.marking)
        for topic in topics(protocol, catalogue)
        if topic.family in {"findings", "internal", "audit"}
    }


def _suppliers(protocol: Protocol) -> dict[str, tuple[Source, ...]]:
    """Return the sources of each dataset."""
    sources = [Source(supply.agency, supply.dataset) for supply in protocol.supplies]
    return {
        dataset: tuple(source for source in sources if source.dataset == dataset)
        for dataset in {source.dataset for source in sources}
    }
