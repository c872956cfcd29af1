"""Audit entries of batches. An entry is in the transaction of its batch, so both are committed or neither.

An entry that is too large for its topic is split into several, one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from isp.audit.chain import ChainHead, Heads, entries_of
from sanitiser.state import State
from streams.messages import Tally
from streams.steps.route import Destination
from transport.messages import MARKING_HEADER, Headers, Output

Origin = tuple[str, str | None]
"""Intake topic and supply of a record."""

_REMEMBERED = b"audit:"


class Audience(NamedTuple):
    """The recipients of a topic of releases, with its profile and neighbour."""

    profile: str
    neighbour: str | None
    recipients: tuple[str, ...]


class AuditBatch:
    """The record ids that one batch released or took back, by origin and topic."""

    def __init__(self, audiences: Mapping[str, Audience]) -> None:
        """Take the audience of every topic of releases."""
        self._audiences = audiences
        self._given: dict[Origin, dict[tuple[str, bool], list[bytes]]] = {}

    def note(self, origin: Origin, outputs: Sequence[Output]) -> None:
        """Add the releases and tombstones of one record."""
        for topic, key, value, _, _ in outputs:
            if topic in self._audiences and key is not None:
                given = self._given.setdefault(origin, {})
                given.setdefault((topic, value is None), []).append(key)

    def shares(self, origin: Origin) -> Iterator[dict[str, Any]]:
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


class AuditWriter:
    """Makes the entries of each batch and links them to one worker's chain.

    The batch's transaction also writes the chain's head to the topic of heads. The head advances when the
    batch is committed, and the next worker of the slot continues from it. The first entry of a batch has the
    heads of the other chains that have changed since this worker last recorded them.
    """

    def __init__(
        self,
        audit: Destination,
        heads: Destination,
        audiences: Mapping[str, Audience],
        state: State,
        actor: str,
        slot: str,
    ) -> None:
        """Take the topics of the audit and of its heads, the audience of each release topic, actor and slot.

        `state` may have the chain's head from a release in which heads had no topic of their own.
        """
        self.heads = Heads()
        self._audit, self._kept = audit, heads
        self._audiences = audiences
        self._state = state
        self._actor = actor
        self._chain = f"{actor}.{slot}"
        self._key = _REMEMBERED + slot.encode()
        self._told: dict[str, int] = {}
        self._made: tuple[ChainHead, int, dict[str, int]] | None = None

    def audit_batch(self) -> AuditBatch:
        """Return an empty ledger for one batch."""
        return AuditBatch(self._audiences)

    def entries(
        self, now_ms: int, tallies: Mapping[Origin, Tally], audit_batch: AuditBatch
    ) -> tuple[list[Output], ChainHead]:
        """Return the messages of a batch's entries, and the head that the last of them makes.

        The last message writes that head for other programs. Call `keep` once the batch is committed.
        """
        entry = {
            "at": now_ms,
            "actor": self._actor,
            "action": "batch",
            "subject": "",
            "outcome": "done",
            "shares": [
                {**_source(tally), **share}
                for origin, tally in tallies.items()
                for share in (*_outcomes(tally), *audit_batch.shares(origin))
            ],
        }
        head, outputs = self._head(now_ms), list[Output]()
        others = self.heads.others(head.chain, self._told)
        for part in entries_of(entry, others):
            value = self._audit.encode(head.link(part))
            outputs.append(_output(self._audit, head.chain, value))
            head = head.advance(value)
        kept = {"sequence": head.sequence, "hash": head.hash, "position": ""}
        outputs.append(_output(self._kept, head.chain, self._kept.encode(kept)))
        self._made = head, now_ms, {other["chain"]: other["sequence"] for other in others}
        return outputs, head

    def keep(self) -> None:
        """Continue from the entries made last, which are committed."""
        if self._made is not None:
            head, now_ms, told = self._made
            self.heads.keep(head, now_ms)
            self._told |= told
            self._made = None

    def _head(self, now_ms: int) -> ChainHead:
        """Return the head of the chain. The name of a new chain has its start time, so it is unique."""
        known = self.heads.newest(self._chain)
        if known is not None:
            return known
        remembered = self._state.get(self._key)
        if remembered is not None:
            return _from_bytes(remembered)
        began = datetime.fromtimestamp(now_ms / 1000, UTC)
        return ChainHead(f"{self._chain}.{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03}Z")


def _output(destination: Destination, chain: str, value: bytes) -> Output:
    headers: Headers = [(MARKING_HEADER, destination.marking.encode())]
    return Output(destination.topic, chain.encode(), value, headers)


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
