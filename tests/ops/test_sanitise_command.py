"""`ipu sanitise` tells why it failed, and where the rows are that it could not use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from isp.agreement.protocol import ProtocolError
from isp.agreement.protocol_file import load_protocol
from offline.steps import Agreed
from ops.cli import build_cli
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue

HEADER = "incident_reference,incident_date\n"


@pytest.mark.parametrize("named", [True, False])
def test_rejected_records_are_said_to_be_why_it_failed(tmp_path: Path, named: bool) -> None:
    file, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    file.write_text(f"{HEADER}I-1,31/02/2026\n", encoding="utf-8")
    given = ["--rejects", str(rejects)] if named else []
    code, said = sanitise(file, *given)
    assert code == 1
    assert "rejected: 1, so the exit code is 1; " in said
    assert (f"{rejects} has" if named else "use --rejects FILE for a file with") in said


def test_nothing_is_said_of_rejects_where_there_are_none(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(f"{HEADER}I-1,2026-02-01\n", encoding="utf-8")
    code, said = sanitise(file)
    assert (code, "so the exit code" in said) == (0, False)


PROTOCOL = SCHEMA_FOLDER / "protocols" / "banes.yaml"
PLACED = "incident_reference,incident_date,location_postcode\n"


def test_by_a_protocol_what_happened_outside_its_area_is_held(tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text(f"{PLACED}I-1,2026-02-01,BA1 1AA\nI-2,2026-02-01,EH1 1YZ\n", encoding="utf-8")
    for given, held in (((), 0), (("--protocol", str(PROTOCOL)), 1)):
        code, said = sanitise(file, *given, "--json")
        assert code == 0, said
        document = json.loads(said)
        assert (document["released"], document["held"]) == (2 - held, held)
        assert document["withheld"].get("event-outside-the-area", 0) == held
        assert len(out.read_text().splitlines()) == 1 + 2 - held


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--k", "5"), "the protocol says 4"),
        (("--limit", "100"), "the protocol says 2000"),
        (("--agency", "council"), "'council' does not supply it; accepted: police"),
    ],
)
def test_what_contradicts_the_protocol_is_refused(
    tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(f"{HEADER}I-1,2026-02-01\n", encoding="utf-8")
    code, answer = sanitise(file, "--protocol", str(PROTOCOL), *given)
    assert code != 0
    assert said in " ".join(answer.replace("│", " ").split())
    assert not (tmp_path / "out.csv").exists()


def test_a_profile_that_nobody_is_entitled_to_is_refused() -> None:
    catalogue = load_catalogue()
    protocol = load_protocol(PROTOCOL, catalogue)
    with pytest.raises(ProtocolError, match="nobody is entitled to it in the profile 'personal'"):
        Agreed.of(protocol, "police-incident", "personal", None)


def test_a_file_with_a_header_and_no_rows_is_a_failure_that_leaves_nothing(tmp_path: Path) -> None:
    file, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    file.write_text(HEADER, encoding="utf-8")
    code, said = sanitise(file, "--rejects", str(rejects))
    assert code == 1
    assert f"ipu: {file}: has a header and no rows; accepted: a file with at least one row" in said
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
