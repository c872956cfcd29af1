"""What applying a protocol changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one kind of resource, by name; `left` counts those found as they must be."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: int = 0

    @property
    def differing(self) -> int:
        """How many were found otherwise than the protocol has it."""
        return len(self.created) + len(self.changed) + len(self.removed)

    @property
    def nothing(self) -> bool:
        """Whether everything was found as the protocol has it."""
        return not self.differing

    @property
    def counts(self) -> dict[str, int]:
        """The numbers alone, in the order created, changed, removed, left."""
        return {
            "created": len(self.created),
            "changed": len(self.changed),
            "removed": len(self.removed),
            "left": self.left,
        }


@dataclass(frozen=True)
class Changes:
    """What becomes of broker and registry, each kind of resource by itself."""

    topics: Change
    users: Change
    rules: Change
    schemas: Change
    quotas: Change

    @property
    def changes(self) -> dict[str, Change]:
        """Each kind of resource with what became of it."""
        return {
            "topics": self.topics,
            "users": self.users,
            "rules": self.rules,
            "schemas": self.schemas,
            "quotas": self.quotas,
        }

    @property
    def nothing(self) -> bool:
        """Whether broker and registry were in step with the protocol already."""
        return all(change.nothing for change in self.changes.values())


@dataclass(frozen=True)
class Applied(Changes):
    """One application of a protocol. `schema_ids` gives the registry's id of each subject."""

    schema_ids: Mapping[str, int]
