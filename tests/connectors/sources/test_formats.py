from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.convert import Converter
from connectors.errors import SourceError
from connectors.mapping import Mapping
from connectors.sources.formats import format_of, open_table
from connectors.sources.table import Row, rows_of
from schemas.catalogue import Catalogue

Make = Callable[..., Mapping]


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        ("a.csv", "csv"),
        ("a.CSV.xz", "csv"),
        ("a.txt", "csv"),
        ("none", "csv"),
        ("a.xlsx", "xlsx"),
        ("a.XLSM", "xlsx"),
        ("a.xls", "xlsx"),
        ("a.jsonl", "json-lines"),
        ("a.ndjson", "json-lines"),
        ("a.2020.jsonl.GZ", "json-lines"),
        ("a.ndjson.xz", "json-lines"),
    ],
)
def test_the_suffix_tells_the_format_where_the_mapping_does_not(
    make_mapping: Make, name: str, tells: str
) -> None:
    assert format_of(Path(name), make_mapping()) == tells
    assert format_of(Path(name), make_mapping(format="json-lines")) == "json-lines"


def test_a_file_is_opened_as_the_mapping_says(
    make_mapping: Make, write_csv: Callable[..., Path]
) -> None:
    lines = write_csv('{"Ref": 1}\n', "export.txt")
    with open_table(lines, make_mapping(format="json-lines")) as source:
        assert (source.header, list(source)) == (("Ref",), [Row(1, 1, ["1"])])
        assert source.description == "JSON lines, utf-8"
    table = write_csv("Ref;'A'\n1;2\n", "export.txt")
    with open_table(table, make_mapping(delimiter=";", encoding="cp1252", quote="'")) as source:
        assert source.header == ("Ref", "A")
        assert source.description == "CSV, cp1252, cells parted by ';'"
    with open_table(table, make_mapping(delimiter=";", quote="none")) as source:
        assert source.header == ("Ref", "'A'")


def test_the_same_incidents_give_the_same_records_in_every_format(
    make_mapping: Make, write_csv: Callable[..., Path], catalogue: Catalogue, tmp_path: Path
) -> None:
    mapping = make_mapping(
        columns={
            "Ref": "incident_reference",
            "Day": {"field": "incident_date", "date": "%d/%m/%Y"},
            "Time": {"field": "incident_time", "time": "%H:%M"},
            "Flag": "domestic",
            "East": "location_easting",
        }
    )
    header = ["Ref", "Day", "Time", "Flag", "East"]
    given = [["00" + str(n), "01/07/2020", "07:05", "true", "528652.5"] for n in range(3)]
    given[1][2:] = ["", "false", "400000"]
    lines = [",".join(cells) for cells in [header, *given]]
    csv = write_csv("\n".join(lines), "a.csv")
    objects = [json.dumps(dict(zip(header, cells, strict=True))) for cells in given]
    json_lines = write_csv("\n".join(objects), "a.jsonl")
    book = Workbook()
    sheet: Any = book.active
    sheet.append(header)
    for ref, _, clock, flag, east in given:
        at = time.fromisoformat(clock) if clock else None
        sheet.append([ref, date(2020, 7, 1), at, flag == "true", float(east)])
    workbook = tmp_path / "a.xlsx"
    book.save(workbook)
    records = [converted(path, mapping, catalogue) for path in (csv, json_lines, workbook)]
    assert records[0] == records[1] == records[2]
    assert records[0][0]["incident_date"] == date(2020, 7, 1)
    assert records[0][0]["incident_time"] == time(7, 5)
    assert records[0][1]["domestic"] is False
    assert records[0][1]["location_easting"] == 400_000


def converted(path: Path, mapping: Mapping, catalogue: Catalogue) -> list[dict[str, Any]]:
    found = []
    with open_table(path, mapping) as source:
        converter = Converter(
            mapping, catalogue.record_type(mapping.dataset), source.header, "s" * 32
        )
        for row in source:
            assert isinstance(row, Row)
            record = converter(row.cells, row.number).record
            assert record is not None
            found.append(record)
    return found


def test_a_file_of_a_header_alone_is_refused(
    make_mapping: Make, write_csv: Callable[..., Path], tmp_path: Path
) -> None:
    book: Any = Workbook()
    book.active.append(["Ref", "A"])
    book.save(tmp_path / "sheet.xlsx")
    for file in (write_csv("Ref,A\n,\n"), tmp_path / "sheet.xlsx"):
        with open_table(file, make_mapping()) as source:
            assert source.header == ("Ref", "A")
            with pytest.raises(SourceError, match="has a header and no rows"):
                list(rows_of(source, file))


def test_a_row_that_cannot_be_read_is_a_row(
    make_mapping: Make, write_csv: Callable[..., Path]
) -> None:
    file = write_csv("Ref,A\n1,2,3\n")
    with open_table(file, make_mapping()) as source:
        assert [row.number for row in rows_of(source, file)] == [1]
