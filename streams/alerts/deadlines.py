"""The deadlines of alerts: by their level, and for children before the next school day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from detection.domestic.facts import Event
from isp.agreement.alerts import DomesticAlerts, School
from isp.agreement.clocks import due, next_school_day

HOME_EDUCATED: Final = "home-educated"
"""The school of a child who is educated at home, as suppliers write it."""

_NO_SCHOOL: Final = "000000"


class Deadlines:
    """The clocks of the protocol: one for each level, and that of Operation Encompass for children."""

    def __init__(self, domestic: DomesticAlerts) -> None:
        self._levels = domestic.levels
        self._schools: dict[tuple[str, str], School] = {
            (school.urn, school.party): school for school in domestic.schools
        }
        if domestic.home_educated is not None:
            # A home-educated child has no calendar of its own: each working day counts as a school day.
            home = School(urn=_NO_SCHOOL, party=domestic.home_educated)
            self._schools[HOME_EDUCATED, domestic.home_educated] = home

    def schools_of(self, event: Event, party: str) -> tuple[School, ...]:
        """Return the schools of the event's children whose alerts go to this party."""
        named = dict.fromkeys(urn for fact in event.facts for urn in fact.schools)
        found = (self._schools.get((urn, party)) for urn in named)
        return tuple(school for school in found if school is not None)

    def due_ms(self, rank: int, schools: Iterable[School], raised_ms: int) -> int:
        """Return until when an alert must be acknowledged, in milliseconds since 1970 UTC.

        A school must have it before its next school day begins, whatever the level is.
        """
        raised = datetime.fromtimestamp(raised_ms / 1_000, UTC)
        ends = [due(self._levels[rank], raised)]
        ends += [next_school_day(school, raised) for school in schools]
        return int(min(ends).timestamp() * 1_000)
