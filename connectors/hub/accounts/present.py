"""Reader of the roles and rights in the hub's database, as PostgreSQL's own catalogues have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from psycopg import Connection

from connectors.hub.accounts import queries
from connectors.hub.accounts.closed import FUNCTIONS, LANGUAGES, VIEWS
from connectors.hub.accounts.state import (
    GRANT_OPTION,
    PUBLIC,
    Kind,
    Member,
    Right,
    Role,
    Setting,
    Settings,
    State,
)
from connectors.hub.accounts.wanted import Place, is_ours
from connectors.hub.errors import HubError

Session = Connection[tuple[Any, ...]]

_POWERS: Final = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS", "NOINHERIT")
"""Attributes of roles that no role of a party has; NOINHERIT would leave a login without its rights."""


class _Privilege(NamedTuple):
    """A right as the catalogues have it; `closed` if everybody else is to have none on the object.

    `owner` is the role that owns the object.
    """

    right: Right
    closed: bool
    owner: str


def read_place(session: Session) -> Place:
    """Read what there is in the hub's database.

    Raises:
        HubError: it has no PostGIS.
    """
    database, owner, extension = _only(session, queries.PLACE)
    if extension is None:
        raise HubError(
            f"database {database}: has no PostGIS; accepted: the hub's database, in which "
            "CREATE EXTENSION postgis was run"
        )
    functions = session.execute(queries.FUNCTIONS, {"closed": [*FUNCTIONS], "extension": extension})
    tables = session.execute(queries.TABLES)
    return Place(
        database, owner, extension, frozenset(tables.fetchall()), frozenset(functions.fetchall())
    )


def read_state(session: Session, prefix: str, place: Place) -> State:
    """Read the roles, memberships, rights and settings of a partnership, and what else opens the hub.

    The session is a superuser's: others may not see if a role has a password.
    """
    every = list(_privileges(session, place))
    compared = {each.right for each in every if _is_compared(each.right, prefix, place)}
    members = {Member(*row) for row in session.execute(queries.MEMBERS)}
    own = {each for each in members if is_ours(each.role, prefix) or is_ours(each.of, prefix)}
    return State(
        frozenset(_roles(session, prefix)),
        frozenset(own),
        frozenset(compared),
        frozenset(_settings(session, place)),
        tuple(sorted({*_others(every, compared, place), *_owned(session, prefix)})),
    )


def read_rights(session: Session, prefix: str, place: Place) -> frozenset[Right]:
    """Read the rights of a partnership's roles on the tables and schemas that the session's user owns."""
    kinds = ("schema", "table", "column")
    own = (p.right for p in _privileges(session, place) if p.owner == session.info.user)
    return frozenset(r for r in own if is_ours(r.role, prefix) and r.kind in kinds)


def _is_compared(right: Right, prefix: str, place: Place) -> bool:
    """Return True if a right is of our roles, of everybody, or the owner's on what is closed to others."""
    if right.role == place.owner:
        return right in _of_owner(place)
    return right.role == PUBLIC or is_ours(right.role, prefix)


def _of_owner(place: Place) -> set[Right]:
    functions = {Right(place.owner, "EXECUTE", "function", each) for each in place.functions}
    return functions | {Right(place.owner, "USAGE", "schema", (place.extension,))}


def _privileges(session: Session, place: Place) -> Iterator[_Privilege]:
    closed_names = {"views": [*VIEWS], "closed": [*FUNCTIONS], "languages": [*LANGUAGES]}
    names = closed_names | {"extension": place.extension}
    for kind, name, closed, owner, privilege, may_grant, role in session.execute(
        queries.RIGHTS, names
    ):
        known: Kind = kind
        right = Right(role or PUBLIC, privilege, known, tuple(name))
        yield _Privilege(right, closed, owner)
        if may_grant and kind != "function":
            yield _Privilege(right._replace(privilege=f"{privilege}{GRANT_OPTION}"), closed, owner)


def _others(every: list[_Privilege], compared: set[Right], place: Place) -> Iterator[str]:
    """Yield a line for each right of another role on what is closed."""
    for right, closed, _ in every:
        is_known = right in compared or right.role == place.owner
        if closed and not is_known and right.kind != "function":
            yield right.line


def _owned(session: Session, prefix: str) -> Iterator[str]:
    """Yield a line for what our roles own or may do otherwise, and for the other ways into the server."""
    for role, owns, what in session.execute(queries.OTHER):
        if is_ours(role, prefix):
            yield f"{role}: {'owner of' if owns else 'rights on'} {what}"
    for role, database in session.execute(queries.ELSEWHERE):
        if is_ours(role, prefix):
            yield f"{role}: rights in database {database}"
    for (database,) in session.execute(queries.OPEN_DATABASES):
        yield f"{PUBLIC}: connect on database {database}"


def _roles(session: Session, prefix: str) -> Iterator[Role]:
    for row in session.execute(queries.ROLES, {"beginning": f"{prefix}."}):
        name, login, limit, until, *powers, has_password, settings, local = row[1:]
        if is_ours(name, prefix):
            yield Role(
                name,
                login,
                limit,
                until,
                frozenset(power for power, has in zip(_POWERS, powers, strict=True) if has),
                _named(settings),
                _named(local),
                bool(has_password),
            )


def _settings(session: Session, place: Place) -> Iterator[Setting]:
    for role, settings in session.execute(queries.SETTINGS, {"owner": place.owner}):
        for name, value in _named(settings):
            yield Setting(role, name, value)


def _named(settings: list[str] | None) -> Settings:
    pairs = (each.partition("=") for each in settings or ())
    return frozenset((name, value) for name, _, value in pairs)


def _only(session: Session, query: str) -> tuple[Any, ...]:
    row = session.execute(query).fetchone()
    assert row is not None
    return row
