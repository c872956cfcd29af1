"""Made-up recorded offences (guidance 3.2.1) by the field names of `police-crime-offence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from ops.generator.choice import Weighted
from ops.generator.clock import Calendar, later, week
from ops.generator.district import Point
from ops.generator.people import registration_mark
from ops.generator.seeds import seeded
from ops.generator.town import Site, Town, lay_out
from ops.generator.trouble import Row, Spoiled, spoil

_FIELDS = Spoiled("crime_reference", "committed_from_date", "committed_from_time", "offence_code")
_DAYTIME = week(day=3, evening=1.5, night=0.5, weekend_night=0.5)
_EVENING = week(day=1.2, evening=3, night=1.5, weekend_night=3)
_NIGHT = week(day=0.5, evening=1.5, night=2, weekend_night=8)

_ENTRY = (
    "Rear door forced with a jemmy", "Insecure door, no damage", "Kitchen window smashed",
    "Window open on the ground floor", "Posed as a water official", "Lock snapped at the front",
    "With key taken earlier", "Attempt only, entry not gained",
)  # fmt: skip
_STOLEN = (
    "Laptop and mobile phone", "Gold necklace and cash", "Games console, television",
    "Power tools from the shed", "Purse with bank card and cash", "Passport and driving licence",
)  # fmt: skip
_WEAPONS = (
    "Kitchen knife", "Punched to the face", "Kicked while on the ground", "Glass bottle",
    "Baseball bat", "No weapon", "Bitten on the hand",
)  # fmt: skip


class Offence(NamedTuple):
    """How one kind of offence is recorded; `unseen` is the longest time unnoticed, in hours."""

    code: str
    category: str
    pattern: Weighted[int]
    home: bool = False
    unseen: int = 0
    entry: bool = False
    stolen: tuple[str, ...] = ()
    weapon: bool = False
    vehicle: bool = False


_OFFENCES: Weighted[Offence] = Weighted.of({
    Offence("8N", "Violence and sexual offences", _NIGHT, weapon=True): 11.0,
    Offence("105A", "Violence and sexual offences", _EVENING, weapon=True): 13.0,
    Offence("8L", "Violence and sexual offences", _EVENING, home=True): 8.0,
    Offence("9A", "Public order", _NIGHT): 9.0,
    Offence("58A", "Criminal damage and arson", _NIGHT, home=True, unseen=10): 4.0,
    Offence("58C", "Criminal damage and arson", _NIGHT, unseen=12, vehicle=True): 5.0,
    Offence("46", "Shoplifting", _DAYTIME, stolen=("Meat and alcohol", "Clothing")): 12.0,
    Offence("49", "Other theft", _DAYTIME, unseen=6, stolen=_STOLEN): 9.0,
    Offence("39", "Theft from the person", _NIGHT, stolen=("Mobile phone", "Purse")): 2.0,
    Offence("44", "Bicycle theft", _DAYTIME, unseen=10, stolen=("Pedal cycle",)): 3.0,
    Offence("45", "Vehicle crime", _NIGHT, unseen=12, stolen=_STOLEN, vehicle=True): 6.0,
    Offence("48/01", "Vehicle crime", _NIGHT, unseen=10, stolen=("Car",), vehicle=True): 2.0,
    Offence("28E", "Burglary", _EVENING, home=True, unseen=9, entry=True, stolen=_STOLEN): 5.0,
    Offence("30C", "Burglary", _NIGHT, unseen=14, entry=True, stolen=_STOLEN): 3.0,
    Offence("34B", "Robbery", _NIGHT, stolen=("Mobile phone", "Cash"), weapon=True): 1.0,
    Offence("92E", "Drugs", _EVENING): 3.0,
    Offence("10D", "Possession of weapons", _NIGHT, weapon=True): 1.0,
})  # fmt: skip


def police_crime_offences(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Give `n` offences of one district; the same seed and postcodes give the same rows."""
    rng, town = seeded(seed, "police-crime-offence"), lay_out(postcodes, seed)
    calendar = calendar or Calendar()
    for number in range(1, n + 1):
        row = _row(number, _OFFENCES.draw(rng), town, calendar, rng)
        yield spoil(row, _FIELDS, town, rng)


def _row(number: int, offence: Offence, town: Town, calendar: Calendar, rng: Random) -> Row:
    domestic = offence.home and not offence.entry and rng.random() < 0.4  # noqa: PLR2004 - share
    site = town.home(rng) if offence.home else town.place(rng)
    return {
        **_what(number, offence, rng),
        **_when(offence, calendar, rng),
        **_where(site),
        "method_of_entry": rng.choice(_ENTRY) if offence.entry else "",
        "property_stolen": rng.choice(offence.stolen) if offence.stolen else "",
        "weapon": rng.choice(_WEAPONS) if offence.weapon else "",
        "distraction_burglary": _flag(offence.entry and rng.random() < 0.04),  # noqa: PLR2004
        "drugs_related": _flag(offence.category == "Drugs"),
        "alcohol_related": _flag(rng.random() < 0.18),  # noqa: PLR2004 - share
        "racially_motivated": _flag(rng.random() < 0.02),  # noqa: PLR2004 - share
        "domestic": _flag(domestic),
        "vehicle_registration_mark": registration_mark(rng) if offence.vehicle else "",
        "narrative": "Complainant states that unknown persons did as described",
    }


def _what(number: int, offence: Offence, rng: Random) -> Row:
    coded = rng.random() < 0.95  # noqa: PLR2004 - share of records with a Home Office code
    return {
        "crime_reference": f"CRI-{number:07}",
        "offence_code": offence.code if coded else "",
        "offence_category": "" if coded else offence.category,
    }


def _when(offence: Offence, calendar: Calendar, rng: Random) -> Row:
    start = calendar.moment(offence.pattern, rng)
    end = later(start, int(rng.random() * offence.unseen * 60)) if offence.unseen else start
    return {
        "committed_from_date": calendar.date(start),
        "committed_from_time": calendar.time(start),
        "committed_to_date": calendar.date(end),
        "committed_to_time": calendar.time(end),
    }


def _where(site: Site) -> Row:
    return {
        "location_address": site.address,
        "location_postcode": site.postcode,
        "location_easting": str(site.easting),
        "location_northing": str(site.northing),
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"
