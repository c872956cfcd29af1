"""What became of a supply: its receipts, added up until every record has an outcome."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_BEGINNING

from connectors.account import Account
from connectors.registry import Registry
from connectors.topic_reader import Offsets, TopicReader, end_offsets
from schemas.catalogue import Catalogue
from schemas.wire import WireError

_COUNTS = ("received", "accepted", "cleaned", "held", "rejected")
_BY_NAME = ("released", "caveats", "faults", "geocoded", "withheld")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts as system/receipt.avsc has them, over all of a supply's receipts read so far.

    `accepted` includes `cleaned` and `held`; `records` is what was supplied.
    """

    supply_id: str
    records: int
    received: int = 0
    accepted: int = 0
    cleaned: int = 0
    held: int = 0
    rejected: int = 0
    released: Counter[str] = field(default_factory=Counter)
    caveats: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    geocoded: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    reject_alarm: bool = False

    @property
    def settled(self) -> int:
        """Records whose outcome is known."""
        return self.accepted + self.rejected

    @property
    def is_whole(self) -> bool:
        """Whether every record has its outcome."""
        return self.settled >= self.records

    def plus(self, receipt: dict[str, Any]) -> Outcome:
        """This outcome with one more receipt added; the newest says whether the alarm stands."""
        counts = {name: getattr(self, name) + receipt[name] for name in _COUNTS}
        named = {name: getattr(self, name) + Counter(receipt[name]) for name in _BY_NAME}
        return Outcome(
            self.supply_id,
            self.records,
            **counts,
            **named,
            reject_alarm=receipt["reject_alarm"],
        )


def await_outcome(
    account: Account,
    catalogue: Catalogue,
    supply_id: str,
    records: int,
    *,
    start: Offsets,
    timeout_s: float,
    progress: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Add up receipts until every record has an outcome, or `timeout_s` pass without a new one.

    `start` are the offsets known before the first record was sent; where a partition is not among
    them it is read from its beginning. Errors as `connectors.topic_reader`.
    """
    topic = account.names.receipts(account.agency)
    schema = catalogue.system["receipt"]
    registry = Registry(account.registry_url)
    outcome = Outcome(supply_id, records)
    begin = {p: start.get(p, OFFSET_BEGINNING) for p in end_offsets(account, topic)}
    deadline = time.monotonic() + timeout_s
    with TopicReader(account, topic, begin) as reader:
        while not outcome.is_whole and time.monotonic() < deadline:
            receipt = _receipt(registry, reader.next(), schema)
            if receipt is not None and receipt["supply_id"] == supply_id:
                outcome = outcome.plus(receipt)
                progress(outcome)
                deadline = time.monotonic() + timeout_s
    return outcome


def _receipt(
    registry: Registry, value: bytes | None, schema: dict[str, Any]
) -> dict[str, Any] | None:
    if value is None:
        return None
    try:
        return registry.decode(value, schema)
    except WireError:
        return None
