from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import SourceError
from connectors.sources.content import content_digest
from connectors.sources.csv_file import CsvFile
from connectors.sources.table import LONGEST_ROW, Row, Unreadable

Write = Callable[..., Path]


def rows(path: Path, encoding: str = "utf-8-sig") -> list[Row | Unreadable]:
    with CsvFile(path, encoding=encoding) as source:
        return list(source)


def test_rows_come_with_number_and_line(write_csv: Write) -> None:
    path = write_csv('a,b\n1,2\n\n"x\ny",3\r\n4,5')
    assert rows(path) == [
        Row(1, 2, ["1", "2"]),
        Row(2, 4, ["x\ny", "3"]),
        Row(3, 6, ["4", "5"]),
    ]


def test_a_row_of_another_width_is_told_with_its_line_and_the_rest_is_read(
    write_csv: Write,
) -> None:
    found = rows(write_csv("a,b\n1\n1,2,3\n4,5\n"))
    assert found == [
        Unreadable(1, 2, "1 cells; the header has 2"),
        Unreadable(2, 3, "3 cells; the header has 2"),
        Row(3, 4, ["4", "5"]),
    ]


def test_bytes_of_another_encoding_spoil_their_own_row_alone(write_csv: Write) -> None:
    path = write_csv("a,b\nCafé,1\n".encode("cp1252") + "Café,2\n".encode())
    assert rows(path) == [
        Unreadable(1, 2, "bytes that are not text in utf-8-sig"),
        Row(2, 3, ["Café", "2"]),
    ]
    assert rows(write_csv("a,b\nCafé,1\n".encode("cp1252")), "cp1252")[0][2] == ["Café", "1"]


def test_a_quote_that_does_not_close_is_told_and_not_swallowed(write_csv: Write) -> None:
    found = rows(write_csv('a,b\n1,2\n3,"4\n5,6\n'))
    assert found[0] == Row(1, 2, ["1", "2"])
    assert isinstance(found[1], Unreadable)
    assert (found[1].line, found[1].reason) == (3, "unexpected end of data; so up to line 4")


def test_a_byte_order_mark_is_no_part_of_the_header(write_csv: Write) -> None:
    with CsvFile(write_csv(b"\xef\xbb\xbfa , b\n")) as source:
        assert source.header == ("a", "b")


@pytest.mark.parametrize("content", [b"", b"\n , \n", b"a\xff,b\n"])
def test_a_file_without_a_header_is_refused(write_csv: Write, content: bytes) -> None:
    with pytest.raises(SourceError, match=r"given\.csv:1: "):
        rows(write_csv(content))


@pytest.mark.parametrize("before", [b"\n", b";;\n", b"sep=;\n", b"\xef\xbb\xbfsep=;\n\n"])
def test_what_spreadsheets_write_above_a_header_is_none(write_csv: Write, before: bytes) -> None:
    with CsvFile(write_csv(before + b"a;b\n1;2\n"), delimiter=";") as source:
        assert source.header == ("a", "b")
        assert [row.cells for row in source if isinstance(row, Row)] == [["1", "2"]]


def test_rows_in_which_nothing_stands_are_no_rows(write_csv: Write) -> None:
    found = rows(write_csv(b"a,b\n,\n1,2\n,,,,\n   \n3,\n, \n"))
    assert found == [Row(1, 3, ["1", "2"]), Row(2, 6, ["3", ""])]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        rows(tmp_path / "none.csv")


def test_a_compressed_file_is_the_same_content(write_csv: Write) -> None:
    plain = b"a,b\n1,2\n"
    paths = [
        write_csv(plain),
        write_csv(gzip.compress(plain), "given.csv.gz"),
        write_csv(lzma.compress(plain), "given.csv.xz"),
    ]
    assert [rows(path) for path in paths] == [[Row(1, 2, ["1", "2"])]] * 3
    assert len({content_digest(path) for path in paths}) == 1


@pytest.mark.parametrize(("name", "compress"), [("c.gz", gzip.compress), ("c.xz", lzma.compress)])
def test_a_compressed_file_cut_short_is_refused_before_anything_is_sent(
    write_csv: Write, name: str, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(9_999)))
    path = write_csv(whole[: len(whole) // 2], name)
    with pytest.raises(SourceError, match="damaged"):
        content_digest(path)
    with pytest.raises(SourceError, match="damaged"):
        rows(path)


def test_damage_before_the_first_line_is_of_line_1(write_csv: Write) -> None:
    with pytest.raises(SourceError, match=r"c\.gz:1: the file is damaged"):
        rows(write_csv(b"a,b\n1,2\n", "c.gz"))


def test_a_line_without_end_is_told_and_the_next_is_read(write_csv: Write) -> None:
    path = write_csv("a,b\n" + "x" * 500_000 + "\n1,2\n")
    assert [type(row) for row in rows(path)] == [Unreadable, Row]


def test_cells_too_long_together_are_told(write_csv: Write) -> None:
    path = write_csv("a,b\n" + "x" * 110_000 + "," + "y" * 110_000 + "\n1,2\n")
    found = rows(path)
    assert isinstance(found[0], Unreadable)
    assert found[0].reason == f"more than {LONGEST_ROW} characters"


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [("\t", "utf-8-sig"), (";", "cp1252"), ("|", "utf-16"), (",", "utf-16"), ("\t", "utf-16-le")],
)
def test_suppliers_delimiters_and_encodings_are_read_with_their_quoted_newlines(
    write_csv: Write, delimiter: str, encoding: str
) -> None:
    text = 'Réf,"No, te"\r\n1,"first\nsecond ""x"""\r\n2,£5\r\n'
    if delimiter != ",":
        text = text.replace("No, te", "No; te\t|").replace(",", delimiter)
    with CsvFile(write_csv(text.encode(encoding)), delimiter, encoding) as source:
        assert source.header[0] == "Réf"
        assert list(source) == [
            Row(1, 2, ["1", 'first\nsecond "x"']),
            Row(2, 4, ["2", "£5"]),
        ]


def test_cells_are_quoted_as_the_supplier_quotes_them(write_csv: Write) -> None:
    def cells(quote: str | None, line: str) -> list[str] | str:
        with CsvFile(write_csv(f"a,b\n{line}\n"), quote=quote) as source:
            return next(iter(source))[2]

    assert cells("'", "'1,2','it''s 5\"'") == ["1,2", "it's 5\""]
    assert cells(None, "5\" pipe,'tis") == ['5" pipe', "'tis"]
    assert cells(None, '"1,2",3') == "3 cells; the header has 2"


def test_progress_ends_at_the_size_of_the_file(write_csv: Write) -> None:
    with CsvFile(write_csv(gzip.compress(b"a\n" + b"1\n" * 9_999), "p.csv.gz")) as source:
        assert sum(1 for _ in source) == 9_999
        assert source.consumed == source.size


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_unreadable_rows_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(b"a,b\n" + content)
    found = rows(path)
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    for row in found:
        if isinstance(row, Row):
            assert len(row.cells) == 2
            "".join(row.cells).encode()
