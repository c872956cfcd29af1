"""Write an agency's messages in transactions, with errors worded for the agency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from connectors.account import Account, explaining
from isp.agreement.topics import MAXIMUM_INTAKE_BYTES, PARTNER_BATCH_BYTES
from transport.messages import Output
from transport.publisher import Publisher

SETTINGS: Final = {"message.max.bytes": MAXIMUM_INTAKE_BYTES, "batch.size": PARTNER_BATCH_BYTES}
"""Limits of the producer. Every topic of a supplier accepts a batch of this size."""


class TransactionalWriter:
    """The only writer of an agency's dataset; a new one fences any earlier one.

    Every wait ends within the account's patience. `resource` names in messages what is written.
    """

    def __init__(self, account: Account, transactional_id: str, resource: str) -> None:
        """Take over from an earlier writer and abort its open transaction; errors as `write`."""
        self._account = account
        self._resource = resource
        client = {**account.connection, **SETTINGS}
        with explaining(account, resource):
            self._publisher = Publisher(client, transactional_id, account.patience_s)

    def write(
        self, messages: Sequence[Output], another_wrote: Callable[[], bool] = lambda: False
    ) -> None:
        """Write all of `messages` in one transaction.

        On an error none is readable, unless said otherwise.

        `another_wrote` is called when this writer had to open its transactional id again, because
        another writer may have used it in between.

        Raises:
            AccessDeniedError, LoginRefusedError, NotAppliedError, RecordTooLargeError: refused.
            SupersededError: another writer took over.
            UnavailableError: no answer. It is unknown whether the messages were written; the next
                writer
                finds out, and aborts an open transaction.
        """
        with explaining(self._account, self._resource):
            self._publisher.write(messages, another_wrote)
