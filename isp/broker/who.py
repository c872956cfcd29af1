"""Who may read and write what, by the rules that the broker itself holds, with the protocol's reasons.

Operators' own denials and the rules of others on the cluster are heeded as the broker heeds them
(Apache Kafka, authorization: a denial wins over every allowance).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from isp.agreement.access import Ground, Rule
from isp.broker.rules import OPERATIONS, USER, listed, principal_of
from isp.broker.topics import partitions_by_topic

EVERYBODY = "*"
_TRIED: tuple[Literal["read", "write"], ...] = ("read", "write")


class Access(NamedTuple):
    """That a principal may do something with a topic.

    `agreed` says whether the protocol has it so; `grounds` are the agreements it rests on, none for
    the processor itself.
    """

    principal: str
    operation: Literal["read", "write"]
    topic: str
    agreed: bool
    grounds: frozenset[Ground]


class Enforced(NamedTuple):
    """The topics that the broker has, and its rules about topics."""

    topics: tuple[str, ...]
    bindings: tuple[AclBinding, ...]


def read_enforced(admin_config: Mapping[str, Any]) -> Enforced:
    """Ask the broker, as the administrator, for its topics and its rules about topics.

    Raises:
        ApplyError: the broker refuses, or does not answer.
    """
    admin = AdminClient(dict(admin_config))
    topics = tuple(partitions_by_topic(admin))
    return Enforced(topics, tuple(listed(admin, ResourceType.TOPIC, AclPermissionType.ANY)))


def accesses(
    bindings: Collection[AclBinding],
    topics: Collection[str],
    agreed: Collection[Rule],
    grounds: Mapping[Rule, frozenset[Ground]],
) -> Iterator[Access]:
    """What everybody whom a rule of the broker or of the protocol names may do with each of `topics`."""
    principals = {rule.principal for rule in agreed}
    beginnings = [rule for rule in agreed if rule.resource == "topic" and rule.prefixed]
    named = {principal_of(acl) for acl in bindings}
    for principal in sorted({*principals, *named}):
        of_principal = [b for b in bindings if b.principal in _meant(principal)]
        for topic in sorted(topics):
            concerned = [b for b in of_principal if _concerns(b, topic)]
            for operation in _TRIED:
                if _allows(concerned, OPERATIONS[operation]):
                    rule = Rule(principal, operation, "topic", topic)
                    why = grounds.get(rule, frozenset())
                    known = rule in agreed or any(_covers(b, rule) for b in beginnings)
                    yield Access(principal, operation, topic, known, why)


def _meant(principal: str) -> tuple[str, str]:
    return f"{USER}{principal}", f"{USER}{EVERYBODY}"


def _covers(beginning: Rule, rule: Rule) -> bool:
    same = (beginning.principal, beginning.operation) == (rule.principal, rule.operation)
    return same and rule.name.startswith(beginning.name)


def _concerns(binding: AclBinding, topic: str) -> bool:
    if binding.resource_pattern_type == ResourcePatternType.PREFIXED:
        return topic.startswith(binding.name)
    return binding.name in (topic, "*")


def _allows(bindings: Collection[AclBinding], right: AclOperation) -> bool:
    """Whether they allow it from some host; a denial for some hosts alone leaves the others open."""
    of_right = [b for b in bindings if b.operation in (right, AclOperation.ALL)]
    denied = any(b.permission_type == AclPermissionType.DENY and b.host == "*" for b in of_right)
    allowed = any(b.permission_type == AclPermissionType.ALLOW for b in of_right)
    return allowed and not denied
