"""The days that the records of each source cover, for alerts of which nothing earlier is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detection.domestic.facts import Source
from streams.alerts import rows
from streams.alerts.documents import Covered, day_in_london
from streams.alerts.incidents import Incident
from streams.alerts.visibility import Sight
from streams.state.dated import DatedStore


@dataclass(frozen=True, slots=True)
class Coverage:
    """Keeps the first and the last day of each source in the state.

    History is told for `history_days` before a supply, so earlier days say nothing about an event.
    """

    store: DatedStore
    sources: Sequence[Source]
    history_days: int

    def note(self, incident: Incident) -> None:
        """Extend the days of a source by those of a record."""
        last = day_in_london(incident.supplied_ms)
        first = last if incident.fact is None else min(incident.fact.day, last)
        first = max(first, last - self.history_days)
        known = self._of(incident.source)
        if known is not None:
            first, last = min(first, known.first), max(last, known.last)
        if known != (first, last):
            self.store.put(_key(incident.source), rows.day_bytes(first) + rows.day_bytes(last))

    def seen(self, sight: Sight) -> dict[Source, Covered]:
        """Return the days of each source that a recipient may see."""
        found = {source: self._of(source) for source in self.sources if sight.sees(source)}
        return {source: days for source, days in found.items() if days is not None}

    def _of(self, source: Source) -> Covered | None:
        row = self.store.get(_key(source))
        if row is None:
            return None
        days = row[: rows.DAY_BYTES], row[rows.DAY_BYTES :]
        return Covered(*map(int.from_bytes, days))


def _key(source: Source) -> bytes:
    return rows.SUPPLIED + "/".join(source).encode()
