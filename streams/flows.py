"""Assembles the pipeline of a protocol: one flow for every agency's dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sanitiser.location import Locator
from sanitiser.policy import Policy
from sanitiser.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.derive import AvroSchema, intake_schema
from schemas.protocol import Protocol, SupplyAgreement
from schemas.topics import MAXIMUM_INTAKE_BYTES, PERSONAL_DATA, Names, Topic, topics
from streams.alarm import RejectAlarm
from streams.pipeline import Flow, Pipeline
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder, DecoderFor
from streams.steps.geocode import Geocoder
from streams.steps.route import Destination, Encode, Router
from streams.steps.sanitise import Sanitiser
from streams.steps.validate import Validator

OVERSIZED_BYTES = MAXIMUM_INTAKE_BYTES // 4
"""No record of any type comes near it; what does is not looked into."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How schemas become bytes and back: by the registry's ids in the worker."""

    encoder: Callable[[Topic], Encode]
    decoder_for: Callable[[AvroSchema], DecoderFor]


def build_pipeline(
    protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    key: ReferenceKey,
    wire: Wire,
    clock: Callable[[], float],
) -> Pipeline:
    """The pipeline of everything the protocol has agencies supply."""
    names = Names(protocol.prefix)
    destinations = {
        topic.name: Destination(topic.name, wire.encoder(topic))
        for topic in topics(protocol, catalogue)
        if topic.family in ("rejected", "depersonalised", "receipts")
    }
    locator = Locator(index)
    flows = {
        names.intake(supply.agency, supply.dataset): _flow(
            supply, protocol, catalogue, locator, key, wire, destinations
        )
        for supply in protocol.supplies
    }
    receipts = {s.agency: destinations[names.receipts(s.agency)] for s in protocol.supplies}
    return Pipeline(flows, receipts, clock, RejectAlarm(protocol))


def _flow(
    supply: SupplyAgreement,
    protocol: Protocol,
    catalogue: Catalogue,
    locator: Locator,
    key: ReferenceKey,
    wire: Wire,
    destinations: dict[str, Destination],
) -> Flow:
    names, dataset = Names(protocol.prefix), supply.dataset
    record_type = catalogue.record_type(dataset)
    profiles = protocol.profiles_of(dataset)
    policies = [Policy(record_type, p, key, catalogue.code_lists) for p in profiles]
    return Flow(
        agency=supply.agency,
        record_type=record_type,
        decode=Decoder(wire.decoder_for(intake_schema(record_type)), OVERSIZED_BYTES),
        validate=Validator(record_type, catalogue.code_lists),
        clean=Cleaner(record_type),
        geocode=Geocoder(record_type, locator),
        sanitise=Sanitiser(policies),
        route=Router(
            {p: destinations[names.depersonalised(p, dataset)] for p in profiles},
            destinations[names.rejected(supply.agency, dataset)],
            protocol.marking,
            protocol.marking + PERSONAL_DATA,
        ),
    )
