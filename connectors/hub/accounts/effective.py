"""The logins that may read and write the hub's tables now, as the database itself decides it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from connectors.hub.accounts.present import Session
from connectors.hub.accounts.wanted import Agreed, Place, Table, places_of

_ACCESSES: Final = """
    SELECT r.rolname, n.nspname, c.relname, o.operation
    FROM pg_roles r CROSS JOIN pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN (VALUES ('read'), ('write')) o (operation)
    WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> %(owner)s
        AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE (d.classid, d.objid, d.deptype) = ('pg_class'::regclass, c.oid, 'e'))
        AND has_database_privilege(r.oid, current_database(), 'CONNECT')
        AND has_schema_privilege(r.oid, n.oid, 'USAGE')
        AND CASE o.operation
            WHEN 'read' THEN has_any_column_privilege(r.oid, c.oid, 'SELECT')
            ELSE has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE')
                OR has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE')
        END
    ORDER BY 1, 2, 3, 4
"""
_EVERY_RIGHT: Final = """
    SELECT rolname FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolname = %(owner)s) ORDER BY 1
"""
_LOGINS: Final = """
    SELECT r.rolname, r.rolcanlogin AND coalesce(r.rolvaliduntil > now(), true), count(a.pid)
    FROM pg_roles r LEFT JOIN pg_stat_activity a ON a.usesysid = r.oid
    WHERE starts_with(r.rolname, %(beginning)s) GROUP BY r.oid, r.rolname, r.rolcanlogin, r.rolvaliduntil
"""


class Access(NamedTuple):
    """A login's right to read or write a table; `agreed` is True if the protocol gives it."""

    login: str
    operation: Literal["read", "write"]
    table: Table
    agreed: bool


class Login(NamedTuple):
    """A login in the database: True if it can log in now, and the number of its sessions."""

    is_open: bool
    sessions: int


def accesses(session: Session, agreed: Agreed, place: Place) -> Iterator[Access]:
    """Yield each access of each login but those of superusers and of the owner, who have every right."""
    parties = {person.role(agreed.prefix): person.party for person in agreed.people}
    own = {
        party: {place for each in tables for place in places_of(each)}
        for party, tables in agreed.tables.items()
    }
    for login, schema, name, operation in session.execute(_ACCESSES, {"owner": place.owner}):
        given = own.get(parties.get(login, ""), set())
        is_agreed = operation == "read" and (schema, name) in given
        yield Access(login, operation, (schema, name), is_agreed)


def every_right(session: Session, place: Place) -> list[str]:
    """Return the logins that have every right: superusers, and the owner of the database."""
    return [role for (role,) in session.execute(_EVERY_RIGHT, {"owner": place.owner})]


def logins(session: Session, prefix: str) -> dict[str, Login]:
    """Return the roles of a partnership by name."""
    found = session.execute(_LOGINS, {"beginning": f"{prefix}."})
    return {name: Login(is_open, sessions) for name, is_open, sessions in found}
