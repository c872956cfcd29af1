"""The content of the topics that a worker reads at its start, after a day at 300 records a second.

The benchmark writes this content directly:

- *heads*: 45 transactions a second, as many as one worker makes of 300 records, so 3.9 million heads
  in a day. They are written in transactions of many: the broker compacts all but the last minute of
  them anyway.
- *withdrawals*: where a million records are released, which is kept for as long as the releases are.
  That is a year of an area of 200,000 inhabitants with all its datasets. At 300 records a second most
  of a day is supplied again. An unchanged entry is not written again for 28 days. An entry has the
  seven records of one batch, in a record batch of its own, as a worker writes it.
- *dates and ages*: one of each for 100,000 cases and 100,000 people.
- *combinations*: 100,000, written twice, since they change with those who join them.
- *recent*: the last 4,000 transactions, a minute and a half, are written one by one as a worker's: a
  head, a note and a combination, and their markers. The broker has not compacted the newest of them
  when a worker starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import chain, cycle, islice
from typing import Any, Final

from confluent_kafka import Producer

from schemas.state import RELEASED_PREFIX, kind_of
from streams.state.packing import packed
from tests.benchmarks.errors import BenchError
from transport.messages import MARKING_HEADER, WRITER_HEADER, Headers, Output

BATCHES_A_SECOND: Final = 45
SECONDS: Final = 86_400
NOTED: Final = 1_000_000
NOTES_OF_A_BATCH: Final = 7
CASES: Final = 100_000
PEOPLE: Final = 100_000
COMBINATIONS: Final = 100_000
RECENT: Final = 4_000

_KEY_BYTES = 16
_NAME_BYTES = 12
_RELEASED_TO_TWO = bytes([3, 0, 0, 1])
"""Own area, first epoch, two profiles."""
_MEMBERS_BYTES = 60
_HEADERS: Headers = [(MARKING_HEADER, b"RESTRICTED"), (WRITER_HEADER, b"made-up.")]
_OF_MANY = 10_000
_CALL_SECONDS = 60.0

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Amounts:
    """The number of entries of each kind. A trial uses smaller numbers."""

    heads: int = BATCHES_A_SECOND * SECONDS
    notes: int = NOTED // NOTES_OF_A_BATCH
    cases: int = CASES
    people: int = PEOPLE
    combinations: int = COMBINATIONS
    recent: int = RECENT

    @property
    def keys(self) -> int:
        """Return the number of keys in the changelog."""
        return self.notes + self.cases + self.people + self.combinations


def notes(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Entries of records that were released, as `StateStore.changes` makes one of a batch's."""
    for number in range(count):
        first = number * NOTES_OF_A_BATCH
        names = [_digest("note", first + place, _NAME_BYTES) for place in range(NOTES_OF_A_BATCH)]
        yield from packed({RELEASED_PREFIX + name: _RELEASED_TO_TWO for name in names}).items()


def dates_and_ages(cases: int, people: int) -> Iterator[tuple[bytes, bytes]]:
    """The day of each case, and the birthday that each person's ages go by."""
    for first, count in ((b"d", cases), (b"b", people)):
        for number in range(count):
            day = 700_000 + number % 30_000
            yield first + _digest(first.decode(), number, _KEY_BYTES), day.to_bytes(4)


def combinations(count: int, turn: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the people seen with each combination, after a `turn` of changes."""
    for number in range(count):
        key = b"c" + _digest("c", number, _KEY_BYTES)
        yield key, _digest(f"members{turn}", number, _MEMBERS_BYTES)


def head(number: int) -> dict[str, Any]:
    """Return the head of a chain after this number of entries."""
    return {"sequence": number, "hash": sha256(b"%d" % number).hexdigest(), "position": ""}


def _digest(purpose: str, number: int, size: int) -> bytes:
    return blake2b(f"{purpose}{number}".encode(), digest_size=size).digest()


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes a day to the topics of one partnership, by the name that it has for each."""

    connection: Mapping[str, Any]
    chain: str
    heads: str
    state: Mapping[str, str]
    encode: Mapping[str, Callable[[Any], bytes]]
    told: Told

    def write(self, amounts: Amounts) -> None:
        """Write all of it, the recent transactions last."""
        # The same ones over and over: all but the newest are compacted.
        made = cycle([self._head(number) for number in range(1, _OF_MANY + 1)])
        self._write("heads of a day", islice(made, amounts.heads), amounts.heads)
        whole = self._entries(notes(amounts.notes))
        self._write("withdrawals", whole, amounts.notes, batch=1)
        known = self._entries(dates_and_ages(amounts.cases, amounts.people))
        self._write("dates and ages", known, amounts.cases + amounts.people, batch=7)
        changed = chain(*(combinations(amounts.combinations, turn) for turn in range(2)))
        entries = self._entries(changed)
        self._write("combinations", entries, 2 * amounts.combinations, batch=7)
        self._write("recent batches", self._recent(amounts), 3 * amounts.recent, together=3)

    def _recent(self, amounts: Amounts) -> Iterator[Output]:
        """Yield the outputs of uncompacted transactions: a head and two entries of state each."""
        entries = zip(notes(amounts.recent), combinations(amounts.recent, 2), strict=True)
        for number, both in enumerate(entries, amounts.heads + 1):
            yield self._head(number)
            yield from self._entries(iter(both))

    def _head(self, number: int) -> Output:
        value = self.encode[self.heads](head(number))
        return Output(self.heads, self.chain.encode(), value, _HEADERS[:1])

    def _entries(self, entries: Iterator[tuple[bytes, bytes]]) -> Iterator[Output]:
        for key, value in entries:
            topic = self.state[kind_of(key) or ""]
            yield Output(topic, key, self.encode[topic]({"value": value}), _HEADERS)

    def _write(
        self,
        what: str,
        outputs: Iterator[Output],
        count: int,
        *,
        batch: int = _OF_MANY,
        together: int = _OF_MANY,
    ) -> None:
        """Write in transactions of `together` messages, of which `batch` lie together at the broker."""
        producer = Producer(
            {
                **self.connection,
                "transactional.id": f"{self.chain}.day",
                "linger.ms": 1 if together < _OF_MANY else 20,
                "retry.backoff.ms": 10,
                "compression.type": "lz4",
                "batch.num.messages": batch,
                "batch.size": 200_000,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        producer.init_transactions(_CALL_SECONDS)
        done, shown = 0, 0.0
        for part in iter(lambda: list(islice(outputs, together)), []):
            producer.begin_transaction()
            for output in part:
                producer.produce(
                    output.topic, output.value, output.key, partition=0, headers=output.headers
                )
            producer.commit_transaction(_CALL_SECONDS)
            done += len(part)
            if time.monotonic() > shown:
                self.told(f"making a day: {what}", done, count)
                shown = time.monotonic() + 0.5
        if done != count:
            raise BenchError(f"{done} of {count} messages were made ({what})")
