"""Every principal, every topic, every operation: a real client tries, and the protocol tells the outcome.

Reading and writing are tried in test_isp.py; here is all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from isp.agreement.access import principals, rules
from isp.broker.rules import listed
from tests.integration.partnership import PARTIES, Partnership
from tests.integration.waiting import PATIENCE_S

TOPIC_REFUSED = "TOPIC_AUTHORIZATION_FAILED"
CLUSTER_REFUSED = "CLUSTER_AUTHORIZATION_FAILED"

Outcomes = dict[str, str | None]


@pytest.fixture(scope="module")
def matrix(applied: Partnership) -> Partnership:
    """The protocol for a partnership of its own."""
    return applied.under("matrix")


def outcome(future: Future[Any]) -> str | None:
    try:
        future.result(PATIENCE_S)
    except KafkaException as error:
        return str(error.args[0].name())
    return None


def outcomes(futures: Mapping[Any, Future[Any]]) -> Outcomes:
    """The broker's answers by the name of what was asked."""
    return {getattr(asked, "topic", None) or getattr(asked, "name", asked): outcome(future)
            for asked, future in futures.items()}  # fmt: skip


def describe(admin: AdminClient, names: list[str]) -> Outcomes:
    found = admin.list_topics(timeout=PATIENCE_S).topics
    return {name: None if name in found else TOPIC_REFUSED for name in names}


def read_settings(admin: AdminClient, names: list[str]) -> Outcomes:
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    return outcomes(admin.describe_configs(asked, request_timeout=PATIENCE_S))


def alter_settings(admin: AdminClient, names: list[str]) -> Outcomes:
    entry = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    asked = [ConfigResource(ResourceType.TOPIC, n, incremental_configs=[entry]) for n in names]
    return outcomes(admin.incremental_alter_configs(asked, request_timeout=PATIENCE_S))


def add_partitions(admin: AdminClient, names: list[str]) -> Outcomes:
    return outcomes(admin.create_partitions([NewPartitions(n, 64) for n in names]))


def delete_topics(admin: AdminClient, names: list[str]) -> Outcomes:
    return outcomes(admin.delete_topics(names, request_timeout=PATIENCE_S))


def delete_records(admin: AdminClient, names: list[str]) -> Outcomes:
    return outcomes(admin.delete_records([TopicPartition(name, 0, 1) for name in names]))


NEVER: dict[str, Callable[[AdminClient, list[str]], Outcomes]] = {
    "read the settings": read_settings,
    "alter the settings": alter_settings,
    "add partitions": add_partitions,
    "delete": delete_topics,
    "delete records": delete_records,
}
"""Operations on topics that the protocol gives to nobody."""


def create_topic(admin: AdminClient) -> Future[Any]:
    (future,) = admin.create_topics([NewTopic("matrix.own", 1, 1)]).values()
    return future


def open_to_all(admin: AdminClient) -> Future[Any]:
    acl = AclBinding(
        ResourceType.TOPIC, "*", ResourcePatternType.LITERAL, "User:*", "*",
        AclOperation.READ, AclPermissionType.ALLOW,
    )  # fmt: skip
    (future,) = admin.create_acls([acl]).values()
    return future


def take_over_a_user(admin: AdminClient) -> Future[Any]:
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192)
    taken = UserScramCredentialUpsertion("matrix.worker", credential, b"stolen")
    (future,) = admin.alter_user_scram_credentials([taken]).values()
    return future


CLUSTER: dict[str, Callable[[AdminClient], Future[Any]]] = {
    "create a topic": create_topic,
    "open everything to all": open_to_all,
    "take over a user": take_over_a_user,
}


@pytest.mark.parametrize("party", PARTIES)
def test_each_principal_sees_that_there_is_a_topic_only_where_it_may_use_it(
    matrix: Partnership, party: str
) -> None:
    tried = describe(AdminClient(matrix.client(party)), matrix.topic_names)
    may = matrix.allowed(party, "read", "write", "describe")
    assert tried == {name: None if name in may else TOPIC_REFUSED for name in matrix.topic_names}


@pytest.mark.parametrize("operation", NEVER)
@pytest.mark.parametrize("party", PARTIES)
def test_nobody_changes_or_deletes_a_topic(matrix: Partnership, party: str, operation: str) -> None:
    tried = NEVER[operation](AdminClient(matrix.client(party)), matrix.topic_names)
    assert tried == dict.fromkeys(matrix.topic_names, TOPIC_REFUSED)


@pytest.mark.parametrize("operation", CLUSTER)
@pytest.mark.parametrize("party", PARTIES)
def test_nobody_administers_the_cluster(matrix: Partnership, party: str, operation: str) -> None:
    # The client is kept: one that is let go of ends what it asked for.
    admin = AdminClient(matrix.client(party))
    refusals = {CLUSTER_REFUSED, TOPIC_REFUSED}
    assert outcome(CLUSTER[operation](admin)) in refusals


@pytest.mark.parametrize("party", PARTIES)
def test_nobody_but_the_administrator_is_told_the_rules(matrix: Partnership, party: str) -> None:
    admin, above = AdminClient(matrix.client(party)), AdminClient(matrix.admin)
    asked = (ResourceType.ANY, AclPermissionType.ANY)
    assert listed(admin, *asked) == []
    assert len(listed(above, *asked)) >= len(rules(matrix.protocol))


@pytest.mark.parametrize("party", PARTIES)
def test_nobody_looks_into_or_deletes_the_group_of_another(matrix: Partnership, party: str) -> None:
    admin = AdminClient(matrix.client(party))
    for other in set(PARTIES) - {party}:
        group = f"{matrix.names.principal(other)}.reader"
        described = admin.describe_consumer_groups([group], request_timeout=PATIENCE_S)
        deleted = admin.delete_consumer_groups([group], request_timeout=PATIENCE_S)
        assert {outcome(f) for f in (*described.values(), *deleted.values())} == {
            "GROUP_AUTHORIZATION_FAILED"
        }


def test_the_matrix_has_all_principals_and_left_everything_in_step(matrix: Partnership) -> None:
    assert {matrix.names.principal(party) for party in PARTIES} == set(principals(matrix.protocol))
    assert matrix.apply(matrix.protocol).nothing
