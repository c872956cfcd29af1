"""What stands at the broker for an open case: its topic, and its recipient's right to read that."""

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

from isp.agreement.access import Rule
from isp.agreement.topics import Names, Topic
from isp.broker.errors import ApplyError
from isp.broker.requests import TIMEOUT_S, reason, results, wait_until
from isp.broker.rules import binding, describe, exactly, is_of_a_case, listed, principal_of
from isp.broker.topics import BROKER_DEFAULT, partitions_by_topic
from isp.cases.case import Case, State
from isp.keys.case_keys import CaseKeys

WHAT = ("access", "topic", "key")
"""What is made for a case, in the order in which it is destroyed."""
KEPT = frozenset({State.APPROVED, State.OPEN, State.CLOSING})
"""Cases that have a topic at the broker, or are about to have or to lose it."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Makes and destroys what cases need, with the administrator's rights. Each act may be repeated."""

    admin: AdminClient
    names: Names
    keys: CaseKeys

    @classmethod
    def by(cls, connection: Mapping[str, Any], names: Names, keys: CaseKeys) -> Openings:
        """Return what acts by the administrator's connection."""
        return cls(AdminClient({**connection}), names, keys)

    def make_topic(self, topic: Topic) -> None:
        """Create the topic of a case where there is none."""
        new = NewTopic(topic.name, topic.partitions, BROKER_DEFAULT, config=topic.config)
        for future in self.admin.create_topics([new], request_timeout=TIMEOUT_S).values():
            try:
                future.result(TIMEOUT_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise ApplyError(f"create topic {topic.name}: {reason(error)}") from error
        wait_until(lambda: partitions_by_topic(self.admin).get(topic.name, 0) > 0, topic.name)

    def grant(self, case: Case) -> None:
        """Allow the recipient, and nobody else, to read what the case discloses."""
        wanted = binding(rule_of(case, self.names))
        if wanted not in self._rules():
            futures = self.admin.create_acls([wanted], request_timeout=TIMEOUT_S)
            results(futures, lambda acl: f"grant {describe(acl)}")
            wait_until(lambda: wanted in self._rules(), f"the access to case {case.case}")

    def destroy(self, case: str) -> None:
        """Revoke the right to read, delete topic and key, and see that nothing of them is left."""
        name = self.names.disclosed(case)
        self._revoke([acl for acl in self._rules() if acl.name == name])
        self._delete([name] if name in partitions_by_topic(self.admin) else [])
        self.keys.destroy(case)

    def tidy(self, cases: Iterable[Case], unreadable: Collection[str]) -> tuple[str, ...]:
        """Take away every right and topic under the name of cases that no case has; what that was.

        What the `unreadable` cases have, by id, is left: nobody has said that it is to be destroyed.
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
        """Every allowance about one topic of a case, of whomever."""
        allowed = listed(self.admin, ResourceType.TOPIC, AclPermissionType.ALLOW)
        return {acl for acl in allowed if is_of_a_case(acl, self.names)}

    def _revoke(self, rules: Collection[AclBinding]) -> None:
        if rules:
            filters = {exactly(acl): acl for acl in rules}
            futures = self.admin.delete_acls(list(filters), request_timeout=TIMEOUT_S)
            results(futures, lambda asked: f"revoke {describe(filters[asked])}")
            wait_until(lambda: not self._rules() & set(rules), "the end of access to a case")

    def _delete(self, topics: Collection[str]) -> None:
        if topics:
            futures = self.admin.delete_topics(list(topics), request_timeout=TIMEOUT_S)
            results(futures, lambda name: f"delete topic {name}")
            wait_until(
                lambda: not set(topics) & set(partitions_by_topic(self.admin)),
                "the end of a case's topic",
            )


def rule_of(case: Case, names: Names) -> Rule:
    """The one allowance of an open case."""
    return Rule(names.principal(case.recipient), "read", "topic", names.disclosed(case.case))


def is_of_unreadable(acl: AclBinding, unreadable: Collection[str], names: Names) -> bool:
    """Return True for a right to read that one of the `unreadable` cases may have given its recipient."""
    principal = principal_of(acl)
    topics = {names.disclosed(case) for case in unreadable}
    may_be = binding(Rule(principal, "read", "topic", acl.name))
    return names.owns(principal) and acl.name in topics and acl == may_be
