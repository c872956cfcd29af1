"""The changes between the hub's database and what the protocol and the file of people give. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from connectors.hub.accounts.state import Member, Right, Role, Setting, State
from isp.broker.changes import Change


class _Line(Protocol):
    @property
    def line(self) -> str: ...


Lined = TypeVar("Lined", bound=_Line)


class Altered(NamedTuple):
    """A role that there is, as it is to be, and what differs."""

    role: Role
    differing: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return the change in words."""
        return f"{self.role.name}: {', '.join(self.differing)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Roles, memberships, rights and settings to be made, altered and removed, in the order of their names.

    `foreign` is what opens the hub and is not of the partnership's roles: no application removes it.
    """

    made: tuple[Role, ...]
    altered: tuple[Altered, ...]
    gone: tuple[Role, ...]
    joined: tuple[Member, ...]
    parted: tuple[Member, ...]
    granted: tuple[Right, ...]
    revoked: tuple[Right, ...]
    settings: tuple[Setting, ...]
    kept: Mapping[str, int]
    foreign: tuple[str, ...] = ()

    @classmethod
    def between(cls, present: State, wanted: State) -> Plan:
        """Return the changes that lead from what is present to what is wanted."""
        before = {role.name: role for role in present.roles}
        after = {role.name: role for role in wanted.roles}
        both = sorted(before.keys() & after.keys())
        differing = {name: after[name].differing(before[name]) for name in both}
        altered = tuple(Altered(after[name], what) for name, what in differing.items() if what)
        return cls(
            made=tuple(after[name] for name in sorted(after.keys() - before.keys())),
            altered=altered,
            gone=tuple(before[name] for name in sorted(before.keys() - after.keys())),
            joined=_sorted(wanted.members - present.members),
            parted=_sorted(present.members - wanted.members),
            granted=_sorted(wanted.rights - present.rights),
            revoked=_sorted(present.rights - wanted.rights),
            settings=_sorted(wanted.settings - present.settings),
            kept={
                "roles": len(both) - len(altered),
                "members": len(wanted.members & present.members),
                "rights": len(wanted.rights & present.rights),
                "settings": len(wanted.settings & present.settings),
            },
            foreign=present.foreign,
        )

    @property
    def changes(self) -> dict[str, Change]:
        """Return the change of each kind, by its name."""
        lines = {
            "roles": (_names(self.made), _lines(self.altered), _names(self.gone)),
            "members": (_lines(self.joined), (), _lines(self.parted)),
            "rights": (_lines(self.granted), (), _lines(self.revoked)),
            "settings": ((), _lines(self.settings), ()),
        }
        return {kind: Change(*lists, self.kept[kind]) for kind, lists in lines.items()}

    @property
    def nothing(self) -> bool:
        """Return True if the database has what is wanted already."""
        return all(change.nothing for change in self.changes.values())

    @property
    def document(self) -> dict[str, Any]:
        """Return the plan as a JSON document."""
        changes = {kind: asdict(change) for kind, change in self.changes.items()}
        document: dict[str, Any] = json.loads(json.dumps(changes | {"foreign": self.foreign}))
        return document


def _sorted(found: Collection[Lined]) -> tuple[Lined, ...]:
    return tuple(sorted(found, key=lambda each: each.line))


def _lines(found: Collection[_Line]) -> tuple[str, ...]:
    return tuple(each.line for each in found)


def _names(roles: Collection[Role]) -> tuple[str, ...]:
    return tuple(role.name for role in roles)
