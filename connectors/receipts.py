"""Wait for the receipts of a supply until every record has an outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from connectors.account import Account, explaining
from connectors.outcome import Outcome
from connectors.registry import known_schemas
from connectors.topic_reader import end_offsets
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas
from schemas.wire import WireError
from transport.reader import BEGINNING, Offsets, PartitionReader, following_reader

_POLL_S = 0.2

Noticed = Callable[[str, int, Mapping[str, Any], int], None]
"""Takes each receipt: topic, offset, content, and its time in milliseconds since 1970 UTC."""


def await_outcome(
    account: Account,
    catalogue: Catalogue,
    supply_id: str,
    records: int,
    *,
    start: Offsets,
    timeout_s: float,
    progress: Callable[[Outcome], None] = lambda _: None,
    noticed: Noticed = lambda *_: None,
) -> Outcome:
    """Sum up receipts until every record has an outcome, or no receipt comes for `timeout_s` seconds.

    `start` are the offsets before the first record was sent; a partition without one is read from
    its beginning. `noticed` is called with every receipt, also with those of other supplies. Raises
    the errors of `connectors.topic_reader`.
    """
    topic = account.names.receipts(account.agency)
    schema = catalogue.system["receipt"]
    known = known_schemas(account, catalogue)
    outcome = Outcome(supply_id, records)
    begin = {p: start.get(p, BEGINNING) for p in end_offsets(account, topic)}
    deadline = time.monotonic() + timeout_s
    settings = following_reader(account.connection)
    with (
        explaining(account, topic),
        PartitionReader(settings, topic, begin, patient=True) as reader,
    ):
        while not outcome.is_whole and time.monotonic() < deadline:
            message = reader.next(_POLL_S)
            receipt = None if message is None else _receipt(known, message.value(), schema)
            if message is None or receipt is None:
                continue
            noticed(topic, message.offset() or 0, receipt, message.timestamp()[1])
            if receipt["supply_id"] == supply_id:
                outcome = outcome.plus(receipt)
                progress(outcome)
                deadline = time.monotonic() + timeout_s
    return outcome


def _receipt(
    known: KnownSchemas, value: bytes | None, schema: dict[str, Any]
) -> dict[str, Any] | None:
    if value is None:
        return None
    try:
        return known.decode(value, schema)
    except WireError:
        return None
