"""Made-up files of one district, worked out once for all tests that read them."""

from __future__ import annotations

from functools import cache

from demo.generator.datasets import GENERATORS, shared_out
from demo.generator.district import Point

Rows = tuple[dict[str, str], ...]

SEED = 7
DISTRICT = 40_000
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
POSTCODES = tuple(
    Point(
        f"BA{1 + i % 3} {i // 400}{LETTERS[i // 20 % 20]}{LETTERS[i % 20]}",
        370_000 + i % 60 * 90,
        160_000 + i // 60 * 90,
    )
    for i in range(3_000)
)
"""Postcodes on a grid of 90 m, spelled as postcodes are."""


@cache
def sample(dataset: str, n: int = 2_000) -> Rows:
    """Return the first rows of a dataset."""
    return tuple(GENERATORS[dataset](n, SEED, POSTCODES))


@cache
def file_of_district(dataset: str) -> Rows:
    """Return the rows of a dataset among all records of a district."""
    return tuple(GENERATORS[dataset](shared_out(DISTRICT)[dataset], SEED, POSTCODES))


def usable(row: dict[str, str]) -> bool:
    """Return True if the row was not spoilt in a way that affects a comparison."""
    return not trouble(row)


def trouble(row: dict[str, str]) -> str | None:
    """Return the name of the field that was spoilt, as far as the row itself shows it."""
    for name, value in row.items():
        if _is_troubled(name, value, row):
            return name
    return None


def _is_troubled(name: str, value: str, row: dict[str, str]) -> bool:
    if name.endswith("easting"):
        return bool(value) and not 300_000 < float(value) < 700_000
    if name.endswith("postcode"):
        address = row.get(name.replace("postcode", "address"), "")
        return "?" in value or (", BA" in address and not address.endswith(value or "-"))
    if name in _REFERENCES:
        return not value
    return value in {"XQ-17", "999", "unknown"} or value.endswith("-02-30")


_REFERENCES = {
    "crime_reference", "incident_reference", "client_reference", "patient_reference", "name",
    "offender_reference", "site_reference", "reference_number",
}  # fmt: skip
