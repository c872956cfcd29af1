"""Format cells that rows of several datasets share."""

from __future__ import annotations

from demo.generator.town import Site
from demo.generator.trouble import Row

GENDERS = {"M": "Male", "F": "Female"}


def flag(value: bool) -> str:
    """Return a marker as text."""
    return "true" if value else "false"


def located(site: Site, prefix: str = "location_") -> Row:
    """Return address, postcode and grid coordinates under the names of one group."""
    return {
        f"{prefix}address": site.address,
        f"{prefix}postcode": site.postcode,
        f"{prefix}easting": str(site.easting),
        f"{prefix}northing": str(site.northing),
    }
