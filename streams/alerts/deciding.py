"""The decision about one event: the changes of its alerts, and its prepared requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from streams.alerts.coverage import Coverage
from streams.alerts.deadlines import Deadlines
from streams.alerts.documents import day_in_london
from streams.alerts.events import AlertState, EventRow
from streams.alerts.memory import StateMemory
from streams.alerts.raising import AlertChange, Raising
from streams.alerts.recipients import Audience, Decided, Recipients, Told
from streams.alerts.requesting import Requesting
from streams.alerts.visibility import Visibility


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decides events and keeps the new states of their alerts.

    `ids` returns the ids of alert and event for an audience. An alert is raised for an event that was
    supplied within `alert_days`. `has_key` says whether the key of a case can be read.
    """

    recipients: Recipients
    audiences: Sequence[Audience]
    visibility: Visibility
    requesting: Requesting
    raising: Raising
    deadlines: Deadlines
    coverage: Coverage
    ids: Callable[[str, bytes], tuple[str, str]]
    has_key: Callable[[str], bool]
    alert_days: int

    def decide(
        self, row: EventRow, memory: StateMemory, now: datetime, now_ms: int, *, has_waited: bool
    ) -> list[AlertChange]:
        """Decide what each audience is to have of an event, and return the changes.

        A withdrawal for a conflict of interest that `has_waited` does not wait for the next full hour.
        """
        event = row.event
        decided = Decided()
        if event is not None:
            decided = self.recipients.decide(event, memory, self.coverage.seen, now)
        told = {each.audience.name: each for each in decided.told}
        states = {state.audience: self._of_protocol(state) for state in row.alerts}
        is_current, alert_changes = self._is_current(row), list[AlertChange]()
        for audience in self.audiences:
            state = states.get(audience.name) or self._new(audience, row.id)
            wanted = told.get(audience.name, Told(audience))
            if has_waited or self._has_ended(state, now):
                wanted = wanted._replace(is_conflict=False)
            change = None
            if is_current or state.is_live:
                change = self.raising.change(wanted, state, now_ms, self._deadline(wanted))
            if change is not None:
                states[audience.name] = change.state
                alert_changes.append(change)
        row = replace(row, alerts=tuple(states.values()), is_stale=False)
        alert_of = self._alerts(row.id)
        memory.keep_row(
            self.requesting.settle(row, decided if is_current else Decided(), alert_of, now)
        )
        return alert_changes

    def _new(self, audience: Audience, event_id: bytes) -> AlertState:
        alert, _ = self.ids(audience.name, event_id)
        return AlertState(bytes.fromhex(alert), audience.name, is_for_officer=audience.is_officer)

    def _alerts(self, event_id: bytes) -> Mapping[str, str]:
        """Return the id of each audience's alert."""
        return {a.name: self.ids(a.name, event_id)[0] for a in self.audiences}

    def _has_ended(self, state: AlertState, now: datetime) -> bool:
        """Return True if the case of a personal alert has ended, or has no key: its content goes at once."""
        if state.case is None:
            return False
        return not (self.visibility.is_open(state.case, now) and self.has_key(state.case))

    def _of_protocol(self, state: AlertState) -> AlertState:
        """Return the state of an alert. An audience that has left the protocol has nothing that is due."""
        known = any(audience.name == state.audience for audience in self.audiences)
        return state if known else replace(state, kind="withdrawn", case=None)

    def _deadline(self, told: Told) -> Callable[[int, int], int]:
        return lambda rank, raised_ms: self.deadlines.due_ms(rank, told.schools, raised_ms)

    def _is_current(self, row: EventRow) -> bool:
        """Return True if an alert of the event can be raised: it was supplied within the days of an alert.

        The broker's times decide, and not this process's clock, which may jump.
        """
        supplied = [fact.supplied_ms for fact in row.facts if fact.kind == "event"]
        return bool(supplied) and day_in_london(max(supplied)) - row.day <= self.alert_days
