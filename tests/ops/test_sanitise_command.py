"""`ipu sanitise` tells why it failed, and where the rows are that it could not use."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import build_cli

HEADER = "incident_reference,incident_date\n"


@pytest.mark.parametrize("named", [True, False])
def test_rejected_records_are_said_to_be_why_it_failed(tmp_path: Path, named: bool) -> None:
    file, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    file.write_text(f"{HEADER}I-1,31/02/2026\n", encoding="utf-8")
    given = ["--rejects", str(rejects)] if named else []
    code, said = sanitise(file, *given)
    assert code == 1
    assert "rejected: 1, so the exit code is 1; " in said
    assert (f"{rejects} has" if named else "with --rejects FILE a file has") in said


def test_nothing_is_said_of_rejects_where_there_are_none(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(f"{HEADER}I-1,2026-02-01\n", encoding="utf-8")
    code, said = sanitise(file)
    assert (code, "so the exit code" in said) == (0, False)


def test_a_file_with_a_header_and_no_rows_is_a_failure_that_leaves_nothing(tmp_path: Path) -> None:
    file, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    file.write_text(HEADER, encoding="utf-8")
    code, said = sanitise(file, "--rejects", str(rejects))
    assert code == 1
    assert (
        f"ipu: {file}: has a header and no rows; accepted is a file with at least one row" in said
    )
    assert list(tmp_path.iterdir()) == [file]


def sanitise(file: Path, *given: str) -> tuple[int, str]:
    arguments = [
        "sanitise",
        file,
        "--dataset",
        "police-incident",
        "--out",
        file.with_name("out.csv"),
    ]
    result = CliRunner().invoke(build_cli(), [*map(str, arguments), *given])
    return result.exit_code, result.output
