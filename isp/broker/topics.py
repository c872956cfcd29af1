"""Brings the broker's topics into step with the protocol. No topic is ever deleted here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from isp.agreement.topics import Topic
from isp.broker.changes import Change
from isp.broker.errors import ApplyError
from isp.broker.requests import TIMEOUT_S, reason, results, wait_until

BROKER_DEFAULT = -1
"""Replication factor for which the broker uses its `default.replication.factor`."""


def apply_topics(admin: AdminClient, wanted: Sequence[Topic]) -> Change:
    """Create missing topics, alter different settings, and add missing partitions.

    A topic with more partitions than in the protocol stays so: Kafka cannot remove a partition.
    """
    present = partitions_by_topic(admin)
    lacking = [topic for topic in wanted if topic.name not in present]
    existing = [topic for topic in wanted if topic.name in present]
    _create(admin, lacking)
    changed = _alter_configs(admin, existing) | _add_partitions(admin, existing, present)
    wait_until(lambda: _are_visible(admin, wanted), "the topics of the protocol")
    return Change(
        created=tuple(topic.name for topic in lacking),
        changed=tuple(sorted(changed)),
        left=len(existing) - len(changed),
    )


def topic_changes(admin: AdminClient, wanted: Sequence[Topic]) -> Change:
    """Return the changes that `apply_topics` would make, with each setting; change nothing."""
    present = partitions_by_topic(admin)
    existing = [topic for topic in wanted if topic.name in present]
    changed = [
        f"{name} {key}={value}"
        for name, settings in differing_configs(admin, existing).items()
        for key, value in settings.items()
    ]
    short = _short_of_partitions(existing, present)
    changed += [f"{name} partitions={total}" for name, total in short.items()]
    touched = {line.split()[0] for line in changed}
    return Change(
        created=tuple(topic.name for topic in wanted if topic.name not in present),
        changed=tuple(sorted(changed)),
        left=len(existing) - len(touched),
    )


def partitions_by_topic(admin: AdminClient) -> dict[str, int]:
    """Return, for each topic of the broker, the number of its partitions that have a leader."""
    try:
        found = admin.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise ApplyError(f"list topics: {reason(error)}") from error
    return {
        name: sum(partition.leader >= 0 for partition in topic.partitions.values())
        for name, topic in found.items()
    }


def differing_configs(admin: AdminClient, existing: Iterable[Topic]) -> dict[str, dict[str, str]]:
    """Return, by topic, the settings of the protocol that differ at the broker."""
    by_name = {topic.name: topic for topic in existing}
    if not by_name:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in by_name]
    answers = results(
        admin.describe_configs(asked, request_timeout=TIMEOUT_S),
        lambda resource: f"read the settings of topic {resource.name}",
    )
    differing = {
        resource.name: _differences(by_name[resource.name].config, entries)
        for resource, entries in answers.items()
    }
    return {name: settings for name, settings in differing.items() if settings}


def _differences(wanted: Mapping[str, str], entries: Mapping[str, ConfigEntry]) -> dict[str, str]:
    return {
        key: value
        for key, value in wanted.items()
        if key not in entries or entries[key].value != value
    }


def _create(admin: AdminClient, lacking: Sequence[Topic]) -> None:
    if not lacking:
        return
    new = [
        NewTopic(t.name, t.partitions, replication_factor=BROKER_DEFAULT, config=t.config)
        for t in lacking
    ]
    futures = admin.create_topics(new, request_timeout=TIMEOUT_S)
    results(futures, lambda name: f"create topic {name}")


def _alter_configs(admin: AdminClient, existing: Sequence[Topic]) -> set[str]:
    differing = differing_configs(admin, existing)
    if not differing:
        return set()
    altered = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                for key, value in settings.items()
            ],
        )
        for name, settings in differing.items()
    ]
    futures = admin.incremental_alter_configs(altered, request_timeout=TIMEOUT_S)
    results(futures, lambda resource: f"alter the settings of topic {resource.name}")
    wait_until(lambda: not differing_configs(admin, existing), "the altered settings of topics")
    return set(differing)


def _add_partitions(
    admin: AdminClient, existing: Sequence[Topic], present: Mapping[str, int]
) -> set[str]:
    short = _short_of_partitions(existing, present)
    if short:
        new = [NewPartitions(name, total) for name, total in short.items()]
        futures = admin.create_partitions(new, request_timeout=TIMEOUT_S)
        results(futures, lambda name: f"add partitions to topic {name}")
    return set(short)


def _short_of_partitions(existing: Sequence[Topic], present: Mapping[str, int]) -> dict[str, int]:
    """Return the number of partitions in the protocol for each topic that has fewer."""
    return {t.name: t.partitions for t in existing if present[t.name] < t.partitions}


def _are_visible(admin: AdminClient, wanted: Sequence[Topic]) -> bool:
    present = partitions_by_topic(admin)
    return all(present.get(topic.name, 0) >= topic.partitions for topic in wanted)
