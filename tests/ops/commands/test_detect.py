"""`ipu detect` prints what it found, in the form that was asked for."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import build_cli
from ops.commands.detect_table import recurrence_text
from tests.offline.detect.events import HEADER, planted, write

ISSUED = (
    "llr", "p", "recurrence_interval_days", "observed", "expected", "sites", "from", "to",
    "centre", "radius_m",
)  # fmt: skip
FAST = ("--replicates", "19")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_cli(), ["detect", *map(str, arguments)], env={"COLUMNS": "120"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return planted(tmp_path / "events.csv")


def test_json_has_the_clusters_the_settings_and_the_counts(file: Path) -> None:
    result = run(file, *FAST, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert list(document) == ["clusters", "settings", "counts"]
    assert all(set(ISSUED) <= each.keys() for each in document["clusters"])
    best = document["clusters"][0]
    assert (best["sites"], best["from"], best["to"]) == (["S4"], "2026-03-29", "2026-03-30")
    ratios = [each["llr"] for each in document["clusters"]]
    assert ratios == sorted(ratios, reverse=True)
    assert document["settings"]["replicates"] == 19
    assert document["counts"]["sites"] == 9


def test_the_table_names_what_was_found_and_what_was_scanned(file: Path) -> None:
    result = run(file, *FAST)
    assert result.exit_code == 0
    for said in ("Clusters as of 2026-03-30", "2026-03-29", "375400,165200", "S4", "at 9 sites"):
        assert said in result.stdout


@pytest.mark.parametrize("radius", ["inf", "nan", "-1"])
def test_a_radius_that_is_no_length_is_refused(file: Path, radius: str) -> None:
    result = run(file, "--radius", radius, "--json")
    assert result.exit_code == 2
    assert "--radius" in result.output


def test_nothing_is_on_standard_error_of_a_good_file(file: Path) -> None:
    assert run(file, *FAST).stderr == ""


def test_the_options_change_the_scan(file: Path) -> None:
    given = ("--as-of", "2026/03/29", "--radius", "500", "--window", "2", "--seed", "5")
    more = ("--strata", "weekday", "--study-days", "20", "--share", "0.4", "--minimum-cases", "3")
    document = json.loads(run(*given, file, *more, *FAST, "--most", "1", "--json").stdout)
    assert document["settings"] == {
        "as_of": "2026-03-29", "study_from": "2026-03-10", "study_days": 20, "radius_m": 500,
        "share": 0.4, "window_days": 2, "replicates": 19, "seed": 5, "strata": "weekday",
        "minimum_cases": 3, "most": 1, "type": None,
    }  # fmt: skip


def test_files_are_written_of_mode_0600(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    features, picture = tmp_path / "c.geojson", tmp_path / "c.png"
    result = run(file, *FAST, "--geojson", features, "--plot", picture)
    assert result.exit_code == 0
    assert json.loads(features.read_text())["features"][0]["properties"]["rank"] == 1
    assert picture.read_bytes()[1:4] == b"PNG"
    assert {path.stat().st_mode & 0o777 for path in (features, picture)} == {0o600}


def test_geojson_can_go_to_standard_output_alone(file: Path) -> None:
    result = run(file, *FAST, "--geojson", "-")
    assert json.loads(result.stdout)["type"] == "FeatureCollection"
    assert run(file, *FAST, "--geojson", "-", "--json").exit_code == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--as-of", "30/03/2026"), "accepted: a date such as 2026-03-30"),
        (("--as-of", "2020-01-01"), "no event is up to 2020-01-01"),
        (("--radius", "-1"), "--radius"),
        (("--window", "0"), "--window"),
        (("--share", "2"), "--share"),
        (("--strata", "month"), "--strata"),
        (("--type", "violence"), "no column with the type of an event"),
        (("--geojson", "nowhere/c.geojson"), "accepted: a file in a folder that exists"),
    ],
)
def test_wrong_usage_ends_with_2(given: tuple[str, ...], said: str, file: Path) -> None:
    result = run(file, *FAST, *given)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_an_output_never_replaces_the_input(file: Path) -> None:
    before = file.read_bytes()
    assert run(file, *FAST, "--geojson", file).exit_code == 2
    assert file.read_bytes() == before


def test_a_bad_file_ends_with_1_and_nothing_on_standard_output(tmp_path: Path) -> None:
    result = run(write(tmp_path / "in.csv", ["A,1,2,never,1", "B,x,2,2026-03-30,1"]), "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "in.csv:2: date: 'never'; accepted:" in result.stderr
    assert "in.csv:3: easting: 'x'; accepted:" in result.stderr


def test_a_type_that_no_event_has_is_answered_with_those_that_are_there(tmp_path: Path) -> None:
    rows = ["A,1,2,2026-03-30,theft", "A,1,2,2026-03-30,arson"]
    file = write(tmp_path / "in.csv", rows, "id,easting,northing,date,type")
    result = run(file, "--type", "fraud")
    assert result.exit_code == 2
    assert "accepted: theft, arson" in " ".join(result.output.split())


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "@x", "[red]S[/red]", "a\x1b[31mb", "$x$"])
def test_an_id_is_printed_as_it_is_and_controls_no_terminal(name: str, tmp_path: Path) -> None:
    rows = planted(tmp_path / "in.csv").read_text().replace("S4,", f"{name},").splitlines()
    file = write(tmp_path / "in.csv", rows[1:], HEADER)
    result = run(file, *FAST)
    assert result.exit_code == 0
    assert name.replace("\x1b", "\\u001b") in result.stdout
    assert "\x1b" not in result.stdout
    assert "\x1b" not in run(file, *FAST, "--json").stdout


def test_rows_that_are_left_out_of_a_release_are_counted(tmp_path: Path) -> None:
    header = (
        "record_id,source_agency,incident_type,incident_date,location_easting,location_northing"
    )
    rows = [
        "r1,police,theft,2026-03-30,375000,164800",
        "r2,police,theft,,1,2",
        "r3,police,theft,2026-03-30,,",
    ]
    file = write(tmp_path / "out.csv", rows, header)
    counts = json.loads(run(file, "--json").stdout)["counts"]
    assert (counts["rows"], counts["cases"]) == (3, 1)
    assert counts["rows_left_out"] == {"without a day": 1, "without a point": 1}
    assert "rows left out, without a day: 1" in run(file).stdout


def test_the_table_has_a_line_for_each_cluster_at_80_columns(tmp_path: Path) -> None:
    file = planted(tmp_path / "events.csv")
    named = CliRunner().invoke(build_cli(), ["detect", str(file), *FAST], env={"COLUMNS": "80"})
    header = "record_id,source_agency,incident_date,location_easting,location_northing"
    rows = [line.split(",") for line in file.read_text().splitlines()[1:]]
    released = [f"r{n},police,{row[3]},{row[1]},{row[2]}" for n, row in enumerate(rows)]
    release = write(tmp_path / "out.csv", released, header)
    printed = CliRunner().invoke(
        build_cli(), ["detect", str(release), *FAST], env={"COLUMNS": "80"}
    )
    for result in (named, printed):
        table = result.stdout.partition("scanned:")[0].splitlines()[2:]
        rows_shown = [line for line in table if not line.startswith("*")]
        assert rows_shown
        assert all(re.match(r" *\d+ ", line) for line in rows_shown)


def test_a_type_is_in_what_was_scanned(tmp_path: Path) -> None:
    rows = ["A,375000,164800,2026-03-30,theft", "A,375000,164800,2026-03-30,arson"]
    file = write(tmp_path / "in.csv", rows, "id,easting,northing,date,type")
    assert json.loads(run(file, "--type", "arson", "--json").stdout)["settings"]["type"] == "arson"
    assert "scanned: 1 event of type arson at 1 site from" in run(file, "--type", "arson").stdout


def test_a_radius_without_an_end_is_refused(file: Path) -> None:
    assert run(file, "--radius", "inf", "--json").exit_code == 2


def test_days_that_cannot_be_meant_are_remarked_on(file: Path, tmp_path: Path) -> None:
    late = run(file, *FAST, "--as-of", "2026-05-01").stderr
    assert "no event is in the 7 days to 2026-05-01: the newest before is of 2026-03-30" in late
    typo = write(tmp_path / "in.csv", ["A,375000,164800,9999-12-31,1"])
    assert "the as-of day 9999-12-31 is in the future" in run(typo, *FAST).stderr
    quiet = run(file, *FAST, "--as-of", "2026-03-30").stderr
    assert "future" not in quiet
    assert "no event" not in quiet


def test_points_that_look_like_degrees_are_remarked_on(tmp_path: Path) -> None:
    file = write(tmp_path / "in.csv", ["A,-2.36,51.38,2026-03-30,1"])
    assert "degrees? accepted: metres" in run(file).stderr
    assert "degrees" not in run(file, "--radius", "5").stderr


def test_without_the_extra_a_map_is_refused_before_the_scan(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run(file, "--plot", tmp_path / "c.png")
    assert result.exit_code == 1
    assert "pip install 'community-safety-ipu[plot]'" in result.stderr


def test_the_examples_of_the_help_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    rows = [
        row.rpartition(",")[0] + ",street-disorder" for row in file.read_text().splitlines()[1:]
    ]
    write(tmp_path / "released.csv", rows, "id,easting,northing,date,type")
    printed = re.search(r"Examples:\n\n(.*?)(?=\n\w|\Z)", run("--help").output, re.DOTALL)
    assert printed is not None
    examples = [line for line in printed[1].replace("\\\n", "").splitlines() if line.strip()]
    assert len(examples) == 3
    for example in examples:
        words = shlex.split(example.partition("|")[0])
        assert words[:2] == ["ipu", "detect"]
        result = run(*words[2:], *FAST)
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (1.0, "1 day"),
        (1.4, "1 day"),
        (100.0, "100 days"),
        (730.5, "2.0 years"),
        (40_000.0, "100+ years"),
    ],
)
def test_a_recurrence_interval_is_said_in_words(days: float, said: str) -> None:
    assert recurrence_text(days) == said
