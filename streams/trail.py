"""The audit of batches: one entry each, in the transaction that releases, so neither is without the other.

What would make an entry too large for its topic is told by several, one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sanitiser.memory import Memory
from streams.chain import Head
from streams.messages import MARKING_HEADER, Headers, Output, Tally
from streams.steps.route import Destination

Origin = tuple[str, str | None]
"""Intake topic and supply of a record."""

ENTRY_BYTES = 262_144
"""About how large an entry may be: well below what its topic takes, so that none is refused for its size."""

_REMEMBERED = b"audit:"
_SHARE_BYTES = 128


class Audience(NamedTuple):
    """Who may read a topic of releases."""

    profile: str
    neighbour: str | None
    recipients: tuple[str, ...]


class Ledger:
    """The record ids that one batch released or took back, by where they came from and went."""

    def __init__(self, audiences: Mapping[str, Audience]) -> None:
        """Take the audience of every topic of releases."""
        self._audiences = audiences
        self._given: dict[Origin, dict[tuple[str, bool], list[bytes]]] = {}

    def note(self, origin: Origin, outputs: Sequence[Output]) -> None:
        """Gather what became of one record."""
        for topic, key, value, *_ in outputs:
            if topic in self._audiences and key is not None:
                given = self._given.setdefault(origin, {})
                given.setdefault((topic, value is None), []).append(key)

    def shares(self, origin: Origin) -> Iterator[dict[str, Any]]:
        """What was released and taken back of one origin, a share for each topic."""
        for (topic, taken_back), ids in self._given.get(origin, {}).items():
            profile, neighbour, recipients = self._audiences[topic]
            yield {
                "what": "taken-back" if taken_back else "released",
                "topic": topic,
                "profile": profile,
                "neighbour": neighbour,
                "recipients": recipients,
                "records": len(ids),
                # In order of the digests, as they are released: that of arrival would join them to originals.
                "references": bytes.fromhex(b"".join(sorted(ids)).decode("ascii")),
            }


class Trail:
    """Makes the entry of each batch, behind that of the batch before, in one worker's chain.

    The chain's head is remembered with what else the worker remembers: it moves when the batch is
    committed, and the next worker of the slot goes on from it.
    """

    def __init__(
        self,
        destination: Destination,
        audiences: Mapping[str, Audience],
        memory: Memory,
        actor: str,
        slot: str,
    ) -> None:
        """Take the audit topic, every release topic's audience, and who writes."""
        self._topic, self._encode, marking = destination
        self._headers: Headers = [(MARKING_HEADER, marking.encode())]
        self._audiences = audiences
        self._memory = memory
        self._actor = actor
        self._chain = f"{actor}.{slot}"
        self._key = _REMEMBERED + slot.encode()

    def ledger(self) -> Ledger:
        """An empty ledger for one batch."""
        return Ledger(self._audiences)

    def entries(
        self, now_ms: int, tallies: Mapping[Origin, Tally], ledger: Ledger
    ) -> tuple[list[Output], Head]:
        """Return the messages of a batch's entries, and the head that the last of them makes."""
        shares = (
            {**_source(tally), **share}
            for origin, tally in tallies.items()
            for share in (*_outcomes(tally), *ledger.shares(origin))
        )
        head, outputs = self._head(now_ms), list[Output]()
        for part in _parts(shares):
            output, head = self._entry(now_ms, part, head)
            outputs.append(output)
        self._memory.put(self._key, _as_bytes(head))
        return outputs, head

    def _entry(
        self, now_ms: int, shares: Sequence[dict[str, Any]], head: Head
    ) -> tuple[Output, Head]:
        entry = {
            "at": now_ms,
            "actor": self._actor,
            "action": "batch",
            "subject": "",
            "outcome": "done",
            "shares": shares,
        }
        value = self._encode(head.linked(entry))
        return Output(self._topic, head.chain.encode(), value, self._headers), head.after(value)

    def _head(self, now_ms: int) -> Head:
        """Where the chain stands; a new one is named by when it began, so that no two are confused."""
        remembered = self._memory.get(self._key)
        if remembered is not None:
            return _from_bytes(remembered)
        began = datetime.fromtimestamp(now_ms / 1000, UTC)
        return Head(f"{self._chain}.{began:%Y%m%dT%H%M%S}{began.microsecond // 1000:03}Z")


def _source(tally: Tally) -> dict[str, Any]:
    return {"agency": tally.agency, "dataset": tally.dataset, "supply_id": tally.supply_id}


def _outcomes(tally: Tally) -> Iterator[dict[str, Any]]:
    counts = {"supplied": tally.received, "held": tally.held}
    counts |= {"rejected": tally.rejected, "erased": tally.erased}
    for what, records in counts.items():
        if records:
            yield {"what": what, "records": records, "references": b""}


def _parts(shares: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the shares in parts of about `ENTRY_BYTES` at most; one part if there are none."""
    part: list[dict[str, Any]] = []
    size = 0
    for share in shares:
        bytes_more = _size(share)
        if part and size + bytes_more > ENTRY_BYTES:
            yield part
            part, size = [], 0
        part.append(share)
        size += bytes_more
    yield part


def _size(share: Mapping[str, Any]) -> int:
    """Return about how many bytes a share takes; more rather than fewer."""
    texts = [v for v in share.values() if isinstance(v, str)] + list(share.get("recipients", ()))
    return _SHARE_BYTES + sum(4 * len(text) for text in texts) + len(share["references"])


def _as_bytes(head: Head) -> bytes:
    return f"{head.chain} {head.sequence} {head.hash}".encode()


def _from_bytes(value: bytes) -> Head:
    chain, sequence, digest = value.decode().split(" ")
    return Head(chain, int(sequence), digest)
