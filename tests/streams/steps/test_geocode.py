"""Geocode: every location group of a record is found, and by what is said."""

from __future__ import annotations

from sanitiser.places.location import NOWHERE, Locator
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.steps.geocode import Geocoder


def test_every_location_group_of_the_record_type_is_located(
    catalogue: Catalogue, index: PostcodeIndex
) -> None:
    for record_type in catalogue:
        given = {f"{prefix}postcode": "SW1A 1AA" for prefix in record_type.places}
        found = Geocoder(record_type, Locator(index)).locate(given)
        assert tuple(found) == record_type.places
        assert {located.released.postcode for located in found.values()} <= {"SW1A 1AA"}
        assert {located.method for located in found.values()} <= {"postcode"}


def test_a_record_without_a_place_is_nowhere_and_no_error(
    catalogue: Catalogue, index: PostcodeIndex
) -> None:
    geocode = Geocoder(catalogue.record_type("police-incident"), Locator(index))
    located = geocode.locate({})["location_"]
    assert (located.released, located.method, located.caveats) == (NOWHERE, "none", ())
