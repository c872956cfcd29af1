"""Input and output of a processor, in Kafka's terms but without a Kafka client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from re import compile as pattern
from typing import Any, NamedTuple

from transport.messages import Output

_SUPPLY_ID = pattern(rb"[0-9a-f]{32}")
_ROW = pattern(rb"[1-9][0-9]{0,9}")


class Handling(Enum):
    """The handling of a batch: process it, or reject its record, whose outputs cannot be written."""

    PROCESS = auto()
    REJECT = auto()
    REJECT_WITHOUT_BYTES = auto()


def supply_of(header: Any) -> str | None:
    """Return the supply id of a header, 32 lower-case hexadecimal digits; None for anything else."""
    if isinstance(header, bytes) and _SUPPLY_ID.fullmatch(header):
        return header.decode("ascii")
    return None


def row_of(header: Any) -> int | None:
    """Return the row number of a header, up to ten decimal digits; None for anything else."""
    if isinstance(header, bytes) and _ROW.fullmatch(header):
        return int(header)
    return None


class Intake(NamedTuple):
    """One message of an intake topic; `timestamp_ms` since 1970 UTC.

    If `erases` is True, the record is to be taken back from every topic. `unreadable` is the client's reason
    if it could not read the bytes at this offset. `row` is the header as given, for `row_of`.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    supply_id: str | None
    timestamp_ms: int
    erases: bool = False
    unreadable: str | None = None
    row: Any = None


@dataclass(slots=True)
class OfRows:
    """The part of a tally's counts that reveals which rows a profile excludes; only the supplier gets it.

    `withheld` counts the reasons why a profile does not get a whole row, or no longer has it. `cleaned`
    counts records whose only caveat is about the flag of an exclusion. `held` counts records that are held
    because of an exclusion.
    """

    caveats: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    cleaned: int = 0
    held: int = 0


@dataclass(slots=True)
class Tally:
    """Counts of the outcomes of one supply's records in one batch (system/receipt.avsc)."""

    agency: str
    dataset: str
    supply_id: str | None
    received: int = 0
    accepted: int = 0
    cleaned: int = 0
    held: int = 0
    rejected: int = 0
    erased: int = 0
    observed: int = 0
    released: Counter[str] = field(default_factory=Counter)
    caveats: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    geocoded: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    combinations: Counter[str] = field(default_factory=Counter)
    reject_alarm: bool = False
    newest_event: str = ""
    of_rows: OfRows = field(default_factory=OfRows)

    def receipt(self) -> dict[str, Any]:
        """Return the counts by the names of the receipt's schema."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "of_rows"}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outputs of one transaction, and the tallies of its receipts.

    `changes` are the changes of state to commit, None for a deleted key; `outputs` has them too. `counts` is
    for metrics. `pauses` are the topics that are not read again until the process is restarted.
    """

    outputs: Sequence[Output]
    tallies: Sequence[Tally] = ()
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    pauses: frozenset[str] = frozenset()
