"""People that there are not: common names, and numbers that their registers give to nobody."""

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
    """How old people of one kind are at the start of the period, in whole years."""

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
    """Somebody who is the same wherever a record speaks of them; `gender` is M or F."""

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
        """Whole years on an ISO date."""
        return int(day[:4]) - int(self.born[:4]) - (day[5:] < self.born[5:])


def person(reference: str, town: Town, seed: int, ages: Ages, men: float = 0.5) -> Person:
    """The person of that reference; `men` is the chance of a man.

    The same arguments give the same person: records of several datasets tell of one by this alone.
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
    """What a supplier holds: as a rule the age on the day, at times the date of birth alone."""
    if rng.random() < 0.3:  # noqa: PLR2004 - share of suppliers' records with a date of birth
        return "", who.born
    return str(who.age_on(day)), ""


def caller_name(rng: Random) -> str:
    """A given and a family name, each common, put together at random."""
    return f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}"


def telephone(rng: Random) -> str:
    """A mobile number of the range 07700 900000 to 900999, which Ofcom gives to nobody."""
    return f"07700 900{int(rng.random() * 1000):03}"


def registration_mark(rng: Random) -> str:
    """A mark of the form in use since 2001 with the age identifier 00, which is never issued."""
    return f"W{rng.choice(_LETTERS)}00 {''.join(rng.choice(_LETTERS) for _ in range(3))}"


def nhs_number(rng: Random) -> str:
    """A number of the range that begins with 999, kept for tests, with its modulus 11 digit."""
    while True:
        digits = f"999{int(rng.random() * 1_000_000):06}"
        weighted = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=True))
        check = -weighted % _CHECK_MODULUS
        if check < 10:  # noqa: PLR2004 - a remainder of ten has no digit: no such number is given
            return f"{digits[:3]} {digits[3:6]} {digits[6:]}{check}"


def _occupation(age: float, rng: Random) -> str:
    if int(age) in _WORKING_AGE:
        return _OCCUPATIONS.draw(rng)
    return "Student" if age < _WORKING_AGE.start else "Retired"
