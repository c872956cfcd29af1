"""Changes that the application of a protocol makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Changes of one kind of resource, by name; `left` counts the resources that needed no change."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: int = 0

    @property
    def differing(self) -> int:
        """Return the number of resources that differ from the protocol."""
        return len(self.created) + len(self.changed) + len(self.removed)

    @property
    def nothing(self) -> bool:
        """Return True if no resource differs from the protocol."""
        return not self.differing

    @property
    def counts(self) -> dict[str, int]:
        """Return the numbers alone, in the order created, changed, removed, left."""
        return {
            "created": len(self.created),
            "changed": len(self.changed),
            "removed": len(self.removed),
            "left": self.left,
        }


@dataclass(frozen=True)
class Changes:
    """Changes of broker and registry, for each kind of resource."""

    topics: Change
    users: Change
    rules: Change
    schemas: Change
    quotas: Change

    @property
    def changes(self) -> dict[str, Change]:
        """Return the change of each kind of resource, by its name."""
        return {
            "topics": self.topics,
            "users": self.users,
            "rules": self.rules,
            "schemas": self.schemas,
            "quotas": self.quotas,
        }

    @property
    def nothing(self) -> bool:
        """Return True if broker and registry agree with the protocol already."""
        return all(change.nothing for change in self.changes.values())


@dataclass(frozen=True)
class Applied(Changes):
    """The changes of one application of a protocol; `schema_ids` holds the registry's id of each subject."""

    schema_ids: Mapping[str, int]
