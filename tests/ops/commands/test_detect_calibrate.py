"""`ipu detect calibrate` measures the alarms of permuted replays, at each level."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import build_cli
from tests.offline.detect.events import planted, write

FAST = ("--replicates", "19", "--study-days", "20", "--replays", "2")


def run(*arguments: object) -> Result:
    given = ["detect", "calibrate", *map(str, arguments)]
    return CliRunner().invoke(build_cli(), given, env={"COLUMNS": "120"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return planted(tmp_path / "events.csv")


@pytest.fixture
def typed(file: Path) -> Path:
    """The events of two kinds, in turn."""
    rows = [
        f"{row},{'ab'[n % 2]}" for n, row in enumerate(file.read_text().splitlines()[1:]) if row
    ]
    return write(file.with_name("typed.csv"), rows, "id,easting,northing,date,count,Kind")


def test_json_has_the_alarms_a_year_at_each_level(file: Path) -> None:
    result = run(file, *FAST, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert list(document) == ["levels", "settings", "counts"]
    assert [each["level_days"] for each in document["levels"]] == [30, 100, 365, 1_000, 3_650]
    years = document["counts"]["replayed_years"]
    # Of 30 days the first 20 are the study period of the first evaluation.
    assert years == pytest.approx(2 * 10 / 365)
    for each in document["levels"]:
        assert each["alarms_per_year"] == pytest.approx(each["alarms"] / years)
    alarms = [each["alarms"] for each in document["levels"]]
    assert alarms == sorted(alarms, reverse=True)
    assert document["levels"][2]["at_most_per_year"] <= 1


def test_the_table_has_a_row_for_each_level(file: Path) -> None:
    result = run(file, *FAST)
    assert result.exit_code == 0
    for said in ("30 days", "365 days", "3,650 days", "in 1 series", "strata weekday"):
        assert said in result.stdout


def test_a_level_without_an_alarm_has_the_bound_that_so_few_years_give(file: Path) -> None:
    document = json.loads(run(file, *FAST, "--json").stdout)
    assert document["levels"][-1]["alarms"] == 0
    printed = run(file, *FAST).stdout
    assert f"below {3 / document['counts']['replayed_years']:.2f}" in printed
    assert "the bound holds 19 times of 20" in printed
    assert "0.00" not in printed


def test_the_same_seed_measures_the_same(file: Path) -> None:
    first, second = (run(file, *FAST, "--seed", "3", "--json").stdout for _ in range(2))
    assert first == second


def test_each_type_is_a_series_of_its_own(typed: Path) -> None:
    counts = json.loads(run(typed, *FAST, "--types", "kind", "--json").stdout)["counts"]
    assert counts["series"] == ["a", "b"]
    assert counts["cases"] == 90 + 6
    assert json.loads(run(typed, *FAST, "--json").stdout)["counts"]["series"] == [""]


def test_a_column_that_is_not_there_is_answered_with_those_that_are(typed: Path) -> None:
    result = run(typed, *FAST, "--types", "category")
    assert result.exit_code == 1
    assert "no column 'category' with types; accepted: 'id', 'easting'" in result.stderr


def test_a_file_that_is_shorter_than_the_study_period_is_refused(file: Path) -> None:
    result = run(file, "--replicates", "19")
    assert result.exit_code == 1
    assert "events.csv: the history has 30 days" in result.stderr
    assert "accepted: a longer file, or fewer --study-days" in result.stderr


def test_a_file_without_events_is_refused(tmp_path: Path) -> None:
    result = run(write(tmp_path / "in.csv", ["A,1,2,,0"]), *FAST)
    assert result.exit_code == 1
    assert "there are no cases" in result.stderr


def test_a_file_with_the_name_of_the_command_is_read_by_its_path(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    file.rename(file.with_name("calibrate"))
    given = ["detect", "./calibrate", "--replicates", "9", "--json"]
    assert "clusters" in json.loads(CliRunner().invoke(build_cli(), given).stdout)
