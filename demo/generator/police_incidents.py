"""Make up calls for police service (guidance 3.2.2), with the field names of `police-incident`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, week
from demo.generator.district import Point
from demo.generator.domestic import nobody, people_of
from demo.generator.households import household
from demo.generator.people import caller_name, telephone
from demo.generator.seeds import seeded
from demo.generator.town import Site, Town, lay_out
from demo.generator.trouble import Row, troubled

DOMESTIC = "Domestic incident"
REPEATED = 0.35
"""Share of domestic incidents at an address with an earlier one."""

_NARRATIVES = {
    "ASB nuisance": "Group of youths shouting and kicking bins, moved on",
    "ASB personal": "Caller says neighbours are abusing her over the fence again",
    "ASB environmental": "Rubbish and needles left on the path",
    "Street drinking": "Several people drinking and arguing on the benches",
    "Nuisance vehicles": "Cars revving and racing in the car park",
    DOMESTIC: "Shouting heard, partner said to be in drink; children upstairs",
    "Noise nuisance": "Loud music from the address since the early evening",
    "Street disorder": "Fight outside the premises, two males, no weapons seen",
    "Concern for safety": "Has not been seen for two days, not answering the door",
    "Suspicious circumstances": "Male trying door handles along the street",
    "Missing person": "Has not come home, phone switched off",
    "Road traffic collision": "Two vehicles, damage only, blocking the carriageway",
    "Alarm activation": "Audible alarm, keyholder informed",
}
_DAYTIME = week(day=3, evening=2, night=0.8, weekend_night=0.8)
_EVENING = week(day=1.2, evening=3, night=1.5, weekend_night=3)
_NIGHT = week(day=0.4, evening=1.5, night=1.5, weekend_night=9)
_PATTERNS = {
    "ASB nuisance": (22.0, _EVENING),
    "ASB personal": (9.0, _EVENING),
    "ASB environmental": (4.0, _DAYTIME),
    "Street drinking": (5.0, _NIGHT),
    "Nuisance vehicles": (5.0, _EVENING),
    DOMESTIC: (13.0, _EVENING),
    "Noise nuisance": (6.0, _NIGHT),
    "Street disorder": (8.0, _NIGHT),
    "Concern for safety": (12.0, _DAYTIME),
    "Suspicious circumstances": (7.0, _NIGHT),
    "Missing person": (2.0, _EVENING),
    "Road traffic collision": (5.0, _DAYTIME),
    "Alarm activation": (2.0, _NIGHT),
}
_TYPES = Weighted((kind, weight) for kind, (weight, _) in _PATTERNS.items())


def police_incidents(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` incidents of one district; the same seed and postcodes give the same rows."""
    rng, town = seeded(seed, "police-incident"), lay_out(postcodes, seed)
    calendar = calendar or Calendar()
    return troubled("police-incident", _rows(n, town, seed, calendar, rng), town, rng)


def _rows(n: int, town: Town, seed: int, calendar: Calendar, rng: Random) -> Iterator[Row]:
    known = 0
    for number in range(1, n + 1):
        kind = _TYPES.draw(rng)
        if kind != DOMESTIC:
            yield _row(number, kind, town.place(rng), calendar, rng) | nobody()
            continue
        of_home = _household_of(known, rng)
        known = max(known, of_home + 1)
        home = household(of_home, town, seed)
        row = _row(number, kind, home.victim.home, calendar, rng)
        about = seeded(seed, f"domestic:{number}")
        yield row | people_of(home, row["incident_date"], about)


def _household_of(known: int, rng: Random) -> int:
    """Return the number of a new household, or of one of the `known` ones."""
    return int(rng.random() * known) if known and rng.random() < REPEATED else known


def _row(number: int, kind: str, site: Site, calendar: Calendar, rng: Random) -> Row:
    moment = calendar.moment(_PATTERNS[kind][1], rng)
    called = rng.random() < 0.6  # noqa: PLR2004 - share of incidents with a known caller
    return {
        "incident_reference": f"INC-{number:07}",
        "incident_type": kind,
        "domestic": "true" if kind == DOMESTIC else "false",
        "incident_date": calendar.date(moment),
        "incident_time": calendar.time(moment),
        "location_address": site.address,
        "location_postcode": site.postcode,
        "location_easting": str(site.easting),
        "location_northing": str(site.northing),
        "caller_name": caller_name(rng) if called else "",
        "caller_telephone": telephone(rng) if called else "",
        "narrative": _NARRATIVES[kind],
    }
