"""`ipu isp check` shows who supplies and reads what today, as the broker would allow it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from ops.cli import build_cli
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
