"""Application of a protocol: the parts that need no broker."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from typer.testing import CliRunner

from isp.agreement.access import AclRule, rules
from isp.agreement.protocol_file import load_protocol
from isp.broker.changes import Applied, Change
from isp.broker.errors import ApplyError
from isp.broker.requests import results, wait_until
from isp.broker.rules import binding, describe
from ops.commands.common import DEFAULT_PROTOCOL
from ops.commands.isp import isp
from schemas.catalogue import load_catalogue


def future(answer: Any) -> Future[Any]:
    made: Future[Any] = Future()
    if isinstance(answer, Exception):
        made.set_exception(answer)
    else:
        made.set_result(answer)
    return made


def test_every_rule_has_a_binding_of_its_own() -> None:
    catalogue = load_catalogue()
    protocol = load_protocol(DEFAULT_PROTOCOL, catalogue)
    wanted = rules(protocol)
    assert len({binding(rule) for rule in wanted}) == len(wanted)


def test_a_binding_is_described_without_the_broker_s_vocabulary() -> None:
    rule = AclRule("p.fire", "write", "transactional-id", "p.fire.", prefixed=True)
    assert describe(binding(rule)) == "p.fire write transactional-id p.fire.*"


def test_one_error_names_every_resource_that_failed() -> None:
    refused = KafkaException(KafkaError(KafkaError.INVALID_CONFIG, "no such setting"))
    batch = {"a": future(None), "b": future(refused), "c": future(refused)}
    with pytest.raises(ApplyError) as caught:
        results(batch, lambda name: f"create topic {name}")
    assert str(caught.value).splitlines() == [
        "create topic b: INVALID_CONFIG: no such setting",
        "create topic c: INVALID_CONFIG: no such setting",
    ]


def test_waiting_ends_once_the_change_shows() -> None:
    answers = iter([False, False, True])
    wait_until(lambda: next(answers), "the change")
    assert next(answers, "all asked") == "all asked"


def test_waiting_gives_up_and_says_for_what() -> None:
    with pytest.raises(ApplyError, match="the broker did not show the rules of x"):
        wait_until(lambda: False, "the rules of x", seconds=0.05)


@pytest.mark.parametrize(
    ("change", "nothing"),
    [
        (Change(left=3), True),
        (Change(created=("a",)), False),
        (Change(changed=("a",)), False),
        (Change(removed=("a",)), False),
    ],
)
def test_an_application_changed_nothing_only_if_no_part_did(change: Change, nothing: bool) -> None:
    assert Applied(Change(), Change(), change, Change(), Change(), {}).nothing is nothing


def test_check_shows_who_reads_each_topic() -> None:
    outcome = CliRunner().invoke(isp, ["check", "--json"])
    assert outcome.exit_code == 0
    document = json.loads(outcome.stdout)
    readers = {topic["name"]: topic["reads"] for topic in document["topics"]}
    assert readers["banes.intake.police.police-incident"] == ["discloser", "worker"]
    assert readers["banes.depersonalised.second.police-incident"] == ["business", "hub"]
    assert readers["banes.alerts.emerging.police"] == ["police"]


def test_check_names_file_line_and_place_of_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "protocol.yaml"
    text = DEFAULT_PROTOCOL.read_text(encoding="utf-8")
    path.write_text(text.replace("minimum_households: 4", "minimum_households: 3"))
    outcome = CliRunner().invoke(isp, ["check", str(path), "--json"])
    assert outcome.exit_code == 1
    (finding,) = json.loads(outcome.stdout)["findings"]
    line = 1 + text.splitlines().index("  minimum_households: 4")
    assert finding.startswith(f"{path}:{line}: sanitising.minimum_households: ")


def test_a_protocol_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(isp, ["check", str(tmp_path / "none.yaml")]).exit_code == 2
