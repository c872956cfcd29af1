"""Hidden parts of a workbook are not read, and everything that is not read is reported."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from connectors.errors import SourceError
from connectors.sources.table import Contents, Hidden, Row, Unreadable
from connectors.sources.xlsx_file import XlsxFile
from tests.connectors.sources.test_xlsx_file import in_sheet, rewritten

Cells = Iterable[Sequence[Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "given.xlsx"


def book_of(**sheets: Cells) -> Any:
    book: Any = Workbook()
    del book["Sheet"]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def saved(path: Path, book: Any) -> Path:
    book.save(path)
    return path


def read(path: Path, sheet: str | None = None) -> tuple[list[Row | Unreadable | Hidden], Contents]:
    with XlsxFile(path, sheet) as source:
        return list(source), source.contents


HEADER = ["a", "b"]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_only_where_it_is_named(path: Path, state: str) -> None:
    book = book_of(Raw=[HEADER, ["secret", 1]], Shown=[HEADER, ["told", 2]])
    book["Raw"].sheet_state = state
    saved(path, book)
    rows, contents = read(path)
    assert rows == [Row(1, 2, ["told", "2"])]
    assert contents.sheets == ("Shown",)
    assert [name for name, reason in contents.not_read if "hidden" in reason] == ["Raw"]
    assert read(path, "Raw")[0] == [Row(1, 2, ["secret", "1"])]
    assert dict(read(path, "Raw")[1].not_read).keys() == {"Shown"}


def test_a_workbook_that_shows_no_sheet_is_refused_with_the_names_of_those_it_hides(
    path: Path,
) -> None:
    saved(path, book_of(Raw=[HEADER, [1, 2]]))
    rewritten(path, lambda _, text: text.replace('state="visible"', 'state="hidden"'))
    with pytest.raises(SourceError, match=r"has no visible sheet .*'Raw'"):
        read(path)


@pytest.mark.parametrize("attributes", ['hidden="1"', 'hidden="true"', 'ht="0" customHeight="1"'])
def test_a_hidden_row_is_counted_and_not_read(path: Path, attributes: str) -> None:
    saved(path, book_of(S=[HEADER, ["told", 1], ["secret", 2], ["told", 3]]))
    rewritten(path, in_sheet('<row r="3"', f'<row r="3" {attributes}'))
    assert read(path)[0] == [Row(1, 2, ["told", "1"]), Hidden(2, 3), Row(3, 4, ["told", "3"])]


def test_rows_that_a_filter_hides_and_those_above_the_header_are_hidden_rows(path: Path) -> None:
    book = book_of(S=[["secret"], HEADER, ["told", 1], ["secret", 2]])
    book["S"].auto_filter.ref = "A2:B4"
    book["S"].auto_filter.add_filter_column(0, ["told"])
    for line in (1, 4):
        book["S"].row_dimensions[line].hidden = True
    rows, _ = read(saved(path, book))
    assert rows == [Hidden(1, 1), Row(2, 3, ["told", "1"]), Hidden(3, 4)]


def test_hidden_rows_that_hold_nothing_are_no_rows(path: Path) -> None:
    book = book_of(S=[HEADER, ["told", 1], [None, None]])
    book["S"].row_dimensions[3].hidden = True
    assert read(saved(path, book))[0] == [Row(1, 2, ["told", "1"])]


@pytest.mark.parametrize("attributes", ['hidden="1"', 'width="0" customWidth="1"'])
def test_a_hidden_column_is_named_and_not_read(path: Path, attributes: str) -> None:
    saved(path, book_of(S=[["a", "name", "b", ""], [1, "secret", 2], [3, "secret"]]))
    columns = f'<cols><col min="2" max="2" {attributes}/></cols><sheetData'
    rewritten(path, in_sheet("<sheetData", columns))
    with XlsxFile(path) as source:
        assert source.header == ("a", "b")
        assert list(source) == [Row(1, 2, ["1", "2"]), Row(2, 3, ["3", ""])]
        assert source.contents.hidden_columns == ("name",)
        assert "secret" not in " ".join(source.contents.lines + source.contents.caveats)


def test_columns_hidden_to_the_end_of_the_sheet_are_hidden(path: Path) -> None:
    saved(path, book_of(S=[["a", "b", "c"], [1, 2, 3]]))
    columns = '<cols><col min="2" max="16384" width="9" hidden="1"/></cols><sheetData'
    rewritten(path, in_sheet("<sheetData", columns))
    rows, contents = read(path)
    assert (rows, contents.hidden_columns) == ([Row(1, 2, ["1"])], ("b", "c"))


def test_columns_that_are_declared_behind_the_rows_are_refused(path: Path) -> None:
    saved(path, book_of(S=[HEADER, [1, 2]]))
    columns = '</sheetData><cols><col min="2" max="2" hidden="1"/></cols>'
    rewritten(path, in_sheet("</sheetData>", columns))
    with pytest.raises(SourceError, match="damaged or hostile"):
        read(path)


def test_rows_out_of_order_are_refused_and_not_lost(path: Path) -> None:
    saved(path, book_of(S=[HEADER, [1, 2], [3, 4]]))
    rewritten(path, in_sheet('<row r="3"', '<row r="2"'))
    with pytest.raises(SourceError, match="damaged or hostile"):
        read(path)


def test_a_sheet_a_month_is_one_table_and_each_row_says_its_sheet(path: Path) -> None:
    book = book_of(
        Sep=[HEADER, [1, 2]], Notes=[["how", "to"]], Oct=[[], ["A", " b"], [3, 4]], Empty=[],
        Nov=[HEADER, [5, 6, 7]],
    )  # fmt: skip
    rows, contents = read(saved(path, book))
    assert rows == [
        Row(1, 2, ["1", "2"], 1),
        Row(2, 3, ["3", "4"], 2),
        Unreadable(3, 2, "3 cells; the header has 2", 3),
    ]
    assert contents.sheets == ("Sep", "Oct", "Nov")
    assert dict(contents.not_read) == {
        "Notes": "its header differs from the first",
        "Empty": "empty",
    }
    assert isinstance(rows[2], Unreadable)
    assert rows[2].told.startswith("sheet 3, line 2")


def test_a_sheet_in_which_another_column_is_hidden_is_another_table(path: Path) -> None:
    book = book_of(Sep=[HEADER, [1, 2]], Oct=[HEADER, [3, 4]])
    book["Oct"].column_dimensions["B"].hidden = True
    rows, contents = read(saved(path, book))
    assert rows == [Row(1, 2, ["1", "2"])]
    assert [name for name, _ in contents.not_read] == ["Oct"]


def test_a_chart_is_named_as_not_read(path: Path) -> None:
    book = book_of(S=[HEADER, [1, 2]])
    book.create_chartsheet("Plot").add_chart(BarChart())
    assert dict(read(saved(path, book))[1].not_read) == {"Plot": "a chart"}


def test_what_others_see_counts_sheets_and_columns_and_names_none(path: Path) -> None:
    book = book_of(S=[["a", "Jo Bloggs"], [1, 2]], Jo=[["x"]])
    book["S"].column_dimensions["B"].hidden = True
    book["Jo"].sheet_state = "hidden"
    contents = read(saved(path, book))[1]
    assert len(contents.caveats) == 2
    assert "Jo" not in " ".join(contents.caveats)
    assert "Jo" in " ".join(contents.lines)


def test_formulas_and_merged_cells_of_a_sheet_that_is_not_read_are_no_matter(path: Path) -> None:
    book = book_of(S=[HEADER, [1, 2]], Raw=[HEADER, ["=1+1", 2], [3, 4]])
    book["Raw"].sheet_state = "hidden"
    book["Raw"].merge_cells("A2:A3")
    assert read(saved(path, book))[0] == [Row(1, 2, ["1", "2"])]
    book["Raw"].sheet_state = "visible"
    with pytest.raises(SourceError, match="never calculated"):
        read(saved(path, book))


def test_rows_are_not_kept_however_many_are_read(path: Path) -> None:
    book = book_of(S=[HEADER, *([n, "x" * 90] for n in range(6_000))])
    for line in range(2, 6_000, 2):
        book["S"].row_dimensions[line].hidden = True
    saved(path, book)
    with XlsxFile(path) as source:
        tracemalloc.start()
        count = sum(1 for _ in source)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 6_000
    assert peak < 6_000 * 100
