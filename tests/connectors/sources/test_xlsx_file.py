from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING

from connectors.errors import SourceError
from connectors.sources import xlsx_file
from connectors.sources.table import LONGEST_ROW, Hidden, Row, Unreadable
from connectors.sources.xlsx_file import XlsxFile

Rewrite = Callable[[str, str], str]
SHEET = "xl/worksheets/sheet1.xml"
TABLE = "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHARED_TYPE = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml" />'
)


def sheet_of(book: Workbook) -> Any:
    return book.active


def workbook(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        sheet_of(book).append(row)
    book.save(path)
    return path


def rewritten(path: Path, rewrite: Rewrite) -> Path:
    """Return the workbook with each part as `rewrite` makes it from its name and text."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, rewrite(name, text))
    return path


def as_excel_keeps_texts(path: Path) -> Path:
    """Return the workbook with its texts in one shared table, which openpyxl does not write."""
    texts: list[str] = []

    def moved(cell: re.Match[str]) -> str:
        texts.append(f"<si>{cell.group(2)}</si>")
        return f'{cell.group(1)} t="s"><v>{len(texts) - 1}</v></c>'

    def rewrite(name: str, text: str) -> str:
        if name == "[Content_Types].xml":
            return text.replace("</Types>", f"{SHARED_TYPE}</Types>")
        inline = r'(<c r="[A-Z]+\d+"(?: s="\d+")?) t="inlineStr"><is>(.*?)</is></c>'
        return re.sub(inline, moved, text, flags=re.DOTALL)

    rewritten(path, rewrite)
    assert texts
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(TABLE, f"<sst xmlns={MAIN!r}>{''.join(texts)}</sst>")
    return path


def in_sheet(old: str, new: str) -> Rewrite:
    """Return a function that replaces a pattern in the sheet, where it must occur."""

    def rewrite(name: str, text: str) -> str:
        if name != SHEET:
            return text
        changed = re.sub(old, new, text, count=1)
        assert changed != text
        return changed

    return rewrite


def read(path: Path, sheet: str | None = None) -> list[Row | Unreadable | Hidden]:
    with XlsxFile(path, sheet) as source:
        return list(source)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "given.xlsx"


def test_the_header_is_the_first_row_that_holds_anything(path: Path) -> None:
    workbook(path, [[], [None, " "], [" a ", "b", None], [1, 2], [], ["", None], [3]])
    with XlsxFile(path) as source:
        assert source.header == ("a", "b")
        assert list(source) == [Row(1, 4, ["1", "2"]), Row(2, 7, ["3", ""])]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (datetime(2020, 7, 1), "dd/mm/yyyy", "2020-07-01"),
        (datetime(2020, 7, 1), "dd/mm/yyyy hh:mm", "2020-07-01T00:00:00"),
        (datetime(2020, 7, 1, 9, 5), "dd/mm/yyyy", "2020-07-01T09:05:00"),
        (datetime(2020, 7, 1, 9, 5, 59), "dd/mm/yyyy hh:mm", "2020-07-01T09:05:59"),
        (date(2020, 7, 1), "mmm-yy", "2020-07-01"),
        (44013.999999, "dd/mm/yyyy", "2020-07-02"),
        (time(7, 5), "hh:mm", "07:05:00"),
        (time(0, 0), "hh:mm", "00:00:00"),
        (time(23, 59, 59, 700_000), "hh:mm", "23:59:59"),
        (0.00208333333, "hh:mm:ss", "00:03:00"),
        (timedelta(hours=30, minutes=1), "[h]:mm", "30:01:00"),
        (12.0, "General", "12"),
        (1e15, "0.00", "1000000000000000"),
        (0.1, "General", "0.1"),
        (-2.50, "General", "-2.5"),
        (10_001_234_567, "General", "10001234567"),
        (True, "General", "true"),
        (False, "General", "false"),
        ("007", "@", "007"),
        (" kept ", "@", " kept "),
        ("line\nnext", "@", "line\nnext"),
        ("line_x000D_\nnext", "@", "line\r\nnext"),
        ("#N/A", "General", ""),
        ("#REF!", "General", ""),
        (1e9, "dd/mm/yyyy", ""),
    ],
)
def test_a_cell_is_the_text_that_a_csv_file_would_have(
    *, path: Path, value: object, number_format: str, text: str
) -> None:
    book = Workbook()
    sheet_of(book).append(["a", "b"])
    cell = sheet_of(book).cell(2, 1)
    cell.value = value
    cell.number_format = number_format
    sheet_of(book).cell(2, 2).value = "end"
    book.save(path)
    assert read(path) == [Row(1, 2, [text, "end"])]


def test_a_text_of_several_styles_is_one_text(path: Path) -> None:
    as_excel_keeps_texts(workbook(path, [["a"], ["High St"]]))
    runs = "<r><t xml:space='preserve'>High </t></r><r><rPr><b/></rPr><t>St</t></r>"
    rewritten(path, lambda _, text: text.replace("<si><t>High St</t>", f"<si>{runs}"))
    assert read(path) == [Row(1, 2, ["High St"])]


def test_a_formula_is_what_it_last_gave(path: Path) -> None:
    workbook(path, [["a"], ["=1+1"]])
    rewritten(path, in_sheet(r"<f>1\+1</f><v ?/?>(</v>)?", "<f>1+1</f><v>2</v>"))
    assert read(path) == [Row(1, 2, ["2"])]


@pytest.mark.parametrize("left", ["", "<v></v>", "<v/>"])
def test_a_formula_that_was_never_calculated_is_refused_and_not_read_as_empty(
    path: Path, left: str
) -> None:
    workbook(path, [["a"], ["=1+1"]])
    rewritten(path, in_sheet(r"<f>1\+1</f><v ?/?>(</v>)?", f"<f>1+1</f>{left}"))
    with pytest.raises(SourceError, match="the formula in A2 was never calculated"):
        read(path)


def test_a_formula_whose_result_is_an_empty_text_is_empty(path: Path) -> None:
    workbook(path, [["a", "b"], ['=""', "x"]])
    rewritten(
        path, in_sheet(r'<c r="A2"><f>""</f><v ?/?>(</v>)?', '<c r="A2" t="str"><f>""</f><v></v>')
    )
    assert read(path) == [Row(1, 2, ["", "x"])]


def test_cells_merged_over_several_rows_are_refused_and_within_one_are_not(path: Path) -> None:
    book = Workbook()
    for cells in (["a", "b"], ["x", "1"], [None, "2"]):
        sheet_of(book).append(cells)
    sheet_of(book).merge_cells("A1:B1")
    book.save(path)
    assert len(read(path)) == 2
    sheet_of(book).merge_cells("A2:A3")
    book.save(path)
    with pytest.raises(SourceError, match="A2:A3 are merged over several rows"):
        read(path)


def test_days_are_counted_from_1904_where_the_workbook_does(path: Path) -> None:
    workbook(path, [["a"], [date(2020, 7, 1)]])
    rewritten(path, lambda _, text: text.replace("<workbookPr ", '<workbookPr date1904="1" '))
    assert read(path) == [Row(1, 2, ["2024-07-02"])]


def test_longer_rows_are_trimmed_of_empty_cells_and_else_told(path: Path) -> None:
    workbook(path, [["a", "b"], [1, 2, "", None], [1, 2, 3], [4, 5]])
    assert read(path) == [
        Row(1, 2, ["1", "2"]),
        Unreadable(2, 3, "3 cells; the header has 2"),
        Row(3, 4, ["4", "5"]),
    ]


@pytest.mark.parametrize("extent", ["A1", "A1:B1", "A1:XFD1048576"])
def test_an_extent_that_the_sheet_misstates_leaves_nothing_out(path: Path, extent: str) -> None:
    workbook(path, [["a", "b"], [1, 2], [3, 4]])
    rewritten(path, in_sheet('<dimension ref="[^"]*"', f'<dimension ref="{extent}"'))
    assert read(path) == [Row(1, 2, ["1", "2"]), Row(2, 3, ["3", "4"])]


def test_a_sheet_without_extent_or_coordinates_is_read(path: Path) -> None:
    workbook(path, [["a", "b"], [1, 2]])

    def bare(name: str, text: str) -> str:
        return re.sub(r'<dimension[^>]*>| r="[A-Z0-9]+"', "", text) if name == SHEET else text

    assert read(rewritten(path, bare)) == [Row(1, 2, ["1", "2"])]


def test_rows_and_cells_that_a_sheet_leaves_out_are_empty(path: Path) -> None:
    book = Workbook()
    for place, value in {"A1": "a", "C1": "c", "C5": 1}.items():
        sheet_of(book)[place] = value
    book.save(path)
    with XlsxFile(path) as source:
        assert source.header == ("a", "", "c")
        assert list(source) == [Row(1, 5, ["", "", "1"])]


def test_a_sheet_is_found_by_its_name_and_is_else_the_first(path: Path) -> None:
    book = Workbook()
    for name, value in {"Notes": "n", "Data": "d"}.items():
        book.create_sheet(name).append([value])
    del book["Sheet"]
    book.save(path)
    with XlsxFile(path) as first, XlsxFile(path, "Data") as named:
        assert (first.header, named.header) == (("n",), ("d",))
        assert named.description == "Excel workbook, sheet 'Data'"
    with pytest.raises(SourceError, match="no sheet 'data'; accepted: 'Notes', 'Data'"):
        read(path, "data")


def test_a_row_too_long_is_told(path: Path) -> None:
    workbook(path, [["c"] * 8, ["x" * 30_000] * 8, ["y"] * 8])
    assert read(path) == [
        Unreadable(1, 2, f"more than {LONGEST_ROW} characters"),
        Row(2, 3, ["y"] * 8),
    ]


def test_progress_ends_at_the_size_of_the_file(path: Path) -> None:
    workbook(path, [["a"], *([n] for n in range(999))])
    with XlsxFile(path) as source:
        assert sum(1 for _ in source) == 999
        assert source.consumed == source.size == path.stat().st_size


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not an Excel workbook"),
        (b"a,b\n1,2\n", "is not an Excel workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "encrypted, or is an .xls"),
    ],
)
def test_what_is_no_workbook_is_refused(path: Path, content: bytes, says: str) -> None:
    path.write_bytes(content)
    with pytest.raises(SourceError, match=f"{path}: .*{says}"):
        read(path)


def test_a_zip_that_is_no_workbook_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "x")
    with pytest.raises(SourceError, match="damaged or hostile"):
        read(path)


def test_a_sheet_without_rows_is_refused(path: Path) -> None:
    with pytest.raises(SourceError, match="no header"):
        read(workbook(path, [[], [None, ""]]))


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbook(path, [["a"], [1]])
    monkeypatch.setattr(xlsx_file, "MOST_UNPACKED", 1_000)
    with pytest.raises(SourceError, match="unpacks to more than"):
        read(path)


def test_a_part_that_is_read_whole_has_a_bound_of_its_own(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbook(path, [["a"], *([n] for n in range(5_000))])
    monkeypatch.setattr(xlsx_file, "MOST_IN_MEMORY", 50_000)
    assert len(read(path)) == 5_000
    as_excel_keeps_texts(workbook(path, [["a"], *([f"text {n}"] for n in range(5_000))]))
    with pytest.raises(SourceError, match="unpacks to more than"):
        read(path)


def test_a_part_packed_tighter_than_any_table_is_refused(path: Path) -> None:
    workbook(path, [["a"], [1]])
    blank = " " * (xlsx_file.SMALL + 1)
    rewritten(path, in_sheet("</sheetData>", f"</sheetData>{blank}"))
    with pytest.raises(SourceError, match="compressed far too much"):
        read(path)


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", TABLE])
def test_xml_with_entities_is_refused(path: Path, part: str) -> None:
    as_excel_keeps_texts(workbook(path, [["a"], ["b"]]))
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'

    def hostile(name: str, text: str) -> str:
        declaration = re.match(r"<\?xml[^>]*\?>", text)
        head = declaration.group() if declaration else ""
        return head + entity + text.removeprefix(head) if name == part else text

    with pytest.raises(SourceError, match=r"damaged or hostile \("):
        read(rewritten(path, hostile))


@pytest.mark.timeout(60)
def test_a_row_beyond_any_sheets_last_is_refused_and_not_counted_up_to(path: Path) -> None:
    workbook(path, [["a"], [1]])
    rewritten(path, in_sheet('<row r="2"', '<row r="99999999999"'))
    with pytest.raises(SourceError, match="beyond 1048576"):
        read(path)


def test_what_goes_wrong_does_not_quote_a_cell(path: Path) -> None:
    workbook(path, [["a"], [1]])
    rewritten(path, in_sheet("<v>1</v>", "<v>secret</v>"))
    with pytest.raises(SourceError) as error:
        read(path)
    assert "secret" not in str(error.value)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30).filter(
    lambda text: not ILLEGAL_CHARACTERS_RE.search(text) and not re.search("x[0-9A-F]{4}_", text)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=5), st.booleans())
def test_any_texts_come_back_from_a_sheet_or_a_shared_table(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    shared: bool,
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.xlsx"
    book = Workbook()
    sheet_of(book).append(["a", "b", "c"])
    for line, texts in enumerate(table, start=2):
        for column, text in enumerate(texts, start=1):
            cell = sheet_of(book).cell(line, column)
            cell.value, cell.data_type = text, TYPE_STRING
    book.save(path)
    if shared:
        as_excel_keeps_texts(path)
    wanted = [texts for texts in table if any(text.strip() for text in texts)]
    found = [row.cells for row in read(path) if isinstance(row, Row)]
    assert [_trimmed(cells) for cells in found] == [_trimmed(cells) for cells in wanted]


def _trimmed(cells: list[str]) -> list[str]:
    """Drop cells at the end with only white space, which count as empty."""
    texts = list(cells)
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32))
def test_a_damaged_workbook_gives_rows_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.xlsx"
    dice = random.Random(seed)
    with zipfile.ZipFile(io.BytesIO(_whole())) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    harmed = parts[dice.choice([*parts, SHEET, SHEET, SHEET])]
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(harmed))
        harmed[at : at + dice.randint(0, 6)] = dice.randbytes(dice.randint(0, 3)) or b"9"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, bytes(content))
    whole = bytearray(path.read_bytes())
    if dice.random() < 0.3:
        whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
    path.write_bytes(whole)
    try:
        found = read(path)
    except SourceError:
        return
    assert [row.number for row in found] == list(range(1, len(found) + 1))


def _whole() -> bytes:
    into = io.BytesIO()
    book = Workbook()
    for row in (["a", "b"], [1.5, "x"], [datetime(2020, 1, 1, 9), True]):
        sheet_of(book).append(row)
    book.save(into)
    return into.getvalue()
