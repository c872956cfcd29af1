"""Brings the broker's access control list into step with the protocol's rules.

Only allowances of principals of this partnership are ours. A denial that an operator set by hand,
and whatever belongs to others on the same cluster, is neither counted nor touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from ops.isp.changes import Change
from ops.isp.requests import TIMEOUT_S, result, results, wait_until
from schemas.access import Rule
from schemas.topics import Names

ANY_HOST = "*"
USER = "User:"
"""Kafka's kind of principal, before the name of the user."""
_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {
    "read": AclOperation.READ,
    "write": AclOperation.WRITE,
    "describe": AclOperation.DESCRIBE,
}


def binding(rule: Rule) -> AclBinding:
    """The broker's form of a rule: an allowance from any host, of a literal or prefixed name."""
    return AclBinding(
        _RESOURCES[rule.resource],
        rule.name,
        ResourcePatternType.PREFIXED if rule.prefixed else ResourcePatternType.LITERAL,
        f"{USER}{rule.principal}",
        ANY_HOST,
        OPERATIONS[rule.operation],
        AclPermissionType.ALLOW,
    )


def existing_bindings(admin: AdminClient, prefix: str) -> set[AclBinding]:
    """Every allowance the broker has for a principal of the partnership called `prefix`.

    But for those of single cases, which are granted and revoked by `ops.disclosures.openings`.
    """
    found = listed(admin, ResourceType.ANY, AclPermissionType.ALLOW)
    names = Names(prefix)
    return {acl for acl in found if names.owns(principal_of(acl)) and not is_of_a_case(acl, names)}


def principal_of(acl: AclBinding) -> str:
    """Return the SCRAM user name that a rule of the broker is about."""
    return acl.principal.removeprefix(USER)


def is_of_a_case(acl: AclBinding, names: Names) -> bool:
    """Return True for a rule about the topic of a single case, existing or not."""
    literal = acl.resource_pattern_type == ResourcePatternType.LITERAL
    of_topic = acl.restype == ResourceType.TOPIC and literal
    return of_topic and names.case_of(acl.name) is not None


def listed(
    admin: AdminClient, resource: ResourceType, permission: AclPermissionType
) -> list[AclBinding]:
    """Every rule of the broker about such resources, of whomever.

    librdkafka gives an empty list also to a client that may not ask.
    """
    # None stands for any name, principal or host; the signature of the filter does not say so.
    anything: Any = None
    every = AclBindingFilter(
        resource, anything, ResourcePatternType.ANY, anything, anything,
        AclOperation.ANY, permission,
    )  # fmt: skip
    found: list[AclBinding] = result(
        admin.describe_acls(every, request_timeout=TIMEOUT_S), "list the access rules"
    )
    return found


def rule_changes(admin: AdminClient, prefix: str, rules: Iterable[Rule]) -> Change:
    """What `revoke_rules` and `grant_rules` would do; changes nothing."""
    wanted, present = {binding(rule) for rule in rules}, existing_bindings(admin, prefix)
    return Change(
        created=_described(wanted - present),
        removed=_described(present - wanted),
        left=len(wanted & present),
    )


def revoke_rules(admin: AdminClient, prefix: str, rules: Iterable[Rule]) -> Change:
    """Delete this partnership's allowances that are not among `rules`; wait until they are gone."""
    wanted = {binding(rule) for rule in rules}
    stale = existing_bindings(admin, prefix) - wanted
    if stale:
        filters = {exactly(acl): acl for acl in stale}
        futures = admin.delete_acls(list(filters), request_timeout=TIMEOUT_S)
        results(futures, lambda deleted: f"revoke {describe(filters[deleted])}")
        wait_until(
            lambda: not stale & existing_bindings(admin, prefix), "the revocation of access rules"
        )
    return Change(removed=_described(stale))


def grant_rules(admin: AdminClient, prefix: str, rules: Iterable[Rule]) -> Change:
    """Create the allowances that lack, and wait until the broker shows them."""
    wanted = {binding(rule) for rule in rules}
    present = existing_bindings(admin, prefix)
    lacking = wanted - present
    if lacking:
        futures = admin.create_acls(sorted(lacking, key=describe), request_timeout=TIMEOUT_S)
        results(futures, lambda acl: f"grant {describe(acl)}")
        wait_until(lambda: lacking <= existing_bindings(admin, prefix), "the granted access rules")
    return Change(created=_described(lacking), left=len(wanted & present))


def describe(acl: AclBinding) -> str:
    """One allowance in words, such as `banes.police write topic banes.intake.police.x`."""
    star = "*" if acl.resource_pattern_type == ResourcePatternType.PREFIXED else ""
    kind = ResourceType(acl.restype).name.lower().replace("_", "-")
    return f"{principal_of(acl)} {AclOperation(acl.operation).name.lower()} {kind} {acl.name}{star}"


def _described(acls: Collection[AclBinding]) -> tuple[str, ...]:
    return tuple(sorted(describe(acl) for acl in acls))


def exactly(acl: AclBinding) -> AclBindingFilter:
    """The filter that finds this one binding and no other."""
    return AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host,
        acl.operation, acl.permission_type,
    )  # fmt: skip
