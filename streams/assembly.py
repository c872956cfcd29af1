"""Assembles the steps of one agency's dataset, for the worker and for a file, with a protocol or without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

from isp.agreement.protocol import Combinations as AgreedCombinations
from isp.agreement.protocol import Protocol, SupplyAgreement
from sanitiser.incidents.digests import Digests
from sanitiser.key_ring import KeyRing
from sanitiser.people.combinations import Combinations, KMapRule
from sanitiser.places.area import EVERYWHERE, Area, Bounds
from sanitiser.places.coarse_places import CoarsePlaces
from sanitiser.places.location import NOWHERE, Located, Locator
from sanitiser.places.postcodes import Postcode, PostcodeIndex
from sanitiser.places.premises import withheld_premises
from sanitiser.policy import Policy, Scrub
from sanitiser.precision import AS_TREATED, FULL, Coarser, Precision
from sanitiser.protected.places import ProtectedPlaces
from sanitiser.reference_lists import NO_LISTS, ReferenceLists
from sanitiser.references import ReferenceKey
from sanitiser.state import State
from sanitiser.text.scrubbing import Scrubber
from schemas.catalogue import Catalogue
from schemas.codes import CodeList
from schemas.record_type import COARSEST, RecordType
from streams.decision import Steps
from streams.state.store import StateStore
from streams.steps.clean import Cleaner
from streams.steps.entitle import Entitlement, always
from streams.steps.generalise import Generaliser
from streams.steps.geocode import Geocoder
from streams.steps.observe import Observer
from streams.steps.protect import Protector
from streams.steps.recall import CaseDates, EventDay, Recall, SteadyAges, asks_for_dates
from streams.steps.region import RegionGuard, Regions
from streams.steps.route import OWN
from streams.steps.sanitise import Policies, Sanitiser
from streams.steps.step import Scope
from streams.steps.validate import Validator
from streams.steps.withdraw import Eraser, Withdrawer

_EVENT: Final = "event"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which one agency's dataset is released: the profiles of each region, and the last days.

    With `observed`, the facts of the records are noted for domestic alerts, as far as the type declares some.
    `precisions` has the precision of each profile that is coarser than its treatments.
    `dated_by` has the joins by which undated records of the agency find the event of their case.
    The defaults are those for a file without a protocol: nothing ends, no text is scrubbed.
    """

    agency: str
    record_type: RecordType
    profiles: Mapping[str, Sequence[str]]
    combinations: AgreedCombinations = field(default_factory=AgreedCombinations)
    precisions: Mapping[str, Precision] = field(default_factory=dict)
    scrubbed: frozenset[str] = frozenset()
    dated_by: frozenset[str] = frozenset()
    observed: bool = False
    is_open: Callable[[date], bool] = always
    personal_until: date = date.max
    released_until: date = date.max
    agreed_until: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Means:
    """Resources that the steps of all datasets share: code lists, locator, areas, keys and state.

    `protected` is None or empty if the partnership has no protected places.
    """

    code_lists: Mapping[str, CodeList]
    locator: Locator
    keys: KeyRing
    own: Bounds = EVERYWHERE
    neighbours: Mapping[str, Bounds] = field(default_factory=dict)
    scrub: Scrub | None = None
    premises: Scrub = withheld_premises
    state: State = field(default_factory=StateStore)
    protected: ProtectedPlaces | None = None
    coarse_places: dict[tuple[str | None, Precision], CoarsePlaces] = field(default_factory=dict)

    def coarse_places_of(self, region: str | None, precision: Precision) -> CoarsePlaces:
        """Return the coarser places of a region, made once; of all regions for None."""
        asked = (region, precision)
        if asked not in self.coarse_places:
            self.coarse_places[asked] = CoarsePlaces(
                self.locator.index,
                precision.minimum_households,
                by_sector=precision.by_sector,
                holds=None if region is None else self._holder(region),
            )
        return self.coarse_places[asked]

    def _holder(self, region: str) -> Callable[[Postcode], bool]:
        regions = Regions((_EVENT,), self.own, self.neighbours)

        def holds(postcode: Postcode) -> bool:
            point = float(postcode.easting), float(postcode.northing)
            located = Located(NOWHERE, "", (), (), point, postcode.district)
            return regions.of({_EVENT: located}) == region

        return holds

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        catalogue: Catalogue,
        index: PostcodeIndex,
        keys: KeyRing,
        lists: ReferenceLists = NO_LISTS,
        state: State | None = None,
    ) -> Means:
        """Return the means of a protocol, with its area and its neighbours' areas.

        Raises:
            RecogniserMissing: the protocol allows scrubbed texts, and the recogniser is not installed.
        """
        partnership = protocol.partnership
        own = Area(index, partnership.area, partnership.margin_metres)
        return cls(
            catalogue.code_lists,
            lists.within(own.holds_point).locator(index),
            keys,
            own,
            {n.short_name: Area(index, n.area, 0) for n in protocol.neighbours},
            Scrubber() if protocol.sanitising.scrubbed_texts else None,
            lists.premises,
            StateStore() if state is None else state,
            lists.protected.places(index),
        )

    @classmethod
    def without_protocol(
        cls,
        catalogue: Catalogue,
        index: PostcodeIndex,
        keys: KeyRing,
        lists: ReferenceLists = NO_LISTS,
    ) -> Means:
        """Return the means for a file without a protocol: every place counts as inside the area."""
        return cls(
            catalogue.code_lists,
            lists.locator(index),
            keys,
            premises=lists.premises,
            protected=lists.protected.places(index),
        )


def terms_of(protocol: Protocol, supply: SupplyAgreement, catalogue: Catalogue) -> Terms:
    """Return the terms of one agency's dataset under a protocol."""
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
        precisions=precisions_of(protocol),
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


def precisions_of(protocol: Protocol) -> dict[str, Precision]:
    """Return the precision of each profile that a protocol makes coarser than the treatments."""
    sanitising = protocol.sanitising
    second = sanitising.second
    by_sector, least = second.place is not None, sanitising.households_of(COARSEST)
    if not by_sector and least == sanitising.minimum_households:
        # Every released postcode has enough households by the index.
        least = 0
    precision = Precision(second.period, by_sector, least)
    return {} if precision == FULL else {COARSEST: precision}


def build_steps(terms: Terms, means: Means) -> Steps:
    """Return the steps of one agency's dataset, in the order that `streams.decision` gives."""
    agency, record_type, keys = terms.agency, terms.record_type, means.keys
    regions = Regions(record_type.event_places, means.own, means.neighbours)
    cases = _cases(terms, means)
    scopes = {
        (region, epoch): region_key(region, at.key)
        for region in terms.profiles
        for epoch, at in enumerate(keys.epochs)
        if at.key is not None
    }
    policies = {scope: _policies(terms, scope, key, means) for scope, key in scopes.items()}
    withdraw = _withdrawer(terms, policies, means)
    observe = _observer(terms, means)
    return Steps(
        agency,
        record_type,
        reading=(
            Validator(record_type, means.code_lists),
            EventDay(record_type, cases),
            Cleaner(record_type),
        ),
        releasing=(
            Recall(record_type, SteadyAges(record_type, agency, keys.lasting, means.state), cases),
            Geocoder(record_type, means.locator),
            *_protector(record_type, means),
            regions,
            Entitlement(policies, keys, terms.is_open, terms.released_until, terms.agreed_until),
            RegionGuard(regions),
            Sanitiser(agency, policies, terms.personal_until),
            Generaliser(
                {scope: _checks(terms, scope, key, means) for scope, key in scopes.items()}
            ),
            # Before withdraw, which changes the state: nothing after it may fail.
            *observe,
            withdraw,
        ),
        erasing=(*observe, Eraser(withdraw)),
        policies=policies,
    )


def _policies(terms: Terms, scope: Scope, key: ReferenceKey, means: Means) -> Policies:
    scrubbers = {} if means.scrub is None else dict.fromkeys(terms.scrubbed, means.scrub)
    policy_of = partial(
        Policy, code_lists=means.code_lists, scrubbers=scrubbers, premises=means.premises
    )
    return Policies(
        [
            policy_of(terms.record_type, p, key, coarser=_coarser(terms, p, scope[0], means))
            for p in terms.profiles[scope[0]]
        ]
    )


def _coarser(terms: Terms, profile: str, region: str, means: Means) -> Coarser:
    precision = terms.precisions.get(profile)
    if precision is None:
        return AS_TREATED
    if not precision.minimum_households:
        return Coarser(precision)
    events = terms.record_type.event_places
    return Coarser(
        precision,
        # A home may be outside the area of the records, so all of its sector is counted.
        {p: means.coarse_places_of(region if p in events else None, precision)
         for p in terms.record_type.released_places(profile)},
    )  # fmt: skip


def _checks(
    terms: Terms, scope: Scope, key: ReferenceKey, means: Means
) -> Mapping[str, Combinations]:
    wanted = terms.combinations
    return {
        p: Combinations(
            terms.record_type, p, key, means.code_lists,
            KMapRule(wanted.minimum_alike, wanted.window_days, wanted.applies_to(p)), means.state,
        )
        for p in terms.profiles[scope[0]]
    }  # fmt: skip


def _observer(terms: Terms, means: Means) -> tuple[Observer, ...]:
    """Return the step that notes facts for alerts; none if alerts do not use the dataset."""
    rule = terms.record_type.domestic
    if rule is None or not terms.observed:
        return ()
    return (Observer(terms.agency, terms.record_type, rule, Digests(means.keys.lasting)),)


def _protector(record_type: RecordType, means: Means) -> tuple[Protector, ...]:
    """Return the step for protected places; none if the partnership has none."""
    return (Protector(record_type, means.protected),) if means.protected else ()


def _withdrawer(terms: Terms, policies: Mapping[Scope, Policies], means: Means) -> Withdrawer:
    epochs = means.keys.epochs
    return Withdrawer(
        terms.agency,
        terms.record_type,
        means.keys.lasting,
        means.state,
        {(region, epochs[at].number): made.each for (region, at), made in policies.items()},
        {epoch.number for epoch in epochs if epoch.key is None},
    )


def region_key(region: str, key: ReferenceKey) -> ReferenceKey:
    """Return the key for a region's digests. Releases of different regions then do not join."""
    return key.for_purpose("region", region) if region else key


def _cases(terms: Terms, means: Means) -> CaseDates | None:
    join = next((f.join for f in terms.record_type.fields if f.join in terms.dated_by), None)
    return CaseDates(join, terms.agency, means.keys.lasting, means.state) if join else None


def _is_open(record_type: RecordType, protocol: Protocol) -> Callable[[date], bool]:
    if record_type.core:
        return always
    return lambda day: protocol.is_opened(record_type.dataset, day)
