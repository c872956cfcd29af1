from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from connectors.errors import SourceError
from connectors.publishing.table_file import read_table
from isp.agreement.topics import MAXIMUM_TABLE_BYTES

Write = Callable[..., Path]


def test_a_table_is_read_with_its_header_rows_and_digest(write_csv: Write) -> None:
    content = b'Ward,Feels safe,Note\nAbbey,81,"two\nlines"\nBathwick,78,\n'
    table = read_table(write_csv(content))
    assert table.content == content
    assert table.fields == ("Ward", "Feels safe", "Note")
    assert (table.records, table.caveats) == (2, ())
    assert table.sha256 == hashlib.sha256(content).hexdigest()


def test_rows_that_do_not_fit_the_header_are_counted_and_told(write_csv: Write) -> None:
    table = read_table(write_csv("a,b\n1,2\n3\n4,5,6\n"))
    assert table.records == 3
    assert table.caveats == (
        "2 rows do not fit the header; the first: line 3: 1 cells; the header has 2",
    )


def test_a_table_of_an_older_western_encoding_is_read_and_says_so(write_csv: Write) -> None:
    table = read_table(write_csv("Café,£\n1,2\n".encode("cp1252")))
    assert table.fields == ("Café", "£")
    assert "cp1252" in table.read_as


def test_a_workbook_is_read_and_kept_as_its_bytes(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.create_sheet("Table", 0)
    for row in (["Ward", "Residents"], ["Abbey", 5_100], ["Bathwick", 6_200]):
        sheet.append(row)
    path = tmp_path / "census.xlsx"
    book.save(path)
    table = read_table(path)
    assert (table.fields, table.records) == (("Ward", "Residents"), 2)
    assert table.content == path.read_bytes()


@pytest.mark.parametrize("hides", ["sheet", "row", "column", "pivot"])
def test_a_workbook_that_hides_anything_is_not_published_whole(tmp_path: Path, hides: str) -> None:
    book: Any = Workbook()
    for row in (["Ward", "Residents"], ["Abbey", 5_100]):
        book.active.append(row)
    book.create_sheet("Raw").append(["Name"])
    book["Raw"].sheet_state = "hidden" if hides == "sheet" else "visible"
    book.active.row_dimensions[2].hidden = hides == "row"
    book.active.column_dimensions["B"].hidden = hides == "column"
    path = tmp_path / "census.xlsx"
    book.save(path)
    if hides == "pivot":
        with ZipFile(path, "a") as archive:
            archive.writestr("xl/pivotCache/pivotCacheRecords1.xml", "<x/>")
    with pytest.raises(SourceError, match="the workbook hides"):
        read_table(path)


@pytest.mark.parametrize("name", ["table.csv.gz", "table.pdf", "table"])
def test_what_is_no_table_by_its_suffix_is_refused(write_csv: Write, name: str) -> None:
    with pytest.raises(SourceError, match=r"accepted: \.csv, \.xlsx, \.xlsm"):
        read_table(write_csv("a\n1\n", name))


def test_a_table_larger_than_the_limit_is_refused(write_csv: Write) -> None:
    row = b"1," + b"2" * 1_021 + b"\n"
    largest = row * (MAXIMUM_TABLE_BYTES // len(row))
    assert read_table(write_csv(largest)).content == largest
    with pytest.raises(SourceError, match=r"larger than 8,388,608 bytes"):
        read_table(write_csv(largest + b"3"))


def test_a_file_without_header_is_refused(write_csv: Write) -> None:
    with pytest.raises(SourceError, match="no header"):
        read_table(write_csv(""))
