"""A file of events is read as it is, and every bad row is named at once."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.detect.days import day_of, iso_of
from offline.detect.errors import DetectError
from offline.detect.reading import NO_DAY, NO_POINT, OTHER_TYPE, RANGE, REPLACED, read_events
from schemas.catalogue import Catalogue
from schemas.derive import release_schema
from tests.offline.detect.events import HEADER, write

GOOD = "A,375000,164800,2026-03-30,2"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-30",
        "2026/03/30",
        "2026/3/30",
        "2026-03-30T23:59:00",
        "2026-03-30 00:00",
        "20260330",
    ],
)
def test_a_day_is_read_in_each_form_and_written_as_iso_8601(text: str) -> None:
    day = day_of(text)
    assert day is not None
    assert iso_of(day) == "2026-03-30"


@pytest.mark.parametrize(
    "text", ["", "30/03/2026", "2026-02-30", "2026/13/01", "yesterday", "١٢٣٤/٠١/٠١", "46111"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert day_of(text) is None


def test_the_count_is_one_without_a_column_for_it(tmp_path: Path, catalogue: Catalogue) -> None:
    file = write(tmp_path / "in.csv", ["A,1.5,2,2026-03-30"], "ID,Easting,Northing,Date")
    (event,) = read_events(file, catalogue).events
    assert (event.id, event.easting, event.northing, event.cases) == ("A", 1.5, 2.0, 1)


def test_a_row_with_count_0_is_a_site_and_needs_no_day(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    read = read_events(write(tmp_path / "in.csv", [GOOD, "B,1,2,,0"]), catalogue)
    assert [(e.id, e.day is None, e.cases) for e in read.events] == [
        ("A", False, 2),
        ("B", True, 0),
    ]


def test_a_count_may_be_written_as_a_float(tmp_path: Path, catalogue: Catalogue) -> None:
    read = read_events(write(tmp_path / "in.csv", ["A,1,2,2026-03-30,2.0"]), catalogue)
    assert [event.cases for event in read.events] == [2]


def test_equal_rows_are_so_many_events(tmp_path: Path, catalogue: Catalogue) -> None:
    read = read_events(write(tmp_path / "in.csv", [GOOD, GOOD]), catalogue)
    assert sum(e.cases for e in read.events) == 4


def test_a_compressed_file_is_read(tmp_path: Path, catalogue: Catalogue) -> None:
    file = tmp_path / "in.csv.gz"
    file.write_bytes(gzip.compress(f"{HEADER}\n{GOOD}\n".encode()))
    assert len(read_events(file, catalogue).events) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",1,2,2026-03-30,1", "id: ''; accepted: an id"),
        ("A,x,2,2026-03-30,1", "easting: 'x'; accepted: a number of metres"),
        ("A,nan,2,2026-03-30,1", "easting: 'nan'; accepted: a number of metres"),
        ("A,1_0,2,2026-03-30,1", "easting: '1_0'; accepted: a number of metres"),
        ("A,1e99,2,2026-03-30,1", "easting: '1e99'; accepted: a number of metres"),
        ("A,1,,2026-03-30,1", "northing: ''; accepted: a number of metres"),
        ("A,1,2,30/03/2026,1", "date: '30/03/2026'; accepted: a date such as 2026-03-30"),
        ("A,1,2,,1", "date: ''; accepted: a date such as 2026-03-30"),
        ("A,1,2,2026-03-30,-1", "count: '-1'; accepted: a whole number from 0"),
        ("A,1,2,2026-03-30,1.5", "count: '1.5'; accepted: a whole number from 0"),
        ("A,1,2,2026-03-30,9999999", "count: '9999999'; accepted: a whole number from 0"),
        ("A,1,2,2026-03-30", "the row cannot be read: 4 cells; the header has 5"),
        ("A" * 99 + ",1,2,2026-03-30," + "9" * 99, "9…'; accepted: a whole number from 0"),
    ],
)
def test_a_bad_row_is_named_with_line_field_value_and_what_is_accepted(
    row: str, said: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    file = write(tmp_path / "in.csv", [GOOD, row])
    with pytest.raises(DetectError) as raised:
        read_events(file, catalogue)
    assert str(raised.value).startswith(f"{file}:3: ")
    assert said in str(raised.value)


def test_all_bad_rows_are_named_to_a_limit(tmp_path: Path, catalogue: Catalogue) -> None:
    file = write(tmp_path / "in.csv", ["A,1,2,never,1"] * 25)
    with pytest.raises(DetectError) as raised:
        read_events(file, catalogue)
    lines = str(raised.value).splitlines()
    assert lines[19].startswith(f"{file}:21: date")
    assert lines[20:] == [f"{file}: and 5 more bad rows"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no header"),
        (f"{HEADER}\n", "has no rows; accepted: a file with at least one"),
        ("id,date\nA,2026-03-30\n", "the header is 'id', 'date'; accepted: the columns id"),
        (f"{HEADER},ID\n{GOOD},B\n", "the header names a column twice: 'id'"),
        ("id;easting;northing;date\n", "the header is 'id;easting;northing;date'"),
    ],
)
def test_a_file_of_no_layout_is_refused(
    content: str, said: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DetectError, match=f"^{file}.*{said}"):
        read_events(file, catalogue)


@given(st.lists(st.lists(st.text(max_size=12), min_size=5, max_size=5), max_size=5))
def test_any_cells_are_read_or_named_as_bad(catalogue: Catalogue, rows: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "in.csv")
        with file.open("w", newline="", encoding="utf-8", errors="surrogatepass") as stream:
            csv.writer(stream).writerows([HEADER.split(","), *rows])
        try:
            assert len(read_events(file, catalogue).events) <= len(rows)
        except DetectError as error:
            assert str(file) in str(error)


RELEASED = [
    ("r1", "police", "violence", "2026-03-30", "", "375000", "164800"),
    ("r2", "police", "violence", "", "", "375000", "164800"),
    ("r3", "police", "violence", "2026-03-30", "", "", ""),
    ("r4", "police", "violence", "2026-03-01", "2026-03-31", "375000", "164800"),
    ("r5", "police", "violence", "2026-03-29", "2026-03-29", "375000", "164800"),
    ("r6", "police", "disorder/rowdy", "2026-03-28", "", "375100", "164800"),
    ("r1", "police", "violence", "2026-03-27", "", "375000", "164800"),
]
COLUMNS = (
    "record_id", "source_agency", "incident_type", "incident_date", "incident_date_to",
    "location_easting", "location_northing",
)  # fmt: skip


def test_a_release_is_read_by_its_own_columns(tmp_path: Path, catalogue: Catalogue) -> None:
    file = write(tmp_path / "out.csv", map(",".join, RELEASED), ",".join(COLUMNS))
    read = read_events(file, catalogue)
    assert read.is_release
    assert [(e.id, iso_of(e.day or 0), e.agency) for e in read.events] == [
        ("r1", "2026-03-27", "police"),
        ("r5", "2026-03-29", "police"),
        ("r6", "2026-03-28", "police"),
    ]
    assert +read.left_out == {NO_DAY: 1, NO_POINT: 1, RANGE: 1, REPLACED: 1}
    assert read.rows == 7


@pytest.mark.parametrize(
    ("wanted", "kept"), [("violence", 2), ("disorder", 1), ("disorder/rowdy", 1)]
)
def test_a_type_or_its_class_can_be_chosen(
    wanted: str, kept: int, tmp_path: Path, catalogue: Catalogue
) -> None:
    file = write(tmp_path / "out.csv", map(",".join, RELEASED), ",".join(COLUMNS))
    read = read_events(file, catalogue, wanted)
    assert len(read.events) == kept
    assert read.left_out[OTHER_TYPE] > 0


def test_json_lines_of_a_topic_are_read(tmp_path: Path, catalogue: Catalogue) -> None:
    file = tmp_path / "out.jsonl"
    lines: list[dict[str, object]] = [
        {**dict(zip(COLUMNS, row, strict=True)), "caveats": ["x"]} for row in RELEASED
    ]
    for line in lines:
        line.update({"location_easting": 375000, "location_northing": 164800, "incident_utc": None})
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert len(read_events(file, catalogue).events) == 4


def test_the_release_of_each_dataset_with_a_problem_is_known(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    known = [r for r in catalogue.record_types.values() if r.problem]
    assert len(known) > 8
    for record_type in known:
        assert record_type.problem is not None
        cells = {
            f["name"]: "" for f in release_schema(record_type, record_type.profiles[0])["fields"]
        }
        cells |= {
            "record_id": "r", "source_agency": "a", record_type.problem.type: "t",
            record_type.events[0].date: "2026-03-30",
            f"{record_type.problem.place}easting": "375000",
            f"{record_type.problem.place}northing": "164800",
        }  # fmt: skip
        file = write(tmp_path / "out.csv", [",".join(cells.values())], ",".join(cells))
        (event,) = read_events(file, catalogue).events
        assert (event.id, event.agency, event.type) == ("r", "a", "t")
