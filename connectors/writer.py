"""Writes chunks of an agency's messages, all or nothing of each, with errors meant for the agency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from connectors.account import Account, explaining
from isp.agreement.topics import MAXIMUM_INTAKE_BYTES, PARTNER_BATCH_BYTES
from transport.messages import Output
from transport.publisher import Publisher

SETTINGS: Final = {"message.max.bytes": MAXIMUM_INTAKE_BYTES, "batch.size": PARTNER_BATCH_BYTES}
"""Limits of the producer: every topic of a supplier takes such a batch."""


class TransactionalWriter:
    """The one writer of an agency's dataset: making one takes the place of any earlier one.

    Every wait ends within the account's patience. `resource` is what messages say it writes.
    """

    def __init__(self, account: Account, transactional_id: str, resource: str) -> None:
        """Take over from an earlier writer, ending what it left open; errors as `write`."""
        self._account = account
        self._resource = resource
        client = {**account.connection, **SETTINGS}
        with explaining(account, resource):
            self._publisher = Publisher(client, transactional_id, account.patience_s)

    def write(
        self, messages: Sequence[Output], another_wrote: Callable[[], bool] = lambda: False
    ) -> None:
        """Write all of `messages`, or raise with nothing of them readable unless said otherwise.

        `another_wrote` is asked where this writer had to take its place anew, which another one may have had
        in between.

        Raises:
            AccessDeniedError, LoginRefusedError, NotAppliedError, RecordTooLargeError: refused.
            SupersededError: another writer took over.
            UnavailableError: no answer; whether the messages were written is found by the next
                writer, which ends what this one left open.
        """
        with explaining(self._account, self._resource):
            self._publisher.write(messages, another_wrote)
