"""Changes of the broker's ACLs to the rules of the protocol.

Only ACLs that allow something to a principal of this partnership are compared and changed. Denials that an
operator has added by hand, and the ACLs of others on the same cluster, are not counted and not changed.
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

from isp.agreement.access import AclRule
from isp.agreement.topics import Names
from isp.broker.changes import Change
from isp.broker.requests import TIMEOUT_S, result, results, wait_until

ANY_HOST = "*"
USER = "User:"
"""Kafka's prefix of a principal that is a user."""
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


def binding(rule: AclRule) -> AclBinding:
    """Return the ACL of a rule: it allows the operation from any host, for a literal or prefixed name."""
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
    """Return the broker's ACLs that allow something to principals of the partnership `prefix`.

    ACLs of single cases are left out: `isp.broker.case_resources` grants and revokes those.
    """
    found = listed(admin, ResourceType.ANY, AclPermissionType.ALLOW)
    names = Names(prefix)
    return {acl for acl in found if names.owns(principal_of(acl)) and not is_of_a_case(acl, names)}


def principal_of(acl: AclBinding) -> str:
    """Return the SCRAM user name of the principal of an ACL."""
    return acl.principal.removeprefix(USER)


def is_of_a_case(acl: AclBinding, names: Names) -> bool:
    """Return True for an ACL of the topic of a single case, whether or not the case exists."""
    literal = acl.resource_pattern_type == ResourcePatternType.LITERAL
    of_topic = acl.restype == ResourceType.TOPIC and literal
    return of_topic and names.case_of(acl.name) is not None


def listed(
    admin: AdminClient, resource: ResourceType, permission: AclPermissionType
) -> list[AclBinding]:
    """Return the broker's ACLs for this kind of resource and permission, of all principals.

    A client without the right to describe ACLs gets an empty list from librdkafka, without an error.
    """
    # None means any name, principal or host; the type hints of the filter do not allow it.
    anything: Any = None
    every = AclBindingFilter(
        resource, anything, ResourcePatternType.ANY, anything, anything,
        AclOperation.ANY, permission,
    )  # fmt: skip
    found: list[AclBinding] = result(
        admin.describe_acls(every, request_timeout=TIMEOUT_S), "list the access rules"
    )
    return found


def rule_changes(admin: AdminClient, prefix: str, rules: Iterable[AclRule]) -> Change:
    """Return the changes that `revoke_rules` and `grant_rules` would make; change nothing."""
    wanted, present = {binding(rule) for rule in rules}, existing_bindings(admin, prefix)
    return Change(
        created=_described(wanted - present),
        removed=_described(present - wanted),
        left=len(wanted & present),
    )


def revoke_rules(admin: AdminClient, prefix: str, rules: Iterable[AclRule]) -> Change:
    """Delete this partnership's ACLs that are not among `rules`, and wait until they are gone."""
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


def grant_rules(admin: AdminClient, prefix: str, rules: Iterable[AclRule]) -> Change:
    """Create the missing ACLs, and wait until the broker shows them."""
    wanted = {binding(rule) for rule in rules}
    present = existing_bindings(admin, prefix)
    lacking = wanted - present
    if lacking:
        futures = admin.create_acls(sorted(lacking, key=describe), request_timeout=TIMEOUT_S)
        results(futures, lambda acl: f"grant {describe(acl)}")
        wait_until(lambda: lacking <= existing_bindings(admin, prefix), "the granted access rules")
    return Change(created=_described(lacking), left=len(wanted & present))


def describe(acl: AclBinding) -> str:
    """Return an ACL in words, such as `banes.police write topic banes.intake.police.x`."""
    star = "*" if acl.resource_pattern_type == ResourcePatternType.PREFIXED else ""
    kind = ResourceType(acl.restype).name.lower().replace("_", "-")
    return f"{principal_of(acl)} {AclOperation(acl.operation).name.lower()} {kind} {acl.name}{star}"


def _described(acls: Collection[AclBinding]) -> tuple[str, ...]:
    return tuple(sorted(describe(acl) for acl in acls))


def exactly(acl: AclBinding) -> AclBindingFilter:
    """Return the filter that matches this ACL and no other."""
    return AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host,
        acl.operation, acl.permission_type,
    )  # fmt: skip
