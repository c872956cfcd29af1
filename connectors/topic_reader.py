"""Read committed messages of an agency's own topic, with errors worded for the agency."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.account import Account, explaining
from transport import reader
from transport.reader import Offsets


def end_offsets(account: Account, topic: str) -> Offsets:
    """Return the end offset of each partition now; records of open transactions are before it."""
    with explaining(account, topic):
        return reader.end_offsets(account.connection, topic, account.patience_s)


def read_until(account: Account, topic: str, until: Offsets) -> Iterator[bytes]:
    """Yield every committed value before `until`, from the beginning of the topic.

    An open transaction of somebody else below `until` is waited for, because this agency's records
    may follow it.

    Raises:
        UnfinishedError: the transaction stays open longer than the account's patience.
    """
    messages = reader.read_until(account.connection, topic, until, account.patience_s)
    with explaining(account, topic):
        for message in messages:
            value = message.value()
            if value is not None:
                yield value
