"""Make up one household with two earlier events, a referral to a MARAC, and a third incident now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count

from demo.generator.cells import GENDERS, located
from demo.generator.domestic import nobody
from demo.generator.households import Household, household, named, school_of
from demo.generator.police_incidents import DOMESTIC
from demo.generator.town import Town
from demo.generator.trouble import Row, record_type_of
from sanitiser.address.household import household as normal_home

FIRST_DAYS, REFERRED_DAYS, CALLED_DAYS = 96, 61, 12
"""Days before the third incident: the first incident, the referral, the ambulance call."""

_FIRST_NUMBER = 1_000_000
"""Larger than the number of any household of other records."""

_MINUTES_AGO = 7
_CHILDREN = 2
_PUPIL = 5
_PARENT = range(19, 36)
"""Years between a parent and a child."""


@dataclass(frozen=True, slots=True)
class ThirdIncident:
    """The records of one household, as the agencies supply them. `now` is local time."""

    home: Household
    now: datetime

    @classmethod
    def of(cls, town: Town, seed: int, now: datetime) -> ThirdIncident:
        """Return the records of the first household with two pupils whose address names one home."""
        homes = (household(number, town, seed) for number in count(_FIRST_NUMBER))
        return cls(next(home for home in homes if _fits(home, now.date())), now)

    @property
    def first(self) -> Row:
        """Return the police's first incident."""
        return self._incident("DEMO-0001", self._at(FIRST_DAYS, 22, 40))

    @property
    def referral(self) -> Row:
        """Return the police's referral to a MARAC, after the first incident."""
        victim, partner = self.home.victim, self.home.partner
        day = self._at(REFERRED_DAYS).date().isoformat()
        row = _empty("marac-referral") | located(victim.home, "home_")
        for prefix, child in named(self.home.children):
            if child is not None:
                row |= {f"{prefix}name": child.name, f"{prefix}date_of_birth": child.born}
        return row | {
            "referral_reference": "DEMO-M-0001",
            "referral_date": day,
            "victim_name": victim.name,
            "victim_date_of_birth": victim.born,
            "offender_name": partner.name,
            "offender_date_of_birth": partner.born,
            "children_count": str(len(self.home.children)),
            "risk_tool": "DARA",
            "risk_grade": "High",
            "risk_date": day,
            "risk_grader": "Independent domestic violence adviser",
        }

    @property
    def call(self) -> Row:
        """Return the ambulance service's call to the victim at home."""
        victim, when = self.home.victim, self._at(CALLED_DAYS, 1, 15)
        return (
            _empty("ambulance-call")
            | located(victim.home)
            | {
                "patient_reference": "DEMO-P-0001",
                "gender": GENDERS[victim.gender],
                "date_of_birth": victim.born,
                "home_address": victim.home.address,
                "home_postcode": victim.home.postcode,
                "incident_type": "Assault",
                "incident_date": when.date().isoformat(),
                "incident_time": f"{when:%H:%M}",
                "name": victim.name,
            }
        )

    @property
    def third(self) -> Row:
        """Return the police's incident of a few minutes ago."""
        return self._incident("DEMO-0002", self.now - timedelta(minutes=_MINUTES_AGO)) | {
            "children_present": "true",
            "order_or_bail": "true",
            "safe_contact_number": self.home.victim.telephone,
            "safe_contact_times": "Weekdays 09:30 to 14:30",
            "safe_contact_no_voicemail": "true",
            "safe_contact_no_letter": "true",
        }

    @property
    def corrected(self) -> Row:
        """Return the third incident as the police correct it: it was noise, and not domestic."""
        noise = {"incident_type": "Noise nuisance", "domestic": "false", "narrative": "Loud music"}
        return self.third | nobody() | noise

    @property
    def private(self) -> tuple[str, ...]:
        """Return the texts that no depersonalised alert may have: people, home, days of the history."""
        people = (self.home.victim, self.home.partner, *self.home.children)
        names = (word for who in people for word in who.name.split())
        days = (self._at(d).date() for d in (FIRST_DAYS, REFERRED_DAYS, CALLED_DAYS))
        home = self.home.victim.home
        return tuple(
            dict.fromkeys((
                *names, *(who.born for who in people), home.address.partition(",")[0], home.postcode,
                self.home.victim.telephone, *(day.isoformat() for day in days),
            ))
        )  # fmt: skip

    def _at(self, days_ago: int, hour: int = 12, minute: int = 0) -> datetime:
        day = self.now.date() - timedelta(days=days_ago)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.now.tzinfo)

    def _incident(self, reference: str, when: datetime) -> Row:
        victim, partner, day = self.home.victim, self.home.partner, when.date().isoformat()
        row = _empty("police-incident") | located(victim.home)
        for prefix, child in named(self.home.children):
            if child is not None:
                row |= {
                    f"{prefix}name": child.name,
                    f"{prefix}date_of_birth": child.born,
                    f"{prefix}school": school_of(child, day),
                }
        return row | {
            "incident_reference": reference,
            "incident_type": DOMESTIC,
            "domestic": "true",
            "incident_date": day,
            "incident_time": f"{when:%H:%M}",
            "narrative": "Shouting heard; children upstairs",
            "victim_name": victim.name,
            "victim_date_of_birth": victim.born,
            "suspect_name": partner.name,
            "suspect_date_of_birth": partner.born,
            "children_count": str(len(self.home.children)),
        }


def _empty(dataset: str) -> Row:
    return dict.fromkeys((field.name for field in record_type_of(dataset).fields), "")


def _fits(home: Household, day: date) -> bool:
    """Return True for two parents, who live together, with two pupils at an address with a number."""
    site, today = home.victim.home, day.isoformat()
    has_home = site.address[0].isdigit() and normal_home(site.address, site.postcode) is not None
    ages = [child.age_on(today) for child in home.children]
    if not has_home or site != home.partner.home or len(ages) != _CHILDREN or min(ages) < _PUPIL:
        return False
    parents = [who.age_on(today) - age for who in (home.victim, home.partner) for age in ages]
    return all(years in _PARENT for years in parents)
