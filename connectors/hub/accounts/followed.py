"""Rights on the hub's tables, set by the sink each time that it has prepared them.

A table that is made again has lost its rights, and a new one has none: closed until the protocol opens it.
"""

from __future__ import annotations

from typing import Final

from connectors.hub.accounts import statements
from connectors.hub.accounts.present import Session, read_place, read_rights
from connectors.hub.accounts.wanted import Agreed, table_rights

_ROLES: Final = "SELECT rolname FROM pg_roles"


def follow(session: Session, agreed: Agreed) -> int:
    """Set who may read the tables, for the parties that have a role; return the number of changes.

    The session is that of the tables' owner. All changes are one transaction.

    Raises:
        HubError: the database has no PostGIS.
        psycopg.Error: the database refused, or another session changed the same rights.
    """
    with session.transaction():
        place = read_place(session)
        roles = {role for (role,) in session.execute(_ROLES)}
        wanted = {r for r in table_rights(agreed, place.tables) if r.role in roles}
        present = read_rights(session, agreed.prefix, place)
        changes = [
            *map(statements.revoking, present - wanted),
            *map(statements.granting, wanted - present),
        ]
        for statement in changes:
            session.execute(statement)
    return len(changes)
