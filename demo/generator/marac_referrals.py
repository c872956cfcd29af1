"""Make up referrals to a MARAC (guidance 3.1.1.1), of the households of domestic incidents and crimes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from demo.generator.cells import flag, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar
from demo.generator.district import Point
from demo.generator.households import Household, household, named, risk, safe_contact, school_of
from demo.generator.people import Person
from demo.generator.setting import Setting
from demo.generator.trouble import Row

_REPEATED = 0.2
"""Share of referrals of a household that was referred earlier."""

_WITHDRAWN = 0.03
_INJURIES = Weighted.of({
    "Bruising to both arms": 30.0, "Cut to the forehead": 15.0, "None seen": 40.0, "Sore throat": 15.0,
})  # fmt: skip
_FREQUENCY = Weighted.of({"Weekly": 30.0, "Monthly": 40.0, "Several times a year": 30.0})
_CONCERNS = Weighted.of({
    "Messages at all hours since the separation": 40.0, "Drinks heavily": 30.0,
    "Has said that there will be no other chance": 15.0, "": 15.0,
})  # fmt: skip
_PREGNANT = 0.12
_CHILD_BEARING = range(16, 46)


def marac_referrals(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` referrals; some households are referred again."""
    setting = Setting.of("marac-referral", seed, postcodes, calendar)
    return setting.first(n, _rows(n, setting))


def _rows(n: int, setting: Setting) -> Iterator[Row]:
    rng, referred = setting.rng, 0
    for number in range(1, n + 1):
        again = referred and rng.random() < _REPEATED
        home = int(rng.random() * referred) if again else referred
        referred += not again
        yield _row(number, household(home, setting.town, setting.seed), setting)


def _row(number: int, home: Household, setting: Setting) -> Row:
    rng, calendar = setting.rng, setting.calendar
    day = calendar.day(int(rng.random() * calendar.weeks * 7))
    return {
        "referral_reference": f"MARAC-{number:05}",
        "referral_date": day,
        "referral_withdrawn": flag(rng.random() < _WITHDRAWN),
        "victim_name": home.victim.name,
        "victim_date_of_birth": home.victim.born,
        **located(home.victim.home, "home_"),
        "offender_name": home.partner.name,
        "offender_date_of_birth": home.partner.born,
        "offender_address": home.partner.home.address,
        **_children(home, day),
        **risk(day, "Independent domestic violence adviser", rng),
        "injuries": _INJURIES.draw(rng),
        "frequency_of_abuse": _FREQUENCY.draw(rng),
        "pregnant": flag(_is_pregnant(home.victim, day, rng)),
        "matters_of_concern": _CONCERNS.draw(rng),
        **safe_contact(home.victim, rng),
    }


def _children(home: Household, day: str) -> Row:
    row: Row = {}
    for prefix, child in named(home.children):
        row |= {
            f"{prefix}name": child.name if child else "",
            f"{prefix}date_of_birth": child.born if child else "",
            f"{prefix}address": home.victim.home.address if child else "",
            f"{prefix}school": school_of(child, day) if child else "",
        }
    return row | {"children_count": str(len(home.children))}


def _is_pregnant(who: Person, day: str, rng: Random) -> bool:
    return rng.random() < _PREGNANT and who.gender == "F" and who.age_on(day) in _CHILD_BEARING
