"""`ipu emerging` finds a problem by the beginning of its id, and prints it for people and programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result

from connectors.account import Account
from connectors.emerging.picture import Picture
from connectors.emerging.recipient import FindingsReader
from connectors.errors import AlertError
from isp.agreement.emerging import EmergingProblems, EmergingRecipient
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from ops.cli import build_cli
from ops.commands import emerging
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from tests.connectors.emerging.messages import ONE, RING, TWO, picture_of, received

CATALOGUE = load_catalogue()
PICTURE = picture_of(
    received(ONE),
    received(ONE, version=2, status="grown", observed=8),
    received(TWO, status="closed", ended="quiet"),
)


class Reader(NamedTuple):
    """A recipient at the edge: its topic has these problems."""

    present: Picture
    account: Account = Account("banes", "council", {})

    def picture(self, _keeper: Any) -> Picture:
        return self.present


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs a command for a recipient with these problems."""

    def ran(*arguments: str, picture: Picture = PICTURE) -> Result:
        reader: Any = Reader(picture)
        keeper: Any = None
        monkeypatch.setattr(emerging, "_setting", lambda *_: emerging.Setting(reader, keeper))
        return CliRunner().invoke(build_cli(), ["emerging", *arguments, "--as", "council"])

    return ran


def test_watch_prints_one_object_for_each_problem_with_its_growth(run: Any) -> None:
    lines = [json.loads(line) for line in run("watch", "--json").stdout.splitlines()]
    assert [line["problem"] for line in lines] == [ONE, TWO]
    assert [(v["version"], v["observed"]) for v in lines[0]["growth"]] == [(1, 6), (2, 8)]
    assert lines[0]["geometry"]["coordinates"] == [RING]
    assert lines[0]["since"] == "2026-11-27"


def test_watch_once_prints_the_open_problems_and_how_the_others_ended(run: Any) -> None:
    text = run("watch", "--once").stdout
    assert text.index(ONE) < text.index("How the others ended") < text.index(TWO)


def test_show_prints_the_words_first(run: Any) -> None:
    assert run("show", ONE[:4]).stdout.startswith("Six deliberate fires near Walcot Street")


def test_show_writes_the_circle_as_a_geojson_feature(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "problem.geojson"
    assert run("show", ONE, "--geojson", str(path)).exit_code == 0
    feature = json.loads(path.read_text(encoding="utf-8"))
    assert feature["type"] == "Feature"
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["version"] == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_show_refuses_a_circle_in_a_folder_that_is_not_there(run: Any, tmp_path: Path) -> None:
    result = run("show", ONE, "--geojson", str(tmp_path / "none" / "problem.geojson"))
    assert result.exit_code == 2
    assert "accepted: a file in a folder that exists" in " ".join(result.stderr.split())


def test_show_as_json_is_the_same_document_as_that_of_watch(run: Any) -> None:
    shown = json.loads(run("show", TWO, "--json").stdout)
    assert shown == json.loads(run("watch", "--json").stdout.splitlines()[1])


def test_an_id_of_no_or_several_problems_is_an_error_that_says_which(run: Any) -> None:
    for beginning, said in (("f", "has no problem 'f'"), ("", "the beginning of 2 problems")):
        result = run("show", beginning)
        assert result.exit_code == 1
        assert said in " ".join(result.stderr.split())
        assert f"accepted: {ONE}, {TWO}" in " ".join(result.stderr.split())
    unreadable = run("show", ONE, picture=Picture(unreadable={ONE}))
    assert "install a newer one" in unreadable.stderr


def with_findings(party: str) -> Protocol:
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", CATALOGUE)
    settings = EmergingProblems(
        recipients=(EmergingRecipient(party=party),), datasets=("fire-incident",)
    )
    alerts = protocol.alerts.model_copy(update={"emerging": settings})
    return protocol.model_copy(update={"alerts": alerts})


def test_a_party_without_findings_is_refused_with_those_that_receive_some() -> None:
    protocol = with_findings("council")
    reader = FindingsReader(Account("banes", "council", {}), protocol, CATALOGUE, "council")
    assert reader.topic.name == "banes.alerts.emerging.council"
    with pytest.raises(AlertError, match=r"'fire' receives no findings.*recipients: council$"):
        FindingsReader.check(protocol, "fire")
