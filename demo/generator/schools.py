"""Make up exclusions from invented schools, at real postcodes (guidance 3.2.18)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.generator.cells import GENDERS
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar
from demo.generator.district import Point
from demo.generator.people import PUPILS
from demo.generator.setting import Setting
from demo.generator.trouble import Row
from demo.generator.venues import SCHOOL_KINDS, Venue, schools

_TYPES = Weighted.of({"Fixed term": 88.0, "Permanent": 7.0, "Lunchtime": 5.0})
_SECONDARY_AGE = 11


def school_exclusions(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` exclusions, each from a school for pupils of that age; some schools exclude more."""
    setting = Setting.of("school-exclusion", seed, postcodes, calendar)
    known = schools(setting.town, seed)
    kinds = tuple(known[first :: len(SCHOOL_KINDS)] for first in range(len(SCHOOL_KINDS)))
    return setting.first(n, (_row(number, kinds, setting) for number in range(1, n + 1)))


def _row(number: int, kinds: Sequence[Sequence[Venue]], setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    who = setting.person(f"PUP-{number}", PUPILS, men=0.72)
    age = who.age_on(calendar.day(int(rng.random() * calendar.weeks * 7)))
    of_age = kinds[age >= _SECONDARY_AGE]
    school = of_age[int(rng.random() ** 2 * len(of_age))]
    return {
        "record_reference": f"school-exclusion-{number}",
        "gender": GENDERS[who.gender],
        "age": str(age),
        "ethnicity": who.ethnicity,
        "school_name": school.name,
        "school_postcode": school.site.postcode,
        "school_easting": str(school.site.easting),
        "school_northing": str(school.site.northing),
        "exclusion_type": _TYPES.draw(rng),
        "name": who.name,
        "pupil_number": f"ZZ{number:011}",
    }
