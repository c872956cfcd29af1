"""Application of an Information Sharing Protocol to the broker and the schema registry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date

from confluent_kafka.admin import AdminClient

from isp.agreement.access import AclRule, principals, rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, disclosed_form, topics
from isp.audit.chains import protocol_chain
from isp.audit.errors import AuditError
from isp.audit.recorder import Recorder
from isp.broker.changes import Applied, Change, Changes
from isp.broker.errors import ApplyError
from isp.broker.in_force import put_in_force, read_in_force
from isp.broker.published import publish_schemas
from isp.broker.quotas import apply_quotas
from isp.broker.registered import read_schemas
from isp.broker.registration import register_schemas
from isp.broker.rules import grant_rules, revoke_rules, rule_changes
from isp.broker.signed import Admitted
from isp.broker.topics import apply_topics, partitions_by_topic
from isp.broker.users import Passwords, apply_users, remove_users, user_changes
from isp.signing.signatures import content_digest
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas, NotApplied
from schemas.london import london_today
from transport.schemas import Schemas

AWAY = "schemas: the registry does not answer; all schemas of the protocol are known, so it is not needed"

Report = Callable[[str], None]


def apply(
    admitted: Admitted,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    secrets: Passwords,
    registry: Mapping[str, str],
    report: Report,
    *,
    renew_passwords: bool = False,
    today: date | None = None,
) -> Applied:
    """Apply the protocol to the broker and the registry; a second call changes nothing.

    Peripheral datasets that no requirement opens `today` (Europe/London) are closed.

    Rights that are no longer allowed are revoked first, so that no later failure leaves them in place. New
    rights are granted last, when their topics, schemas and users exist. `admin_config` configures a Kafka
    client that may administer the cluster. `registry` configures a `SchemaRegistryClient` that may write.
    `report` is called with a line for each step. Only a protocol that `isp.broker.signed.admit` has admitted
    is applied, and only while the protocol in force is the one that it was admitted after.

    Raises:
        ApplyError: the broker or the registry refused a resource, which the text names with the reason;
            or another protocol was put in force in the meantime.
        AuditError: the application could not be written to the audit. Rights that are no longer allowed
            were revoked, and no right was granted.
    """
    protocol = admitted.protocol
    _require_unchanged(admitted, admin_config, catalogue)
    admin = AdminClient(dict(admin_config))
    closed = closed_datasets(protocol, catalogue, today or london_today())
    wanted_topics, wanted_rules = topics(protocol, catalogue), rules(protocol, closed)
    known_schemas = read_schemas(admin_config, protocol.prefix, catalogue)
    unwritten = _intend(protocol, catalogue, admin_config, registry, known_schemas, wanted_rules)
    revoked = revoke_rules(admin, protocol.prefix, wanted_rules)
    report(_said("revoked rules", revoked))
    gone = remove_users(admin, protocol.prefix, principals(protocol))
    report(_said("users who left", gone))
    if unwritten is not None:
        # Rights that are no longer allowed were revoked even so. No right is granted.
        raise unwritten
    of_values = (*wanted_topics, disclosed_form(protocol, catalogue))
    schemas = register_schemas(registry, of_values, known_schemas)
    report(AWAY if schemas.away else _said("schemas", schemas.change))
    made_topics = apply_topics(admin, wanted_topics)
    report(_said("topics", made_topics))
    publish_schemas(admin_config, protocol, catalogue, schemas)
    users = apply_users(admin, principals(protocol), secrets, renew=renew_passwords)
    report(_said("users", users))
    quotas = apply_quotas(admin_config, protocol)
    report(_said("quotas", quotas))
    known = admitted.after
    is_new = known is None or known.digest != content_digest(protocol)
    lacking = rule_changes(admin, protocol.prefix, wanted_rules)
    ungranted = replace(lacking, removed=revoked.removed)
    before = Changes(
        made_topics, replace(users, removed=gone.removed), ungranted, schemas.change, quotas
    )
    if is_new or not before.nothing:
        _audit(before, protocol, catalogue, admin_config, schemas.known)
    # Otherwise rules of a protocol that is no longer in force would remain after the refusal.
    _require_unchanged(admitted, admin_config, catalogue)
    granted = grant_rules(admin, protocol.prefix, wanted_rules)
    report(_said("granted rules", granted))
    if is_new:
        _require_unchanged(admitted, admin_config, catalogue)
        _put_in_force(admitted, catalogue, admin_config, schemas.ids)
        report("the protocol is in force")
    all_rules = replace(granted, removed=revoked.removed)
    all_users = replace(users, removed=gone.removed)
    return Applied(made_topics, all_users, all_rules, schemas.change, quotas, schemas.ids)


def _intend(
    protocol: Protocol,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    registry: Mapping[str, str],
    known: KnownSchemas,
    wanted_rules: Collection[AclRule],
) -> Exception | None:
    """Write to the audit what is about to be revoked, so that it also shows an interrupted application.

    Return the error if the entry could not be written, else None. Before the first application there is no
    audit, and there are no rights to revoke.
    """
    admin, names = AdminClient(dict(admin_config)), Names(protocol.prefix)
    stale = rule_changes(admin, protocol.prefix, wanted_rules).removed
    left = user_changes(admin, protocol.prefix, principals(protocol)).removed
    if not (stale or left) or names.audit not in partitions_by_topic(admin):
        return None
    counts = {"rules to be removed": len(stale), "users to be removed": len(left)}
    counts = {what: number for what, number in counts.items() if number}
    audit = [t for t in topics(protocol, catalogue) if t.name in (names.audit, names.audit_heads)]
    try:
        # A newer release of the software can have a newer schema of the audit.
        of_audit = register_schemas(registry, audit, known)
        _write("begun", counts, protocol, catalogue, admin_config, of_audit.known)
    except (AuditError, ApplyError, NotApplied) as error:
        return error
    return None


def _require_unchanged(
    admitted: Admitted, admin_config: Mapping[str, str], catalogue: Catalogue
) -> None:
    known = read_in_force(admin_config, admitted.protocol.prefix, catalogue)
    expected = admitted.after.digest if admitted.after else None
    found = known.digest if known else None
    if found != expected:
        message = f"another protocol was put in force meanwhile: {found}; plan and apply again"
        raise ApplyError(message)


def _put_in_force(
    admitted: Admitted,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    ids: Mapping[str, int],
) -> None:
    """Put the protocol in force, with the keys of parties that have left; an ended exercise leaves none."""
    before = admitted.after.before if admitted.after else None
    if before is not None and before.exercise != admitted.protocol.exercise:
        before = None
    put_in_force(admin_config, admitted.protocol, catalogue, ids, admitted.signatures, before)


def _audit(
    changes: Changes,
    protocol: Protocol,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    known: KnownSchemas,
) -> None:
    """Write to the audit what was revoked and what is about to be granted."""
    marks = {"number": protocol.number, "exercise": int(protocol.exercise)}
    marks |= {f"rekeyed {name}": 1 for name in protocol.rekeyed}
    counts = {what: number for what, number in marks.items() if number} | {
        f"{kind} {what}": number
        for kind, change in changes.changes.items()
        for what, number in change.counts.items()
        if number and what != "left"
    }
    _write("applied", counts, protocol, catalogue, admin_config, known)


def _write(
    outcome: str,
    counts: Mapping[str, int],
    protocol: Protocol,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    known: KnownSchemas,
) -> None:
    chain = protocol_chain(Names(protocol.prefix))
    entry = {
        "actor": admin_config["sasl.username"],
        "action": "protocol",
        "subject": content_digest(protocol),
        "outcome": outcome,
        "counts": counts,
    }
    Recorder(admin_config, protocol, catalogue, Schemas(known), chain).write(entry)


def _said(kind: str, change: Change) -> str:
    counts = ", ".join(f"{number} {what}" for what, number in change.counts.items() if number)
    return f"{kind}: {counts or 'none'}"
