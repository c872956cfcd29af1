"""Make up assaults that hospitals and ambulances see, most at night near licensed premises."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, Moment, week
from demo.generator.people import ANYBODY, Person, person
from demo.generator.seeds import seeded
from demo.generator.town import Site, Town
from demo.generator.venues import Venue

AT_HOME, INSIDE, OUTSIDE = "At home", "In a licensed premise", "Outside a licensed premise"
STREET, OTHER = "On the street", "Other"

_NIGHT = week(day=0.2, evening=1, night=1.5, weekend_night=12)
_EVENING = week(day=1, evening=3, night=2, weekend_night=3)
_PLACES = Weighted.of({INSIDE: 30.0, OUTSIDE: 30.0, STREET: 20.0, AT_HOME: 15.0, OTHER: 5.0})
_AGAIN = 0.1
"""Share of assaults on somebody who was a patient before."""


class Assault(NamedTuple):
    """A patient, and the time and place of the assault; `rng` decides what else is recorded."""

    patient: Person
    kind: str
    moment: Moment
    site: Site
    premises: str
    rng: Random


@dataclass(frozen=True, slots=True)
class Assaults:
    """All assaults of a district and a seed, each computed when it is asked for."""

    town: Town
    seed: int
    calendar: Calendar
    venues: tuple[Venue, ...]

    def assault(self, number: int) -> Assault:
        """Return the assault of that number, counted from 1."""
        rng = seeded(self.seed, f"assault:{number}")
        patient = number
        if rng.random() < _AGAIN:
            patient = max(1, number - 1 - int(rng.random() * 40))
        who = person(f"PAT-{patient:07}", self.town, self.seed, ANYBODY, 0.72)
        kind = _PLACES.draw(rng)
        pattern = _EVENING if kind in {AT_HOME, OTHER} else _NIGHT
        site, premises = self._place(kind, who, rng)
        return Assault(who, kind, self.calendar.moment(pattern, rng), site, premises, rng)

    def _place(self, kind: str, who: Person, rng: Random) -> tuple[Site, str]:
        if kind == AT_HOME:
            return who.home, ""
        if kind in {INSIDE, OUTSIDE}:
            # The first on the list is the busiest by far.
            venue = self.venues[int(rng.random() ** 2 * len(self.venues))]
            return venue.site, venue.name
        return self.town.place(rng), ""
