"""`ipu isp who`: show who may read and write what, from the broker's ACLs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from isp.agreement.access import Ground, grounds, principals, rules
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names, topics
from isp.broker.standing import case_grounds
from isp.broker.who import Access, accesses, read_enforced
from ops.commands.common import AsJson, ProtocolOption, RunDir
from ops.commands.isp_broker import on_stack
from ops.embedded.broker_config import SUPER_USERS
from ops.screen import Screen, say_json

UNKNOWN = "NOT IN THE PROTOCOL"
_BY_POSITION: Mapping[str, str] = {
    "letters": "letters about cases",
    "inbox": "letters about cases",
    "alerts": "domestic alerts",
    "acknowledgements": "domestic alerts",
    "staff": "domestic alerts",
    "deliveries": "domestic alerts",
    "findings": "emerging problems",
}
"""The basis of ACLs that do not depend on an agreement of the protocol, by family of the topic."""


def who(
    of: Annotated[str, typer.Argument(metavar="TOPIC|PARTY", help="A topic, or a party's id.")],
    protocol: ProtocolOption = None,
    *,
    run_dir: RunDir = None,
    as_json: AsJson = False,
) -> None:
    """Show who may read and write a topic, or a party's rights.

    Each right is shown with its basis. The answer is from the ACLs that the broker enforces, not
    from the protocol. Access that the protocol does not give is marked.

    Examples:

        ipu isp who banes.depersonalised.central.police-incident

        ipu isp who council

        ipu isp who council --json | jq -r '.accesses[] | select(.operation == "read") | .topic'
    """
    here = on_stack(protocol, run_dir)
    enforced = read_enforced(here.admin)
    present = list(filter(Names(here.protocol.prefix).owns, enforced.topics))
    wanted, party = _asked(of, present, here.protocol)
    cases = case_grounds(here.admin, here.protocol, here.catalogue)
    agreed = rules(here.protocol, here.closed) | cases.keys()
    why = grounds(here.protocol, here.closed) | cases
    found = accesses(enforced.bindings, wanted, agreed, why)
    chosen = [access for access in found if party in (None, access.principal)]
    if as_json:
        say_json(_document(of, chosen))
    else:
        of_protocol = topics(here.protocol, here.catalogue)
        own = {t.name: _BY_POSITION[t.family] for t in of_protocol if t.family in _BY_POSITION}
        _print(of, chosen, own)


def _asked(of: str, present: Sequence[str], protocol: Protocol) -> tuple[Sequence[str], str | None]:
    """Return the topics asked about, and the principal if a party was given."""
    if of in present:
        return (of,), None
    names = Names(protocol.prefix)
    for principal in principals(protocol):
        if of in (principal, names.party_of(principal)):
            return present, principal
    parties = ", ".join(str(names.party_of(p)) for p in principals(protocol))
    message = f"{of!r} is neither a topic that the broker has nor a party; parties: {parties}"
    raise typer.BadParameter(message)


def _document(of: str, found: Iterable[Access]) -> dict[str, Any]:
    return {
        "asked": of,
        "accesses": [
            {
                "principal": access.principal,
                "operation": access.operation,
                "topic": access.topic,
                "in_protocol": access.agreed,
                "grounds": [ground._asdict() for ground in sorted(access.grounds)],
            }
            for access in found
        ],
        "super_users": list(SUPER_USERS),
    }


def _print(of: str, found: Iterable[Access], own: Mapping[str, str]) -> None:
    table = Table("who", "may", title=of)
    for heading in ("topic", "basis"):
        table.add_column(heading, overflow="fold", ratio=1)
    for access in found:
        table.add_row(access.principal, access.operation, access.topic, _basis(access, own))
    console = Screen()
    console.print(table)
    console.print(f"super users of the broker, with every right: {', '.join(SUPER_USERS)}")


def _basis(access: Access, own: Mapping[str, str]) -> str:
    if not access.agreed:
        return UNKNOWN
    said = "\n".join(map(_said, sorted(access.grounds)))
    return said or own.get(access.topic, "the processor itself")


def _said(ground: Ground) -> str:
    conditions = f" ({', '.join(ground.conditions)})" if ground.conditions else ""
    return f"{ground.legal_basis}{conditions}: {ground.purpose}"
