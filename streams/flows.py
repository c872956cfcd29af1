"""Assembles the pipeline of a protocol: one flow for every agency's dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sanitiser.area import Area
from sanitiser.combinations import Combinations, Rule
from sanitiser.gazetteer import Gazetteer
from sanitiser.key_ring import KeyRing
from sanitiser.location import Locator
from sanitiser.memory import Memory
from sanitiser.policy import Policy, Scrub
from sanitiser.postcodes import PostcodeIndex
from sanitiser.premises import withheld_premises
from sanitiser.references import ReferenceKey
from sanitiser.scrubbing import Scrubber
from schemas.catalogue import Catalogue
from schemas.derive import AvroSchema, intake_schema
from schemas.protocol import Protocol, SupplyAgreement
from schemas.record_type import RecordType
from schemas.topics import (
    MAXIMUM_RECORD_BYTES,
    RELEASES,
    Names,
    StateKind,
    Topic,
    state_days,
    topics,
)
from streams.alarm import RejectAlarm
from streams.pipeline import Flow, Pipeline, Releaser
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder, DecoderFor
from streams.steps.generalise import Generaliser
from streams.steps.geocode import Geocoder
from streams.steps.recall import CaseDates, Recall, SteadyAges, asks_for_dates
from streams.steps.region import Regions
from streams.steps.route import OWN, Destination, Encode, Router
from streams.steps.sanitise import Sanitiser
from streams.steps.validate import Validator
from streams.steps.withdraw import Withdrawer
from streams.trail import Audience, Trail


@dataclass(frozen=True, slots=True)
class Wire:
    """How schemas become bytes and back: by the ids of the partnership's schemas in the worker."""

    encoder: Callable[[Topic], Encode]
    decoder_for: Callable[[AvroSchema], DecoderFor]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What every flow of a protocol shares."""

    protocol: Protocol
    catalogue: Catalogue
    locator: Locator
    own: Area
    neighbours: Mapping[str, Area]
    keys: KeyRing
    memory: Memory
    wire: Wire
    destinations: Mapping[str, Destination]
    scrub: Scrub | None
    premises: Scrub


def build_pipeline(
    protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    keys: KeyRing,
    wire: Wire,
    clock: Callable[[], float],
    gazetteer: Gazetteer | None = None,
    premises: Scrub = withheld_premises,
    slot: str = "0",
) -> Pipeline:
    """The pipeline of everything the protocol has agencies supply; `slot` names its chain of the audit.

    Raises:
        RecogniserMissing: the protocol allows scrubbed texts, and what they need is not installed.
    """
    names, partnership = Names(protocol.prefix), protocol.partnership
    own = Area(index, partnership.area, partnership.margin_metres)
    destinations = {
        topic.name: Destination(topic.name, wire.encoder(topic), topic.marking)
        for topic in topics(protocol, catalogue)
        if topic.family in {"rejected", "receipts", "internal", "audit", *RELEASES}
    }
    parts = _Parts(
        protocol,
        catalogue,
        Locator(index, gazetteer and gazetteer.within(own.holds_point)),
        own,
        {n.short_name: Area(index, n.area, 0) for n in protocol.neighbours},
        keys,
        Memory(),
        wire,
        destinations,
        Scrubber() if protocol.sanitising.scrubbed_texts else None,
        premises,
    )
    flows = {names.intake(s.agency, s.dataset): _flow(s, parts) for s in protocol.supplies}
    receipts = {s.agency: destinations[names.receipts(s.agency)] for s in protocol.supplies}
    audit, heads = destinations[names.audit], destinations[names.audit_heads]
    trail = Trail(audit, heads, _audiences(parts), parts.memory, names.worker, slot)
    remembered: dict[StateKind | None, Destination] = {None: destinations[names.memory]}
    remembered |= {kind: destinations[names.state(kind)] for kind in state_days(protocol)}
    return Pipeline(flows, receipts, parts.memory, remembered, trail, clock, RejectAlarm(protocol))


def _audiences(parts: _Parts) -> Mapping[str, Audience]:
    """By topic of releases, who may read it."""
    return {
        topic.name: Audience(
            topic.profile,
            topic.neighbour,
            parts.protocol.recipients(topic.dataset, topic.profile, topic.neighbour),
        )
        for topic in topics(parts.protocol, parts.catalogue)
        if topic.family in RELEASES and topic.dataset and topic.profile
    }


def _flow(supply: SupplyAgreement, parts: _Parts) -> Flow:
    catalogue, names = parts.catalogue, Names(parts.protocol.prefix)
    record_type = catalogue.record_type(supply.dataset)
    released = _released(record_type.dataset, parts)
    return Flow(
        agency=supply.agency,
        record_type=record_type,
        supplied=tuple(f.name for f in record_type.fields),
        decode=Decoder(parts.wire.decoder_for(intake_schema(record_type)), MAXIMUM_RECORD_BYTES),
        validate=Validator(record_type, catalogue.code_lists),
        clean=Cleaner(record_type),
        geocode=Geocoder(record_type, parts.locator),
        region=Regions(record_type.event_places, parts.own, parts.neighbours),
        releasers={
            (region, epoch): _releaser(record_type, profiles, region_key(region, at.key), parts)
            for region, profiles in released.items()
            for epoch, at in enumerate(parts.keys.epochs)
            if at.key is not None
        },
        keys=parts.keys,
        recall=_recall(record_type, supply.agency, parts),
        route=Router(
            {
                (region, p): parts.destinations[names.released(p, supply.dataset, region or None)]
                for region, profiles in released.items()
                for p in profiles
            },
            parts.destinations[names.rejected(supply.agency, supply.dataset)],
        ),
        is_open=_is_open(record_type, parts.protocol),
        personal_until=parts.protocol.last_day("personal"),
        released_until=parts.protocol.last_day("central"),
        agreed_until={
            n.short_name: n.agreement.until if n.agreement else date.min
            for n in parts.protocol.neighbours
        },
    )


def _released(dataset: str, parts: _Parts) -> Mapping[str, tuple[str, ...]]:
    """Profiles to which the dataset is released, by region."""
    own = {OWN: parts.protocol.profiles_of(dataset)}
    return own | {name: parts.protocol.profiles_of(dataset, name) for name in parts.neighbours}


def _releaser(
    record_type: RecordType, profiles: Sequence[str], key: ReferenceKey, parts: _Parts
) -> Releaser:
    lists, wanted = parts.catalogue.code_lists, parts.protocol.sanitising.combinations
    scrubbers = {
        field: parts.scrub
        for dataset, _, field in (
            text.partition(".") for text in parts.protocol.sanitising.scrubbed_texts
        )
        if dataset == record_type.dataset and parts.scrub is not None
    }
    rules = {
        p: Rule(wanted.minimum_alike, wanted.window_days, wanted.heeded_in(p)) for p in profiles
    }
    policies = [Policy(record_type, p, key, lists, scrubbers, parts.premises) for p in profiles]
    return Releaser(
        Sanitiser(policies),
        Generaliser(
            {
                p: Combinations(record_type, p, key, lists, rule, parts.memory)
                for p, rule in rules.items()
            }
        ),
        Withdrawer(policies, parts.memory),
    )


def region_key(region: str, key: ReferenceKey) -> ReferenceKey:
    """The key under which a region's releases bear digests, so that none join another's."""
    return key.for_purpose("region", region) if region else key


def _recall(record_type: RecordType, agency: str, parts: _Parts) -> Recall:
    asked = {
        asks_for_dates(parts.catalogue.record_type(s.dataset))
        for s in parts.protocol.supplies
        if s.agency == agency
    } - {None}
    join = next((f.join for f in record_type.fields if f.join in asked), None)
    cases = CaseDates(join, agency, parts.keys.lasting, parts.memory) if join else None
    ages = SteadyAges(record_type, agency, parts.keys.lasting, parts.memory)
    return Recall(record_type, ages, cases)


def _is_open(record_type: RecordType, protocol: Protocol) -> Callable[[date], bool]:
    if record_type.core:
        return lambda _day: True
    return lambda day: protocol.is_opened(record_type.dataset, day)
