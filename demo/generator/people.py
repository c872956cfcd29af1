"""Make up people: common names, and numbers that are never issued."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import NamedTuple

from demo.generator.choice import Weighted
from demo.generator.clock import START
from demo.generator.seeds import seeded
from demo.generator.town import Site, Town
from demo.generator.words import FAMILY_NAMES, FEMALE_NAMES, GIVEN_NAMES, MALE_NAMES

_LETTERS = "ABCDEFGHJKLMNOPRSTUVWXY"
_YEAR_DAYS = 365.25
_CHECK_MODULUS = 11
_WORKING_AGE = range(18, 66)


class Ages(NamedTuple):
    """The ages of people of one kind at the start of the period, in whole years."""

    youngest: int
    oldest: int
    peak: int


PUPILS = Ages(5, 15, 14)
YOUTHS = Ages(11, 16, 15)
"""Under eighteen throughout a period of a year."""
YOUNG_PRISONERS = Ages(15, 20, 18)
OFFENDERS = Ages(12, 70, 19)
PROLIFIC = Ages(18, 45, 25)
GROWN_UP = Ages(18, 75, 32)
ANYBODY = Ages(10, 90, 24)
_ETHNICITIES = Weighted.of({
    ("White - English/Welsh/Scottish/Northern Irish/British", "White"): 80.0,
    ("White - Any other White background", "White"): 6.0,
    ("Mixed/Multiple ethnic groups - White and Black Caribbean", "Black"): 2.5,
    ("Asian/Asian British - Pakistani", "Asian"): 2.0,
    ("Asian/Asian British - Indian", "Asian"): 2.5,
    ("Black/African/Caribbean/Black British - African", "Black"): 2.5,
    ("Black/African/Caribbean/Black British - Caribbean", "Black"): 2.0,
    ("Other ethnic group - Any other ethnic group", "Other"): 1.0,
    ("", ""): 1.5,
})  # fmt: skip
_OCCUPATIONS = Weighted.of({
    "Unemployed": 30.0, "Shop assistant": 12.0, "Building labourer": 10.0, "Care assistant": 8.0,
    "Delivery driver": 7.0, "Chef": 5.0, "Office clerk": 8.0, "Teacher": 4.0, "Nurse": 4.0,
    "Plumber": 3.0, "Bar staff": 5.0, "": 6.0,
})  # fmt: skip


class Person(NamedTuple):
    """A person who is the same in all records about them; `gender` is M or F."""

    reference: str
    name: str
    gender: str
    born: str
    ethnicity: str
    seen_as: str
    occupation: str
    home: Site
    telephone: str

    def age_on(self, day: str) -> int:
        """Return the age in whole years on an ISO date."""
        return int(day[:4]) - int(self.born[:4]) - (day[5:] < self.born[5:])


def person(reference: str, town: Town, seed: int, ages: Ages, men: float = 0.5) -> Person:
    """Return the person with that reference; `men` is the chance of a man.

    The same arguments give the same person, so records of several datasets can be about one person.
    """
    rng = seeded(seed, f"person:{reference}")
    male = rng.random() < men
    age = rng.triangular(ages.youngest, ages.oldest + 1, ages.peak)
    given = rng.choice(MALE_NAMES if male else FEMALE_NAMES)
    ethnicity, seen_as = _ETHNICITIES.draw(rng)
    return Person(
        reference,
        f"{given} {rng.choice(FAMILY_NAMES)}",
        "M" if male else "F",
        date.fromordinal(START.toordinal() - int(age * _YEAR_DAYS) - 1).isoformat(),
        ethnicity,
        seen_as,
        _occupation(age, rng),
        town.home(rng),
        telephone(rng),
    )


def age_or_birth(who: Person, day: str, rng: Random) -> tuple[str, str]:
    """Return what a supplier knows: in most cases the age on the day, else only the date of birth."""
    if rng.random() < 0.3:  # noqa: PLR2004 - share of suppliers' records with a date of birth
        return "", who.born
    return str(who.age_on(day)), ""


def caller_name(rng: Random) -> str:
    """Return a given and a family name, both common, combined at random."""
    return f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}"


def telephone(rng: Random) -> str:
    """Return a mobile number from 07700 900000 to 900999, a range that Ofcom never assigns."""
    return f"07700 900{int(rng.random() * 1000):03}"


def registration_mark(rng: Random) -> str:
    """Return a mark of the form in use since 2001 with the age identifier 00, which is never issued."""
    return f"W{rng.choice(_LETTERS)}00 {''.join(rng.choice(_LETTERS) for _ in range(3))}"


def nhs_number(rng: Random) -> str:
    """Return a number that begins with 999, a range kept for tests, with its modulus 11 digit."""
    while True:
        digits = f"999{int(rng.random() * 1_000_000):06}"
        weighted = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=True))
        check = -weighted % _CHECK_MODULUS
        if check < 10:  # noqa: PLR2004 - there is no check digit for a remainder of ten
            return f"{digits[:3]} {digits[3:6]} {digits[6:]}{check}"


def _occupation(age: float, rng: Random) -> str:
    if int(age) in _WORKING_AGE:
        return _OCCUPATIONS.draw(rng)
    return "Student" if age < _WORKING_AGE.start else "Retired"
