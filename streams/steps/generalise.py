"""Generalise: make details that would single out a person in a small area coarser."""

from __future__ import annotations

from collections.abc import Mapping

from sanitiser.caveats import caveats_of
from sanitiser.people.combinations import Combinations
from streams.steps.step import Scope, Step, Work


class Generaliser(Step):
    """Applies each profile's check to the releases of one record, which it changes in place."""

    takes = frozenset({"scope", "releases", "record", "today"})
    completes = frozenset({"releases", "combinations"})
    counts = frozenset({"combinations"})

    def __init__(self, checks: Mapping[Scope, Mapping[str, Combinations]]) -> None:
        """Take the checks by scope and profile. Checks of a type without people are dropped."""
        with_people = {
            scope: {profile: check for profile, check in of.items() if check.has_people}
            for scope, of in checks.items()
        }
        self._checks = {scope: of for scope, of in with_people.items() if of}

    def __call__(self, work: Work, /) -> None:
        """Make releases coarser where needed; `combinations` has an outcome for each person who stood out."""
        if not self._checks or work.scope not in self._checks:
            return
        checks, day = self._checks[work.scope], work.today.toordinal()
        outcomes: list[str] = []
        for profile, released in work.releases:
            if profile in checks:
                found = checks[profile](released, work.record, day)
                if found:
                    released["caveats"] = caveats_of(released, released["caveats"])
                outcomes += found
        work.combinations = outcomes
