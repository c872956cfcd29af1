"""Make up recorded offences (guidance 3.2.1), with the field names of `police-crime-offence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from demo.generator.cells import flag, located
from demo.generator.clock import Calendar
from demo.generator.crimes import CaseBook, Crime
from demo.generator.district import Point
from demo.generator.people import registration_mark
from demo.generator.seeds import seeded
from demo.generator.trouble import Row, troubled

_ENTRY = (
    "Rear door forced with a jemmy", "Insecure door, no damage", "Kitchen window smashed",
    "Window open on the ground floor", "Posed as a water official", "Lock snapped at the front",
    "With key taken earlier", "Attempt only, entry not gained",
)  # fmt: skip
_WEAPONS = (
    "Kitchen knife", "Punched to the face", "Kicked while on the ground", "Glass bottle",
    "Baseball bat", "No weapon", "Bitten on the hand",
)  # fmt: skip


def police_crime_offences(
    n: int, seed: int, postcodes: Sequence[Point], calendar: Calendar | None = None
) -> Iterator[Row]:
    """Yield `n` offences of one district; the same seed and postcodes give the same rows."""
    book = CaseBook.of(seed, postcodes, calendar)
    rows = (_row(crime, book.calendar) for crime in islice(book.crimes(), n))
    return troubled("police-crime-offence", rows, book.town, seeded(seed, "police-crime-offence"))


def _row(crime: Crime, calendar: Calendar) -> Row:
    kind, rng = crime.kind, crime.rng
    return {
        **_what(crime),
        "committed_from_date": calendar.date(crime.start),
        "committed_from_time": calendar.time(crime.start),
        "committed_to_date": calendar.date(crime.end),
        "committed_to_time": calendar.time(crime.end),
        **located(crime.site),
        "method_of_entry": rng.choice(_ENTRY) if kind.entry else "",
        "property_stolen": rng.choice(kind.stolen) if kind.stolen else "",
        "weapon": rng.choice(_WEAPONS) if kind.weapon else "",
        "distraction_burglary": flag(kind.entry and rng.random() < 0.04),  # noqa: PLR2004 - share
        "drugs_related": flag(kind.category == "Drugs"),
        "alcohol_related": flag(rng.random() < 0.18),  # noqa: PLR2004 - share
        "racially_motivated": flag(rng.random() < 0.02),  # noqa: PLR2004 - share
        "domestic": flag(crime.household is not None),
        "vehicle_registration_mark": registration_mark(rng) if kind.vehicle else "",
        "narrative": "Complainant states that unknown persons did as described",
    }


def _what(crime: Crime) -> Row:
    coded = crime.rng.random() < 0.95  # noqa: PLR2004 - share of records with a Home Office code
    return {
        "crime_reference": crime.reference,
        "offence_code": crime.kind.code if coded else "",
        "offence_category": "" if coded else crime.kind.category,
    }
