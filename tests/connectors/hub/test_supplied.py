"""A table that needs no processing, as it is stored: its columns, their types, its points and metadata."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from connectors.errors import SourceError
from connectors.hub.supplied import Part, Supplied, digest_of, supplied
from connectors.hub.tables import SourceTable, source_tables
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue


def place(source: str = "place-survey") -> SourceTable:
    catalogue = load_catalogue()
    banes = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    places = source_tables(topics(banes, catalogue), banes.prefix)
    return next(each for each in places if each.source == source)


PLACE = place()


def record(content: bytes, **more: Any) -> dict[str, Any]:
    """Return a record of system/aggregate.avsc, as it is decoded."""
    about: dict[str, Any] = {
        "source": "place-survey", "title": "Place Surveys", "guidance": "3.3.3", "marking": "NONE",
        "agency": "Council", "contact": "", "period_from": "2026-01-01", "period_to": None,
        "file_format": "CSV", "records": 2, "supplied_on": "2026-11-01", "fields": ["a"],
        "explanations": {}, "coding_systems": {}, "geocoding": "", "caveats": ["A sample"],
        "duties": "Use only as agreed", "sha256": hashlib.sha256(content).hexdigest(), "parts": 1, "part": 0,
    }  # fmt: skip
    return {**about, **more, "table": content}


def stored(content: str, folder: Path, **more: Any) -> Part:
    return supplied(PLACE, record(content.encode(), **more), folder).parts[0]


def kinds(part: Part) -> dict[str, str]:
    return {column.name: column.kind for column in part.columns}


def test_a_column_is_typed_if_each_value_is_and_codes_stay_text(tmp_path: Path) -> None:
    part = stored(
        "Ward,Code,Answers,Share %,Asked on,Phone\nTwerton,007,12,0.5,2026-01-03,+44 1\n"
        "Oldfield,010,,1,2026-02-03,2\n",
        tmp_path,
    )
    assert kinds(part) == {
        "ward": "text", "code": "text", "answers": "total", "share": "number",
        "asked_on": "date", "phone": "text",
    }  # fmt: skip
    assert part.values["answers"] == [12, None]
    assert part.values["code"] == ["007", "010"]


def test_columns_have_the_suppliers_titles_and_explanations(tmp_path: Path) -> None:
    part = stored("Ward,Ward,%\na,b,c\n", tmp_path, explanations={"%": "of those asked"})
    assert [(c.name, c.doc) for c in part.columns] == [
        ("ward", "Ward"), ("ward_2", "Ward"), ("column", "%: of those asked"),
    ]  # fmt: skip


def test_eastings_and_northings_become_points_and_places_off_the_grid_do_not(
    tmp_path: Path,
) -> None:
    part = stored("Camera,Easting,Northing\nA,375000,165000\nB,-5,165000\nC,,\n", tmp_path)
    assert part.points[0].name == "point"
    assert part.values["point_easting"] == [375_000.0, None, None]


def test_degrees_become_points_on_the_british_grid_within_a_metre(tmp_path: Path) -> None:
    part = stored("Name,Latitude,Longitude\nAbbey,51.381500,-2.358900\n", tmp_path)
    # Bath Abbey by Ordnance Survey's OSTN15.
    assert part.values["point_easting"][0] == pytest.approx(375_115, abs=30)
    assert part.values["point_northing"][0] == pytest.approx(164_733, abs=60)


def test_a_workbook_is_stored_as_well(tmp_path: Path) -> None:
    book, stream = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (["Ward", "Answers"], ["Twerton", 12]):
        sheet.append(row)
    book.save(stream)
    part = supplied(PLACE, record(stream.getvalue()), tmp_path).parts[0]
    assert part.values == {"ward": ["Twerton"], "answers": [12]}
    assert list(tmp_path.iterdir()) == []


def test_the_metadata_have_one_row_with_the_marking_that_is_declared(tmp_path: Path) -> None:
    about = supplied(PLACE, record(b"a\n1\n"), tmp_path).parts[1]
    assert about.name == "place_survey__about"
    assert about.values["marking"] == ["PUBLIC"]
    assert about.values["caveats"] == [["A sample"]]
    assert about.values["explanations"] == ["{}"]
    assert "table" not in about.values


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        supplied(PLACE, record(b"PK\x03\x04 no workbook"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_metadata_make_another_digest_and_other_slices_do_not() -> None:
    first = record(b"a\n1\n")
    assert digest_of(first) == digest_of({**first, "parts": 3, "part": 1})
    assert digest_of(first) != digest_of({**first, "caveats": []})


TITLES = st.lists(st.text(max_size=30), min_size=1, max_size=6)


@given(TITLES, st.lists(st.text(max_size=12), max_size=4))
def test_any_table_has_distinct_names_and_columns_of_one_length(
    tmp_path_factory: pytest.TempPathFactory, titles: list[str], cells: list[str]
) -> None:
    lines = [",".join(f'"{each.replace(chr(34), "")}"' for each in titles)]
    lines += [",".join([f'"{cell.replace(chr(34), "")}"'] * len(titles)) for cell in cells]
    folder = tmp_path_factory.getbasetemp()
    try:
        made: Supplied = supplied(
            PLACE, record("\n".join(lines).encode("utf-8", "replace")), folder
        )
    except SourceError:
        return
    names = [column.name for column in made.parts[0].columns]
    assert len(set(names)) == len(names)
    assert len({len(values) for values in made.parts[0].values.values()}) == 1
    assert all(
        "\0" not in str(value) for values in made.parts[0].values.values() for value in values
    )
