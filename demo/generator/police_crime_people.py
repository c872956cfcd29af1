"""Make up offenders and victims of recorded crime (guidance 3.2.1), joined by crime reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice

from demo.generator.cells import GENDERS, located
from demo.generator.choice import Weighted
from demo.generator.clock import Calendar
from demo.generator.crimes import CaseBook, Crime
from demo.generator.district import Point
from demo.generator.households import lives_together, safe_contact
from demo.generator.people import Person, age_or_birth
from demo.generator.seeds import seeded
from demo.generator.trouble import Row, troubled

_ASSOCIATIONS = Weighted.of({
    "Stranger": 70.0, "Acquaintance": 12.0, "Neighbour": 8.0, "Friend": 5.0, "": 5.0,
})  # fmt: skip
_TOGETHER = {
    "F": Weighted.of({"Partner": 60.0, "Wife": 40.0}),
    "M": Weighted.of({"Partner": 60.0, "Husband": 40.0}),
}
"""Relations by the gender of the victim."""


def police_crime_offenders(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` offenders and accused of at most the first 5n crimes."""
    book = CaseBook.of(seed, postcodes, calendar)
    rows = (
        _offender(crime, who, book)
        for crime in book.accused()
        for who in book.offenders(crime)
    )  # fmt: skip
    rng = seeded(seed, "police-crime-offender")
    return troubled("police-crime-offender", islice(rows, n), book.town, rng)


def police_crime_victims(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` victims of at most the first 2n crimes."""
    book = CaseBook.of(seed, postcodes, calendar)
    cases = ((crime, who) for crime in book.crimes() for who in book.victims(crime))
    rows = (
        _victim(number, crime, who, book)
        for number, (crime, who) in zip(count(1), cases, strict=False)
    )
    rng = seeded(seed, "police-crime-victim")
    return troubled("police-crime-victim", islice(rows, n), book.town, rng)


def _offender(crime: Crime, who: Person, book: CaseBook) -> Row:
    return {
        "crime_reference": crime.reference,
        "offender_reference": who.reference,
        **_described(who, crime, book),
        "occupation": who.occupation,
        **located(who.home, "home_"),
        "name": who.name,
    }


def _victim(number: int, crime: Crime, who: Person, book: CaseBook) -> Row:
    described = _described(who, crime, book)
    return {
        "crime_reference": crime.reference,
        "record_reference": f"police-crime-victim-{number}",
        **described,
        "association_with_offender": _association(crime, who),
        "occupation": who.occupation,
        **located(who.home, "home_"),
        "name": who.name,
        "telephone": who.telephone,
        **_safe_contact(crime, who),
    }


def _safe_contact(crime: Crime, who: Person) -> Row:
    contact = safe_contact(who, crime.rng)
    return dict.fromkeys(contact, "") if crime.household is None else contact


def _described(who: Person, crime: Crime, book: CaseBook) -> Row:
    age, born = age_or_birth(who, book.calendar.date(crime.start), crime.rng)
    return {
        "gender": GENDERS[who.gender],
        "age": age,
        "date_of_birth": born,
        "ethnicity": who.ethnicity,
        "officer_defined_ethnicity": who.seen_as,
    }


def _association(crime: Crime, who: Person) -> str:
    if crime.household is None:
        return _ASSOCIATIONS.draw(crime.rng)
    if not lives_together(crime.household):
        return "Ex-partner"
    return _TOGETHER[who.gender].draw(crime.rng)
