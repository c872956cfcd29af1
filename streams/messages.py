"""What goes into the pipeline and what comes out of it: Kafka's terms without a Kafka client."""

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
    """What a batch is read for; rejecting whole is for one whose outputs cannot be written."""

    PROCESS = auto()
    REJECT = auto()
    REJECT_WITHOUT_BYTES = auto()


def supply_of(header: Any) -> str | None:
    """Return the supply that a header names: 32 lower-case hexadecimal digits; None for anything else."""
    if isinstance(header, bytes) and _SUPPLY_ID.fullmatch(header):
        return header.decode("ascii")
    return None


def row_of(header: Any) -> int | None:
    """Return the row that a header names: up to ten decimal digits; None for anything else."""
    if isinstance(header, bytes) and _ROW.fullmatch(header):
        return int(header)
    return None


class Intake(NamedTuple):
    """One message of an intake topic as the broker holds it; `timestamp_ms` since 1970 UTC.

    One that `erases` tells of a record that is to be taken back from everywhere. One that is `unreadable`
    is a place whose bytes the client could not read, with the client's reason. `row` is the header as it was
    given, which only `row_of` reads.
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
    """Counts within a tally that say which rows a profile excludes; they go to the supplier alone.

    `cleaned` are records cleaned in nothing but the flag of an exclusion; `held` are those that somebody is
    entitled to, if their rows were others.
    """

    caveats: Counter[str] = field(default_factory=Counter)
    cleaned: int = 0
    held: int = 0


@dataclass(slots=True)
class Tally:
    """Counts of what became of the records of one supply in one batch (system/receipt.avsc)."""

    agency: str
    dataset: str
    supply_id: str | None
    received: int = 0
    accepted: int = 0
    cleaned: int = 0
    held: int = 0
    rejected: int = 0
    erased: int = 0
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
        """The counts under the receipt's schema."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "of_rows"}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Everything one transaction writes, and the tallies its receipts were made from.

    `changes` is what is to be remembered once it is committed; it stands in `outputs` too. `counts` is for
    metrics. `pauses` are topics that are not to be read any more until the process is started again.
    """

    outputs: Sequence[Output]
    tallies: Sequence[Tally] = ()
    changes: Mapping[bytes, bytes] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    pauses: frozenset[str] = frozenset()
