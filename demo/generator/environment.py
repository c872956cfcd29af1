"""Make up illegal dumps and waste processing sites (guidance 3.2.19 A and B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.generator.cells import located
from demo.generator.choice import Weighted
from demo.generator.clients import WORKDAYS
from demo.generator.clock import Calendar, later, week
from demo.generator.district import Point
from demo.generator.people import caller_name
from demo.generator.setting import Setting
from demo.generator.trouble import Row
from demo.generator.words import LOCALITIES

_NIGHT = week(day=1, evening=1, night=4, weekend_night=4)
_LONGEST_MINUTES = 4 * 24 * 60
_WASTE = Weighted.of({
    "Construction waste": 42.0, "Tyres": 24.0, "Household waste": 16.0, "Green waste": 6.0,
    "Asbestos": 6.0, "Vehicle parts": 6.0,
})  # fmt: skip
_YARDS = ("Yard", "Skips", "Farm", "Recycling", "Reclamation")


def illegal_dumps(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` large dumps, found up to four days after they were made."""
    setting = Setting.of("environment-illegal-dumping", seed, postcodes, calendar)
    return setting.first(n, (_dump(number, setting) for number in range(1, n + 1)))


def waste_sites(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` sites with their names and owners."""
    setting = Setting.of("environment-waste-site", seed, postcodes, calendar)
    return setting.first(n, (_site(number, setting) for number in range(1, n + 1)))


def _dump(number: int, setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    start = calendar.moment(_NIGHT, rng)
    end = later(start, int(rng.random() * _LONGEST_MINUTES))
    return {
        "incident_reference": f"EAD-{number:06}",
        "incident_type": _WASTE.draw(rng),
        "committed_from_date": calendar.date(start),
        "committed_from_time": calendar.time(start),
        "committed_to_date": calendar.date(end),
        "committed_to_time": calendar.time(end),
        **located(setting.town.place(rng)),
        "narrative": "Load tipped across the track, no haulier's papers found",
    }


def _site(number: int, setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    return {
        "site_reference": f"EAW-{number:06}",
        "site_name": f"{rng.choice(LOCALITIES)} {rng.choice(_YARDS)}",
        "site_owner_name": caller_name(rng),
        "waste_type": _WASTE.draw(rng),
        "identified_date": calendar.date(calendar.moment(WORKDAYS, rng)),
        **located(setting.town.premises(rng), "site_"),
    }
