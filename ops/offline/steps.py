"""One record from what was given to what may leave, by the worker's own steps, without a broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sanitiser.gazetteer import Gazetteer
from sanitiser.location import Located, Locator
from sanitiser.policy import Policy
from sanitiser.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from streams.steps.clean import Cleaner
from streams.steps.geocode import Geocoder
from streams.steps.problems import Problem
from streams.steps.sanitise import Sanitiser
from streams.steps.validate import Validator


class Done(NamedTuple):
    """What became of a record: rejected for `faults`, else released or excluded by the profile."""

    released: dict[str, Any] | None
    faults: Sequence[Problem]
    caveats: Sequence[str]
    locations: Mapping[str, Located]


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one dataset and profile."""

    agency: str
    validate: Validator
    clean: Cleaner
    geocode: Geocoder
    sanitise: Sanitiser

    def __call__(self, given: Mapping[str, Any], now: datetime) -> Done:
        """Validate, clean, geocode and sanitise; `now` is local time in Europe/London."""
        record, caveats, faults = self.clean(*self.validate(given, now), now.date())
        if faults:
            return Done(None, faults, (), {})
        locations = self.geocode(record)
        for prefix, located in locations.items():
            caveats += [prefix + caveat for caveat in located.caveats]
        releases = self.sanitise(self.agency, record, locations, caveats)
        return Done(releases[0].record if releases else None, (), caveats, locations)


def steps_for(
    dataset: str,
    profile: str,
    *,
    agency: str,
    index: PostcodeIndex,
    key: ReferenceKey,
    catalogue: Catalogue,
    gazetteer: Gazetteer | None = None,
) -> Steps:
    """The steps that a worker takes with an agency's dataset for one profile's readers."""
    record_type = catalogue.record_type(dataset)
    return Steps(
        agency,
        Validator(record_type, catalogue.code_lists),
        Cleaner(record_type),
        Geocoder(record_type, Locator(index, gazetteer)),
        Sanitiser([Policy(record_type, profile, key, catalogue.code_lists)]),
    )
