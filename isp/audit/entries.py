"""Reading the audit: its entries as they stand in the topic, and the heads of its chains elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.audit.chain import Head, hash_of
from isp.audit.chains import Implied, implied_chains
from schemas.catalogue import Catalogue
from schemas.known_schemas import UNKNOWN_SCHEMA, KnownSchemas
from schemas.wire import WireError, decoder
from transport.reader import Message, begin_offset, end_offset, read_all


class Held(NamedTuple):
    """A head that is held elsewhere: in a topic, by another chain, or in an agency's file.

    `at` is the time since when it is.
    """

    where: str
    head: Head
    at: datetime | None = None


class Entry(NamedTuple):
    """One message of the audit topic; `content` is None where it is no entry at all."""

    offset: int
    hash: str
    content: dict[str, Any] | None

    @property
    def head(self) -> Head:
        """The head of the chain once this entry stands in it."""
        content = self.content or {}
        return Head(content.get("chain", ""), content.get("sequence", 0), self.hash)


class Archive(NamedTuple):
    """What the auditor may read: the audit, the heads of its chains, and those in the receipts.

    `client` is the auditor's configuration. Reading raises as `transport.reader.read_all` does.
    """

    client: Mapping[str, Any]
    protocol: Protocol
    catalogue: Catalogue
    schemas: KnownSchemas

    @property
    def names(self) -> Names:
        """Names of the topics."""
        return Names(self.protocol.prefix)

    @property
    def is_cut(self) -> bool:
        """Whether the beginning of the audit was deleted, as it is when retention ends."""
        return begin_offset(self.client, self.names.audit) > 0

    def entries(self) -> Iterator[Entry]:
        """Every entry that is kept, in the order of the topic.

        Transactions that are open are waited for: behind them can be entries whose heads are held elsewhere.
        """
        schema = self.catalogue.system["audit"]
        for message in read_all(self.client, self.names.audit, 1, to_high_watermark=True):
            value = message.value() or b""
            yield Entry(message.offset() or 0, hash_of(value), self._decoded(value, schema))

    def heads(self) -> Iterator[Held]:
        """Every head that is held elsewhere: in receipts, by the other chains, and in the topic of heads."""
        for agency in sorted({s.agency for s in self.protocol.supplies}):
            yield from self._receipts(agency)
        yield from told(self.entries())
        yield from self._kept_heads()

    def implied(self) -> list[Implied]:
        """Return the chains that must be there. Of cases the auditor sees no more than that there are any."""
        return list(
            implied_chains(
                self.names,
                is_applied=end_offset(self.client, self.names.in_force) > 0,
                has_cases=end_offset(self.client, self.names.cases) > 0,
            )
        )

    def _kept_heads(self) -> Iterator[Held]:
        topic, schema = self.names.audit_heads, self.catalogue.system["audit-head"]
        for message in read_all(self.client, topic, 1):
            kept = self._decoded(message.value() or b"", schema)
            if kept is not None:
                head = Head(_key(message), kept["sequence"], kept["hash"])
                yield Held(topic, head, _at(message))

    def _receipts(self, agency: str) -> Iterator[Held]:
        topic, schema = self.names.receipts(agency), self.catalogue.system["receipt"]
        for message in read_all(self.client, topic, 1):
            receipt = self._decoded(message.value() or b"", schema)
            if receipt is not None and receipt["audit_chain"]:
                place = receipt["audit_chain"], receipt["audit_sequence"], receipt["audit_hash"]
                yield Held(topic, Head(*place), _at(message))

    def _decoded(self, value: bytes, schema: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return self.schemas.decode(value, schema)
        except WireError as error:
            return self._assumed(value, schema) if error.reason == UNKNOWN_SCHEMA else None

    @staticmethod
    def _assumed(value: bytes, schema: dict[str, Any]) -> dict[str, Any] | None:
        """Read as this release writes what names a schema that nobody knows any more."""
        try:
            found: dict[str, Any] = decoder(schema)(value)
        except WireError:
            return None
        return found


def told(entries: Iterable[Entry]) -> Iterator[Held]:
    """Yield the heads of other chains that the entries hold."""
    for entry in entries:
        content = entry.content or {}
        for head in content.get("heads", ()):
            place = head["chain"], head["sequence"], head["hash"]
            yield Held(content["chain"], Head(*place), head["at"])


def _at(message: Message) -> datetime:
    return datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)


def _key(message: Message) -> str:
    key = message.key()
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key or "")
