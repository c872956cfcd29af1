"""`ipu isp check` shows who supplies and reads what today, as the broker would allow it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from ops.cli import build_cli
from ops.reference import INDEX_FOLDER
from sanitiser.build.reference import build_index, table_of
from schemas.catalogue import SCHEMA_FOLDER

DATASET = "police-stop-search"
PROTOCOL = SCHEMA_FOLDER / "protocols" / "banes.yaml"


@pytest.mark.parametrize(
    ("until", "is_open"), [(date(2099, 1, 1), True), (date(2020, 1, 2), False)]
)
def test_a_dataset_that_is_not_open_today_has_no_reader_and_no_supplier(
    tmp_path: Path, until: date, *, is_open: bool
) -> None:
    document = YAML(typ="safe").load(PROTOCOL)
    document["openings"] = [
        {"dataset": DATASET, "requirement": "Knives", "from": date(2020, 1, 1), "until": until}
    ]
    file = tmp_path / "protocol.yaml"
    YAML().dump(document, file)
    shown = json.loads(check(file, "--json"))
    topics = {topic["name"]: topic for topic in shown["topics"]}
    intake = topics[f"banes.intake.police.{DATASET}"]
    released = topics[f"banes.depersonalised.central.{DATASET}"]
    assert (DATASET not in shown["not_open"]) == is_open
    assert ("police" in intake["writes"]) == is_open
    assert bool(released["reads"]) == is_open
    assert topics["banes.depersonalised.central.police-incident"]["reads"]
    assert ("not open today" in check(file)) == bool(shown["not_open"])


def check(*arguments: object) -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(build_cli(), ["isp", "check", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_each_profile_has_its_period_its_place_and_its_least_households(tmp_path: Path) -> None:
    central, second = json.loads(check(PROTOCOL, "--run-dir", tmp_path, "--json"))["profiles"]
    assert (central["days"], central["place"], central["minimum_households"]) == (1, "postcode", 4)
    assert (second["days"], second["place"], second["minimum_households"]) == (7, "sector", 8)
    assert (central["times"], second["times"]) == (True, False)
    assert second["parties"] == ["business"]
    assert central["places"] is second["places"] is None


def test_with_the_index_of_the_run_the_places_of_each_profile_are_counted(tmp_path: Path) -> None:
    bath = "E06000022"
    postcodes = (
        ("BA1 1AA", 375_000, 165_000, bath), ("BA1 1AB", 375_100, 165_000, bath),
        ("BA1 2AA", 375_000, 166_000, bath), ("BA1 3AA", 375_000, 167_000, "E06000023"),
    )  # fmt: skip
    households = tmp_path / "households.csv"
    households.write_text("postcode,households\nBA1 1AA,20\nBA1 1AB,12\nBA1 2AA,5\nBA1 3AA,90\n")
    build_index(tmp_path / INDEX_FOLDER, table_of(postcodes, "test", "1"), households)
    central, second = json.loads(check(PROTOCOL, "--run-dir", tmp_path, "--json"))["profiles"]
    assert central["places"] == {
        "number": 3, "smallest": 5, "median": 12, "districts_only": 0, "cells_a_year": 3 * 365,
    }  # fmt: skip
    assert second["places"] == {
        "number": 1, "smallest": 32, "median": 32, "districts_only": 1, "cells_a_year": 53,
    }  # fmt: skip
    assert "What each profile tells apart" in check(PROTOCOL, "--run-dir", tmp_path)


def test_an_index_of_another_k_is_not_counted_and_the_command_says_why(tmp_path: Path) -> None:
    households = tmp_path / "households.csv"
    households.write_text("postcode,households\nBA1 1AA,20\n")
    table = table_of((("BA1 1AA", 375_000, 165_000, "E06000022"),), "test", "1")
    build_index(tmp_path / INDEX_FOLDER, table, households, k=5)
    assert "places are not counted: " in check(PROTOCOL, "--run-dir", tmp_path)
