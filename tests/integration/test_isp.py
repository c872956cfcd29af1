"""The protocol on the real broker and registry: what it says is what the broker lets through."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from isp.agreement.access import AclRule, principals, rules
from isp.agreement.protocol import Protocol
from isp.agreement.topics import disclosed_form, topics
from isp.broker.errors import IncompatibleSchemaError
from isp.broker.registration import register_schemas
from isp.broker.rules import exactly, existing_bindings
from isp.broker.topics import differing_configs, partitions_by_topic
from tests.integration.clients import can_log_in, join_outcome, read_outcomes, write_outcomes
from tests.integration.partnership import PARTIES, Partnership
from tests.integration.registered import registered_ids
from tests.integration.waiting import PATIENCE_S

REFUSED = "TOPIC_AUTHORIZATION_FAILED"


@pytest.fixture(scope="module")
def trial(applied: Partnership) -> Partnership:
    """The same protocol for a second partnership of the cluster, whose topics may be soiled."""
    made = applied.under("trial")
    assert set(write_outcomes(made.admin, made.topic_names).values()) == {None}
    return made


@pytest.fixture(scope="module")
def changing(applied: Partnership) -> Partnership:
    """The same protocol for a third partnership, which tests apply again and again."""
    made = applied.under("changing")
    read = [
        made.names.depersonalised("second", "police-incident"), made.names.receipts("fire"),
    ]  # fmt: skip
    assert set(write_outcomes(made.admin, read).values()) == {None}
    return made


@pytest.fixture
def restored(changing: Partnership) -> Iterator[Partnership]:
    """That partnership, brought back to its own protocol after a test that changes it."""
    yield changing
    changing.apply(changing.protocol)


def without_business(protocol: Protocol) -> Protocol:
    """The protocol with nothing for the business partnership, which stays a party."""
    left = tuple(e for e in protocol.receives if e.party != "business")
    return protocol.model_copy(update={"receives": left})


def test_first_application_makes_all_that_the_protocol_calls_for(trial: Partnership) -> None:
    wanted = topics(trial.protocol, trial.catalogue)
    admin = AdminClient(trial.admin)
    present = partitions_by_topic(admin)
    assert {t.name: present.get(t.name) for t in wanted} == {t.name: t.partitions for t in wanted}
    assert differing_configs(admin, wanted) == {}
    of_cases = disclosed_form(trial.protocol, trial.catalogue)
    known = registered_ids(trial.stack.registry_client, (*wanted, of_cases))
    assert known == trial.applied.schema_ids
    assert len(existing_bindings(admin, "trial")) == len(rules(trial.protocol))
    assert set(trial.applied.users.created) == set(principals(trial.protocol))


def test_a_second_application_changes_nothing(applied: Partnership) -> None:
    again = applied.apply(applied.protocol)
    assert again.nothing, again
    assert again.topics.left == len(topics(applied.protocol, applied.catalogue))
    assert again.users.left == len(principals(applied.protocol))
    assert again.rules.left == len(rules(applied.protocol))
    assert again.schema_ids == applied.applied.schema_ids


@pytest.mark.parametrize("party", PARTIES)
def test_each_principal_writes_what_the_protocol_allows_and_nothing_else(
    trial: Partnership, party: str
) -> None:
    outcomes = write_outcomes(trial.client(party), trial.topic_names)
    may = trial.allowed(party, "write")
    assert outcomes == {name: None if name in may else REFUSED for name in trial.topic_names}


@pytest.mark.parametrize("party", PARTIES)
def test_each_principal_reads_what_the_protocol_allows_and_nothing_else(
    trial: Partnership, party: str
) -> None:
    group = f"{trial.names.principal(party)}.reader"
    outcomes = read_outcomes(trial.client(party), group, trial.topic_names)
    may = trial.allowed(party, "read")
    assert outcomes == {name: None if name in may else REFUSED for name in trial.topic_names}


def test_the_parties_of_the_matrix_are_all_the_principals_there_are(trial: Partnership) -> None:
    assert {trial.names.principal(party) for party in PARTIES} == set(principals(trial.protocol))


def test_a_partnership_opens_nothing_of_another_on_the_same_cluster(
    applied: Partnership, trial: Partnership
) -> None:
    theirs = applied.topic_names
    outcomes = write_outcomes(trial.client("worker"), theirs)
    assert outcomes == dict.fromkeys(theirs, REFUSED)
    group = f"{trial.names.worker}.reader"
    assert read_outcomes(trial.client("worker"), group, theirs) == dict.fromkeys(theirs, REFUSED)


def test_a_wrong_password_is_refused(trial: Partnership) -> None:
    client = trial.client("police")
    assert can_log_in(client)
    assert not can_log_in({**client, "sasl.password": "not the password"})


def test_an_agency_cannot_write_to_the_intake_of_another(trial: Partnership) -> None:
    intake = trial.names.intake("police", "police-incident")
    assert write_outcomes(trial.client("fire"), [intake]) == {intake: REFUSED}


def test_a_party_without_entitlement_is_refused_by_the_broker(trial: Partnership) -> None:
    release = trial.names.depersonalised("central", "police-incident")
    group = f"{trial.names.principal('business')}.group-1"
    assert read_outcomes(trial.client("business"), group, [release]) == {release: REFUSED}


def test_no_principal_joins_the_group_of_another(trial: Partnership) -> None:
    release = trial.names.depersonalised("central", "police-incident")
    own, others = (f"{trial.names.principal(party)}.group-1" for party in ("fire", "council"))
    assert join_outcome(trial.client("fire"), own, release) is None
    assert join_outcome(trial.client("fire"), others, release) == "GROUP_AUTHORIZATION_FAILED"


def test_no_principal_uses_the_transactional_id_of_another(trial: Partnership) -> None:
    own = {
        "transactional.id": f"{trial.names.principal('fire')}.publish.fire-incident",
        "log_level": 0,
    }
    Producer({**trial.client("fire"), **own}).init_transactions(20)
    others = {"transactional.id": f"{trial.names.worker}.pipeline.0", "log_level": 0}
    with pytest.raises(KafkaException) as caught:
        Producer({**trial.client("fire"), **others}).init_transactions(20)
    assert caught.value.args[0].name() == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"


def test_a_schema_that_breaks_its_readers_is_refused_with_subject_and_reason(
    trial: Partnership,
) -> None:
    topic = topics(trial.protocol, trial.catalogue)[0]
    schema = copy.deepcopy(topic.schema)
    schema["fields"].append({"name": "added_without_default", "type": "int", "doc": "Breaks"})
    with pytest.raises(IncompatibleSchemaError) as caught:
        register_schemas(trial.stack.registry_client, [replace(topic, schema=schema)])
    assert topic.subject in str(caught.value)
    assert "incompatible" in str(caught.value).lower()
    assert registered_ids(trial.stack.registry_client, [replace(topic, schema=schema)]) == {}


def test_what_the_protocol_no_longer_allows_is_revoked(restored: Partnership) -> None:
    changed = without_business(restored.protocol)
    lost = rules(restored.protocol) - rules(changed)
    outcome = restored.apply(changed)
    assert len(outcome.rules.removed) == len(lost)
    assert not outcome.rules.created
    release = restored.names.depersonalised("second", "police-incident")
    group = f"{restored.names.principal('business')}.group-1"
    client = restored.client("business")
    assert read_outcomes(client, group, [release]) == {release: REFUSED}
    assert restored.apply(restored.protocol).rules.created
    assert read_outcomes(client, group, [release]) == {release: None}


def test_a_topic_that_left_the_protocol_keeps_its_records(restored: Partnership) -> None:
    changed = without_business(restored.protocol)
    restored.apply(changed)
    gone = set(restored.topic_names) - {topic.name for topic in topics(changed, restored.catalogue)}
    assert gone
    assert gone <= partitions_by_topic(AdminClient(restored.admin)).keys()


def test_changed_retention_and_partitions_are_brought_to_the_broker(
    restored: Partnership,
) -> None:
    keep = restored.protocol.retention.model_copy(update={"receipts_days": 30})
    first, *others = restored.protocol.supplies
    wider = first.model_copy(update={"partitions": first.partitions + 1})
    changed = restored.protocol.model_copy(update={"retention": keep, "supplies": (wider, *others)})
    outcome = restored.apply(changed)
    receipts = {restored.names.receipts(agency) for agency in ("police", "fire")}
    intake = restored.names.intake(first.agency, first.dataset)
    assert receipts | {intake} <= set(outcome.topics.changed)
    wanted = topics(changed, restored.catalogue)
    assert differing_configs(AdminClient(restored.admin), wanted) == {}
    assert partitions_by_topic(AdminClient(restored.admin))[intake] == wider.partitions
    assert restored.apply(changed).nothing


def test_rules_of_others_and_denials_of_an_operator_are_left_alone(changing: Partnership) -> None:
    intake = changing.names.intake("police", "police-incident")
    foreign = _acl("User:somebody-else", intake, AclPermissionType.ALLOW)
    denial = _acl(f"User:{changing.names.principal('fire')}", intake, AclPermissionType.DENY)
    admin = AdminClient(changing.admin)
    for future in admin.create_acls([foreign, denial]).values():
        future.result(PATIENCE_S)
    assert changing.apply(changing.protocol).nothing
    filters = [exactly(foreign), exactly(denial)]
    deleted = [future.result(PATIENCE_S) for future in admin.delete_acls(filters).values()]
    assert [len(found) for found in deleted] == [1, 1]


def test_a_rule_that_somebody_added_by_hand_for_our_principal_is_revoked(
    changing: Partnership,
) -> None:
    intake = changing.names.intake("police", "police-incident")
    added = _acl(f"User:{changing.names.principal('council')}", intake, AclPermissionType.ALLOW)
    admin = AdminClient(changing.admin)
    for future in admin.create_acls([added]).values():
        future.result(PATIENCE_S)
    outcome = changing.apply(changing.protocol)
    assert outcome.rules.removed == (f"changing.council read topic {intake}",)


def test_a_rule_for_all_names_that_begin_alike_is_revoked(changing: Partnership) -> None:
    fire = changing.names.principal("fire")
    wide = AclBinding(
        ResourceType.TRANSACTIONAL_ID, f"{fire}.", ResourcePatternType.PREFIXED, f"User:{fire}",
        "*", AclOperation.WRITE, AclPermissionType.ALLOW,
    )  # fmt: skip
    admin = AdminClient(changing.admin)
    for future in admin.create_acls([wide]).values():
        future.result(PATIENCE_S)
    outcome = changing.apply(changing.protocol)
    assert len(outcome.rules.removed) == 1
    assert f"{fire}." in outcome.rules.removed[0]


def test_renewing_passwords_is_only_done_when_asked(changing: Partnership) -> None:
    assert changing.apply(changing.protocol).users.changed == ()
    rule = AclRule(
        changing.names.principal("fire"), "read", "topic", changing.names.receipts("fire")
    )
    assert rule in rules(changing.protocol)
    group = f"{changing.names.principal('fire')}.reader"
    assert read_outcomes(changing.client("fire"), group, [rule.name]) == {rule.name: None}


def _acl(principal: str, topic: str, permission: AclPermissionType) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, principal, "*",
        AclOperation.READ, permission,
    )  # fmt: skip
