"""Writer of the audit entries that do not belong to a worker's batch: commands, protocols and reads.

Each recorder has its own chain. The name of the chain is its transactional id, so Kafka allows only one
writer at a time. One transaction holds the entry and the new head of the chain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any, NamedTuple

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from isp.agreement.protocol import Protocol
from isp.agreement.topics import OWN_BATCH, Names, Topic, topics
from isp.audit.chain import ChainHead, Heads, head_record, link_entries
from isp.audit.errors import AuditError
from isp.audit.heads import read_heads
from schemas.catalogue import Catalogue
from transport.messages import MARKING_HEADER, Headers, Output
from transport.one_transaction import NotCommitted, OneTransaction
from transport.reader import ReadError
from transport.schemas import Schemas

_SECONDS = 15.0
_ATTEMPTS = 8
_NAME_BYTES = 8


class Recorder(NamedTuple):
    """A writer of one chain. `client` is the configuration of a Kafka client that may write to the audit."""

    client: Mapping[str, Any]
    protocol: Protocol
    catalogue: Catalogue
    schemas: Schemas
    chain: str

    def write(self, entry: Mapping[str, Any], position: str = "") -> ChainHead:
        """Append one entry and wait until it is committed; return the new head. `at` defaults to now.

        The entry holds the heads of all other chains. A large entry is split into several, in one
        transaction. `position` is stored with the head of the chain, for the next writer.

        Raises:
            AuditError: the broker refused the entry or did not answer; the text names Kafka's error.
        """
        again = Retrying(
            retry=retry_if_exception(_may_be_tried_again),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.05, max=2.0),
            reraise=True,
        )
        try:
            # A unique position, by which the next attempt can see that an earlier one was committed.
            position = position or f"once:{token_hex(_NAME_BYTES)}"
            return again(self._append, {"at": int(time.time() * 1000), **entry}, position)
        except NotCommitted as error:
            raise AuditError(f"{self._audit.name}: {error.reason}; nothing was done") from None
        except ReadError as error:
            raise AuditError(f"{error}; nothing was done") from None

    def last(self) -> tuple[ChainHead, str]:
        """Return the chain's head and its position; for a new chain, the head of an empty one.

        Raises:
            ReadError: the heads cannot be read.
        """
        heads, position = self._read()
        return heads.of(self.chain), position

    def _read(self) -> tuple[Heads, str]:
        """Return the heads of all chains, and the position of this chain's head."""
        heads, position = Heads(), ""
        for head, kept, at_ms in read_heads(self.client, self._heads.name, self._heads.schema):
            heads.keep(head, at_ms)
            if head.chain == self.chain:
                position = kept
        return heads, position

    def _append(self, entry: Mapping[str, Any], position: str) -> ChainHead:
        transaction = OneTransaction({**self.client, **OWN_BATCH}, self.chain, _SECONDS)
        # After the transaction was created, which aborted what an earlier writer of this chain left open.
        heads, reached = self._read()
        head = heads.of(self.chain)
        if reached == position:
            return head
        others = heads.others(self.chain)
        values, head = link_entries(head, entry, others, self._encoder(self._audit))
        kept = self._encoder(self._heads)(head_record(head, position))
        outputs = [self._output(self._audit, value) for value in values]
        outputs.append(self._output(self._heads, kept))
        transaction.commit(outputs)
        return head

    def _output(self, topic: Topic, value: bytes) -> Output:
        headers: Headers = [(MARKING_HEADER, topic.marking.encode())]
        return Output(topic.name, self.chain.encode(), value, headers)

    def _encoder(self, topic: Topic) -> Callable[[Any], bytes]:
        return self.schemas.encoder(topic.name, topic.schema)

    @property
    def _audit(self) -> Topic:
        return self._topic(Names(self.protocol.prefix).audit)

    @property
    def _heads(self) -> Topic:
        return self._topic(Names(self.protocol.prefix).audit_heads)

    def _topic(self, name: str) -> Topic:
        return next(t for t in topics(self.protocol, self.catalogue) if t.name == name)


def _may_be_tried_again(error: BaseException) -> bool:
    """Return True if another command wrote to the chain in the meantime, or the broker was only busy."""
    return isinstance(error, NotCommitted) and error.may_pass
