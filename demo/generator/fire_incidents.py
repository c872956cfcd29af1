"""Make up fires and malicious calls (guidance 3.2.4), with the field names of `fire-incident`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, week
from demo.generator.district import Point
from demo.generator.people import telephone
from demo.generator.seeds import seeded
from demo.generator.town import Town, lay_out
from demo.generator.trouble import Row, troubled

_PATTERN = week(day=0.8, evening=3, night=2, weekend_night=4)
_TYPES = Weighted.of({
    "Deliberate primary fire": 20.0,
    "Deliberate secondary fire": 52.0,
    "Malicious false alarm": 25.0,
    "Assault on firefighter": 3.0,
})  # fmt: skip
_NARRATIVES = {
    "Deliberate primary fire": "Vehicle alight on arrival, one hose reel used",
    "Deliberate secondary fire": "Wheeled bin alight, out on arrival",
    "Malicious false alarm": "Call from a mobile, nothing found on arrival",
    "Assault on firefighter": "Stones thrown at the crew while damping down",
}
_CASUALTIES = Weighted.of({"0": 92.0, "1": 6.0, "2": 2.0})


def fire_incidents(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` incidents of one district; the same seed and postcodes give the same rows."""
    rng, town = seeded(seed, "fire-incident"), lay_out(postcodes, seed)
    calendar = calendar or Calendar()
    rows = (_row(number, town, calendar, rng) for number in range(1, n + 1))
    return troubled("fire-incident", rows, town, rng)


def _row(number: int, town: Town, calendar: Calendar, rng: Random) -> Row:
    kind, moment = _TYPES.draw(rng), calendar.moment(_PATTERN, rng)
    at_home = rng.random() < 0.3  # noqa: PLR2004 - share
    site = town.home(rng) if at_home else town.place(rng)
    return {
        "incident_reference": f"FRS-{number:07}",
        "incident_type": kind,
        "domestic": "" if at_home else "false",
        "incident_date": calendar.date(moment),
        "incident_time": calendar.time(moment),
        "casualties": _CASUALTIES.draw(rng) if kind == "Deliberate primary fire" else "",
        "location_address": site.address,
        "location_postcode": site.postcode,
        "location_easting": str(site.easting),
        "location_northing": str(site.northing),
        "caller_telephone": telephone(rng) if kind == "Malicious false alarm" else "",
        "narrative": _NARRATIVES[kind],
    }
