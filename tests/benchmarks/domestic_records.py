"""Made-up domestic incidents, each with place, victim and suspect; a third of them has a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import Any

VISITS = 3
"""Incidents at each household. The oldest come first, and they are days apart."""

_APART_DAYS = 7
_BORN = date(1950, 1, 1)
_BIRTHDAYS = 18_000
_LETTERS = str.maketrans("0123456789", "abcdefghij")


def domestic_incidents(
    run: str, count: int, postcodes: Sequence[str], today: date
) -> Iterator[dict[str, Any]]:
    """Yield `count` typed records, whose references begin with `run`, as their households do."""
    homes = -(-count // VISITS)
    for number in range(count):
        visit, home = divmod(number, homes)
        day = today - timedelta(days=1 + _APART_DAYS * (VISITS - visit))
        name = f"{run}-{home}".translate(_LETTERS).replace("-", "").capitalize()
        yield {
            "incident_reference": f"{run}-{number}",
            "incident_type": "Domestic incident",
            "domestic": True,
            "incident_date": day,
            "incident_time": time(8 + number % 12, number % 60),
            "location_address": f"{home + 1} {name} Street",
            "location_postcode": postcodes[home % len(postcodes)],
            "victim_name": f"Ana {name}",
            "victim_date_of_birth": _BORN + timedelta(days=home % _BIRTHDAYS),
            "suspect_name": f"Dan {name}",
            "suspect_date_of_birth": _BORN + timedelta(days=(home * 7) % _BIRTHDAYS),
        }
