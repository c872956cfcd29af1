"""No cell that we write is taken for a formula, and all of them can be read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.spreadsheet import guarded, guarded_table, unguarded
from offline.csv_output import private_csv

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''=1",
    "'-3",
    "＝1",
    "＋1",
    "－1",
    "＠A1",
]
TEXTS = [
    "",
    "-",
    "Park Road",
    "-3.2",
    "+44",
    "-0",
    "3",
    "1e-5",
    "-1.5E+3",
    "a=b",
    "'tis",
    " =1",
    "é",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_written_as_a_text(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_all_else_is_written_as_it_is(text: str) -> None:
    assert guarded(text) == text
    assert unguarded(text) == text


@given(st.text(alphabet="=+-@'\t1.a e", max_size=8))
def test_whatever_is_written_is_read_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_a_file_of_ours_holds_no_formula_in_header_or_rows(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with private_csv(path, ["name", "=header"]) as out:
        out.writerow(["=cmd|calc", "-3.2"])
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert rows == [["name", "'=header"], ["'=cmd|calc", "-3.2"]]


@pytest.mark.parametrize(
    ("table", "written"),
    [
        (b"Ward,Safe\nAbbey,81\n", b"Ward,Safe\nAbbey,81\n"),
        (b'a,b\r\n-3.2,-\r\n"1,000",+4%\r\n', b'a,b\r\n-3.2,-\r\n"1,000",+4%\r\n'),
        (b"a,b\n=cmd|calc,1\n", b"a,b\n'=cmd|calc,1\n"),
        (b'a,b\n"=1+1",x\n', b'a,b\n"\'=1+1",x\n'),
        (b"a;b\nx;@SUM(A1)\n", b"a;b\nx;'@SUM(A1)\n"),
        (b"sep=|\na|-1+1\n", b"sep=|\na|'-1+1\n"),
        ("é,=1\n".encode("cp1252"), "é,'=1\n".encode("cp1252")),
    ],
)
def test_a_table_of_others_loses_its_formulas_and_nothing_else(
    table: bytes, written: bytes
) -> None:
    assert guarded_table(table)[0] == written
    assert guarded_table(table)[1] == (table != written)


BEGINNINGS = [
    "",
    "\ufeff",
    "\ufeff\ufeff",
    "a\n",
    "a\r\n",
    "a\r",
    "a,",
    "a;",
    "a\t",
    "a|",
    '"',
    'a,"',
    '\ufeff"',
]
"""What may be before a cell."""


@pytest.mark.parametrize("before", BEGINNINGS)
@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_a_table_of_others_is_made_a_text_as_in_ours(before: str, text: str) -> None:
    # Here a tab or a carriage return ends a cell, so what is behind it gets the apostrophe.
    cell = text.lstrip("\t\r")
    skipped = text[: len(text) - len(cell)]
    written, changed = guarded_table((before + text).encode())
    assert written.decode() == before + skipped + guarded(cell)
    assert changed == 1


@pytest.mark.parametrize("before", BEGINNINGS)
@pytest.mark.parametrize("text", [text for text in TEXTS if not text.startswith(" ")])
def test_all_else_in_a_table_of_others_stays_as_in_ours(before: str, text: str) -> None:
    table = (before + text).encode()
    assert guarded_table(table) == (table, 0)


def test_empty_cells_at_the_ends_of_rows_stay() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        table = end.join([b"a,b,", b"c,,", b""])
        assert guarded_table(table) == (table, 0)


def test_full_width_signs_in_a_table_that_is_no_utf_8_are_made_a_text() -> None:
    table = "é".encode("cp1252") + ",＝1".encode()
    assert guarded_table(table) == ("é".encode("cp1252") + ",'＝1".encode(), 1)
