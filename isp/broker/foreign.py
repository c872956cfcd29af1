"""Resources at the broker that affect a partnership and are not in its protocol: reported, never changed.

Others may use the same cluster, and an operator may add a denial by hand. Each ACL, topic or setting that
opens, closes or alters a resource of the partnership must be visible (Apache Kafka, authorization: rules for
`*` and for a prefix of a name).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ConfigSource,
    ResourcePatternType,
    ResourceType,
)

from isp.agreement.access import AclRule
from isp.agreement.topics import Names, Topic
from isp.broker.case_resources import KEPT, is_of_unreadable, rule_of
from isp.broker.requests import TIMEOUT_S, results
from isp.broker.rules import binding, describe, listed, principal_of
from isp.broker.topics import partitions_by_topic
from isp.cases.standing import Standing

_ANY = "*"
_KAFKAS_OWN = "__"
"""Prefix of Kafka's own topics, which hold the offsets and transactions of all clients."""
_SET = frozenset({
    ConfigSource.DYNAMIC_TOPIC_CONFIG.value,
    ConfigSource.DYNAMIC_BROKER_CONFIG.value,
    ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value,
})  # fmt: skip
"""Sources of settings that were made on a running broker: for one topic, or as the default of topics."""
_BY_KAFKA = (ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value, "min.insync.replicas")
"""Kafka itself (KIP-966) adds this dynamic setting when the cluster is created."""
_OURS = frozenset({ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID})


def foreign(
    admin: AdminClient,
    prefix: str,
    wanted_topics: Sequence[Topic],
    wanted_rules: Collection[AclRule],
    standing: Standing,
) -> tuple[str, ...]:
    """Return the foreign resources: those at the broker that are in no protocol and no open case.

    Each is one line; the lines are sorted. The resources of a case that cannot be read are not foreign.

    Raises:
        ApplyError: the broker refused or did not answer.
    """
    names = Names(prefix)
    case_rules = [rule_of(c, names) for c in standing.cases.values() if c.state in KEPT]
    unreadable = standing.unreadable_cases
    known = {binding(rule) for rule in (*wanted_rules, *case_rules)}
    present = partitions_by_topic(admin)
    existing = [topic for topic in wanted_topics if topic.name in present]
    ours = _names(wanted_topics, case_rules) | {names.disclosed(case) for case in unreadable}
    return tuple(
        sorted(
            (
                *_rules(admin, names, known, unreadable),
                *_topics(names, present, ours),
                *_settings(admin, existing),
            )
        )
    )


def _rules(
    admin: AdminClient, names: Names, known: Collection[AclBinding], unreadable: Collection[str]
) -> Iterator[str]:
    """Yield a line for each foreign ACL that allows access to the partnership, and each that denies it."""
    for acl in listed(admin, ResourceType.ANY, AclPermissionType.ANY):
        if acl.permission_type == AclPermissionType.DENY:
            if _concerns(acl, names):
                yield f"denied   {describe(acl)}"
        elif acl in known or is_of_unreadable(acl, unreadable, names):
            continue
        elif _reaches(acl, names) and not _is_compared(acl, names):
            yield f"allowed  {describe(acl)}"


def _is_compared(acl: AclBinding, names: Names) -> bool:
    """Return True for an ACL that `isp.broker.rules` compares: of our principals, except for single cases."""
    of_case = acl.restype == ResourceType.TOPIC and names.case_of(acl.name) is not None
    return names.owns(principal_of(acl)) and not of_case


def _concerns(acl: AclBinding, names: Names) -> bool:
    """Return True if a denial affects one of our principals or one of our names."""
    return names.owns(principal_of(acl)) or _reaches(acl, names)


def _reaches(acl: AclBinding, names: Names) -> bool:
    """Return True if an ACL affects one of our names, a topic of Kafka itself, or the cluster."""
    if acl.restype not in _OURS:
        return True
    reached = (names.beginning, _KAFKAS_OWN)
    if acl.resource_pattern_type == ResourcePatternType.PREFIXED:
        return any(acl.name.startswith(r) or r.startswith(acl.name) for r in reached)
    return acl.name == _ANY or acl.name.startswith(reached)


def _topics(names: Names, present: Collection[str], known: Collection[str]) -> Iterator[str]:
    for name in present:
        if names.owns(name) and name not in known:
            yield f"topic    {name}"


def _names(wanted: Sequence[Topic], case_rules: Sequence[AclRule]) -> set[str]:
    return {topic.name for topic in wanted} | {rule.name for rule in case_rules}


def _settings(admin: AdminClient, existing: Sequence[Topic]) -> Iterator[str]:
    """Yield a line for each setting of our topics that was set by hand, for the topic or the broker."""
    if not existing:
        return
    by_name = {topic.name: topic for topic in existing}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in by_name]
    answers = results(
        admin.describe_configs(asked, request_timeout=TIMEOUT_S),
        lambda resource: f"read the settings of topic {resource.name}",
    )
    for resource, entries in answers.items():
        wanted = by_name[resource.name].config
        for key, entry in entries.items():
            found = entry.source, key
            if entry.source in _SET and key not in wanted and found != _BY_KAFKA:
                yield f"setting  {resource.name} {key}={entry.value}"
