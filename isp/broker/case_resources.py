"""Broker resources of an open case: its topic, and its recipient's right to read the topic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourceType,
)

from isp.agreement.access import AclRule
from isp.agreement.topics import Names, Topic
from isp.broker.errors import ApplyError
from isp.broker.requests import TIMEOUT_S, reason, results, wait_until
from isp.broker.rules import binding, describe, exactly, is_of_a_case, listed, principal_of
from isp.broker.topics import BROKER_DEFAULT, partitions_by_topic
from isp.cases.case import Case, State
from isp.keys.case_keys import CaseKeys

WHAT = ("access", "topic", "key")
"""The resources of a case, in the order in which they are destroyed."""
KEPT = frozenset({State.APPROVED, State.OPEN, State.CLOSING})
"""States of the cases that have a topic at the broker, or are about to gain or lose it."""


@dataclass(frozen=True, slots=True)
class CaseBrokerResources:
    """Maker and destroyer of the broker resources of cases, as administrator. Each call may be repeated."""

    admin: AdminClient
    names: Names
    keys: CaseKeys

    @classmethod
    def by(cls, connection: Mapping[str, Any], names: Names, keys: CaseKeys) -> CaseBrokerResources:
        """Return an instance with an admin client for `connection`, the administrator's configuration."""
        return cls(AdminClient({**connection}), names, keys)

    def make_topic(self, topic: Topic) -> None:
        """Create the topic of a case if it does not exist."""
        new = NewTopic(topic.name, topic.partitions, BROKER_DEFAULT, config=topic.config)
        for future in self.admin.create_topics([new], request_timeout=TIMEOUT_S).values():
            try:
                future.result(TIMEOUT_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise ApplyError(f"create topic {topic.name}: {reason(error)}") from error
        wait_until(lambda: partitions_by_topic(self.admin).get(topic.name, 0) > 0, topic.name)

    def grant(self, case: Case) -> None:
        """Grant the recipient, and no other principal, the right to read the topic of the case."""
        wanted = binding(rule_of(case, self.names))
        if wanted not in self._rules():
            futures = self.admin.create_acls([wanted], request_timeout=TIMEOUT_S)
            results(futures, lambda acl: f"grant {describe(acl)}")
            wait_until(lambda: wanted in self._rules(), f"the right to read case {case.case}")

    def destroy(self, case: str) -> None:
        """Revoke the right to read, delete the topic and the key, and check that all are gone."""
        name = self.names.disclosed(case)
        self._revoke([acl for acl in self._rules() if acl.name == name])
        self._delete([name] if name in partitions_by_topic(self.admin) else [])
        self.keys.destroy(case)

    def tidy(self, cases: Iterable[Case], unreadable: Collection[str]) -> tuple[str, ...]:
        """Delete each right and topic with the name of a case that belongs to no case; return their names.

        The resources of the `unreadable` cases (their ids) are left in place: nobody has decided to destroy
        them.
        """
        known = list(cases)
        rules = {binding(rule_of(c, self.names)) for c in known if c.state is State.OPEN}
        stray_rules = [
            acl
            for acl in self._rules()
            if acl not in rules and not is_of_unreadable(acl, unreadable, self.names)
        ]
        self._revoke(stray_rules)
        kept = [*(c.case for c in known if c.state in KEPT), *unreadable]
        topics = {self.names.disclosed(case) for case in kept}
        present = partitions_by_topic(self.admin)
        of_cases = [name for name in present if self.names.case_of(name) is not None]
        stray_topics = [name for name in of_cases if name not in topics]
        self._delete(stray_topics)
        return (*map(describe, stray_rules), *stray_topics)

    def _rules(self) -> set[AclBinding]:
        """Return each ACL that allows any principal something with the topic of a single case."""
        allowed = listed(self.admin, ResourceType.TOPIC, AclPermissionType.ALLOW)
        return {acl for acl in allowed if is_of_a_case(acl, self.names)}

    def _revoke(self, rules: Collection[AclBinding]) -> None:
        if rules:
            filters = {exactly(acl): acl for acl in rules}
            futures = self.admin.delete_acls(list(filters), request_timeout=TIMEOUT_S)
            results(futures, lambda asked: f"revoke {describe(filters[asked])}")
            wait_until(lambda: not self._rules() & set(rules), "the revoked right to read a case")

    def _delete(self, topics: Collection[str]) -> None:
        if topics:
            futures = self.admin.delete_topics(list(topics), request_timeout=TIMEOUT_S)
            results(futures, lambda name: f"delete topic {name}")
            wait_until(
                lambda: not set(topics) & set(partitions_by_topic(self.admin)),
                "the deletion of a case's topic",
            )


def rule_of(case: Case, names: Names) -> AclRule:
    """Return the only access rule of an open case: its recipient reads its topic."""
    return AclRule(names.principal(case.recipient), "read", "topic", names.disclosed(case.case))


def is_of_unreadable(acl: AclBinding, unreadable: Collection[str], names: Names) -> bool:
    """Return True if an ACL may be the right to read of one of the `unreadable` cases (their ids)."""
    principal = principal_of(acl)
    topics = {names.disclosed(case) for case in unreadable}
    may_be = binding(AclRule(principal, "read", "topic", acl.name))
    return names.owns(principal) and acl.name in topics and acl == may_be
