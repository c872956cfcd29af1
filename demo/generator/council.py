"""Make up anti-social behaviour and environmental crime reported to the council (guidance 3.2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from demo.generator.cells import located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, week
from demo.generator.district import Point
from demo.generator.people import caller_name, registration_mark, telephone
from demo.generator.seeds import seeded
from demo.generator.setting import Setting
from demo.generator.town import Town
from demo.generator.trouble import Row

_DAYTIME = week(day=3, evening=2, night=0.5, weekend_night=0.5)
_EVENING = week(day=1, evening=3, night=2, weekend_night=4)


class Report(NamedTuple):
    """The way in which one kind of incident is reported; the last three name its own datafields."""

    kind: str
    pattern: Weighted[int]
    narrative: str
    home: bool = False
    damage: bool = False
    waste: bool = False
    vehicle: bool = False


_REPORTS: Weighted[Report] = Weighted.of({
    Report("Neighbour noise nuisance", _EVENING, "Loud music through the wall again", home=True): 26.0,
    Report("Rowdy behaviour", _EVENING, "Shouting and drinking in the street"): 10.0,
    Report("Nuisance caused by young people", _EVENING, "Youths kicking a ball at cars"): 12.0,
    Report("Graffiti", _DAYTIME, "Tags sprayed on the wall", damage=True): 10.0,
    Report("Vandalism", _DAYTIME, "Bench and bin broken", damage=True): 7.0,
    Report("Flytipping", _DAYTIME, "Bags and a mattress left by the road", waste=True): 26.0,
    Report("Abandoned vehicle", _DAYTIME, "Flat tyres, no movement for weeks", vehicle=True): 9.0,
})  # fmt: skip
_SIZES = Weighted.of({
    ("Single black bag", 10): 14.0, ("Other single item", 40): 17.0, ("Car boot or less", 90): 27.0,
    ("Small van load", 300): 30.0, ("Transit van load", 900): 8.0, ("Tipper lorry load", 5_000): 2.0,
    ("Significant/multi loads", 12_000): 2.0,
})  # fmt: skip
_VEHICLES = (
    ("Ford", "Fiesta"), ("Ford", "Focus"), ("Vauxhall", "Corsa"), ("Vauxhall", "Astra"),
    ("Renault", "Megane"), ("Peugeot", "206"), ("Volkswagen", "Golf"), ("Toyota", "Yaris"),
)  # fmt: skip


def council_asb(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` reports, each with the datafields of its kind."""
    setting = Setting.of("council-asb", seed, postcodes, calendar)
    return setting.first(n, (_row(number, setting) for number in range(1, n + 1)))


def _row(number: int, setting: Setting) -> Row:
    rng, calendar, town = setting.rng, setting.calendar, setting.town
    report = _REPORTS.draw(rng)
    moment = calendar.moment(report.pattern, rng)
    known = rng.random() < 0.7  # noqa: PLR2004 - share of reports by somebody known
    return {
        "incident_reference": f"ASB-{number:07}",
        "incident_type": report.kind,
        "domestic": _domestic(number, report, setting.seed),
        "incident_date": calendar.date(moment),
        "incident_time": calendar.time(moment),
        "damage_value": str(20 + int(rng.lognormvariate(4.5, 1))) if report.damage else "",
        **_waste(report, rng),
        **_vehicle(report, town, rng),
        **located(town.home(rng) if report.home else town.place(rng)),
        "vehicle_registration_mark": registration_mark(rng) if report.vehicle else "",
        "complainant_name": caller_name(rng) if known else "",
        "complainant_telephone": telephone(rng) if known else "",
        "narrative": report.narrative,
    }


def _domestic(number: int, report: Report, seed: int) -> str:
    """Return the council's own marker: asked for at homes, and not always filled in."""
    if not report.home:
        return "false"
    rng = seeded(seed, f"council-asb:domestic:{number}")
    return rng.choices(("false", "", "true"), (80, 14, 6))[0]


def _waste(report: Report, rng: Random) -> Row:
    if not report.waste:
        return {"waste_size": "", "waste_weight": ""}
    size, weight = _SIZES.draw(rng)
    weighed = rng.random() < 0.4  # noqa: PLR2004 - share of loads that were weighed
    return {
        "waste_size": size,
        "waste_weight": str(max(1, int(weight * rng.uniform(0.5, 1.5)))) if weighed else "",
    }


def _vehicle(report: Report, town: Town, rng: Random) -> Row:
    names = ("vehicle_make", "vehicle_model", "vehicle_age", "keeper_address", "keeper_postcode")
    if not report.vehicle:
        return dict.fromkeys(names, "")
    keeper = town.home(rng)
    values = (*rng.choice(_VEHICLES), str(rng.randint(3, 22)), keeper.address, keeper.postcode)
    return dict(zip(names, values, strict=True))
