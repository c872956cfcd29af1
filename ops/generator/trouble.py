"""Records as they really come: a few with trouble that can be mended, fewer that are of no use."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from ops.generator.town import Town

Row = dict[str, str]

REPAIRABLE = 0.03
UNUSABLE = 0.01


class Spoiled(NamedTuple):
    """The fields of a record type that trouble befalls."""

    reference: str
    date: str
    time: str
    code: str


def spoil(row: Row, fields: Spoiled, town: Town, rng: Random) -> Row:
    """Spoil about one record in twenty-five, in place; the others are left as they are."""
    fate = rng.random()
    if fate < UNUSABLE:
        _make_unusable(row, fields, rng)
    elif fate < UNUSABLE + REPAIRABLE:
        _make_repairable(row, fields, town, rng)
    return row


def _make_unusable(row: Row, fields: Spoiled, rng: Random) -> None:
    if rng.random() < 0.5:  # noqa: PLR2004 - half of each kind
        row[fields.reference] = ""
    else:
        row[fields.date] = f"{row[fields.date][:4]}-02-30"


def _make_repairable(row: Row, fields: Spoiled, town: Town, rng: Random) -> None:
    easting, northing = row["location_easting"], row["location_northing"]
    match int(rng.random() * 6):
        case 0:
            row["location_postcode"] = f"{(row['location_postcode'] or 'BA1')[:3]}? 9ZZZ"
        case 1:
            row[fields.time] = "unknown"
        case 2:
            row[fields.code] = "XQ-17"
        case 3:
            row["location_easting"], row["location_northing"] = northing, easting
        case 4:
            row["location_easting"] = str(float(easting) + 900_000)
        case _:
            row["location_postcode"] = rng.choice(town.spots).point.postcode
