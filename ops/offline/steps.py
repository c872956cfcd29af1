"""One record from what was given to what may leave, by the worker's own steps, without a broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sanitiser.combinations import Combinations, Rule
from sanitiser.gazetteer import Gazetteer
from sanitiser.location import Located, Locator
from sanitiser.memory import Memory
from sanitiser.policy import Policy, Scrub
from sanitiser.postcodes import PostcodeIndex
from sanitiser.premises import withheld_premises
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.protocol import Combinations as Wanted
from streams.steps.clean import Cleaner
from streams.steps.generalise import Generaliser
from streams.steps.geocode import Geocoder
from streams.steps.problems import Problem
from streams.steps.recall import Recall, SteadyAges
from streams.steps.sanitise import Sanitiser
from streams.steps.validate import Validator


class Done(NamedTuple):
    """What became of a record: rejected for `faults`, else released or excluded by the profile."""

    released: dict[str, Any] | None
    faults: Sequence[Problem]
    caveats: Sequence[str]
    locations: Mapping[str, Located]
    combinations: Sequence[str] = ()
    kept_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one dataset and profile."""

    agency: str
    validate: Validator
    clean: Cleaner
    geocode: Geocoder
    sanitise: Sanitiser
    generalise: Generaliser
    recall: Recall
    memory: Memory

    def __call__(self, given: Mapping[str, Any], now: datetime) -> Done:
        """Validate, clean, geocode and sanitise; `now` is local time in Europe/London."""
        today = now.date()
        record, caveats, faults, unread = self.clean(*self.validate(given, now), today)
        if faults:
            return Done(None, faults, (), {})
        self.recall.remember(record, today)
        locations = self.geocode(record)
        for prefix, located in locations.items():
            caveats += [prefix + caveat for caveat in located.caveats]
        releases = self.sanitise(self.agency, record, locations, caveats, unread)
        outcomes = self.generalise(releases, record, today.toordinal())
        self.memory.keep(self.memory.changes())
        self.memory.discard()
        kept_out = self.sanitise.kept_out(record, unread)
        released = releases[0].record if releases else None
        return Done(released, (), caveats, locations, outcomes, kept_out)


def steps_for(
    dataset: str,
    profile: str,
    *,
    agency: str,
    index: PostcodeIndex,
    key: ReferenceKey,
    catalogue: Catalogue,
    gazetteer: Gazetteer | None = None,
    premises: Scrub = withheld_premises,
) -> Steps:
    """The steps that a worker takes with an agency's dataset for one profile's readers."""
    record_type, lists, memory = catalogue.record_type(dataset), catalogue.code_lists, Memory()
    wanted = Wanted()
    rule = Rule(wanted.minimum_alike, wanted.window_days, wanted.heeded_in(profile))
    return Steps(
        agency,
        Validator(record_type, lists),
        Cleaner(record_type),
        Geocoder(record_type, Locator(index, gazetteer)),
        Sanitiser([Policy(record_type, profile, key, lists, premises=premises)]),
        Generaliser({profile: Combinations(record_type, profile, key, lists, rule, memory)}),
        Recall(record_type, SteadyAges(record_type, agency, key, memory)),
        memory,
    )
