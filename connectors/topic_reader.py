"""Reads what has been committed to a topic of the agency's own, with errors meant for the agency."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.account import Account, explaining
from transport import reader
from transport.reader import Offsets


def end_offsets(account: Account, topic: str) -> Offsets:
    """Return where each partition ends now, records of open transactions among what is before it."""
    with explaining(account, topic):
        return reader.end_offsets(account.connection, topic, account.patience_s)


def read_until(account: Account, topic: str, until: Offsets) -> Iterator[bytes]:
    """Yield every committed value before `until`, from the beginning.

    A transaction of somebody else that is open below `until` is waited for, since a record of ours
    may be behind it; `UnfinishedError` if that outlasts the account's patience.
    """
    messages = reader.read_until(account.connection, topic, until, account.patience_s)
    with explaining(account, topic):
        for message in messages:
            value = message.value()
            if value is not None:
                yield value
