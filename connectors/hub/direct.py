"""Direct supply: takes the newest table of each source into the hub (guidance 4.4)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from connectors.account import Account
from connectors.errors import ConnectorError, SourceError
from connectors.hub.errors import HubError
from connectors.hub.supplied import Supplied, digest_of, supplied
from connectors.hub.tables import SourceTable
from connectors.publishing.aggregate import newest_table
from connectors.topic_reader import end_offsets
from schemas.catalogue import Catalogue

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0
_ALL_EVERY_S: Final = 3_600.0
"""How often a topic without a new message is read, too: its retention may have passed."""


class Tables(Protocol):
    """The topics of the sources, as the hub's own principal reads them."""

    def end(self, place: SourceTable) -> int:
        """Return the end offset of a source's topic."""

    def newest(self, place: SourceTable) -> Mapping[str, Any] | None:
        """Return the newest table of a source as system/aggregate.avsc has it, or None."""


@dataclass(frozen=True, slots=True)
class SourceTopics:
    """The topics of the sources on the broker."""

    account: Account
    catalogue: Catalogue

    def end(self, place: SourceTable) -> int:
        """Return the end offset of a source's topic. Raises `ConnectorError`."""
        return sum(end_offsets(self.account, place.topic.name).values())

    def newest(self, place: SourceTable) -> Mapping[str, Any] | None:
        """Return the newest table of a source, or None. Raises `ConnectorError`."""
        return newest_table(self.account, place.source, self.catalogue)


class SourceStore(Protocol):
    """Stores the tables of sources, as `connectors.hub.duckdb_store.DuckDbStore`."""

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each table that is stored, by source."""

    def replace(self, table: Supplied) -> None:
        """Store a table instead of the earlier one of its source, at once."""

    def withdraw(self, source: str) -> None:
        """Delete the table of a source."""


class DirectSupply:
    """Keeps the tables of sources as they are in their topics."""

    def __init__(
        self,
        places: Sequence[SourceTable],
        topics: Tables,
        store: SourceStore,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the sources that the protocol has. Tables of other sources are deleted by the first turn."""
        self._places = places
        self._topics = topics
        self._store = store
        self._folder = folder
        self._clock = clock
        self._looked = -LOOK_EVERY_S
        self._read: dict[str, tuple[int, float]] = {}

    def turn(self) -> None:
        """Look, if it is time, which sources have a new table, and store those."""
        now = self._clock()
        if now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        for source in self._store.digests().keys() - {place.source for place in self._places}:
            self._store.withdraw(source)
        for place in self._places:
            self._look(place, now)

    def _look(self, place: SourceTable, now: float) -> None:
        try:
            end = self._topics.end(place)
            known, read = self._read.get(place.source, (-1, now))
            if end != known or now - read >= _ALL_EVERY_S:
                self._take(place, self._topics.newest(place))
                self._read[place.source] = end, now
        except ConnectorError as error:
            # The next turn tries again. What is stored stays.
            reason = str(error) if isinstance(error, HubError) else type(error).__name__
            log.warning("%s: not taken: %s", place.source, reason)

    def _take(self, place: SourceTable, record: Mapping[str, Any] | None) -> None:
        stored = self._store.digests().get(place.source)
        if record is None:
            if stored is not None:
                self._store.withdraw(place.source)
                log.info("%s: deleted, since no topic has it any more", place.source)
        elif digest_of(record) != stored:
            self._replace(place, record)

    def _replace(self, place: SourceTable, record: Mapping[str, Any]) -> None:
        try:
            table = supplied(place, record, self._folder)
        except SourceError:
            # An older table would be taken for the newest.
            self._store.withdraw(place.source)
            log.error("%s: the newest table cannot be read, so none is stored", place.source)  # noqa: TRY400
            return
        try:
            self._store.replace(table)
        except HubError:
            # An older table would be taken for the newest. If the store is lost, this fails, too.
            self._store.withdraw(place.source)
            raise
        log.info("%s: stored a table of %d rows", place.source, record["records"])
