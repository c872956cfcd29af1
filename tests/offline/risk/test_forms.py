"""Each column has a closed form; a caveat is on a field with a value."""

from __future__ import annotations

import pytest

from offline.risk.forms import forms
from schemas.catalogue import load_catalogue

TYPE = load_catalogue().record_type("police-incident")
CAVEATS = frozenset({"incident_date_to:unreadable", "location_easting:contradicts-postcode"})
FINE = {
    "record_id": "0" * 32,
    "source_agency": "police",
    "incident_reference": "f" * 32,
    "incident_date": "2024-05-13",
    "incident_time": "21:00:00",
    "incident_date_to": "2024-05-14",
    "location_easting": "375000",
    "location_district": "E06000022",
    "caveats": "incident_date_to:unreadable",
}


def found(**cells: str) -> set[tuple[str, str]]:
    hits = forms([FINE | cells], TYPE, "second", "police", {"E06000022"}, CAVEATS)
    return {(hit.field, hit.reason) for hit in hits}


def test_a_row_of_the_right_forms_has_no_hit() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("record_id", "I-1"),
        ("record_id", "F" * 32),
        ("source_agency", "PC Okonkwo"),
        ("incident_reference", "I-1"),
        ("incident_date", "13 May"),
        ("incident_time", "21:00:01"),
        ("incident_time", "24:00:00"),
        ("location_easting", "375000.5"),
        ("location_district", "Lansdown"),
        ("location_district", "E06000023"),
        ("caveats", "narrative:unreadable"),
        ("caveats", "incident_date_to:unreadable-Okonkwo"),
        ("caveats", "incident_date_to"),
    ],
)
def test_a_cell_of_another_form_is_found(field: str, cell: str) -> None:
    assert {name for name, _ in found(**{field: cell})} == {field}


def test_a_caveat_on_an_empty_field_tells_that_something_is_withheld() -> None:
    assert found(incident_date_to="") == {("caveats", "is a caveat on an empty field")}


def test_an_id_is_of_one_row() -> None:
    hits = forms([FINE, FINE], TYPE, "second", "police", {"E06000022"}, CAVEATS)
    assert [(hit.field, hit.row) for hit in hits] == [("record_id", 2)]
