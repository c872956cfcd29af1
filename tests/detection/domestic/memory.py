"""A memory of dictionaries, which counts what is looked up."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from detection.domestic.facts import Event, Fact
from detection.domestic.grouping import references
from detection.domestic.memory import PlaceKind
from detection.domestic.people import everyone
from detection.domestic.times import position

Change = Callable[[list[tuple[int, bytes]], tuple[int, bytes]], None]
Rows = dict[bytes, list[tuple[int, bytes]]]
"""Days and identities by digest, in order."""


class DictMemory:
    def __init__(self) -> None:
        self.events: dict[bytes, Event] = {}
        self.referrals: dict[bytes, Fact] = {}
        self.parts: dict[bytes, Fact] = {}
        self.places: dict[bytes, PlaceKind] = {}
        self.uprns: dict[bytes, bytes] = {}
        self.lookups: Counter[str] = Counter()
        self._at: Rows = defaultdict(list)
        self._of: Rows = defaultdict(list)
        self._records: Rows = defaultdict(list)
        self._joins: Rows = defaultdict(list)
        self._referred: Rows = defaultdict(list)
        self._waiting: Rows = defaultdict(list)

    def event(self, event_id: bytes) -> Event | None:
        self.lookups["event"] += 1
        return self.events.get(event_id)

    def events_with_record(self, record: bytes) -> Sequence[bytes]:
        return [event_id for _, event_id in self._records[record]]

    def events_with_join(self, join: bytes) -> Sequence[bytes]:
        return sorted(event_id for _, event_id in self._joins[join])

    def events_at(
        self, household: bytes, first_day: int, last_day: int, most: int | None = None
    ) -> list[bytes]:
        return self._range(self._at[household], first_day, last_day, most)

    def events_of(
        self, person: bytes, first_day: int, last_day: int, most: int | None = None
    ) -> list[bytes]:
        return self._range(self._of[person], first_day, last_day, most)

    def referral(self, record: bytes) -> Fact | None:
        return self.referrals.get(record)

    def referrals_of(
        self, digest: bytes, first_day: int, last_day: int, most: int | None = None
    ) -> list[Fact]:
        records = self._range(self._referred[digest], first_day, last_day, most)
        return [self.referrals[record] for record in records]

    def parts_with(self, digest: bytes) -> Sequence[Fact]:
        return [self.parts[record] for _, record in sorted(self._waiting[digest])]

    def place_kind(self, household: bytes) -> PlaceKind:
        return self.places.get(household, "ordinary")

    def same_household(self, household: bytes) -> tuple[bytes, ...]:
        uprn = self.uprns.get(household, household)
        same = [uprn, *(address for address, other in self.uprns.items() if other == uprn)]
        return (household, *(each for each in same if each != household))

    def keep_event(self, event: Event) -> None:
        self.forget_event(event.id)
        self.events[event.id] = event
        self._index(event, _add)

    def forget_event(self, event_id: bytes) -> None:
        if event := self.events.pop(event_id, None):
            self._index(event, _remove)

    def keep_part(self, part: Fact) -> None:
        if part.record in self.parts:
            self.forget_part(part)
        self.parts[part.record] = part
        for digest in {part.record} | references(part) | everyone([part]):
            self._waiting[digest].append((0, part.record))

    def forget_part(self, part: Fact) -> None:
        old = self.parts.pop(part.record)
        for digest in {old.record} | references(old) | everyone([old]):
            self._waiting[digest].remove((0, old.record))

    def keep_referral(self, referral: Fact) -> None:
        self.forget_referral(referral.record)
        self.referrals[referral.record] = referral
        for digest in everyone([referral]) | set(referral.households):
            self._referred[digest].append((referral.day, referral.record))
            self._referred[digest].sort()

    def forget_referral(self, record: bytes) -> None:
        if old := self.referrals.pop(record, None):
            for digest in everyone([old]) | set(old.households):
                self._referred[digest].remove((old.day, record))

    def keep_alias(self, address: bytes, uprn: bytes) -> None:
        self.uprns.setdefault(address, uprn)

    def rows(self) -> tuple[object, ...]:
        """Return all that is kept, for comparison."""
        indexes = (self._at, self._of, self._records, self._joins, self._referred, self._waiting)
        used = [{key: sorted(rows) for key, rows in index.items() if rows} for index in indexes]
        return self.events.copy(), self.referrals.copy(), self.parts.copy(), used

    def _range(
        self, rows: list[tuple[int, bytes]], first: int, last: int, most: int | None
    ) -> list[bytes]:
        begin, end = bisect_left(rows, (first, b"")), bisect_left(rows, (last + 1, b""))
        found = [each for _, each in reversed(rows[begin:end])][:most]
        self.lookups["range"] += 1
        self.lookups["id"] += len(found)
        return found

    def _index(self, event: Event, change: Change) -> None:
        entry = (position(event)[0], event.id)
        homes = {h for f in event.facts if f.kind == "event" for h in f.households}
        joins = {digest for fact in event.facts for digest in references(fact)}
        _change(self._at, homes, entry, change)
        _change(self._of, everyone(event.facts), entry, change)
        _change(self._records, (fact.record for fact in event.facts), entry, change)
        _change(self._joins, joins, entry, change)


def _change(index: Rows, keys: Iterable[bytes], entry: tuple[int, bytes], change: Change) -> None:
    for key in set(keys):
        change(index[key], entry)


def _add(rows: list[tuple[int, bytes]], entry: tuple[int, bytes]) -> None:
    insort(rows, entry)


def _remove(rows: list[tuple[int, bytes]], entry: tuple[int, bytes]) -> None:
    rows.remove(entry)
