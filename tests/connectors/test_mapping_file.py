from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.errors import MappingError
from connectors.mapping import Mapping
from connectors.mapping_file import (
    find_mapping,
    identity_mapping,
    load_mapping,
    shipped_mappings,
)
from schemas.catalogue import Catalogue

Write = Callable[..., Path]

HEAD = "name: m\nsource: s\ndataset: police-incident\n"


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_fits_its_record_type(name: str, catalogue: Catalogue) -> None:
    mapping = find_mapping(name, catalogue)
    assert mapping.name == name
    assert mapping.caveats


@pytest.mark.parametrize(
    ("text", "line", "place", "says"),
    [
        ("columns:\n  Ref: incident_ref\n", 5, "columns.Ref", "'incident_ref' is no field of"),
        ("columns:\n  D: {field: incident_date, dat: x}\n", 5, "columns.D.dat", "accepted: field"),
        ("columns:\n  D: {field: incident_date, date: '%Y-%m'}\n", 5, "columns.D.date", "whole"),
        ("columns:\n  D: {field: incident_date, date: 'day'}\n", 5, "columns.D.date", "'day'"),
        ("columns:\n  D: {field: incident_time, date: '%d/%m/%Y'}\n", 5, "columns.D.date", "time"),
        ("columns:\n  M: {field: incident_date, month: '%Y-%m'}\n", 5, "columns.M", "two ends"),
        ("columns:\n  A: domestic\n  B: domestic\n", 6, "columns.B", "by the column 'A' already"),
        ("columns:\n  A: {field: domestic, truthy: [J]}\n", 5, "columns.A", "falsy"),
        ("columns:\n  A: domestic\noptional: [B]\n", 6, "optional.0", "accepted: A"),
        ("columns:\n  A: domestic\nconstants:\n  domestic: x\n", 7, "constants.domestic", "'A'"),
        ("columns:\n  A: domestic\nencoding: klingon\n", 6, "encoding", "accepted: utf-8-sig"),
        ("columns:\n  A: domestic\ndelimiter: ab\n", 6, "delimiter", "given 'ab'"),
        ("columns:\n  A: domestic\nencoding: rot13\n", 6, "encoding", "'rot13'"),
        ("columns:\n  A: domestic\ndelimiter: '\"'\n", 6, "delimiter", "given '\"'"),
        ("columns: {}\n", 4, "columns", "at least 1"),
        ("columns:\n  A: domestic\nwhere:\n  - wen: {A: [x]}\n", 7, "where.0.wen", "ed: when"),
        (
            "columns:\n  A: domestic\nwhere:\n  - {gives: {domestic: x}, out_of_scope: y}\n",
            7, "where.0", "given nothing",
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
    with pytest.raises(MappingError, match=r":3: dataset: 'ufo' is unknown; accepted: fire-inc"):
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
        assert not set(record_type.required) & set(mapping.optional)
