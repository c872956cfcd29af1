"""What reaches into a partnership at the broker and is not its protocol's: reported, and left alone.

Others may use the same cluster, and an operator may deny by hand. But whatever opens, closes or alters what
is the partnership's is to be seen (Apache Kafka, authorization: rules for `*` and for a beginning of a name).
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

from ops.disclosures.openings import KEPT, is_of_unreadable, rule_of
from ops.isp.requests import TIMEOUT_S, results
from ops.isp.rules import binding, describe, listed, principal_of
from ops.isp.topics import partitions_by_topic
from schemas.access import Rule
from schemas.topics import Names, Topic
from streams.disclosures.standing import Standing

_ANY = "*"
_KAFKAS_OWN = "__"
"""Names of the topics in which Kafka keeps everybody's positions and transactions begin so."""
_SET = frozenset({
    ConfigSource.DYNAMIC_TOPIC_CONFIG.value,
    ConfigSource.DYNAMIC_BROKER_CONFIG.value,
    ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value,
})  # fmt: skip
"""Where a setting stands that was made on a running broker: for a topic, or for all without their own."""
_BY_KAFKA = (ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value, "min.insync.replicas")
"""Kafka (KIP-966) puts it among the dynamic settings of the cluster itself when the cluster is made."""
_OURS = frozenset({ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID})


def foreign(
    admin: AdminClient,
    prefix: str,
    wanted_topics: Sequence[Topic],
    wanted_rules: Collection[Rule],
    standing: Standing,
) -> tuple[str, ...]:
    """Return what is at the broker and in no protocol or open case, a line each, in order.

    What a case has that cannot be read is no stranger's.

    Raises:
        ApplyError: the broker refused, or does not answer.
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
    """Allowances of others that reach us, and every denial that does."""
    for acl in listed(admin, ResourceType.ANY, AclPermissionType.ANY):
        if acl.permission_type == AclPermissionType.DENY:
            if _concerns(acl, names):
                yield f"denied   {describe(acl)}"
        elif acl in known or is_of_unreadable(acl, unreadable, names):
            continue
        elif _reaches(acl, names) and not _is_compared(acl, names):
            yield f"allowed  {describe(acl)}"


def _is_compared(acl: AclBinding, names: Names) -> bool:
    """Return True for what `ops.isp.rules` compares: allowances of our principals but those of cases."""
    of_case = acl.restype == ResourceType.TOPIC and names.case_of(acl.name) is not None
    return names.owns(principal_of(acl)) and not of_case


def _concerns(acl: AclBinding, names: Names) -> bool:
    """Return True if a denial takes something from our principals or of our names."""
    return names.owns(principal_of(acl)) or _reaches(acl, names)


def _reaches(acl: AclBinding, names: Names) -> bool:
    """Return True if a rule opens or closes a name of ours or of Kafka's own, or the cluster."""
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


def _names(wanted: Sequence[Topic], case_rules: Sequence[Rule]) -> set[str]:
    return {topic.name for topic in wanted} | {rule.name for rule in case_rules}


def _settings(admin: AdminClient, existing: Sequence[Topic]) -> Iterator[str]:
    """Settings of our topics that somebody has set, there or for the broker, and the protocol has not."""
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
