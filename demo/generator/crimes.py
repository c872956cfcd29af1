"""Make up cases: a crime with its place, time, offenders and victims, the same in every file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import NamedTuple

from demo.generator.cases import CRIMES_TO_CHAPTER, PERIODS, Slot, accused_slots, slot
from demo.generator.clock import WHOLE, Calendar, Moment, Part, later
from demo.generator.district import Point
from demo.generator.households import partner_of, victim_at
from demo.generator.offences import OFFENCES, Offence
from demo.generator.people import ANYBODY, OFFENDERS, PROLIFIC, Person, person
from demo.generator.seeds import seeded
from demo.generator.town import Site, Town, lay_out

HOUSEHOLDS = 8
"""Homes in which the domestic offences of a chapter of crimes happen."""

_MEN = 0.78
_GAP = 0.2
"""Share of a prolific offender's period without crimes, so that dates grow from crime to crime."""


class Crime(NamedTuple):
    """One recorded offence; `household` numbers the home of a domestic one.

    `rng` decides what else is recorded about it.
    """

    slot: Slot
    kind: Offence
    start: Moment
    end: Moment
    site: Site
    household: int | None
    rng: Random

    @property
    def reference(self) -> str:
        """Return the crime reference that the joined files share."""
        return crime_reference(self.slot.number)


@dataclass(frozen=True, slots=True)
class CaseBook:
    """All crimes of a district and a seed, each computed when it is asked for."""

    town: Town
    seed: int
    calendar: Calendar

    @classmethod
    def of(cls, seed: int, postcodes: Sequence[Point], calendar: Calendar | None) -> CaseBook:
        """Return the book of the district with those postcodes."""
        return cls(lay_out(postcodes, seed), seed, calendar or Calendar())

    def crimes(self) -> Iterator[Crime]:
        """Return every crime, without end, in order of its number."""
        return (self.crime(slot(number, self.seed)) for number in count(1))

    def accused(self) -> Iterator[Crime]:
        """Return every crime with an offender, without end, in order of its number."""
        return map(self.crime, accused_slots(self.seed))

    def crime(self, place: Slot) -> Crime:
        """Return the crime in that slot."""
        rng = seeded(self.seed, f"crime:{place.number}")
        kind = OFFENCES[place.personal, place.prolific is not None].draw(rng)
        domestic = place.prolific is None and rng.random() * 100 < kind.domestic
        start = self.calendar.moment(kind.pattern, rng, _part(place))
        end = later(start, int(rng.random() * kind.unseen * 60)) if kind.unseen else start
        household = _household(place, rng) if domestic else None
        return Crime(place, kind, start, end, self._site(kind, household, rng), household, rng)

    def prolific(self, number: int) -> Person:
        """Return the prolific offender of that number, counted from 0."""
        return person(f"OFF-9{number:06}", self.town, self.seed, PROLIFIC, _MEN)

    def offenders(self, crime: Crime) -> tuple[Person, ...]:
        """Return the people accused of a crime; in most cases there are none."""
        place = crime.slot
        if not place.accused:
            return ()
        if place.prolific is not None:
            return (self.prolific(place.prolific),)
        if crime.household is not None:
            return (partner_of(crime.household, self.town, self.seed),)
        numbers = (place.number * 2, place.number * 2 + 1)[: 1 + place.companion]
        return tuple(map(self._accused, numbers))

    def victims(self, crime: Crime) -> tuple[Person, ...]:
        """Return the victims of a personal crime: one in most cases, sometimes two."""
        if not crime.kind.personal:
            return ()
        if crime.household is not None:
            return (victim_at(crime.household, self.town, self.seed),)
        number = crime.slot.number
        rng = seeded(self.seed, f"victims:{number}")
        victims = [
            person(f"VIC-{number}-{nth}", self.town, self.seed, ANYBODY)
            for nth in range(2 if rng.random() < 0.12 else 1)  # noqa: PLR2004 - share with two
        ]
        if crime.kind.home:
            victims = [victim._replace(home=crime.site) for victim in victims]
        return tuple(victims)

    def _site(self, kind: Offence, household: int | None, rng: Random) -> Site:
        if household is not None:
            return victim_at(household, self.town, self.seed).home
        return self.town.home(rng) if kind.home else self.town.place(rng)

    def _accused(self, number: int) -> Person:
        return person(f"OFF-{number:07}", self.town, self.seed, OFFENDERS, _MEN)


def crime_reference(number: int) -> str:
    """Return the reference of the crime of that number."""
    return f"CRI-{number:07}"


def _household(place: Slot, rng: Random) -> int:
    chapter = (place.number - 1) // CRIMES_TO_CHAPTER
    return chapter * HOUSEHOLDS + int(rng.random() * HOUSEHOLDS)


def _part(place: Slot) -> Part:
    """Return the part of the calendar for a prolific offender's crime; others are anywhere."""
    if place.prolific is None:
        return WHOLE
    return Part(place.period / PERIODS, (1 - _GAP) / PERIODS)
