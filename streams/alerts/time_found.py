"""The events that time changes: deadlines, cases that have ended, events that wait."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice

from detection.domestic.later import concerning
from streams.alerts import rows
from streams.alerts.documents import day_in_london
from streams.alerts.memory import StateMemory
from streams.alerts.parts import Parts
from streams.alerts.raising import HOUR_MS
from streams.alerts.results import Batch
from streams.state.dated import DatedStore

AT_ONCE = 50
"""Events that are decided in one transaction; the others follow in the next ones."""

_PEOPLE_AT_ONCE = 200
"""People on changed staff lists whose events are looked up in one transaction."""

_MINUTE_MS = 60_000
_SWEEP_MS = 60_000
_WAIT_DAYS = 28
"""A part waits so long for its event, and encrypted subjects for theirs."""

Find = Callable[[Batch], Collection[bytes]]
"""Finds the next events to be decided, and may change the state itself."""


class TimeFound:
    """Finds the events that are to be decided again because time has passed, a page at a time.

    It also counts what waits: alerts for an acknowledgement, and prepared requests for a decision.
    """

    def __init__(self, parts: Parts, store: DatedStore, memory: StateMemory) -> None:
        self._parts = parts
        self._store = store
        self._memory = memory
        self._passed: set[bytes] = set()
        self.restart()

    def restart(self) -> None:
        """Begin anew. Until the next count nothing waits, as in a standby."""
        self._swept_ms = 0
        self.unacknowledged = self.waiting = 0

    @property
    def finders(self) -> Sequence[Find]:
        """Return the functions that find events, in the order in which they are asked."""
        return (
            self._renewed, self._unfounded, self._due, self._declared, self._stale, self._over,
            self._past,
        )  # fmt: skip

    def begin(self) -> None:
        """Begin a search: no event has been found yet."""
        self._passed.clear()

    def pass_over(self, found: Collection[bytes]) -> None:
        """Do not find these events again in this search, so that they keep no other one waiting."""
        self._passed.update(found)

    def _renewed(self, _batch: Batch) -> Collection[bytes]:
        """Return events with an alert that was decided under an earlier protocol."""
        return self._parts.renewing.next(AT_ONCE)

    def _unfounded(self, batch: Batch) -> Collection[bytes]:
        """Return events with a personal alert under a case that is not open any more, or has no key."""
        if 0 <= batch.now_ms - self._swept_ms < _SWEEP_MS:
            return ()
        found = self._page(
            event_id
            for case in self._memory.cases_told()
            if not self._is_founded(case.hex(), batch.now)
            for event_id in self._memory.told_under(case)
        )
        if found:
            return found
        # An abort ends in `restore`, which begins anew.
        self._swept_ms = batch.now_ms
        self.unacknowledged = self._memory.unacknowledged()
        self.waiting = sum(1 for _ in self._store.keys(rows.UNDECIDED, rows.after(rows.UNDECIDED)))
        return ()

    def _is_founded(self, case: str, now: datetime) -> bool:
        return self._parts.visibility.is_open(case, now) and self._parts.has_key(case)

    def _due(self, batch: Batch) -> Collection[bytes]:
        return self._page(self._memory.due(batch.now_ms // _MINUTE_MS))

    def _stale(self, _batch: Batch) -> Collection[bytes]:
        """Return events that wait to be decided again."""
        return self._page(self._memory.stale())

    def _declared(self, batch: Batch) -> Collection[bytes]:
        """Return the events that concern people on staff lists that changed in an earlier hour."""
        found = dict[bytes, None]()
        for key, person in self._memory.waiting_at(batch.now_ms // HOUR_MS, _PEOPLE_AT_ONCE):
            if len(found) >= AT_ONCE:
                break
            self._store.delete(key)
            found |= dict.fromkeys(
                concerning(
                    person, self._memory, self._parts.settings, self._parts.first_day(batch.now_ms)
                )
            )
        batch.at_full_hour = frozenset(found)
        return tuple(found)

    def _over(self, batch: Batch) -> Collection[bytes]:
        """Return events with an alert once the days of grace are over."""
        return self._page(self._memory.live()) if self._parts.is_over(batch.now) else ()

    def _past(self, batch: Batch) -> Collection[bytes]:
        """Delete encrypted subjects and parts that have waited too long; return no events."""
        day = day_in_london(batch.now_ms) - _WAIT_DAYS
        for key in self._memory.kept_before(day, AT_ONCE):
            self._store.delete(key)
        return ()

    def _page(self, found: Iterable[bytes]) -> Collection[bytes]:
        """Return the next events of those that are found."""
        new = (event_id for event_id in found if event_id not in self._passed)
        # One event can be found by each of its alerts.
        return tuple(dict.fromkeys(islice(new, AT_ONCE)))
