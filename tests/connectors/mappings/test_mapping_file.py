from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.errors import MappingError
from connectors.mappings.mapping import Mapping
from connectors.mappings.mapping_file import (
    find_mapping,
    identity_mapping,
    load_mapping,
    shipped_mappings,
)
from schemas.catalogue import Catalogue
from schemas.record_type import RECORD_REFERENCE

Write = Callable[..., Path]

HEAD = "name: m\nsource: s\ndataset: police-incident\n"


def _timestamp(style: str, time_field: str = "incident_time") -> str:
    column = f"{{field: incident_date, timestamp: '{style}', time_field: {time_field}}}"
    return f"columns:\n  W: {column}\n"


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_fits_its_record_type(name: str, catalogue: Catalogue) -> None:
    mapping = find_mapping(name, catalogue)
    assert mapping.name == name
    assert mapping.caveats


@pytest.mark.parametrize(
    ("text", "line", "place", "says"),
    [
        ("columns:\n  Ref: incident_ref\n", 5, "columns.Ref", "'incident_ref' is not a field of"),
        ("columns:\n  D: {field: incident_date, dat: x}\n", 5, "columns.D.dat", "accepted: field"),
        ("columns:\n  D: {field: incident_date, date: '%Y-%m'}\n", 5, "columns.D.date", "whole"),
        ("columns:\n  D: {field: incident_date, date: 'day'}\n", 5, "columns.D.date", "'day'"),
        ("columns:\n  D: {field: incident_time, date: '%d/%m/%Y'}\n", 5, "columns.D.date", "time"),
        ("columns:\n  M: {field: incident_date, month: '%Y-%m'}\n", 5, "columns.M", "a first and a last day"),
        ("columns:\n  A: domestic\n  B: domestic\n", 6, "columns.B", "already given by the column 'A'"),
        ("columns:\n  A: {field: domestic, truthy: [J]}\n", 5, "columns.A", "falsy"),
        ("columns:\n  A: domestic\noptional: [B]\n", 6, "optional.0", "accepted: A"),
        ("columns:\n  A: domestic\nconstants:\n  domestic: x\n", 7, "constants.domestic", "'A'"),
        ("columns:\n  A: domestic\nencoding: klingon\n", 6, "encoding", "accepted: utf-8-sig"),
        ("columns:\n  A: domestic\ndelimiter: ab\n", 6, "delimiter", "given 'ab'"),
        ("columns:\n  A: domestic\nencoding: rot13\n", 6, "encoding", "'rot13'"),
        ("columns:\n  A: domestic\ndelimiter: '\"'\n", 6, "delimiter", "given '\"'"),
        ("columns:\n  A: domestic\nquote: x\n", 6, "quote", "given 'x'"),
        ("columns:\n  A: domestic\ndelimiter: \"'\"\nquote: \"'\"\n", 1, "mapping", "could not end"),
        ("columns:\n  A: domestic\nformat: xls\n", 6, "format", "'xlsx'"),
        ("columns:\n  W: {field: incident_date, timestamp: iso}\n", 5, "columns.W", "go together"),
        (
            "columns:\n  W: {field: incident_date, time_field: incident_time}\n",
            5, "columns.W", "go together",
        ),
        (_timestamp("%d/%m/%Y"), 5, "columns.W.timestamp", "whole timestamp"),
        (_timestamp("%d/%m/%Y %H:%M %Z"), 5, "columns.W.timestamp", "an offset (%z)"),
        (_timestamp("%d/%m/%Y %I:%M"), 5, "columns.W.timestamp", "whole timestamp"),
        (_timestamp("ISO"), 5, "columns.W.timestamp", "'ISO'"),
        (_timestamp("iso", "domestic"), 5, "columns.W.timestamp", "for a time; 'domestic'"),
        (_timestamp("iso", "incident_date"), 5, "columns.W.timestamp", "'incident_date' is a date"),
        (_timestamp("iso", "nowhere"), 5, "columns.W.time_field", "'nowhere' is not a field"),
        ("columns: {}\n", 4, "columns", "at least 1"),
        ("columns:\n  A: domestic\nwhere:\n  - wen: {A: [x]}\n", 7, "where.0.wen", "ed: when"),
        (
            "columns:\n  A: domestic\nwhere:\n  - {gives: {domestic: x}, out_of_scope: y}\n",
            7, "where.0", "gets no values",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_line_place_and_what_is_accepted(
    *, write_csv: Write, catalogue: Catalogue, text: str, line: int, place: str, says: str
) -> None:
    path = write_csv(HEAD + text, "wrong.yaml")
    with pytest.raises(MappingError) as error:
        load_mapping(path, catalogue)
    assert str(error.value).startswith(f"{path}:{line}: {place}: ")
    assert says in str(error.value)


def test_every_fault_is_told_at_once(write_csv: Write, catalogue: Catalogue) -> None:
    path = write_csv(HEAD + "columns:\n  A: nothing\n  B: nowhere\n", "wrong.yaml")
    with pytest.raises(MappingError) as error:
        load_mapping(path, catalogue)
    assert len(str(error.value).splitlines()) == 2


def test_an_unknown_dataset_is_told_with_those_there_are(
    write_csv: Write, catalogue: Catalogue
) -> None:
    path = write_csv("name: m\nsource: s\ndataset: ufo\ncolumns: {A: b}\n", "wrong.yaml")
    with pytest.raises(MappingError, match=r":3: dataset: 'ufo' is unknown; accepted: .*fire-inc"):
        load_mapping(path, catalogue)


@pytest.mark.parametrize("text", ["a: [", "\x00", "a: 1\na: 2\n", "- 1\n"])
def test_what_is_no_mapping_at_all_is_told_with_its_file(
    write_csv: Write, catalogue: Catalogue, text: str
) -> None:
    path = write_csv(text, "wrong.yaml")
    with pytest.raises(MappingError, match=f"^{path}:"):
        load_mapping(path, catalogue)


def test_a_mapping_that_is_nowhere_is_told_with_those_that_ship(catalogue: Catalogue) -> None:
    with pytest.raises(MappingError, match="data-police-uk-incident"):
        find_mapping("nowhere", catalogue)


def test_notes_do_not_change_what_a_mapping_is(make_mapping: Callable[..., Mapping]) -> None:
    plain, noted = make_mapping(), make_mapping(caveats=("c",), geocoding="g", source="other")
    assert plain.content({"Ref"}) == noted.content({"Ref"})
    assert plain.content({"Ref"}) != make_mapping(constants={"incident_type": "noise"}).content(
        {"Ref"}
    )


def test_what_a_mapping_is_stays_the_same_from_release_to_release(
    make_mapping: Callable[..., Mapping],
) -> None:
    month = {"month": "%Y-%m", "field": "incident_date", "until": "incident_date_to"}
    mapping = make_mapping(columns={"Month": month}, reference="supply-row")
    assert mapping.content({"Month"}) == (
        '{"dataset":"police-incident","columns":{"Month":{"field":"incident_date",'
        '"until":"incident_date_to","month":"%Y-%m"}},"reference":"supply-row"}'
    )


@pytest.mark.parametrize("changed", [{"format": "csv"}, {"sheet": "s"}, {"quote": "none"}])
def test_how_a_file_is_read_decides_what_a_mapping_is(
    make_mapping: Callable[..., Mapping], changed: dict[str, str]
) -> None:
    assert make_mapping(**changed).content({"Ref"}) != make_mapping().content({"Ref"})


def test_a_column_that_a_file_lacks_does_not_change_what_its_mapping_is(
    make_mapping: Callable[..., Mapping],
) -> None:
    both = {"Ref": "incident_reference", "Flag": "domestic"}
    assert make_mapping(columns=both, optional=["Flag"]).content({"Ref"}) == make_mapping().content(
        {"Ref"}
    )


def test_the_identity_mapping_names_every_field(catalogue: Catalogue) -> None:
    for record_type in catalogue:
        mapping = identity_mapping(record_type)
        assert list(mapping.columns) == [f.name for f in record_type.fields]
        by_supply = {RECORD_REFERENCE} if record_type.has_record_reference else set()
        assert set(record_type.required) & set(mapping.optional) == by_supply


def test_a_supply_and_row_do_not_name_the_crime_of_a_victim(
    write_csv: Write, catalogue: Catalogue
) -> None:
    text = "name: m\nsource: s\ndataset: police-crime-victim\nreference: supply-row\n"
    path = write_csv(text + "columns: {Crime: crime_reference}\n", "wrong.yaml")
    with pytest.raises(MappingError, match=r":4: reference: .*record_reference is filled without"):
        load_mapping(path, catalogue)
