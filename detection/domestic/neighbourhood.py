"""The neighbourhood of a record: the events and waiting parts whose grouping it may change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from detection.domestic import people
from detection.domestic.facts import Event, Fact
from detection.domestic.grouping import Facts, references
from detection.domestic.memory import Memory
from detection.domestic.places import household_digests
from detection.domestic.settings import MOST_FACTS, MOST_LOOKED_AT, MOST_NEAR, MOST_RANGE_DAYS
from detection.domestic.times import When, distance


class Neighbourhood:
    """The events that are near a record, directly or through other near events, and waiting parts.

    Events that share a reference are always in it. Others are added until it has `MOST_NEAR` events: then
    `is_crowded` is True, and the remaining ones are not grouped again. If more than `MOST_FACTS` records
    share the references, `is_too_common` is True.
    """

    def __init__(self, memory: Memory, hours: int) -> None:
        self.events: dict[bytes, Event] = {}
        self.parts: dict[bytes, Fact] = {}
        self.is_crowded = False
        self.is_too_common = False
        self._memory = memory
        self._hours = hours
        self._queue: deque[Facts] = deque()
        self._read: dict[bytes, Event | None] = {}

    def add(self, record: bytes, fact: Fact | None) -> None:
        """Add what is near the record, as it is known and as `fact` has it."""
        for event_id in self._memory.events_with_record(record):
            self._add_event(event_id)
        for part in self._memory.parts_with(record):
            self.parts[part.record] = part
        if fact:
            self._queue.append(self._with_references(fact))
        while self._queue:
            self._add_near(self._queue.popleft())

    def _add_event(self, event_id: bytes) -> Facts:
        if event_id not in self.events and (event := self._event(event_id)):
            self.events[event_id] = event
            self._queue.append(event.facts)
            return event.facts
        return ()

    def _event(self, event_id: bytes) -> Event | None:
        if event_id not in self._read:
            self._read[event_id] = self._memory.event(event_id)
        return self._read[event_id]

    def _with_references(self, fact: Fact) -> Facts:
        facts = [fact]
        seen: set[bytes] = set()
        for each in facts:  # grows while it is read
            for reference in references(each) - seen:
                seen.add(reference)
                facts.extend(self._sharing(reference))
        self.is_too_common |= len({each.record for each in facts}) > MOST_FACTS
        return tuple(facts)

    def _sharing(self, reference: bytes) -> Iterator[Fact]:
        for part in self._memory.parts_with(reference):
            self.parts[part.record] = part
            yield part
        for event_id in self._memory.events_with_join(reference):
            yield from self._add_event(event_id)

    def _add_near(self, facts: Facts) -> None:
        times = _times(facts)
        for event_id in self._candidates(facts, {time[1] for time in times}):
            if event_id in self.events:
                continue
            event = self._event(event_id)
            if event and self._is_near(times, event):
                if len(self.events) >= MOST_NEAR:
                    self.is_crowded = True
                    return
                self._add_event(event_id)

    def _candidates(self, facts: Facts, times: Iterable[When]) -> list[bytes]:
        memory = self._memory
        homes, victims = household_digests(facts, memory), people.victims(facts)
        found: dict[bytes, None] = {}
        for first, last in sorted({self._window(time) for time in times}):
            searches = [
                memory.events_at(h, first, last, most=MOST_LOOKED_AT) for h in sorted(homes)
            ]
            searches += [
                memory.events_of(v, first, last, most=MOST_LOOKED_AT) for v in sorted(victims)
            ]
            self.is_crowded |= any(len(ids) >= MOST_LOOKED_AT for ids in searches)
            found |= dict.fromkeys(event_id for ids in searches for event_id in ids)
        return list(found)

    def _window(self, time: When) -> tuple[int, int]:
        # An event's day is that of its earliest fact, up to the hours or a range before a near one.
        margin = MOST_RANGE_DAYS + 2 * (self._hours // 24 + 1)
        return max(0, time.day - margin), time.day + min(time.until_day - time.day, margin) + margin

    def _is_near(self, times: set[tuple[object, When]], event: Event) -> bool:
        return any(
            source != other_source and distance(time, other, self._hours)
            for source, time in times
            for other_source, other in _times(event.facts)
        )


def _times(facts: Facts) -> set[tuple[object, When]]:
    return {
        (fact.source, When(fact.day, fact.until_day, fact.minute))
        for fact in facts
        if fact.kind == "event"
    }
