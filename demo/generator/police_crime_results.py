"""Make up detections and drug tests (guidance 3.2.22, 3.2.21), joined by crime reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice

from demo.generator.choice import Weighted
from demo.generator.clock import Calendar
from demo.generator.crimes import CaseBook, Crime
from demo.generator.district import Point
from demo.generator.people import Person, caller_name
from demo.generator.seeds import seeded
from demo.generator.trouble import Row, troubled

_DETECTED = Weighted.of({
    "Charge/Summons": 55.0, "Adult caution": 20.0, "PND": 8.0, "Cannabis warning": 2.0,
    "Taken into consideration": 4.0, "Community resolution": 11.0,
})  # fmt: skip
_UNDETECTED = Weighted.of(
    {
        "Undetected": 25.0,
        "Investigation complete; no suspect identified": 60.0,
        "Under investigation": 15.0,
    }
)
_RESULTS = Weighted.of({"Positive": 46.0, "Negative": 50.0, "Refused": 4.0})
_DRUGS = Weighted.of({"Cocaine": 40.0, "Opiates": 30.0, "Opiates and cocaine": 30.0})


def police_detections(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield the detection status of the first `n` crimes."""
    book = CaseBook.of(seed, postcodes, calendar)
    rows = (_detection(crime) for crime in islice(book.crimes(), n))
    return troubled("police-detection", rows, book.town, seeded(seed, "police-detection"))


def police_drug_tests(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` tests of grown-up offenders arrested for a trigger offence."""
    book = CaseBook.of(seed, postcodes, calendar)
    tested = (
        (crime, who)
        for crime in book.accused()
        if crime.kind.trigger
        for who in book.offenders(crime)
        if who.age_on(book.calendar.date(crime.start)) >= 18  # noqa: PLR2004 - a grown-up's age
    )
    rows = (
        _test(number, crime, who) for number, (crime, who) in zip(count(1), tested, strict=False)
    )
    return troubled("police-drug-test", islice(rows, n), book.town, seeded(seed, "drug-test"))


def _detection(crime: Crime) -> Row:
    return {
        "crime_reference": crime.reference,
        "offence_code": crime.kind.code,
        "detection_status": (_DETECTED if crime.slot.accused else _UNDETECTED).draw(crime.rng),
        "officer_name": f"PC {caller_name(crime.rng)}" if crime.slot.accused else "",
    }


def _test(number: int, crime: Crime, who: Person) -> Row:
    result = _RESULTS.draw(crime.rng)
    return {
        "crime_reference": crime.reference,
        "record_reference": f"police-drug-test-{number}",
        "offence_code": crime.kind.code,
        "test_result": result,
        "drug_type": _DRUGS.draw(crime.rng) if result == "Positive" else "",
        "name": who.name,
    }
