"""Generalise: what would single somebody out in a small area is told more coarsely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sanitiser.caveats import caveats_of
from sanitiser.people.combinations import Combinations
from streams.steps.sanitise import Release


class Generaliser:
    """Applies each profile's check to the releases of one record."""

    def __init__(self, checks: Mapping[str, Combinations]) -> None:
        """Take the checks by profile; those of a type without people do nothing."""
        self._checks = {profile: check for profile, check in checks.items() if check.has_people}

    def __bool__(self) -> bool:
        """Whether there is anybody to protect."""
        return bool(self._checks)

    def __call__(
        self, releases: Sequence[Release], record: Mapping[str, Any], day: int
    ) -> list[str]:
        """Change the releases of a record in place; gives the outcomes to count. `day` is today's ordinal."""
        outcomes = []
        for profile, released in releases:
            if profile in self._checks:
                found = self._checks[profile](released, record, day)
                if found:
                    released["caveats"] = caveats_of(released, released["caveats"])
                outcomes += found
        return outcomes
