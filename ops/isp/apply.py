"""Brings broker and registry into step with an Information Sharing Protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from confluent_kafka.admin import AdminClient

from ops.isp.changes import Applied, Change
from ops.isp.registry import register_schemas
from ops.isp.rules import grant_rules, revoke_rules
from ops.isp.topics import apply_topics
from ops.isp.users import Passwords, apply_users, remove_users
from schemas.access import principals, rules
from schemas.catalogue import Catalogue
from schemas.london import london_today
from schemas.openings import closed_datasets
from schemas.protocol import Protocol
from schemas.topics import topics

Report = Callable[[str], None]


def apply(
    protocol: Protocol,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    secrets: Passwords,
    registry_url: str,
    report: Report,
    *,
    renew_passwords: bool = False,
    today: date | None = None,
) -> Applied:
    """Make broker and registry what the protocol says; a second call finds nothing to change.

    Peripheral datasets that no requirement opens `today` (Europe/London) are closed.

    What is no longer allowed is revoked before anything else, so that no later failure keeps it
    open; what is newly allowed is granted last, when topic, schema and user stand.
    `admin_config` is the configuration of a Kafka client that may administer the cluster,
    `registry_url` the registry's Confluent-compatible interface; `report` is told each step.

    Raises:
        ApplyError: names the resource that the broker or the registry refused, and why.
    """
    admin = AdminClient(dict(admin_config))
    closed = closed_datasets(protocol, catalogue, today or london_today())
    wanted_topics, wanted_rules = topics(protocol, catalogue), rules(protocol, closed)
    revoked = revoke_rules(admin, protocol.prefix, wanted_rules)
    report(_said("revoked rules", revoked))
    gone = remove_users(admin, protocol.prefix, principals(protocol))
    report(_said("users who left", gone))
    schemas = register_schemas(registry_url, wanted_topics)
    report(_said("schemas", schemas.change))
    made_topics = apply_topics(admin, wanted_topics)
    report(_said("topics", made_topics))
    users = apply_users(admin, principals(protocol), secrets, renew=renew_passwords)
    report(_said("users", users))
    granted = grant_rules(admin, protocol.prefix, wanted_rules)
    report(_said("granted rules", granted))
    all_rules = replace(granted, removed=revoked.removed)
    all_users = replace(users, removed=gone.removed)
    return Applied(made_topics, all_users, all_rules, schemas.change, schemas.ids)


def _said(kind: str, change: Change) -> str:
    counts = ", ".join(f"{number} {what}" for what, number in change.counts.items() if number)
    return f"{kind}: {counts or 'none'}"
