"""Assembles the steps of one agency's dataset, for the worker and for a file, with a protocol or without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from isp.agreement.protocol import Combinations as AgreedCombinations
from isp.agreement.protocol import Protocol, SupplyAgreement
from sanitiser.key_ring import KeyRing
from sanitiser.memory import Memory
from sanitiser.people.combinations import Combinations, Rule
from sanitiser.places.area import EVERYWHERE, Area, Bounds
from sanitiser.places.gazetteer import Gazetteer
from sanitiser.places.location import Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.places.premises import withheld_premises
from sanitiser.policy import Policy, Scrub
from sanitiser.references import ReferenceKey
from sanitiser.text.scrubbing import Scrubber
from schemas.catalogue import Catalogue
from schemas.codes import CodeList
from schemas.record_type import RecordType
from streams.decision import Releaser, Steps
from streams.steps.clean import Cleaner
from streams.steps.generalise import Generaliser
from streams.steps.geocode import Geocoder
from streams.steps.recall import CaseDates, Recall, SteadyAges, asks_for_dates
from streams.steps.region import Regions
from streams.steps.route import OWN
from streams.steps.sanitise import Sanitiser
from streams.steps.validate import Validator
from streams.steps.withdraw import Withdrawer


def _always(_day: date) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which one agency's dataset is released: to which profiles of which region, and until when.

    `dated_by` are the joins by which records of the agency without a date find the event of their case.
    The defaults are those of a file without a protocol: nothing ends, no text is scrubbed.
    """

    agency: str
    record_type: RecordType
    profiles: Mapping[str, Sequence[str]]
    combinations: AgreedCombinations = field(default_factory=AgreedCombinations)
    scrubbed: frozenset[str] = frozenset()
    dated_by: frozenset[str] = frozenset()
    is_open: Callable[[date], bool] = _always
    personal_until: date = date.max
    released_until: date = date.max
    agreed_until: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Means:
    """Everything the steps of several datasets share: where places are found, the areas, keys and memory."""

    code_lists: Mapping[str, CodeList]
    locator: Locator
    keys: KeyRing
    own: Bounds = EVERYWHERE
    neighbours: Mapping[str, Bounds] = field(default_factory=dict)
    scrub: Scrub | None = None
    premises: Scrub = withheld_premises
    memory: Memory = field(default_factory=Memory)

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        catalogue: Catalogue,
        index: PostcodeIndex,
        keys: KeyRing,
        gazetteer: Gazetteer | None = None,
        premises: Scrub = withheld_premises,
    ) -> Means:
        """Return the means of a protocol, with its area and its neighbours' areas.

        Raises:
            RecogniserMissing: the protocol allows scrubbed texts, and what they need is not installed.
        """
        partnership = protocol.partnership
        own = Area(index, partnership.area, partnership.margin_metres)
        return cls(
            catalogue.code_lists,
            Locator(index, gazetteer and gazetteer.within(own.holds_point)),
            keys,
            own,
            {n.short_name: Area(index, n.area, 0) for n in protocol.neighbours},
            Scrubber() if protocol.sanitising.scrubbed_texts else None,
            premises,
        )


def terms_of(protocol: Protocol, supply: SupplyAgreement, catalogue: Catalogue) -> Terms:
    """Return the terms that a protocol has for one agency's dataset."""
    record_type = catalogue.record_type(supply.dataset)
    dataset = record_type.dataset
    regions = {OWN: None} | {n.short_name: n.short_name for n in protocol.neighbours}
    texts = (text.partition(".") for text in protocol.sanitising.scrubbed_texts)
    asked = {
        asks_for_dates(catalogue.record_type(s.dataset))
        for s in protocol.supplies
        if s.agency == supply.agency
    }
    return Terms(
        agency=supply.agency,
        record_type=record_type,
        profiles={region: protocol.profiles_of(dataset, n) for region, n in regions.items()},
        combinations=protocol.sanitising.combinations,
        scrubbed=frozenset(name for of, _, name in texts if of == dataset),
        dated_by=frozenset(join for join in asked if join is not None),
        is_open=_is_open(record_type, protocol),
        personal_until=protocol.last_day("personal"),
        released_until=protocol.last_day("central"),
        agreed_until={
            n.short_name: n.agreement.until if n.agreement else date.min
            for n in protocol.neighbours
        },
    )


def build_steps(terms: Terms, means: Means) -> Steps:
    """Return the steps of one agency's dataset."""
    record_type = terms.record_type
    epochs = means.keys.epochs
    releasers = {
        (region, epoch): _releaser(terms, profiles, region_key(region, at.key), means)
        for region, profiles in terms.profiles.items()
        for epoch, at in enumerate(epochs)
        if at.key is not None
    }
    return Steps(
        agency=terms.agency,
        record_type=record_type,
        validate=Validator(record_type, means.code_lists),
        clean=Cleaner(record_type),
        geocode=Geocoder(record_type, means.locator),
        region=Regions(record_type.event_places, means.own, means.neighbours),
        releasers=releasers,
        withdraw=Withdrawer(
            terms.agency,
            record_type,
            means.keys.lasting,
            means.memory,
            {(r, epochs[at].number): made.sanitise.policies for (r, at), made in releasers.items()},
            {epoch.number for epoch in epochs if epoch.key is None},
        ),
        keys=means.keys,
        recall=_recall(terms, means),
        is_open=terms.is_open,
        personal_until=terms.personal_until,
        released_until=terms.released_until,
        agreed_until=terms.agreed_until,
    )


def _releaser(terms: Terms, profiles: Sequence[str], key: ReferenceKey, means: Means) -> Releaser:
    record_type, lists, wanted = terms.record_type, means.code_lists, terms.combinations
    scrub = means.scrub
    scrubbers = {} if scrub is None else dict.fromkeys(terms.scrubbed, scrub)
    rules = {
        p: Rule(wanted.minimum_alike, wanted.window_days, wanted.heeded_in(p)) for p in profiles
    }
    policies = [Policy(record_type, p, key, lists, scrubbers, means.premises) for p in profiles]
    return Releaser(
        Sanitiser(policies),
        Generaliser(
            {
                p: Combinations(record_type, p, key, lists, rule, means.memory)
                for p, rule in rules.items()
            }
        ),
    )


def region_key(region: str, key: ReferenceKey) -> ReferenceKey:
    """Return the key under which a region's releases have digests, so that they join no other region's."""
    return key.for_purpose("region", region) if region else key


def _recall(terms: Terms, means: Means) -> Recall:
    lasting, memory = means.keys.lasting, means.memory
    join = next((f.join for f in terms.record_type.fields if f.join in terms.dated_by), None)
    cases = CaseDates(join, terms.agency, lasting, memory) if join else None
    ages = SteadyAges(terms.record_type, terms.agency, lasting, memory)
    return Recall(terms.record_type, ages, cases)


def _is_open(record_type: RecordType, protocol: Protocol) -> Callable[[date], bool]:
    if record_type.core:
        return _always
    return lambda day: protocol.is_opened(record_type.dataset, day)
