"""The content of a batch's audit entry, and the chain of a worker's slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from streams.messages import Tally
from transport.messages import Output

Origin = tuple[str, str | None]
"""Intake topic and supply of a record."""


class Audience(NamedTuple):
    """The recipients of a topic of releases, with its profile and neighbour."""

    profile: str
    neighbour: str | None
    recipients: tuple[str, ...]


class Passage(NamedTuple):
    """The topic of the facts for domestic alerts, and the component that reads it."""

    topic: str
    reader: str


class AuditBatch:
    """The record ids that one batch released or took back, by origin and topic."""

    def __init__(
        self, audiences: Mapping[str, Audience], actor: str, passage: Passage | None = None
    ) -> None:
        """Take the audience of every topic of releases, the principal that releases, and where facts go."""
        self._audiences = audiences
        self._passage = passage
        self._actor = actor
        self._given: dict[Origin, dict[tuple[str, bool], list[bytes]]] = {}

    def note(self, origin: Origin, outputs: Sequence[Output]) -> None:
        """Add the releases and tombstones of one record."""
        for topic, key, value, _, _ in outputs:
            if topic in self._audiences and key is not None:
                given = self._given.setdefault(origin, {})
                given.setdefault((topic, value is None), []).append(key)

    def entry(self, tallies: Mapping[Origin, Tally]) -> dict[str, Any]:
        """Return the audit entry of the batch, whose records `tallies` count by origin."""
        return {
            "actor": self._actor,
            "action": "batch",
            "subject": "",
            "outcome": "done",
            "shares": [
                {**_source(tally), **share}
                for origin, tally in tallies.items()
                for share in (*_outcomes(tally), *self._shares(origin), *self._observed(tally))
            ],
        }

    def _shares(self, origin: Origin) -> Iterator[dict[str, Any]]:
        """Yield a share for each topic: the records of one origin that were released or taken back."""
        for (topic, taken_back), ids in self._given.get(origin, {}).items():
            profile, neighbour, recipients = self._audiences[topic]
            yield {
                "what": "taken-back" if taken_back else "released",
                "topic": topic,
                "profile": profile,
                "neighbour": neighbour,
                "recipients": recipients,
                "records": len(ids),
                # Sorted by digest, as the releases are: the order of arrival would join them to originals.
                "references": bytes.fromhex(b"".join(sorted(ids)).decode("ascii")),
            }

    def _observed(self, tally: Tally) -> Iterator[dict[str, Any]]:
        """Yield a share for the records whose facts went to domestic alerts. It has their number alone."""
        if tally.observed and self._passage is not None:
            yield {
                "what": "observed",
                "topic": self._passage.topic,
                "recipients": [self._passage.reader],
                "records": tally.observed,
                "references": b"",
            }


def _source(tally: Tally) -> dict[str, Any]:
    return {"agency": tally.agency, "dataset": tally.dataset, "supply_id": tally.supply_id}


def _outcomes(tally: Tally) -> Iterator[dict[str, Any]]:
    counts = {"supplied": tally.received, "held": tally.held}
    counts |= {"rejected": tally.rejected, "erased": tally.erased}
    for what, records in counts.items():
        if records:
            yield {"what": what, "records": records, "references": b""}
