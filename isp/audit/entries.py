"""Readers of the audit: the entries of its topic, and the heads of its chains in other topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.audit.chain import ChainHead, hash_of
from isp.audit.chains import Implied, implied_chains
from isp.audit.entry import Entry, Held
from schemas.catalogue import Catalogue
from schemas.known_schemas import UNKNOWN_SCHEMA, KnownSchemas
from schemas.wire import WireError, decoder
from transport.reader import Message, begin_offset, end_offset, read_all


class Archive(NamedTuple):
    """The topics that the auditor may read: the audit, the heads of its chains, and the receipts.

    `client` is the auditor's Kafka configuration. Each method that reads raises the errors of
    `transport.reader.read_all`.
    """

    client: Mapping[str, Any]
    protocol: Protocol
    catalogue: Catalogue
    schemas: KnownSchemas

    @property
    def names(self) -> Names:
        """Return the names of the partnership's topics."""
        return Names(self.protocol.prefix)

    @property
    def is_cut(self) -> bool:
        """Return True if the beginning of the audit was deleted, as after the end of its retention."""
        return begin_offset(self.client, self.names.audit) > 0

    def entries(self) -> Iterator[Entry]:
        """Yield each entry of the topic in its order.

        The reader waits for open transactions: the entries after them may have heads in other topics.
        """
        schema = self.catalogue.system["audit"]
        for message in read_all(self.client, self.names.audit, 1, to_high_watermark=True):
            value = message.value() or b""
            yield Entry(message.offset() or 0, hash_of(value), self._decoded(value, schema))

    def heads(self) -> Iterator[Held]:
        """Yield each head in the receipts, in the other chains, and in the topic of heads."""
        for agency in sorted({s.agency for s in self.protocol.supplies}):
            yield from self._receipts(agency)
        yield from told(self.entries())
        yield from self._kept_heads()

    def implied(self) -> list[Implied]:
        """Return the chains that must exist. The auditor sees whether cases exist, but cannot read them."""
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
                head = ChainHead(_key(message), kept["sequence"], kept["hash"])
                yield Held(topic, head, _at(message))

    def _receipts(self, agency: str) -> Iterator[Held]:
        topic, schema = self.names.receipts(agency), self.catalogue.system["receipt"]
        for message in read_all(self.client, topic, 1):
            receipt = self._decoded(message.value() or b"", schema)
            if receipt is not None and receipt["audit_chain"]:
                place = receipt["audit_chain"], receipt["audit_sequence"], receipt["audit_hash"]
                yield Held(topic, ChainHead(*place), _at(message))

    def _decoded(self, value: bytes, schema: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return self.schemas.decode(value, schema)
        except WireError as error:
            return self._assumed(value, schema) if error.reason == UNKNOWN_SCHEMA else None

    @staticmethod
    def _assumed(value: bytes, schema: dict[str, Any]) -> dict[str, Any] | None:
        """Decode a message with an unknown schema id by this release's schema; return None if it fails."""
        try:
            found: dict[str, Any] = decoder(schema)(value)
        except WireError:
            return None
        return found


def told(entries: Iterable[Entry]) -> Iterator[Held]:
    """Yield the heads of other chains in the entries."""
    for entry in entries:
        content = entry.content or {}
        for head in content.get("heads", ()):
            place = head["chain"], head["sequence"], head["hash"]
            yield Held(content["chain"], ChainHead(*place), head["at"])


def _at(message: Message) -> datetime:
    return datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)


def _key(message: Message) -> str:
    key = message.key()
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key or "")
