"""Roles and rights in the hub's database, as wanted and as present. Pure: nothing here opens a connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

PUBLIC: Final = "public"
"""The name by which PostgreSQL calls everybody. No role can have it."""

GRANT_OPTION: Final = " with grant option"
"""The ending of the privilege to give a privilege to others."""

Kind = Literal[
    "database",
    "schema",
    "table",
    "sequence",
    "column",
    "function",
    "language",
    "parameter",
    "default",
]
"""The kinds of objects whose rights are compared. Views are tables, as in PostgreSQL's own GRANT.

The kind `default` are rights that a new object would have (ALTER DEFAULT PRIVILEGES).
"""

Settings = frozenset[tuple[str, str]]
"""Settings of a role or of the database, by name."""


class Right(NamedTuple):
    """A right of a role, or of everybody, on an object.

    `name` has the parts of the object's name. The last part of a function's is its signature, and of a
    column's the column. Default rights are named by owner, schema (or none) and the kind of the new objects.
    """

    role: str
    privilege: str
    kind: Kind
    name: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return the right in words."""
        return f"{self.role}: {self.privilege.lower()} on {self.kind} {'.'.join(self.name)}"


class Member(NamedTuple):
    """A role that has the rights of another; with `admin` it may give them to others."""

    role: str
    of: str
    admin: bool = False

    @property
    def line(self) -> str:
        """Return the membership in words."""
        return f"{self.role}: member of {self.of}{', with admin option' if self.admin else ''}"


class Setting(NamedTuple):
    """A setting of the database for all its sessions, or for those of one role."""

    role: str | None
    name: str
    value: str

    @property
    def line(self) -> str:
        """Return the setting in words."""
        whose = "the database" if self.role is None else f"{self.role} in the database"
        return f"{whose}: {self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the partnership: the group of a party, which cannot log in, or a person's login.

    `until` is the instant at which a login ends. `powers` are attributes that go beyond reading, such as
    SUPERUSER; `settings` are those of each session, and `local` those for the hub's database alone.
    """

    name: str
    login: bool
    limit: int = -1
    until: datetime | None = None
    powers: frozenset[str] = frozenset()
    settings: Settings = frozenset()
    local: Settings = frozenset()
    has_password: bool = False

    def differing(self, other: Role) -> tuple[str, ...]:
        """Return what differs from another state of the same role, in words."""
        pairs = {
            "login": (self.login, other.login),
            "password": (self.has_password, other.has_password),
            "connection limit": (self.limit, other.limit),
            "valid until": (self.until, other.until),
        }
        changed = [name for name, (one, another) in pairs.items() if one != another]
        changed += sorted(self.powers ^ other.powers)
        changed += sorted({name for name, _ in self.settings ^ other.settings})
        return (*changed, *sorted({f"{name} in database" for name, _ in self.local ^ other.local}))


@dataclass(frozen=True, slots=True)
class State:
    """Roles, memberships, rights and settings.

    What is present has also what else opens the hub (`foreign`), in words.
    """

    roles: frozenset[Role]
    members: frozenset[Member]
    rights: frozenset[Right]
    settings: frozenset[Setting]
    foreign: tuple[str, ...] = ()
