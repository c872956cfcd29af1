"""The origin of a store's records, and which of its tables it can still trust: rules of all stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from connectors.hub.changes import instant
from connectors.hub.errors import HubError
from connectors.hub.tables import HubTable

_MILLISECONDS: Final = 1_000


class Source(NamedTuple):
    """The origin of the records: the broker's cluster, the partnership, and the id of each topic."""

    cluster: str
    prefix: str
    topics: Mapping[str, str]


class Stored(NamedTuple):
    """The notes of a store: the origin of its records, and when it was last current (UTC, no time zone)."""

    cluster: str
    prefix: str
    current_at: datetime

    def silence_ms(self, source: Source, now_ms: int, store: str, remedy: str) -> float:
        """Return the milliseconds from when the store was current to `now_ms` (UTC, since 1970).

        Raises:
            HubError: the records of `store` have another origin; the text ends with the `remedy`.
        """
        if (self.cluster, self.prefix) != (source.cluster, source.prefix):
            raise HubError(
                f"{store}: has records of broker {self.cluster}, partnership {self.prefix}; given: broker "
                f"{source.cluster}, partnership {source.prefix}; {remedy}"
            )
        return (instant(now_ms) - self.current_at).total_seconds() * _MILLISECONDS


def trusted(
    tables: Sequence[HubTable], source: Source, known: Mapping[str, str], silent_ms: float
) -> set[str]:
    """Return the topics whose tables can stay as they are.

    The others were made again since (`known` has the topics' former ids), or may have forgotten which records
    were taken back, because the store was not current for `silent_ms`.
    """
    return {
        table.topic.name
        for table in tables
        if known.get(table.topic.name) == source.topics[table.topic.name]
        and silent_ms < table.topic.tombstones_ms
    }


class ColumnChanges(NamedTuple):
    """The changes from a table's columns to the columns that its topic has now."""

    retyped: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]

    @classmethod
    def between(cls, known: Mapping[str, str], wanted: Mapping[str, str]) -> ColumnChanges:
        """Compare types by column, as the store names types."""
        return cls(
            tuple(name for name, of in known.items() if wanted.get(name, of) != of),
            tuple(name for name in wanted if name not in known),
            tuple(name for name in known if name not in wanted),
        )
