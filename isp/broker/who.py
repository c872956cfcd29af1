"""Rights to read and write topics, from the broker's own ACLs, with the grounds in the protocol.

The evaluation includes denials that operators have added and the ACLs of others on the cluster, as in the
broker itself (Apache Kafka, authorization: a denial overrides each ACL that allows).
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

from isp.agreement.access import AclRule, Ground
from isp.broker.rules import OPERATIONS, USER, listed, principal_of
from isp.broker.topics import partitions_by_topic

EVERYBODY = "*"
_TRIED: tuple[Literal["read", "write"], ...] = ("read", "write")


class Access(NamedTuple):
    """A principal's right to read or write a topic.

    `agreed` is True if the protocol grants the right. `grounds` are the agreements on which it is based; the
    processor's own rights have none.
    """

    principal: str
    operation: Literal["read", "write"]
    topic: str
    agreed: bool
    grounds: frozenset[Ground]


class Enforced(NamedTuple):
    """The topics that exist at the broker, and its ACLs for topics."""

    topics: tuple[str, ...]
    bindings: tuple[AclBinding, ...]


def read_enforced(admin_config: Mapping[str, Any]) -> Enforced:
    """Read the broker's topics and its ACLs for topics, as administrator.

    Raises:
        ApplyError: the broker refused or did not answer.
    """
    admin = AdminClient(dict(admin_config))
    topics = tuple(partitions_by_topic(admin))
    return Enforced(topics, tuple(listed(admin, ResourceType.TOPIC, AclPermissionType.ANY)))


def accesses(
    bindings: Collection[AclBinding],
    topics: Collection[str],
    agreed: Collection[AclRule],
    grounds: Mapping[AclRule, frozenset[Ground]],
) -> Iterator[Access]:
    """Yield each right to one of `topics` of each principal that an ACL or the protocol names."""
    principals = {rule.principal for rule in agreed}
    beginnings = [rule for rule in agreed if rule.resource == "topic" and rule.prefixed]
    named = {principal_of(acl) for acl in bindings}
    for principal in sorted({*principals, *named}):
        of_principal = [b for b in bindings if b.principal in _meant(principal)]
        for topic in sorted(topics):
            concerned = [b for b in of_principal if _concerns(b, topic)]
            for operation in _TRIED:
                if _allows(concerned, OPERATIONS[operation]):
                    rule = AclRule(principal, operation, "topic", topic)
                    why = grounds.get(rule, frozenset())
                    known = rule in agreed or any(_covers(b, rule) for b in beginnings)
                    yield Access(principal, operation, topic, known, why)


def _meant(principal: str) -> tuple[str, str]:
    return f"{USER}{principal}", f"{USER}{EVERYBODY}"


def _covers(beginning: AclRule, rule: AclRule) -> bool:
    same = (beginning.principal, beginning.operation) == (rule.principal, rule.operation)
    return same and rule.name.startswith(beginning.name)


def _concerns(binding: AclBinding, topic: str) -> bool:
    if binding.resource_pattern_type == ResourcePatternType.PREFIXED:
        return topic.startswith(binding.name)
    return binding.name in (topic, "*")


def _allows(bindings: Collection[AclBinding], right: AclOperation) -> bool:
    """Return True if the ACLs allow `right` from some host; a denial for single hosts leaves others open."""
    of_right = [b for b in bindings if b.operation in (right, AclOperation.ALL)]
    denied = any(b.permission_type == AclPermissionType.DENY and b.host == "*" for b in of_right)
    allowed = any(b.permission_type == AclPermissionType.ALLOW for b in of_right)
    return allowed and not denied
