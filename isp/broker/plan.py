"""The plan: the changes that the application of a protocol would make, for review before the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient

from isp.agreement.access import principals, rules
from isp.agreement.openings import closed_datasets
from isp.agreement.protocol import Protocol
from isp.agreement.topics import disclosed_form, topics
from isp.broker.changes import Changes
from isp.broker.errors import ApplyError
from isp.broker.foreign import foreign
from isp.broker.in_force import read_in_force
from isp.broker.quotas import foreign_quotas, quota_changes
from isp.broker.registered import read_schemas
from isp.broker.registration import schema_changes
from isp.broker.rules import rule_changes
from isp.broker.standing import known_standing
from isp.broker.topics import topic_changes
from isp.broker.users import locked_users, user_changes
from isp.signing.signatures import content_digest
from schemas.catalogue import Catalogue
from schemas.london import london_today


@dataclass(frozen=True)
class Plan(Changes):
    """The changes between broker and protocol.

    `protocol` is the SHA-256 of the protocol's content. `in_force` is the SHA-256 of the protocol in force,
    empty if there is none. `foreign` lists resources that affect the partnership and are not in the protocol;
    no application removes them. `locked` lists the users of principals that have left.
    """

    protocol: str
    in_force: str
    foreign: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()

    @property
    def in_step(self) -> bool:
        """Return True if the protocol is in force, needs no change, and no foreign resource was found."""
        return self.nothing and not self.foreign and self.in_force == self.protocol

    @property
    def document(self) -> dict[str, Any]:
        """Return the plan as a JSON document; two plans are the same if their documents are equal."""
        changes = {kind: asdict(change) for kind, change in self.changes.items()}
        head = {"protocol": self.protocol, "in_force": self.in_force}
        seen = {"foreign": self.foreign, "locked": self.locked}
        document: dict[str, Any] = json.loads(json.dumps(head | changes | seen))
        return document


def make_plan(
    protocol: Protocol,
    catalogue: Catalogue,
    admin_config: Mapping[str, str],
    registry: Mapping[str, str],
    *,
    today: date | None = None,
) -> Plan:
    """Return the changes that `apply` would make to broker and registry `today`; change nothing.

    Arguments and errors as `isp.broker.apply.apply`.
    """
    admin = AdminClient(dict(admin_config))
    closed = closed_datasets(protocol, catalogue, today or london_today())
    wanted = topics(protocol, catalogue)
    schemas = read_schemas(admin_config, protocol.prefix, catalogue)
    known = read_in_force(admin_config, protocol.prefix, catalogue)
    agreed = rules(protocol, closed)
    standing = known_standing(admin_config, protocol, catalogue)
    return Plan(
        topics=topic_changes(admin, wanted),
        users=user_changes(admin, protocol.prefix, principals(protocol)),
        rules=rule_changes(admin, protocol.prefix, agreed),
        quotas=quota_changes(admin_config, protocol),
        schemas=schema_changes(registry, (*wanted, disclosed_form(protocol, catalogue)), schemas),
        protocol=content_digest(protocol),
        in_force=known.digest if known else "",
        foreign=(
            *foreign(admin, protocol.prefix, wanted, agreed, standing),
            *foreign_quotas(admin_config, protocol.prefix),
        ),
        locked=locked_users(admin, protocol.prefix),
    )


def require_same(plan: Plan, file: Path) -> None:
    """Check that a plan is the same as the one in `file`.

    Raises:
        ApplyError: `file` holds no plan, or another plan; the text names the kinds of resource that differ.
    """
    try:
        shown = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ApplyError(
            f"{file}: not a plan: {error}; make one with `ipu isp plan --out`"
        ) from None
    document = plan.document
    if shown == document:
        return
    if not isinstance(shown, dict) or shown.keys() != document.keys():
        raise ApplyError(f"{file}: not a plan; make one with `ipu isp plan --out`")
    other = ", ".join(kind for kind in document if shown[kind] != document[kind])
    raise ApplyError(f"{file}: {other} changed since it was made; nothing was done; plan again")
