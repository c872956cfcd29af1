"""`ipu reference protected` keeps its list encrypted, and shows places on a terminal alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from isp.keys.protected_places import ProtectedStore
from ops.cli import build_cli
from ops.reference import INDEX_FOLDER
from tests.streams.partnership import small_index

ROWS = """uprn,address,postcode
,5 Mill Lane,BA1 1AA
,,BA1 1AB
100120000001,,
,"Rose Cottage, Mill Lane",BA1 1AE
"""
COUNTS = {
    "places": 4, "by_address": 1, "by_address_without_number": 1, "by_uprn_alone": 1,
    "by_whole_postcode": 1,
}  # fmt: skip


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


def answer(run_dir: Path, *arguments: str, typed: str | None = None) -> tuple[int, str]:
    options = ["reference", "protected", *arguments, "--run-dir", str(run_dir)]
    result = CliRunner().invoke(build_cli(), options, input=typed)
    return result.exit_code, result.output


def counted(run_dir: Path, *arguments: str) -> dict[str, int]:
    code, said = answer(run_dir, *arguments, "--json")
    assert code == 0, said
    found: dict[str, int] = json.loads(said)
    return found


def give_index(run_dir: Path) -> None:
    run_dir.mkdir(mode=0o700)
    small_index(run_dir)
    (run_dir / "index").rename(run_dir / INDEX_FOLDER)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "places.csv"
    path.write_text(ROWS)
    path.chmod(0o600)
    return path


def test_places_are_added_once_and_removed_by_number(run_dir: Path, file: Path) -> None:
    assert counted(run_dir, "list") == {"places": 0}
    assert counted(run_dir, "add", str(file)) == {"added": 4, **COUNTS}
    assert counted(run_dir, "add", str(file)) == {"added": 0, **COUNTS}
    assert counted(run_dir, "remove", "2")["places"] == 3
    code, said = answer(run_dir, "remove", "2")
    assert code != 0
    assert "no entry has the number 2" in said
    assert counted(run_dir, "add", str(file))["added"] == 1


def test_no_answer_has_a_place_where_no_terminal_is(run_dir: Path, file: Path) -> None:
    said = [answer(run_dir, *of)[1] for of in (["add", str(file)], ["list"], ["list", "--show"])]
    assert "only on a terminal" in " ".join(said[2].split())
    assert not [part for part in ("Mill", "mill", "BA1", "1001200") if part in "".join(said)]


def test_a_file_that_others_may_read_is_refused(run_dir: Path, file: Path) -> None:
    file.chmod(0o644)
    code, said = answer(run_dir, "add", str(file))
    assert code != 0
    assert "Mill" not in said
    assert counted(run_dir, "list") == {"places": 0}


def test_a_place_can_be_typed_instead(run_dir: Path) -> None:
    code, _ = answer(run_dir, "add", typed="\n5 Mill Lane\nBA1 1AA\n\n\n")
    assert code == 0
    assert counted(run_dir, "list") == {"places": 1, "by_address": 1}
    code, said = answer(run_dir, "add", typed="\nHidden\nBA1 1AA\n\n\n")
    assert code != 0
    assert "they do not certainly name one home" in " ".join(said.split())


def test_the_worker_reads_the_list_of_its_run_directory(run_dir: Path, file: Path) -> None:
    counted(run_dir, "add", str(file))
    listed = ProtectedStore.of(run_dir, run_dir / "secrets").read()
    assert listed is not None
    assert len(listed.held) == COUNTS["places"]


INCIDENTS = """incident_reference,incident_date,location_address,location_postcode
I-1,2026-02-01,5 Mill Lane,BA1 1AA
I-2,2026-02-01,7 Mill Lane,BA1 1AA
"""


def test_a_file_is_sanitised_by_the_list(run_dir: Path, file: Path, tmp_path: Path) -> None:
    incidents, out = tmp_path / "in.csv", tmp_path / "out.csv"
    incidents.write_text(INCIDENTS)
    counted(run_dir, "add", str(file))
    by_list = ("--protected", str(run_dir / "protected-places"))
    given = ["sanitise", str(incidents), "--out", str(out), *of_incidents(tmp_path), *by_list]
    result = CliRunner().invoke(build_cli(), given)
    assert result.exit_code == 0, result.output
    lines = sorted(line.count("BA1 1AA") for line in out.read_text().splitlines()[1:])
    assert lines == [0, 1]
    (run_dir / "secrets" / "protected" / "places.key").unlink()
    again = CliRunner().invoke(build_cli(), given)
    assert again.exit_code != 0


def of_incidents(folder: Path) -> list[str]:
    """Return the options for incidents of a postcode with enough households."""
    households = folder / "households.csv"
    households.write_text("postcode,households\nBA1 1AA,9\n")
    return ["--dataset", "police-incident", "--households", str(households)]


def test_a_release_made_without_the_list_is_attacked_by_the_list(
    run_dir: Path, file: Path, tmp_path: Path
) -> None:
    incidents, out = tmp_path / "in.csv", tmp_path / "out.csv"
    incidents.write_text(INCIDENTS)
    counted(run_dir, "add", str(file))
    by_list = ["--protected", str(run_dir / "protected-places")]
    own = of_incidents(tmp_path)
    said = []
    for given in ([], by_list):
        made = ["sanitise", str(incidents), "--out", str(out), *own, *given]
        assert CliRunner().invoke(build_cli(), made).exit_code == 0
        attack = ["risk", str(out), "--original", str(incidents), *own, *by_list]
        result = CliRunner().invoke(build_cli(), attack)
        said.append((result.exit_code, "protected places" in result.output))
        assert not [part for part in ("Mill", "BA1") if part in result.output]
    assert said == [(3, True), (0, False)]


@pytest.mark.parametrize("point", ["170000,375000", "530000,180000"])
def test_coordinates_that_are_not_those_of_the_postcode_are_refused(
    run_dir: Path, tmp_path: Path, point: str
) -> None:
    give_index(run_dir)  # BA1 2ZZ is at 375000 170000
    path = tmp_path / "places.csv"
    path.write_text(f"postcode,easting,northing\nBA1 2ZZ,375100,170000\nBA1 2ZZ,{point}\n")
    path.chmod(0o600)
    code, said = answer(run_dir, "add", str(path))
    assert code != 0
    assert "place 2" in said
    assert not [part for part in (*point.split(","), "BA1") if part in said]
    assert counted(run_dir, "list") == {"places": 0}


def test_unknown_postcodes_are_counted(run_dir: Path, file: Path) -> None:
    give_index(run_dir)
    file.write_text("postcode\nBA1 9XX\n")
    code, said = answer(run_dir, "add", str(file))
    assert code == 0
    assert "postcodes that the index does not know" in said
