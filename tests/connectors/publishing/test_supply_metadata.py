from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import fastavro
import pytest

from connectors.mappings.convert import Converter
from connectors.mappings.mapping import Mapping
from connectors.publishing.metadata import Claims, Metadata
from connectors.publishing.supply import REPOSITIONED, Counts, Supply, event_dates
from schemas.catalogue import Catalogue

HEADER = ("Ref", "Type", "Date")
ROWS = (["a", "Noise", "2026-03-01"], ["b", "", "2026-03-02"], ["c", " ", ""])

MakeSupply = Callable[..., Supply]


@pytest.fixture
def make_supply(make_mapping: Callable[..., Mapping], catalogue: Catalogue) -> MakeSupply:
    """Return a function that makes the supply of a file of `HEADER` with these statements."""

    def make(metadata: Metadata, **mapped: Any) -> Supply:
        columns = {"Ref": "incident_reference", "Type": "incident_type", "Date": "incident_date"}
        mapping = make_mapping(columns=columns, **mapped)
        converter = Converter(mapping, catalogue.record_type("police-incident"), HEADER, "s" * 32)
        return Supply(
            "s" * 32, "police", "Officer, officer@police.example", mapping, converter,
            date(2026, 3, 9), agency_name="The Police", supplier="Officer", metadata=metadata,
        )  # fmt: skip

    return make


def counted(supply: Supply, catalogue: Catalogue) -> Counts:
    counts = Counts()
    for number, cells in enumerate(ROWS, start=1):
        dates = event_dates(catalogue.record_type("police-incident"))
        counts.add(supply.converter(cells, number), dates)
    return counts


def test_records_are_counted_by_the_fields_that_came_with_a_value(
    make_supply: MakeSupply, catalogue: Catalogue
) -> None:
    supply = make_supply(Metadata())
    counts = counted(supply, catalogue)
    assert counts.filled == {"incident_reference": 3, "incident_type": 1, "incident_date": 2}
    assert counted(supply, catalogue) == counts


def test_what_is_stated_goes_over_what_the_mapping_states_field_by_field(
    make_supply: MakeSupply, catalogue: Catalogue
) -> None:
    stated = Metadata(
        supplier="Data desk",
        contact="desk@police.example",
        explanations={"incident_type": "As closed"},
        geocoding="By hand",
        caveats=("late", "known"),
        claims=Claims(records=3, completeness={"incident_type": 0.9}),
    )
    supply = make_supply(
        stated,
        explanations={"incident_type": "As opened", "incident_date": "Of the call"},
        coding_systems={"incident_type": "NSIR"},
        geocoding="By gazetteer",
        caveats=("known",),
    )
    written = supply.record(counted(supply, catalogue), complete=True)
    assert written["agency_name"] == "The Police"
    assert (written["supplier"], written["contact"]) == ("Data desk", "desk@police.example")
    assert written["explanations"] == {"incident_type": "As closed", "incident_date": "Of the call"}
    assert written["coding_systems"] == {"incident_type": "NSIR"}
    assert written["geocoding"] == "By hand"
    assert written["caveats"] == ["known", "late", REPOSITIONED]
    assert written["claims"]["completeness"] == {"incident_type": 0.9}
    assert fastavro.validate(written, fastavro.parse_schema(catalogue.system["supply"]))


def test_where_nothing_is_stated_the_mapping_and_the_protocol_speak(
    make_supply: MakeSupply, catalogue: Catalogue
) -> None:
    supply = make_supply(Metadata(), geocoding="By gazetteer")
    written = supply.record(counted(supply, catalogue), complete=True)
    assert written["supplier"] == "Officer"
    assert written["contact"] == "Officer, officer@police.example"
    assert (written["geocoding"], written["claims"]) == ("By gazetteer", None)
    assert fastavro.validate(written, fastavro.parse_schema(catalogue.system["supply"]))


def test_metadata_of_a_complete_supply_are_renewed_by_what_is_new_alone(
    make_supply: MakeSupply, catalogue: Catalogue
) -> None:
    first = make_supply(Metadata(caveats=("late",), geocoding="By hand"))
    newest = first.record(counted(first, catalogue), complete=True)
    assert first.renewed(newest) is None
    assert make_supply(Metadata()).renewed(newest) is None
    renewed = make_supply(Metadata(caveats=("wrong",), contact="x@y.example")).renewed(newest)
    assert renewed == newest | {
        "caveats": ["late", REPOSITIONED, "wrong"],
        "contact": "x@y.example",
    }
