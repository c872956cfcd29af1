"""`ipu sanitise` of what spreadsheets make of records: nothing silently wrong, hidden or lost."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from ops.cli import build_cli
from schemas.catalogue import load_catalogue
from tests.streams.partnership import small_index

CATALOGUE = load_catalogue()
HEADER = ("incident_reference", "incident_date", "incident_time", "location_postcode")


class Ran(NamedTuple):
    """The result of one call: exit code, released rows, rejects, output and summary."""

    code: int
    rows: list[dict[str, str]]
    rejects: list[dict[str, str]]
    said: str
    summary: dict[str, Any]

    def of(self, field: str) -> Counter[str]:
        """Return how often each value of a released field occurs."""
        return Counter(row[field] for row in self.rows)

    @property
    def faults(self) -> Counter[str]:
        """Return how often each fault is in the rejects."""
        return Counter(f"{row['field']}:{row['reason']}" for row in self.rejects)


Sanitise = Callable[..., Ran]


@pytest.fixture(scope="module")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    small_index(folder)
    return folder / "index"


@pytest.fixture
def sanitise(index_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sanitise:
    """Return a function that runs the command on a file, with a small index of postcodes."""
    monkeypatch.setattr("ops.commands.sanitise.cached_index", lambda *_: index_folder)
    monkeypatch.setattr("ops.commands.sanitise.load_catalogue", lambda: CATALOGUE)

    def run(
        file: Path, *options: object, dataset: str = "police-incident", json_: bool = True
    ) -> Ran:
        out, rejects = tmp_path / "out.csv", tmp_path / "rejects.csv"
        arguments = ["sanitise", file, "--dataset", dataset, "--out", out, "--rejects", rejects]
        arguments += [*options, *(["--json"] if json_ else [])]
        result = CliRunner().invoke(build_cli(), [str(a) for a in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        summary = json.loads(result.stdout) if json_ else {}
        return Ran(result.exit_code, table(out), table(rejects), result.output, summary)

    return run


def table(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def a_csv(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def a_book(path: Path, **sheets: list[tuple[str, ...]]) -> Any:
    book: Any = Workbook()
    del book["Sheet"]
    for name, rows in sheets.items():
        for row in (HEADER, *rows):
            (book[name] if name in book.sheetnames else book.create_sheet(name)).append(row)
    book.save(path)
    return book


def test_what_a_workbook_hides_is_not_released_and_is_told(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    path = tmp_path / "in.xlsx"
    told, filtered, raw = (
        (reference, f"2024-09-0{n}", "10:00", "SW1A 1AA")
        for n, reference in enumerate(("T", "F", "R"), start=1)
    )
    book = a_book(path, Raw=[raw], Report=[told, filtered])
    book["Raw"].sheet_state = "veryHidden"
    book["Report"].row_dimensions[3].hidden = True
    book.save(path)
    ran = sanitise(path)
    assert ran.code == 0
    assert ran.of("incident_date") == {"2024-09-01": 1}
    assert ran.summary["out_of_scope"] == {"hidden in the workbook": 1}
    assert ran.summary["sheets_read"] == ["Report"]
    assert ran.summary["sheets_not_read"].keys() == {"Raw"}
    said = sanitise(path, json_=False).said
    assert "hidden in the workbook" in said
    assert "sheet not read: 'Raw'" in said


def test_a_hidden_column_that_a_record_needs_makes_the_file_be_refused_and_says_why(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    path = tmp_path / "in.xlsx"
    book = a_book(path, S=[("A", "2024-09-01", "10:00", "")])
    book["S"].column_dimensions["B"].hidden = True
    book.save(path)
    ran = sanitise(path, json_=False)
    assert (ran.code, ran.rows) == (1, [])
    assert "it lacks incident_date" in ran.said
    assert "Columns that the workbook hides and that are not read: 1" in ran.said


def test_a_sheet_a_month_is_released_whole_and_a_fault_says_its_sheet(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    path = tmp_path / "in.xlsx"
    a_book(
        path,
        Sep=[("A", "2024-09-01", "10:00", "")],
        Oct=[("B", "2024-10-01", "10:00", ""), ("C", "never", "", "")],
    )
    ran = sanitise(path)
    assert ran.of("incident_date") == {"2024-09-01": 1, "2024-10-01": 1}
    assert [(r["row"], r["sheet"], r["line"]) for r in ran.rejects] == [("3", "Oct", "3")]
    assert "sheets read: 'Sep', 'Oct'" in sanitise(path, json_=False).said


@pytest.mark.parametrize(
    "given",
    ["NULL", "N/A", "#N/A", "#REF!", "tbc", " None ", "nil", "Unknown", "-", "0000", "anhysbys"],
)
def test_a_word_for_no_reference_names_no_record(
    sanitise: Sanitise, tmp_path: Path, given: str
) -> None:
    row = ("2024-10-01", "10:00", "")
    ran = sanitise(a_csv(tmp_path / "in.csv", (given, *row), (given, *row), ("I-1", *row)))
    assert ran.code == 1
    assert len(ran.rows) == 1
    assert ran.faults == {"incident_reference:missing": 2}
    assert ran.rejects[0]["given"] == given.strip()
    assert ran.summary["same_reference"] == 0


@pytest.mark.parametrize("given", ["1.2E+11", "1.23457E+17", "1E+05", "1,2e+11", "1.2345E-05"])
def test_a_reference_that_a_spreadsheet_rounded_is_a_fault_of_its_own(
    sanitise: Sanitise, tmp_path: Path, given: str
) -> None:
    ran = sanitise(a_csv(tmp_path / "in.csv", (given, "2024-10-01", "", "")))
    assert ran.faults == {"incident_reference:spoilt-by-a-spreadsheet": 1}


@pytest.mark.parametrize(
    "given", ["100200300", "1E5", "INC-0", "N1", "0001", "12E4", "NA12", "3E-12"]
)
def test_a_reference_that_is_one_stays(sanitise: Sanitise, tmp_path: Path, given: str) -> None:
    assert len(sanitise(a_csv(tmp_path / "in.csv", (given, "2024-10-01", "", ""))).rows) == 1


def test_records_that_share_a_reference_are_told_since_the_later_replaces_the_earlier(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    rows = [(name, "2024-10-01", "", "") for name in ("A", "B", "A ", "C", "A")]
    file = a_csv(tmp_path / "in.csv", *rows, ("B", "never", "", ""))
    ran = sanitise(file)
    assert len(ran.rows) == ran.summary["released"] == 3
    assert (ran.summary["same_reference"], ran.summary["same_reference_rows"]) == (2, [3, 5])
    assert ran.summary["replaced"] == 2
    assert "they replace: 2 (rows 3, 5)" in sanitise(file, json_=False).said


def test_offenders_of_one_crime_share_its_reference_and_are_no_repeats(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    rows = [("C-1", "O-1"), ("C-1", "O-2"), ("C-2", "O-1")]
    file = a_csv(tmp_path / "in.csv", *rows, header=("crime_reference", "offender_reference"))
    ran = sanitise(file, dataset="police-crime-offender")
    assert (len(ran.rows), ran.summary["same_reference"]) == (3, 0)


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("1900-01-01", "00:00"), ("1900-01-01", "09:30"), ("1899-12-30", "00:00"),
        ("1970-01-01", "00:00"), ("1970-01-01", "01:00:00"), ("1970-01-01", ""),
        ("9999-12-31", ""), ("0001-01-01", ""), ("1753-01-01", "00:00"), ("1904-01-01", ""),
    ],
)  # fmt: skip
def test_a_date_that_a_system_made_up_is_none(
    sanitise: Sanitise, tmp_path: Path, day: str, clock: str
) -> None:
    file = a_csv(tmp_path / "in.csv", ("A", day, clock, ""), ("B", "2024-10-01", "00:00", ""))
    ran = sanitise(file)
    assert ran.of("incident_date") == {"2024-10-01": 1}
    assert ran.faults == {"incident_date:placeholder-date": 1}


def test_an_event_of_1970_with_a_time_of_its_own_stays(sanitise: Sanitise, tmp_path: Path) -> None:
    ran = sanitise(a_csv(tmp_path / "in.csv", ("A", "1970-01-01", "09:30", "")))
    assert ran.of("incident_date") == {"1970-01-01": 1}


@pytest.mark.parametrize(
    ("born", "age"), [("1970-01-01", "54"), ("1900-01-01", ""), ("1899-12-31", "")]
)
def test_a_birth_may_be_on_the_first_day_of_1970_and_on_no_placeholder(
    sanitise: Sanitise, tmp_path: Path, born: str, age: str
) -> None:
    header = ("patient_reference", "incident_date", "incident_time", "date_of_birth")
    file = a_csv(tmp_path / "in.csv", ("P", "2024-10-01", "10:00", born), header=header)
    ran = sanitise(file, dataset="hospital-assault")
    assert ran.of("age") == {age: 1}
    assert ("date_of_birth:placeholder-date" in ran.summary["caveats"]) == (not age)


def test_a_made_up_day_that_is_not_required_is_left_out_with_its_made_up_time(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    header = ("patient_reference", "incident_date", "incident_time")
    file = a_csv(tmp_path / "in.csv", ("P", "1970-01-01", "00:00"), header=header)
    ran = sanitise(file, dataset="hospital-assault")
    assert (ran.of("incident_date"), ran.of("incident_time")) == ({"": 1}, {"": 1})
    assert ran.summary["caveats"]["incident_date:placeholder-date"] == 1


def test_times_whose_noughts_were_dropped_come_out_as_they_were_or_not_at_all(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "name: ed\nsource: ED\ndataset: hospital-assault\ncolumns:\n  No: patient_reference\n"
        '  Day: {field: incident_date, date: "%d%m%Y"}\n'
        '  Time: {field: incident_time, time: "%H%M"}\n'
    )
    rows = [
        (f"P{n}", "1112024", clock) for n, clock in enumerate(("130", "30", "5", "930", "2575"))
    ]
    rows.append(("Q", "112024", "2130"))
    file = a_csv(tmp_path / "in.csv", *rows, header=("No", "Day", "Time"))
    ran = sanitise(file, "--mapping", mapping, dataset="hospital-assault")
    assert set(ran.of("incident_time")) == {
        "01:30:00",
        "00:30:00",
        "00:05:00",
        "09:30:00",
        "21:30:00",
        "",
    }
    assert ran.summary["caveats"]["incident_time:not-a-time"] == 1
    assert ran.summary["caveats"]["incident_date:not-a-date"] == 1


def test_rows_that_cannot_be_read_fail_with_their_lines_unless_they_are_allowed(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text("incident_reference,incident_date\nA,2024-10-01\nB,2024-10-01,x\n")
    ran = sanitise(file, json_=False)
    assert ran.code == 1
    assert "rows that could not be read: 1: line 3: 3 cells; the header has 2" in ran.said
    assert "--allow-unreadable" in ran.said
    assert len(ran.rows) == 1
    allowed = sanitise(file, "--allow-unreadable", json_=False)
    assert (allowed.code, len(allowed.rows)) == (0, 1)
    assert "line 3" in allowed.said


def test_a_rejected_record_is_a_failure_whatever_is_allowed(
    sanitise: Sanitise, tmp_path: Path
) -> None:
    file = a_csv(tmp_path / "in.csv", ("A", "never", "", ""))
    assert sanitise(file, "--allow-unreadable").code == 1


REPORTS = "files/reports"


def test_the_reports_of_spreadsheets_come_out_right(sanitise: Sanitise, shared_data: Path) -> None:
    folder = shared_data / REPORTS
    if not folder.is_dir():
        pytest.skip("the reports lie beside the checkout in development only")
    assert set(sanitise(folder / "01_hidden_sheet.xlsx").of("incident_date")) == {"2026-10-01"}
    hidden = sanitise(folder / "03_hidden_row.xlsx")
    assert "21:10:00" not in hidden.of("incident_time")
    assert hidden.summary["out_of_scope"]["hidden in the workbook"] == 1
    named = sanitise(folder / "05_references_that_are_none.csv")
    assert (len(named.rows), named.summary["replaced"]) == (1, 1)
    assert len(sanitise(folder / "06_a_sheet_a_month.xlsx").rows) == 3
    dates = sanitise(folder / "08_placeholder_dates.csv").of("incident_date")
    assert dates == {"2026-10-01": 1}
