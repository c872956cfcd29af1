"""No cell that we write is taken for a formula, and all of them can be read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.offline.csv_output import private_csv
from ops.spreadsheet import guarded, guarded_table, unguarded

FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "＝1"]
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
