"""Waits for the receipts of a supply until every record has an outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING

from connectors.account import Account
from connectors.outcome import Outcome
from connectors.registry import known_schemas
from connectors.topic_reader import Offsets, TopicReader, end_offsets
from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas
from schemas.wire import WireError

Noticed = Callable[[str, int, Mapping[str, Any], int], None]
"""Told of each receipt: topic, offset, content, and its time in milliseconds since 1970 UTC."""


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
    """Add up receipts until every record has an outcome, or `timeout_s` pass without a new one.

    `start` are the offsets known before the first record was sent; where a partition is not among
    them it is read from its beginning. `noticed` is told of every receipt on the way, other supplies' too.
    Errors as `connectors.topic_reader`.
    """
    topic = account.names.receipts(account.agency)
    schema = catalogue.system["receipt"]
    known = known_schemas(account, catalogue)
    outcome = Outcome(supply_id, records)
    begin = {p: start.get(p, OFFSET_BEGINNING) for p in end_offsets(account, topic)}
    deadline = time.monotonic() + timeout_s
    with TopicReader(account, topic, begin) as reader:
        while not outcome.is_whole and time.monotonic() < deadline:
            receipt = _receipt(known, reader.next(), schema)
            if receipt is not None:
                offset, at_ms = reader.newest
                noticed(topic, offset, receipt, at_ms)
            if receipt is not None and receipt["supply_id"] == supply_id:
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
