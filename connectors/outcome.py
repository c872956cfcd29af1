"""Sum up the receipts of a supply; each receipt is about one batch (ADR 6). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COUNTS = ("received", "accepted", "cleaned", "held", "rejected", "erased", "observed")
BY_NAME = ("filled", "released", "caveats", "faults", "geocoded", "withheld", "combinations")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts as in system/receipt.avsc, over all of a supply's receipts read so far.

    `accepted` includes `cleaned` and `held`; `records` is the number supplied. `observed` are the accepted
    records whose facts were passed to domestic alerts.
    """

    supply_id: str | None = None
    records: int = 0
    received: int = 0
    accepted: int = 0
    cleaned: int = 0
    held: int = 0
    rejected: int = 0
    erased: int = 0
    observed: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    caveats: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    geocoded: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    combinations: Counter[str] = field(default_factory=Counter)
    newest_event: str = ""
    reject_alarm: bool = False

    @property
    def settled(self) -> int:
        """Return the number of records with a known outcome."""
        return self.accepted + self.rejected + self.erased

    @property
    def is_whole(self) -> bool:
        """Return True if every record has its outcome."""
        return self.settled >= self.records

    def plus(self, receipt: Mapping[str, Any]) -> Outcome:
        """Return this outcome with one more receipt.

        The newest receipt says whether the alarm is on.
        """
        counts = {name: getattr(self, name) + receipt.get(name, 0) for name in COUNTS}
        named = {name: getattr(self, name) + Counter(receipt.get(name, {})) for name in BY_NAME}
        return Outcome(
            self.supply_id,
            self.records,
            **counts,
            **named,
            newest_event=max(self.newest_event, receipt["newest_event"]),
            reject_alarm=receipt["reject_alarm"],
        )
