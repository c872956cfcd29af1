"""The content of a batch's audit entry, and the chain of a worker's slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from isp.audit.chain import ChainHead, Heads
from sanitiser.state import State
from streams.messages import Tally
from transport.messages import Output

Origin = tuple[str, str | None]
"""Intake topic and supply of a record."""

_REMEMBERED = b"audit:"


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


class SlotChain:
    """The chain of one worker's slot, which the next worker of the slot continues."""

    def __init__(self, heads: Heads, state: State, actor: str, slot: str) -> None:
        """Take the heads of all chains of the audit, and actor and slot, which name the chain.

        `state` may have the chain's head from a release in which heads had no topic of their own.
        """
        self._heads = heads
        self._state = state
        self._name = f"{actor}.{slot}"
        self._key = _REMEMBERED + slot.encode()

    def committed_head(self, now_ms: int) -> ChainHead:
        """Return the head of the chain. The name of a new chain has its start time, so it is unique."""
        known = self._heads.newest(self._name)
        if known is not None:
            return known
        remembered = self._state.get(self._key)
        if remembered is not None:
            return _from_bytes(remembered)
        began = datetime.fromtimestamp(now_ms / 1000, UTC)
        return ChainHead(f"{self._name}.{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03}Z")


def _source(tally: Tally) -> dict[str, Any]:
    return {"agency": tally.agency, "dataset": tally.dataset, "supply_id": tally.supply_id}


def _outcomes(tally: Tally) -> Iterator[dict[str, Any]]:
    counts = {"supplied": tally.received, "held": tally.held}
    counts |= {"rejected": tally.rejected, "erased": tally.erased}
    for what, records in counts.items():
        if records:
            yield {"what": what, "records": records, "references": b""}


def _from_bytes(value: bytes) -> ChainHead:
    chain, sequence, digest = value.decode().split(" ")
    return ChainHead(chain, int(sequence), digest)
