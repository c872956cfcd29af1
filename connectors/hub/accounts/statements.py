"""The statements that change roles and rights. The library quotes each name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from psycopg import sql

from connectors.hub.accounts.state import (
    GRANT_OPTION,
    PUBLIC,
    Kind,
    Member,
    Right,
    Role,
    Setting,
)

_KEYWORDS: Final[dict[Kind, str]] = {
    "database": "DATABASE",
    "schema": "SCHEMA",
    "table": "TABLE",
    "sequence": "SEQUENCE",
    "column": "TABLE",
    "function": "ROUTINE",
    "language": "LANGUAGE",
    "parameter": "PARAMETER",
}
_WITHOUT_POWERS: Final = "INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


def granting(right: Right) -> sql.Composed:
    """Return the statement that gives a right."""
    statement = sql.SQL("GRANT {} ON {} TO {}")
    return statement.format(sql.SQL(right.privilege), _object(right), _role(right.role))


def revoking(right: Right) -> sql.Composed:
    """Return the statement that takes a right away, also from those to whom its holder gave it."""
    option = right.privilege.endswith(GRANT_OPTION)
    privilege = right.privilege.removesuffix(GRANT_OPTION)
    if right.kind == "column":
        privilege = f"{privilege} ({{}})"
    text = sql.SQL(f"GRANT OPTION FOR {privilege}" if option else privilege)
    what = text.format(sql.Identifier(right.name[-1]))
    if right.kind == "default":
        return _revoking_default(right, what)
    statement = sql.SQL("REVOKE {} ON {} FROM {} CASCADE")
    return statement.format(what, _object(right), _role(right.role))


def joining(member: Member) -> sql.Composed:
    """Return the statement that makes a role a member of another."""
    return sql.SQL("GRANT {} TO {}").format(sql.Identifier(member.of), sql.Identifier(member.role))


def parting(member: Member) -> sql.Composed:
    """Return the statement that ends a membership."""
    return sql.SQL("REVOKE {} FROM {} CASCADE").format(
        sql.Identifier(member.of), sql.Identifier(member.role)
    )


def making(role: Role) -> Iterator[sql.Composed]:
    """Yield the statements that create a role, without a password."""
    yield sql.SQL("CREATE ROLE {}").format(sql.Identifier(role.name))
    yield from altering(role)


def altering(role: Role) -> Iterator[sql.Composed]:
    """Yield the statements that give a role its attributes and settings, and no others."""
    name = sql.Identifier(role.name)
    attributes = sql.SQL("ALTER ROLE {} {} {} CONNECTION LIMIT {} VALID UNTIL {}")
    yield attributes.format(
        name,
        sql.SQL("LOGIN" if role.login else "NOLOGIN"),
        sql.SQL(_WITHOUT_POWERS),
        sql.Literal(role.limit),
        sql.Literal(_until(role.until)),
    )
    yield sql.SQL("ALTER ROLE {} RESET ALL").format(name)
    for setting, value in sorted(role.settings):
        yield sql.SQL("ALTER ROLE {} SET {} = {}").format(
            name, _parameter(setting), sql.Literal(value)
        )
    if not role.login:
        yield sql.SQL("ALTER ROLE {} PASSWORD NULL").format(name)


def alone(role: Role, database: str) -> sql.Composed:
    """Return the statement that takes away the settings that a role has in one database."""
    return sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(
        sql.Identifier(role.name), sql.Identifier(database)
    )


def locking(role: Role) -> sql.Composed:
    """Return the statement after which a role cannot log in."""
    return sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(role.name))


def dropping(role: Role) -> Iterator[sql.Composed]:
    """Yield the statements that remove a role, which owns nothing, with its rights in this database."""
    yield sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role.name))
    yield sql.SQL("DROP ROLE {}").format(sql.Identifier(role.name))


def setting_password(role: str, verifier: str) -> sql.Composed:
    """Return the statement that sets a password; `verifier` is its SCRAM verifier, never the password."""
    return sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))


def setting(wanted: Setting, database: str) -> sql.Composed:
    """Return the statement of a setting of the database, for all its sessions or for one role's."""
    whose = sql.SQL("DATABASE {}").format(sql.Identifier(database))
    if wanted.role is not None:
        whose = sql.SQL("ROLE {} IN DATABASE {}").format(
            sql.Identifier(wanted.role), sql.Identifier(database)
        )
    value = sql.Literal(wanted.value)
    return sql.SQL("ALTER {} SET {} = {}").format(whose, _parameter(wanted.name), value)


def _object(right: Right) -> sql.Composed:
    keyword = sql.SQL(_KEYWORDS[right.kind])
    match right.kind:
        case "function":
            *name, signature = right.name
            # The server has quoted the names of types in a signature.
            return sql.SQL("{} {}({})").format(keyword, sql.Identifier(*name), sql.SQL(signature))
        case "column":
            return sql.SQL("{} {}").format(keyword, sql.Identifier(*right.name[:-1]))
        case "parameter":
            return sql.SQL("{} {}").format(keyword, _parameter(right.name[0]))
    return sql.SQL("{} {}").format(keyword, sql.Identifier(*right.name))


def _revoking_default(right: Right, what: sql.Composed) -> sql.Composed:
    owner, schema, objects = right.name
    where = sql.SQL(" IN SCHEMA {}").format(sql.Identifier(schema)) if schema else sql.SQL("")
    statement = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE {} ON {} FROM {}")
    return statement.format(sql.Identifier(owner), where, what, sql.SQL(objects), _role(right.role))


def _parameter(name: str) -> sql.Composed:
    """Return the name of a parameter; an extension's has two parts."""
    return sql.SQL(".").join(map(sql.Identifier, name.split(".")))


def _role(name: str) -> sql.Composed:
    return sql.SQL("PUBLIC").format() if name == PUBLIC else sql.Composed([sql.Identifier(name)])


def _until(instant: datetime | None) -> str:
    return "infinity" if instant is None else instant.isoformat()
