"""The intruder finds every leak that is planted, and none in what `ipu sanitise` writes."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes

import pytest
from typer.testing import CliRunner

from connectors.errors import SourceError
from connectors.mappings.mapping_file import identity_mapping
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import Point
from offline.risk.intruder import Report, play
from offline.run import Order, sanitise_file
from ops.cli import build_cli
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.catalogue import load_catalogue
from schemas.record_type import PERSONAL
from tests.streams.partnership import POSTCODES, small_index

KEY = ReferenceKey(token_bytes(KEY_BYTES))

CATALOGUE = load_catalogue()
K = 4
RELEASES = [(r.dataset, p) for r in CATALOGUE for p in r.profiles if p != PERSONAL]
Row = dict[str, str]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


def order(
    index: PostcodeIndex, folder: Path, dataset: str = "police-incident", profile: str = "central"
) -> Order:
    mapping = identity_mapping(CATALOGUE.record_type(dataset))
    file, out = folder / "in.csv", folder / "out.csv"
    return Order(file, mapping, profile, out, None, index, KEY, CATALOGUE, "police")


def generated(file: Path, dataset: str, rows: int = 300) -> None:
    points = [Point(postcode, e, n) for postcode, e, n, _ in POSTCODES]
    records = GENERATORS[dataset](rows, 7, points)
    write_csv(file, records)


HEADER = (
    "incident_reference,incident_date,incident_time,domestic,"
    "location_address,location_postcode,caller_name"
)


def incidents(folder: Path, count: int = 60) -> None:
    lines = [
        f'I-{n},2024-05-{n % 28 + 1:02},{n % 24:02}:{n:02},false,"{n + 1} Acacia Avenue",'
        f"SW1A 1AA,Somebody Namedso{chr(97 + n % 26)}"
        for n in range(count)
    ]
    (folder / "in.csv").write_text("\n".join([HEADER, *lines, ""]))


def attacked(
    index: PostcodeIndex, folder: Path, spoil: Callable[[list[Row]], list[Row] | None]
) -> Report:
    """Sanitise incidents, spoil the release, and attack it."""
    incidents(folder)
    made = order(index, folder)
    sanitise_file(made)
    rows = read(made.out)
    write(made.out, spoil(rows) or rows)
    return play(made.out, made, K, heeded=False)


def read(file: Path) -> list[Row]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write(file: Path, rows: list[Row]) -> None:
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def reasons(report: Report) -> set[tuple[str, str]]:
    return {(finding.field, finding.reason) for finding in report.findings}


@pytest.mark.parametrize(("dataset", "profile"), RELEASES)
def test_nothing_is_found_in_what_is_sanitised(
    index: PostcodeIndex, tmp_path: Path, dataset: str, profile: str
) -> None:
    generated(tmp_path / "in.csv", dataset)
    made = order(index, tmp_path, dataset, profile)
    sanitise_file(made)
    report = play(made.out, made, K, heeded=profile == "second")
    assert report.findings == []
    assert report.originals > 0


def spoiled(**cells: str) -> Callable[[list[Row]], None]:
    return lambda rows: rows[2].update(cells)


PLANTED: dict[tuple[str, str], Callable[[list[Row]], list[Row] | None]] = {
    ("location_address", "has a number"): spoiled(location_address="5 Acacia Avenue"),
    ("location_address", "is not of the release of any original"): spoiled(
        location_address="Rose Cottage"
    ),
    ("location_address", "has a value that the profile drops"): spoiled(
        location_address="somebody  NAMEDSOA"
    ),
    ("location_address", "has a telephone number"): spoiled(location_address="07700 900123"),
    ("location_address", "has an e-mail address"): spoiled(location_address="a@b.example"),
    ("location_address", "has a postcode"): spoiled(location_address="Acacia Avenue SW1A 1AA"),
    ("location_address", "has an NHS number"): spoiled(location_address="943 476 5919"),
    ("location_address", "has a vehicle mark"): spoiled(location_address="AB12 CDE"),
    ("location_address", "has a National Insurance number"): spoiled(
        location_address="QQ 12 34 56 C"
    ),
    ("incident_type", "has a value that is not a code of its list"): spoiled(incident_type="a row"),
    ("incident_reference", "is a reference in clear"): spoiled(incident_reference="I-3"),
    ("caller_name", "is not a field of a release"): lambda rows: [
        row | {"caller_name": ""} for row in rows
    ],
    ("location_postcode", "a postcode with fewer than 4 households"): spoiled(
        location_postcode="BA1 1AA"
    ),
    ("location_postcode", "a postcode with an unknown number of households"): spoiled(
        location_postcode="BA1 1AE"
    ),
    ("location_easting", "a point that is not the centroid of its postcode"): spoiled(
        location_easting="654321"
    ),
    ("location_address", "a street with a postcode that is a substitute for others"): spoiled(
        location_postcode="BA1 1AB", location_easting="375100", location_northing="165000"
    ),
    ("record_id", "a digest without a key"): spoiled(
        record_id=hashlib.sha256(b"I-7").hexdigest()[:32]
    ),
    ("", "the rows follow the order of the originals"): lambda rows: sorted(
        rows, key=lambda row: int(row["incident_time"][3:5])
    ),
}


@pytest.mark.parametrize("leak", PLANTED, ids=lambda leak: leak[1])
def test_a_planted_leak_is_found(
    index: PostcodeIndex, tmp_path: Path, leak: tuple[str, str]
) -> None:
    assert leak in reasons(attacked(index, tmp_path, PLANTED[leak]))


def test_no_leak_is_found_where_none_was_planted(index: PostcodeIndex, tmp_path: Path) -> None:
    report = attacked(index, tmp_path, lambda _rows: None)
    assert report.findings == []
    assert (report.rows, report.originals) == (60, 60)
    assert report.document()["households"]["minimum"] == 12


def test_how_many_rows_fit_what_is_known_is_told(index: PostcodeIndex, tmp_path: Path) -> None:
    linkage = attacked(index, tmp_path, lambda _rows: None).linkage
    assert linkage["place"]["rows"]["minimum"] == 60
    assert linkage["place"]["share_with_one_row"] == 0
    assert linkage["place, date and time"]["share_with_one_row"] == 1


SEARCHES = (
    "reference_number,search_date,location_postcode,suspect_gender,suspect_date_of_birth,"
    "reason_for_search\n"
)


def searches(index: PostcodeIndex, folder: Path) -> Order:
    lines = [f"S-{n},2024-06-01,SW1A 1AA,Male,2004-01-0{n + 1},Drugs\n" for n in range(8)]
    lines.append("S-9,2024-06-01,SW1A 1AA,Female,1954-01-01,Drugs\n")
    (folder / "in.csv").write_text(SEARCHES + "".join(lines))
    made = order(index, folder, "police-stop-search", "second")
    sanitise_file(made)
    return made


def test_somebody_told_of_though_alone_is_found(index: PostcodeIndex, tmp_path: Path) -> None:
    made = searches(index, tmp_path)
    assert play(made.out, made, K, heeded=True).findings == []
    rows = read(made.out)
    write(made.out, [*rows[:-1], rows[-1] | {"suspect_gender": "female", "suspect_age": "65+"}])
    reason = "fewer than 4 people of the area match suspect_gender, suspect_age"
    assert ("suspect", reason) in reasons(play(made.out, made, K, heeded=True))
    report = play(made.out, made, K, heeded=False)
    assert report.findings == []
    assert [note.field for note in report.notes] == ["suspect"]


def test_a_file_that_is_no_release_is_refused(index: PostcodeIndex, tmp_path: Path) -> None:
    incidents(tmp_path)
    with pytest.raises(SourceError, match="record_id"):
        play(tmp_path / "in.csv", order(index, tmp_path), K, heeded=True)
    with pytest.raises(SourceError, match="No such file"):
        play(tmp_path / "none.csv", order(index, tmp_path), K, heeded=True)


def test_no_finding_quotes_an_original(index: PostcodeIndex, tmp_path: Path) -> None:
    report = attacked(index, tmp_path, spoiled(location_address="somebody  NAMEDSOA"))
    said = json.dumps(report.document()).casefold()
    assert "namedso" not in said
    assert "acacia" not in said


def test_the_command_ends_with_3_on_findings_and_0_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPU_CACHE_DIR", str(tmp_path / "cache"))
    file, out, households = (tmp_path / n for n in ("in.csv", "out.csv", "households.csv"))
    file.write_text(f'{HEADER}\nI-1,2024-05-01,09:30,false,"5 Acacia Avenue",BA2 4PG,A Name\n')
    households.write_text("postcode,households\nBA2 4PG,40\n")
    told = ["--dataset", "police-incident", "--households", str(households)]
    runner, cli = CliRunner(), build_cli()
    assert runner.invoke(cli, ["sanitise", str(file), *told, "--out", str(out)]).exit_code == 0
    whole = ["risk", str(out), "--original", str(file), *told, "--json"]
    fine = runner.invoke(cli, whole)
    assert fine.exit_code == 0, fine.output
    assert json.loads(fine.stdout)["findings"] == []
    write(out, [row | {"location_address": "5 Acacia Avenue"} for row in read(out)])
    found = runner.invoke(cli, whole)
    assert found.exit_code == 3
    assert json.loads(found.stdout)["findings"][0]["field"] == "location_address"


def test_the_command_compares_streets_with_a_list_and_prints_the_risks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPU_CACHE_DIR", str(tmp_path / "cache"))
    file, out, households, streets = (
        tmp_path / n for n in ("in.csv", "out.csv", "households.csv", "streets.csv")
    )
    rows = [
        f'I-{n},2024-05-{n % 28 + 1:02},09:{n:02},false,"Acacia Avenue",BA2 4PG,A Name'
        for n in range(60)
    ]
    file.write_text("\n".join([HEADER, *rows, ""]))
    households.write_text("postcode,households\nBA2 4PG,40\n")
    told = ["--dataset", "police-incident", "--households", str(households)]
    runner, cli = CliRunner(), build_cli()
    runner.invoke(cli, ["sanitise", str(file), *told, "--out", str(out)])
    whole = ["risk", str(out), "--original", str(file), *told, "--known-streets", str(streets)]
    streets.write_text("name\nAcacia Avenue\n")
    fine = runner.invoke(cli, whole)
    assert fine.exit_code == 0, fine.output
    assert "singling out" in fine.output
    write(out, [row | {"location_address": "Acacia Avenue"} for row in read(out)])
    missing = "a street that the list does not have"
    listed = runner.invoke(cli, [*whole, "--json"])
    assert missing not in {f["reason"] for f in json.loads(listed.stdout)["findings"]}
    streets.write_text("name\nPark Road\n")
    found = runner.invoke(cli, [*whole, "--json"])
    assert found.exit_code == 3
    assert missing in {f["reason"] for f in json.loads(found.stdout)["findings"]}


def test_nothing_is_found_in_a_release_of_some_months_ago(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    generated(tmp_path / "in.csv", "police-crime-victim")
    made = order(index, tmp_path, "police-crime-victim")
    sanitise_file(made, at=datetime(2026, 2, 2, tzinfo=UTC))
    report = play(made.out, made, K, heeded=False, at=datetime(2026, 11, 2, tzinfo=UTC))
    assert report.findings == []
