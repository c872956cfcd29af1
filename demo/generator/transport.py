"""Make up crimes and incidents on trains and buses and at stations (guidance 3.2.15 to 3.2.17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from demo.generator.cells import GENDERS, flag, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar, week
from demo.generator.district import Point
from demo.generator.offences import OFFENCES, Offence
from demo.generator.people import ANYBODY, OFFENDERS, Person, age_or_birth
from demo.generator.setting import Setting
from demo.generator.town import Site
from demo.generator.trouble import Row
from demo.generator.venues import Venue, stations

Routes = Sequence[str]
Kind = Callable[[Random], Row]

_SEEN, _HURT, _DOMESTIC = 0.4, 0.6, 0.08
"""Shares of incidents with an offender, with a victim, and of domestic ones among those with both."""

_PATTERN = week(day=1.5, evening=3, night=1, weekend_night=4)
_BUS_ROUTES = ("1", "2", "4A", "7", "12", "14", "17", "38", "42", "172", "N1")
_RAIL_ROUTES = ("Great Western Main Line", "Wessex Main Line", "Heart of Wessex Line")
_KINDS = Weighted.of({
    "Assault": 14.0, "Criminal damage": 24.0, "Threatening behaviour": 20.0,
    "Anti-social behaviour": 22.0, "Theft": 14.0, "Robbery": 2.0, "Drugs": 4.0,
})  # fmt: skip


class Network(NamedTuple):
    """The way in which the incidents of one dataset are recorded."""

    dataset: str
    prefix: str
    station: str
    routes: Routes
    at_station: float
    narrative: str


_BUS = Network("transport-bus-incident", "BUS", "Bus Station", _BUS_ROUTES, 0.3,
               "Driver reports shouting and threats on the upper deck")  # fmt: skip
_RAIL = Network("transport-rail-incident", "RLY", "Railway Station", _RAIL_ROUTES, 0.7,
                "Conductor reports threats by a group without tickets")  # fmt: skip
_BTP = Network("btp-crime", "BTP", "Railway Station", _RAIL_ROUTES, 0.75,
               "Report by a passenger on arrival at the station")  # fmt: skip


def bus_incidents(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` incidents on buses and at bus stations."""
    return _incidents(_BUS, n, Setting.of(_BUS.dataset, seed, postcodes, calendar))


def rail_incidents(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` incidents on local trains and at their stations."""
    return _incidents(_RAIL, n, Setting.of(_RAIL.dataset, seed, postcodes, calendar))


def btp_crimes(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` crimes on overground trains and at their stations."""
    return _incidents(_BTP, n, Setting.of(_BTP.dataset, seed, postcodes, calendar), _crime)


def _incidents(
    network: Network, n: int, setting: Setting, kind: Kind | None = None
) -> Iterator[Row]:
    places = stations(setting.town, setting.seed, network.station)
    rows = (_row(k, network, places, setting, kind or _incident) for k in range(1, n + 1))
    return setting.first(n, rows)


def _row(
    number: int, network: Network, places: Sequence[Venue], setting: Setting, kind: Kind
) -> Row:
    rng, calendar = setting.rng, setting.calendar
    moment = calendar.moment(_PATTERN, rng)
    return {
        "crime_reference": f"{network.prefix}-{number:07}",
        **kind(rng),
        "incident_date": calendar.date(moment),
        "incident_time": calendar.time(moment),
        **_where(network, places, setting),
        **_people(number, network, calendar.date(moment), setting),
        "narrative": network.narrative,
    }


def _incident(rng: Random) -> Row:
    return {"offence_type": _KINDS.draw(rng)}


def _crime(rng: Random) -> Row:
    offence: Offence = OFFENCES[False, False].draw(rng)
    while offence.home or offence.entry:
        offence = OFFENCES[False, False].draw(rng)
    return {"offence_type": offence.category, "offence_code": offence.code}


def _where(network: Network, places: Sequence[Venue], setting: Setting) -> Row:
    """Return a station, or a route and the place where the incident was noticed, if known."""
    rng = setting.rng
    if rng.random() < network.at_station:
        venue = places[int(rng.random() ** 2 * len(places))]
        route = rng.choice(network.routes) if rng.random() < 0.4 else ""  # noqa: PLR2004 - share
        return {**located(venue.site), "route": route, "location_premises": venue.name}
    site: Site = setting.town.place(rng)
    return {**located(site), "route": rng.choice(network.routes), "location_premises": ""}


def _people(number: int, network: Network, day: str, setting: Setting) -> Row:
    rng, prefix = setting.rng, f"{network.prefix}-{number}"
    offender = setting.person(f"{prefix}-1", OFFENDERS, men=0.8) if rng.random() < _SEEN else None
    victim = setting.person(f"{prefix}-2", ANYBODY) if rng.random() < _HURT else None
    domestic = bool(offender and victim) and rng.random() < _DOMESTIC
    return {
        **_described("offender", offender, day, rng),
        **_described("victim", victim, day, rng),
        "domestic": flag(domestic),
        "offender_name": offender.name if offender else "",
        "victim_name": victim.name if victim else "",
    }


def _described(role: str, who: Person | None, day: str, rng: Random) -> Row:
    age, born = age_or_birth(who, day, rng) if who else ("", "")
    return {
        f"{role}_gender": GENDERS[who.gender] if who else "",
        f"{role}_age": age,
        f"{role}_date_of_birth": born,
        f"{role}_ethnicity": who.ethnicity if who else "",
    }
