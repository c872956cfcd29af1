"""The messages of a batch, taken into the state; and the events that they concern."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from detection.domestic.engine import forget_person, take, take_place
from detection.domestic.forgetting import without_person
from detection.domestic.times import ALL_DAYS
from schemas.wire import WireError
from streams.alerts import rows
from streams.alerts.acknowledging import acknowledged
from streams.alerts.audit_entries import order_entry
from streams.alerts.documents import day_in_london
from streams.alerts.events import AlertState, EventRow
from streams.alerts.incidents import A_DIGEST, Incident, NotAnIncident, incident_of
from streams.alerts.inputs import (
    ACKNOWLEDGEMENTS,
    CASES,
    INCIDENTS,
    ORDERS,
    STAFF,
    refuse,
)
from streams.alerts.memory import StateMemory
from streams.alerts.parts import Parts
from streams.alerts.raising import HOUR_MS
from streams.alerts.results import Batch, Figure
from streams.messages import Intake
from streams.state.dated import DatedStore

log = logging.getLogger(__name__)

_MOST_ABOUT = 1_000
"""Events about one subject of a case that are decided again when the case changes, the newest first."""

_LAST_HOUR = 2**31
_MILLISECONDS = 1_000


class Taking:
    """Takes incidents, cases, orders, acknowledgements and staff lists into the state."""

    def __init__(self, parts: Parts, store: DatedStore, memory: StateMemory) -> None:
        self._parts = parts
        self._inputs = parts.inputs
        self._store = store
        self._memory = memory

    def learn(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Take the newest message of a lasting topic. Events are decided again when it is in a batch."""
        what = self._inputs.topics[topic].what
        try:
            message = None if value is None else self._inputs.decode(topic, value)
        except WireError as error:
            log.warning("a message of %s is not learned: %s", topic, error.reason)
            message = None
        if what == CASES:
            # A case that cannot be read is not open.
            self._parts.visibility.learn(key.decode(errors="replace"), message)
        elif what == STAFF:
            # An entry that cannot be read protects its person, too.
            self._parts.staff.learn(topic, key, None if value is None else _at_ms(message))
        elif message is not None:
            self._learn_order(message)

    def _learn_order(self, message: Mapping[str, Any]) -> None:
        if message["kind"] == "erase_person":
            self._parts.forgotten.learn(message["digest"], _at_ms(message))
        else:
            self._parts.places.learn(message["digest"], message["kind"], _at_ms(message))

    def take(self, intake: Intake, batch: Batch) -> None:
        """Take a message; raise only `DependencyUnavailable`."""
        what, party = self._inputs.topics[intake.topic]
        if what == STAFF:
            self._take_staff(intake, party, batch)
            return
        if what == CASES and intake.value is None and intake.unreadable is None:
            self._take_case(intake, None, batch)
            return
        message = self._inputs.read(intake, batch.counts)
        if message is None:
            return
        try:
            if what == INCIDENTS:
                self._take_incident(incident_of(message), batch)
            elif what == CASES:
                self._take_case(intake, message, batch)
            elif what == ORDERS:
                self._take_order(message, batch)
            elif what == ACKNOWLEDGEMENTS:
                self._take_acknowledgement(party, message, batch)
        except NotAnIncident as error:
            refuse(intake, str(error), batch.counts)

    def _take_incident(self, incident: Incident, batch: Batch) -> None:
        batch.counts["incidents"] += 1
        parts, memory = self._parts, self._memory
        parts.coverage.note(incident)
        fact, forgotten = incident.fact, self._forgotten_in(incident)
        for person in forgotten:
            fact = without_person(fact, person) if fact is not None else None
        is_event = fact is not None and fact.kind != "referral" and not forgotten
        subjects = incident.subjects if is_event else None
        day = day_in_london(incident.supplied_ms)
        parts.requesting.keep_subjects(incident.record, subjects, day)
        today = day_in_london(batch.now_ms)
        changes = take(fact, incident.record, memory, parts.settings, today)
        batch.touch(changes, memory.events_with_record(incident.record))

    def _forgotten_in(self, incident: Incident) -> list[bytes]:
        """Return the people of a record whom a later order says to forget: the incidents may lag behind."""
        people = incident.fact.people if incident.fact is not None else ()
        return self._parts.forgotten.names((p.person for p in people), incident.supplied_ms)

    def _take_case(self, intake: Intake, message: Mapping[str, Any] | None, batch: Batch) -> None:
        """Take a case or a consent. A consent can change any case."""
        name = (intake.key or b"").decode(errors="replace")
        self._parts.visibility.learn(name, message)
        if message is not None and message["kind"] == "consent":
            batch.every_case = True
        else:
            batch.cases[name] = None

    def note_cases(self, batch: Batch) -> None:
        """Decide again the events that changed cases were or are about, once for the whole batch."""
        if batch.every_case:
            batch.cases |= dict.fromkeys(case.hex() for case in self._memory.cases_told())
            every = self._parts.visibility.cases.open(batch.now)
            batch.cases |= dict.fromkeys(active.case for active in every)
        for name in batch.cases:
            if _is_id(name):
                batch.later |= dict.fromkeys(self._memory.told_under(bytes.fromhex(name)))
                batch.later |= dict.fromkeys(self._parts.requesting.events_of(name))
            batch.later |= dict.fromkeys(self._events_about(name, batch))

    def _events_about(self, case: str, batch: Batch) -> Iterator[bytes]:
        """Yield the events of the last days that are about a subject of an open case."""
        memory, first = self._memory, self._parts.first_day(batch.now_ms)
        people, households = self._parts.visibility.digests_of(case, batch.now)
        for person in sorted(people):
            yield from memory.events_of(person, first, ALL_DAYS[1], _MOST_ABOUT)
        for household in sorted(households):
            for same in memory.same_household(household):
                yield from memory.events_at(same, first, ALL_DAYS[1], _MOST_ABOUT)

    def _take_staff(self, intake: Intake, party: str, batch: Batch) -> None:
        """Take an entry of a staff list. Alerts of the last days are decided again when the hour is full.

        At once, the time of a change would tell who is a party to which incident.
        """
        digest = self._parts.staff.digest(intake.key)
        if digest is None or intake.unreadable is not None:
            refuse(intake, intake.unreadable or "no digest of a person", batch.counts)
            return
        if intake.value is not None:
            entry = self._inputs.read(intake, batch.counts)
            # A removal is learned alone: here it might be older than what was learned.
            self._parts.staff.learn_early(intake.topic, intake.key or b"", _at_ms(entry))
        batch.counts["staff"] += 1
        batch.staff[party, intake.value is not None] += 1
        if not self._memory.is_known(digest):
            # Events that come later are decided with the list. So a long list costs no transaction.
            return
        hour = batch.now_ms // HOUR_MS + 1
        key = rows.LATER + hour.to_bytes(rows.DAY_BYTES) + digest
        self._store.put(key, b"\1")

    def _take_order(self, message: Mapping[str, Any], batch: Batch) -> None:
        kind, digest = message["kind"], message["digest"]
        if len(digest) != rows.DIGEST_BYTES:
            raise NotAnIncident("digest", A_DIGEST)
        memory, settings = self._memory, self._parts.settings
        today = day_in_london(batch.now_ms)
        batch.counts["orders"] += 1
        batch.orders.append(
            order_entry(self._parts.principal, kind, self._parts.order_subject(digest))
        )
        self._learn_order(message)
        if kind == "erase_person":
            self._forget_subjects(digest)
            batch.touch(forget_person(digest, memory, settings, today))
            return
        for same in memory.same_household(digest):
            found = memory.events_at(same, self._parts.first_day(batch.now_ms), ALL_DAYS[1])
            batch.later |= dict.fromkeys(found)
        batch.touch(take_place(digest, memory, settings, today))

    def _forget_subjects(self, person: bytes) -> None:
        """Delete the encrypted subjects of all records about a person."""
        memory, (first, last) = self._memory, ALL_DAYS
        events = (memory.event(e) for e in memory.events_of(person, first, last))
        facts = [fact for event in events if event is not None for fact in event.facts]
        facts += [*memory.parts_with(person), *memory.referrals_of(person, first, last)]
        for fact in facts:
            self._parts.requesting.keep_subjects(fact.record, None, 0)
        for key, waiting in memory.waiting_at(_LAST_HOUR):
            if waiting == person:
                self._store.delete(key)

    def _take_acknowledgement(self, party: str, message: Mapping[str, Any], batch: Batch) -> None:
        """Take an acknowledgement; one that does not fit its writer's alert is counted and ignored."""
        try:
            alert = bytes.fromhex(message["alert"])
        except ValueError:
            alert = b""
        event_id = self._memory.with_alert(alert) if len(alert) == rows.ALERT_BYTES else None
        row = self._memory.row(event_id) if event_id is not None else None
        known = next((a for a in row.alerts if a.alert == alert), None) if row else None
        at_ms = _at_ms(message)
        state = acknowledged(known, party, message["version"], at_ms, batch.now_ms)
        if state is None or row is None:
            batch.counts["ignored"] += 1
            return
        batch.counts["acknowledged"] += 1
        seconds = (at_ms - state.raised_ms) / _MILLISECONDS
        figure = Figure(
            "acknowledged", state.level, state.kind, to_acknowledgement=max(0.0, seconds)
        )
        batch.figures.append(figure)
        self._memory.keep_row(_with_state(row, state))
        batch.first[row.id] = None


def _with_state(row: EventRow, state: AlertState) -> EventRow:
    alerts = tuple(state if a.alert == state.alert else a for a in row.alerts)
    return replace(row, alerts=alerts)


def _at_ms(message: Mapping[str, Any] | None) -> int:
    """Return the time of a message in milliseconds since 1970 UTC; 0 if it cannot be read."""
    return 0 if message is None else int(message["at"].timestamp() * _MILLISECONDS)


def _is_id(name: str) -> bool:
    try:
        return len(bytes.fromhex(name)) == rows.CASE_BYTES
    except ValueError:
        return False
