"""Plan, apply, drift and who on the real broker: what is shown is what is done, and nothing besides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML
from typer.testing import CliRunner

from isp.agreement.access import rules
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from isp.broker.apply import apply
from isp.broker.errors import ApplyError
from isp.broker.plan import Plan, make_plan, require_same
from isp.broker.quotas import _client
from isp.broker.rules import exactly, existing_bindings
from isp.broker.topics import partitions_by_topic
from isp.broker.users import users_of
from ops.commands.isp import isp
from ops.embedded.broker_config import ADMIN
from ops.exercise import exercise
from schemas.catalogue import load_catalogue
from schemas.wire import decoder
from tests.integration.clients import can_log_in, read_outcomes, write_outcomes
from tests.integration.partnership import Partnership, bring_into_step
from tests.integration.waiting import PATIENCE_S, until
from tests.isp.agreement.alerting import domestic
from tests.protocols import FIRST
from tests.protocols.let_in import let_in
from transport.client_names import reader_group
from transport.reader import read_all

TOPIC_REFUSED = "TOPIC_AUTHORIZATION_FAILED"
NOWHERE = {"url": "http://127.0.0.1:9/apis/ccompat/v7", "basic.auth.user.info": "nobody:nothing"}
"""Where no registry answers."""

Edit = Callable[[Any], None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planned")


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    """A protocol of a partnership of its own."""
    return written(folder / "planned.yaml", lambda _document: None)


@pytest.fixture
def planned(applied: Partnership, file: Path) -> Iterator[Partnership]:
    """That partnership, in step at the start and at the end of each test."""
    made = bring_into_step(load_protocol(file, applied.catalogue), applied.catalogue, applied.stack)
    yield made
    made.apply(made.protocol)
    _delete_strays(made)


def _delete_strays(made: Partnership) -> None:
    """Delete the topics of parties that a test let in: an application deletes none."""
    admin, kept = AdminClient(made.admin), {t.name for t in topics(made.protocol, made.catalogue)}
    strays = [n for n in partitions_by_topic(admin) if n.startswith("planned.") and n not in kept]
    for future in (admin.delete_topics(strays) if strays else {}).values():
        future.result(PATIENCE_S)


def written(path: Path, edit: Edit) -> Path:
    document = YAML().load(FIRST)
    document["partnership"]["short_name"] = "planned"
    edit(document)
    YAML().dump(document, path)
    return exercise(path, path.parent, load_catalogue())


def without_business(document: Any) -> None:
    """The business partnership leaves."""
    document["parties"] = [p for p in document["parties"] if p["id"] != "business"]
    document["receives"] = [e for e in document["receives"] if e["party"] != "business"]


def plan_of(partnership: Partnership, protocol: Protocol | None = None) -> Plan:
    return make_plan(
        protocol or partnership.protocol,
        partnership.catalogue,
        partnership.secrets.client_config(partnership.stack.inside, ADMIN),
        partnership.stack.registry_client,
    )


def command(partnership: Partnership, *arguments: str) -> Any:
    options = ["--run-dir", str(partnership.stack.run_dir)]
    return CliRunner().invoke(isp, [*arguments, *options])


def reading(principal: str, topic: str, **more: Any) -> AclBinding:
    options: dict[str, Any] = {"pattern": ResourcePatternType.LITERAL, "deny": False, **more}
    permission = AclPermissionType.DENY if options["deny"] else AclPermissionType.ALLOW
    return AclBinding(
        ResourceType.TOPIC, topic, options["pattern"], f"User:{principal}", "*",
        AclOperation.READ, permission,
    )  # fmt: skip


@pytest.fixture
def by_hand(planned: Partnership) -> Iterator[Callable[[AclBinding], None]]:
    """Adds a rule as an operator would, and takes away what is left of it."""
    admin, added = AdminClient(planned.admin), []

    def add(acl: AclBinding) -> None:
        added.append(exactly(acl))
        for future in admin.create_acls([acl]).values():
            future.result(PATIENCE_S)

    yield add
    for future in admin.delete_acls(added, request_timeout=PATIENCE_S).values():
        future.result(PATIENCE_S)


def test_nothing_is_planned_where_broker_and_protocol_agree(
    planned: Partnership, file: Path
) -> None:
    assert plan_of(planned).nothing
    assert command(planned, "drift", str(file)).exit_code == 0


def test_a_plan_shows_exactly_what_applying_it_does(planned: Partnership, folder: Path) -> None:
    def edit(document: Any) -> None:
        without_business(document)
        document["retention"]["receipts_days"] = 31
        document["parties"].append(dict(document["parties"][0], id="second-police"))
        # Schemas carry the marking, so the protocol calls for some that nobody knows yet.
        document["marking"] = "CONFIDENTIAL"

    changed = load_protocol(written(folder / "changed.yaml", edit), planned.catalogue)
    plan = plan_of(planned, changed)
    assert plan.users.created == ("planned.second-police",)
    assert plan.users.removed == ("planned.business",)
    assert plan.rules.removed
    assert {line.split()[1] for line in plan.topics.changed} == {"retention.ms=2678400000"}
    assert plan_of(planned, changed).document == plan.document, "planning changed something"
    done = planned.apply(changed)
    assert done.rules.removed == plan.rules.removed
    assert done.rules.created == plan.rules.created
    assert (done.users.created, done.users.removed) == (plan.users.created, plan.users.removed)
    assert {line.split()[0] for line in plan.topics.changed} == set(done.topics.changed)
    assert plan_of(planned, changed).nothing


def alerted(document: Any) -> None:
    """The council and the fire service are alerted, and the council has a conflict officer."""
    document["alerts"] = {"domestic": domestic()}


def test_alerts_come_with_the_protocol_and_only_the_conflict_officer_reads_those_about_staff(
    planned: Partnership, folder: Path
) -> None:
    path = written(folder / "alerted.yaml", alerted)
    changed = load_protocol(path, planned.catalogue)
    assert set(plan_of(planned, changed).users.created) == {
        "planned.alerter", "planned.conflict.council",
    }  # fmt: skip
    done = planned.apply(changed)
    assert plan_of(planned, changed).nothing, "each setting is at the broker as it was planned"
    names = planned.names
    added = {names.alerts("council"), names.conflict_alerts("council"), names.staff("council")}
    assert added <= set(done.topics.created)
    tried = sorted(added)
    written_by = {"alerter": tried[:2], "conflict.council": tried[2:], "council": []}
    for who, its in written_by.items():
        assert write_outcomes(planned.client(who), tried) == {
            topic: None if topic in its else TOPIC_REFUSED for topic in tried
        }
    for who, may in (
        ("council", {names.alerts("council")}),
        ("conflict.council", {names.conflict_alerts("council"), names.staff("council")}),
        ("fire", set()),
    ):
        group = reader_group(names.principal(who))
        outcomes = read_outcomes(planned.client(who), group, tried)
        assert {topic for topic, refused in outcomes.items() if refused is None} == may
    asked = ("who", names.conflict_alerts("council"), "--protocol", str(path), "--json")
    shown = json.loads(command(planned, *asked).stdout)["accesses"]
    assert {(a["principal"], a["operation"], a["in_protocol"]) for a in shown} == {
        ("planned.alerter", "write", True), ("planned.conflict.council", "read", True),
    }  # fmt: skip
    assert command(planned, "drift", str(path)).exit_code == 0


def test_apply_does_a_shown_plan_and_no_other(
    planned: Partnership, folder: Path, by_hand: Callable[[AclBinding], None]
) -> None:
    path, shown = written(folder / "left.yaml", without_business), folder / "plan.json"
    plan = ("plan", str(path), "--exercise", "--out", str(shown))
    assert command(planned, *plan).exit_code == 0
    assert shown.stat().st_mode & 0o777 == 0o600
    by_hand(reading("planned.fire", planned.names.intake("police", "police-incident")))
    before = existing_bindings(AdminClient(planned.admin), "planned")
    with pytest.raises(ApplyError, match="rules changed since it was made; nothing was done"):
        require_same(plan_of(planned, load_protocol(path, planned.catalogue)), shown)
    apply_it = ("apply", str(path), "--exercise", "--plan", str(shown))
    refused = command(planned, *apply_it)
    assert isinstance(refused.exception, ApplyError)
    assert existing_bindings(AdminClient(planned.admin), "planned") == before
    assert command(planned, *plan).exit_code == 0
    done = command(planned, *apply_it)
    assert done.exit_code == 0, done.output
    assert "planned.business" not in users_of(AdminClient(planned.admin), "planned")


def test_a_party_that_left_cannot_log_in_any_more(planned: Partnership, folder: Path) -> None:
    client = planned.client("business")
    assert can_log_in(client)
    left = written(folder / "left.yaml", without_business)
    planned.apply(load_protocol(left, planned.catalogue))
    assert not can_log_in(client)


def test_users_of_other_partnerships_stay(planned: Partnership, applied: Partnership) -> None:
    admin = AdminClient(planned.admin)
    before = users_of(admin, applied.protocol.prefix)
    assert before
    nobody = planned.protocol.model_copy(update={"receives": ()})
    planned.apply(nobody)
    assert users_of(admin, applied.protocol.prefix) == before


def test_an_application_that_stopped_half_way_has_revoked_and_is_finished_by_the_next(
    planned: Partnership, folder: Path
) -> None:
    def edit(document: Any) -> None:
        without_business(document)
        document["parties"].append(dict(document["parties"][0], id="second-police"))
        # A dataset of which nobody knows the schemas yet.
        supply = dict(
            document["supplies"][0], agency="second-police", dataset="police-crime-victim"
        )
        document["supplies"].append(supply)

    changed = load_protocol(written(folder / "half.yaml", edit), planned.catalogue)
    wanted = plan_of(planned, changed)
    said: list[str] = []
    admin = planned.secrets.client_config(planned.stack.inside, ADMIN)
    with pytest.raises(ApplyError, match="the registry cannot be reached"):
        admitted = let_in(changed, admin, planned.catalogue)
        apply(admitted, planned.catalogue, admin, planned.secrets, NOWHERE, said.append)
    assert said == [
        f"revoked rules: {len(wanted.rules.removed)} removed",
        "users who left: 1 removed",
    ]
    rest = plan_of(planned, changed)
    assert not rest.rules.removed
    assert rest.users.created == ("planned.second-police",)
    assert planned.apply(changed).users.created == ("planned.second-police",)
    assert plan_of(planned, changed).nothing


def test_drift_ends_with_3_and_says_what_and_in_a_metric_how_much(
    planned: Partnership, file: Path, folder: Path, by_hand: Callable[[AclBinding], None]
) -> None:
    topic = planned.names.intake("police", "police-incident")
    by_hand(reading("planned.fire", topic))
    shorter = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[_retention("3600000")])
    admin = AdminClient(planned.admin)
    for future in admin.incremental_alter_configs([shorter]).values():
        future.result(PATIENCE_S)
    metric = folder / "ipu.prom"
    outcome = command(planned, "drift", str(file), "--json", "--textfile", str(metric))
    assert outcome.exit_code == 3
    found = json.loads(outcome.stdout)
    assert found["drift"] is True
    assert found["rules"]["removed"] == [f"planned.fire read topic {topic}"]
    assert found["topics"]["changed"] == [
        f"{topic} retention.ms={planned.protocol.retention.intake_days * 86_400_000}"
    ]
    (family,) = text_string_to_metric_families(metric.read_text())
    counted = {sample.labels["kind"]: sample.value for sample in family.samples}
    assert counted == {
        "topics": 1,
        "users": 0,
        "rules": 1,
        "schemas": 0,
        "quotas": 0,
        "foreign": 0,
        "protocol": 0,
    }


@pytest.mark.parametrize(
    ("acl", "told"),
    [
        (reading("*", "planned.personal.", pattern=ResourcePatternType.PREFIXED),
         "allowed  * read topic planned.personal.*"),
        (reading("evil", "planned.audit"), "allowed  evil read topic planned.audit"),
        (reading("evil", "plan", pattern=ResourcePatternType.PREFIXED),
         "allowed  evil read topic plan*"),
        (reading("evil", "*"), "allowed  evil read topic *"),
        (reading("evil", "planned.disclosed.0123456789abcdef"),
         "allowed  evil read topic planned.disclosed.0123456789abcdef"),
        (reading("planned.fire", "planned.audit", deny=True),
         "denied   planned.fire read topic planned.audit"),
        (AclBinding(ResourceType.GROUP, "planned.council.x", ResourcePatternType.LITERAL,
                    "User:evil", "*", AclOperation.READ, AclPermissionType.ALLOW),
         "allowed  evil read group planned.council.x"),
        (AclBinding(ResourceType.BROKER, "kafka-cluster", ResourcePatternType.LITERAL,
                    "User:evil", "*", AclOperation.ALTER, AclPermissionType.ALLOW),
         "allowed  evil alter broker kafka-cluster"),
        (AclBinding(ResourceType.TOPIC, "__consumer_offsets", ResourcePatternType.LITERAL,
                    "User:evil", "*", AclOperation.WRITE, AclPermissionType.ALLOW),
         "allowed  evil write topic __consumer_offsets"),
        (AclBinding(ResourceType.TOPIC, "__t", ResourcePatternType.PREFIXED,
                    "User:evil", "*", AclOperation.WRITE, AclPermissionType.ALLOW),
         "allowed  evil write topic __t*"),
    ],
    ids=range(10),
)  # fmt: skip
def test_drift_tells_of_every_rule_that_reaches_the_partnership_from_outside(
    planned: Partnership,
    file: Path,
    by_hand: Callable[[AclBinding], None],
    acl: AclBinding,
    told: str,
) -> None:
    by_hand(acl)
    outcome = command(planned, "drift", str(file), "--json")
    assert outcome.exit_code == 3
    assert json.loads(outcome.stdout)["foreign"] == [told]


def test_drift_says_nothing_of_rules_of_others_on_the_same_cluster(
    planned: Partnership, file: Path, by_hand: Callable[[AclBinding], None]
) -> None:
    by_hand(reading("neighbour", "plannedother.audit"))
    assert command(planned, "drift", str(file)).exit_code == 0


def test_drift_tells_of_settings_and_topics_that_are_not_the_protocol_s_and_of_locked_logins(
    planned: Partnership, file: Path, folder: Path
) -> None:
    admin, audit, stray = AdminClient(planned.admin), planned.names.audit, "planned.stray"
    entry = ConfigEntry("retention.bytes", "1000", incremental_operation=AlterConfigOpType.SET)
    set_by_hand = ConfigResource(ResourceType.TOPIC, audit, incremental_configs=[entry])
    admin.incremental_alter_configs([set_by_hand])[set_by_hand].result(PATIENCE_S)
    admin.create_topics([NewTopic(stray, 1, 1)])[stray].result(PATIENCE_S)
    try:
        planned.apply(
            load_protocol(written(folder / "l.yaml", without_business), planned.catalogue)
        )
        found = json.loads(command(planned, "drift", str(file), "--json").stdout)
        assert found["foreign"] == [f"setting  {audit} retention.bytes=1000", f"topic    {stray}"]
        assert "planned.business" in found["locked"]
        assert "locked   planned.business" in command(planned, "drift", str(file)).stdout
    finally:
        entry = ConfigEntry("retention.bytes", "", incremental_operation=AlterConfigOpType.DELETE)
        undone = ConfigResource(ResourceType.TOPIC, audit, incremental_configs=[entry])
        admin.incremental_alter_configs([undone])[undone].result(PATIENCE_S)
        admin.delete_topics([stray])[stray].result(PATIENCE_S)


def test_drift_tells_of_a_setting_that_the_broker_was_given_for_all_topics(
    planned: Partnership, file: Path
) -> None:
    admin, broker = AdminClient(planned.admin), ConfigResource(ResourceType.BROKER, "1")
    undone = ConfigResource(ResourceType.BROKER, "1")
    change, name = AlterConfigOpType, "log.retention.bytes"
    broker.incremental_configs = [ConfigEntry(name, "1000", incremental_operation=change.SET)]
    undone.incremental_configs = [ConfigEntry(name, "", incremental_operation=change.DELETE)]
    admin.incremental_alter_configs([broker])[broker].result(PATIENCE_S)
    try:
        outcome = command(planned, "drift", str(file), "--json")
        assert outcome.exit_code == 3
        told = f"setting  {planned.names.audit} retention.bytes=1000"
        assert told in json.loads(outcome.stdout)["foreign"]
    finally:
        admin.incremental_alter_configs([undone])[undone].result(PATIENCE_S)


def test_a_limit_of_every_user_is_told_and_is_no_obstacle_to_a_plan(planned: Partnership) -> None:
    everybody: Any = {None: [("consumer_byte_rate", 1e12, False)]}
    nobody: Any = {None: [("consumer_byte_rate", 0.0, True)]}
    with _client(planned.admin) as client:
        client._alter(everybody)
        try:
            plan = plan_of(planned)
            assert plan.quotas.nothing
            assert plan.foreign == ("limit    user=any consumer_byte_rate=1e+12",)
        finally:
            client._alter(nobody)


def test_an_application_that_is_killed_after_its_revocations_is_in_the_audit(
    planned: Partnership, folder: Path
) -> None:
    class Killed(BaseException):
        pass

    def killed(said: str) -> None:
        if said.startswith("users who left"):
            raise Killed

    left = load_protocol(written(folder / "killed.yaml", without_business), planned.catalogue)
    admin = planned.secrets.client_config(planned.stack.inside, ADMIN)
    url = planned.stack.registry_client
    removed = len(plan_of(planned, left).rules.removed)
    with pytest.raises(Killed):
        admitted = let_in(left, admin, planned.catalogue)
        apply(admitted, planned.catalogue, admin, planned.secrets, url, killed)
    decode = decoder(planned.catalogue.system["audit"])
    *_, last = (decode(m.value() or b"") for m in read_all(admin, planned.names.audit, 1))
    assert (last["action"], last["outcome"]) == ("protocol", "begun")
    assert last["counts"] == {"rules to be removed": removed, "users to be removed": 1}


def test_who_gives_of_every_rule_of_the_protocol_its_basis(
    planned: Partnership, file: Path
) -> None:
    topic = planned.names.depersonalised("second", "police-incident")
    outcome = command(planned, "who", topic, "--protocol", str(file), "--json")
    accesses = {a["principal"]: a for a in json.loads(outcome.stdout)["accesses"]}
    assert {(who, a["operation"]) for who, a in accesses.items()} == {
        ("planned.business", "read"),
        ("planned.worker", "write"),
    }
    (entitled,) = (e for e in planned.protocol.receives if e.party == "business")
    (ground,) = accesses["planned.business"]["grounds"]
    assert ground["purpose"] == entitled.purpose
    assert ground["legal_basis"] == entitled.legal_basis
    assert all(access["in_protocol"] for access in accesses.values())


def test_who_tells_of_a_party_all_that_the_protocol_gives_it(
    planned: Partnership, file: Path
) -> None:
    outcome = command(planned, "who", "council", "--protocol", str(file), "--json")
    told = {(a["operation"], a["topic"]) for a in json.loads(outcome.stdout)["accesses"]}
    principal = planned.names.principal("council")
    assert told == {
        (rule.operation, rule.name)
        for rule in rules(planned.protocol)
        if rule.principal == principal and rule.resource == "topic"
    }


@pytest.mark.parametrize("pattern", [ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED])
def test_who_tells_what_the_broker_lets_through_beside_the_protocol(
    planned: Partnership,
    file: Path,
    by_hand: Callable[[AclBinding], None],
    pattern: ResourcePatternType,
) -> None:
    topic = planned.names.intake("police", "police-incident")
    name = topic if pattern == ResourcePatternType.LITERAL else "planned.intake."
    by_hand(reading("somebody-else", name, pattern=pattern))
    outcome = command(planned, "who", topic, "--protocol", str(file), "--json")
    found = {a["principal"]: a for a in json.loads(outcome.stdout)["accesses"]}
    assert found["somebody-else"]["in_protocol"] is False
    assert "NOT IN THE PROTOCOL" in command(planned, "who", topic, "--protocol", str(file)).stdout


def test_who_heeds_a_denial_as_the_broker_does(
    planned: Partnership, file: Path, by_hand: Callable[[AclBinding], None]
) -> None:
    topic = planned.names.depersonalised("second", "police-incident")
    by_hand(reading("planned.business", topic, deny=True))
    outcome = command(planned, "who", topic, "--protocol", str(file), "--json")
    assert {a["principal"] for a in json.loads(outcome.stdout)["accesses"]} == {"planned.worker"}


def test_who_names_those_to_whom_the_broker_s_configuration_opens_everything(
    planned: Partnership, file: Path
) -> None:
    outcome = command(planned, "who", "council", "--protocol", str(file), "--json")
    above = json.loads(outcome.stdout)["super_users"]
    assert above == ["ipu-admin", "ipu-broker", "ipu-controller"]


def _retention(milliseconds: str) -> ConfigEntry:
    return ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)


def test_each_party_s_share_of_the_broker_is_planned_set_and_ended(
    planned: Partnership, folder: Path
) -> None:
    def slower(document: Any) -> None:
        document["quotas"] = {"read_bytes_per_second": 1_000_000}

    path = written(folder / "slower.yaml", slower)
    protocol = load_protocol(path, planned.catalogue)
    url = planned.stack.registry_client
    admin = planned.secrets.client_config(planned.stack.inside, ADMIN)
    plan = make_plan(protocol, planned.catalogue, admin, url)
    parties = {f"planned.{p.id}" for p in protocol.parties}
    assert set(plan.quotas.changed) == parties
    applied = planned.apply(protocol)
    assert set(applied.quotas.changed) == parties
    assert planned.apply(protocol).nothing
    fewer = load_protocol(written(folder / "fewer.yaml", without_business), planned.catalogue)
    assert planned.apply(fewer).quotas.removed == ("planned.business",)


def test_who_reads_too_much_is_slowed_by_the_broker(planned: Partnership, folder: Path) -> None:
    """Half a megabyte at 64 KiB a second: more than the quota's window gives at once."""

    def trickle(document: Any) -> None:
        document["quotas"] = {"publish_bytes_per_second": 65_536}

    planned.apply(load_protocol(written(folder / "trickle.yaml", trickle), planned.catalogue))
    throttled: list[int] = []
    producer = Producer(
        {
            **planned.client("police"),
            "throttle_cb": lambda event: throttled.append(event.throttle_time),
        }
    )
    topic = planned.names.intake("police", "police-incident")
    for _ in range(32):
        producer.produce(topic, bytes(65_536))
    until(
        lambda: bool(producer.poll(0.1) or throttled),
        PATIENCE_S,
        "the broker's word that it is too much",
    )
    producer.purge()
