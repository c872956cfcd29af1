"""The alerts agent: takes the facts of incidents, and raises, updates and withdraws alerts.

Each batch is taken into the state first. Then each event that it concerns is decided once, from all that is
known. So an alert always equals what the facts give, whatever is processed again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from secrets import token_bytes
from typing import Any, NamedTuple

from detection.domestic.engine import Changes, forget_person, take, take_place
from detection.domestic.forgetting import without_person
from detection.domestic.later import concerning
from detection.domestic.settings import Settings
from detection.domestic.times import ALL_DAYS, when
from isp.agreement.topics import DAY_MS
from isp.audit.chain import Heads
from schemas.wire import WireError
from streams.alerts import rows
from streams.alerts.acknowledging import acknowledged
from streams.alerts.alert_messages import AlertMessages
from streams.alerts.audit_entries import batch_entry, order_entry, staff_entry
from streams.alerts.conflicts import Forgotten, PlaceKinds, StaffLists
from streams.alerts.coverage import Coverage
from streams.alerts.deciding import Deciding
from streams.alerts.documents import day_in_london
from streams.alerts.events import AlertState, EventRow
from streams.alerts.incidents import A_DIGEST, Incident, NotAnIncident, incident_of
from streams.alerts.inputs import (
    ACKNOWLEDGEMENTS,
    CASES,
    INCIDENTS,
    ORDERS,
    STAFF,
    Inputs,
    refuse,
)
from streams.alerts.memory import StateMemory
from streams.alerts.raising import HOUR_MS, AlertChange
from streams.alerts.renewing import Renewing
from streams.alerts.requesting import Requesting
from streams.alerts.visibility import Visibility
from streams.audit import AuditWriter
from streams.messages import BatchResult, Handling, Intake
from streams.runtime.processor import Processor, TopicPartition
from streams.state.dated import DatedStore
from streams.steps.route import Destination
from transport.messages import MARKING_HEADER, WRITER_HEADER, Headers, Output

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Events that are decided in one transaction; the others follow in the next ones."""

_PEOPLE_AT_ONCE = 200
"""People on changed staff lists whose events are looked up in one transaction."""

_MINUTE_MS = 60_000
_SWEEP_MS = 60_000
_WAIT_DAYS = 28
"""A part waits so long for its event, and encrypted subjects for theirs."""

_MOST_ABOUT = 1_000
"""Events about one subject of a case that are decided again when the case changes, the newest first."""

_LAST_HOUR = 2**31
_WRITER_BYTES = 8
_MILLISECONDS = 1_000


class Figure(NamedTuple):
    """A figure for the metrics: an alert that was raised, or one that was acknowledged.

    Seconds are None if they are not known.
    """

    what: str
    level: str
    kind: str
    from_occurrence: float | None = None
    from_supply: float | None = None
    to_acknowledgement: float | None = None


@dataclass(frozen=True, slots=True)
class AlertResult(BatchResult):
    """The result of a batch, with figures for the metrics."""

    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that an alerter is made of."""

    inputs: Inputs
    settings: Settings
    deciding: Deciding
    coverage: Coverage
    visibility: Visibility
    staff: StaffLists
    places: PlaceKinds
    forgotten: Forgotten
    requesting: Requesting
    renewing: Renewing
    messages: AlertMessages
    has_key: Callable[[str], bool]
    order_subject: Callable[[bytes], str]
    is_over: Callable[[datetime], bool]
    incident_topic: str
    prepared: Destination
    state: Destination
    principal: str
    principal_of: Callable[[str], str]


class Alerter(Processor):
    """Raises the domestic alerts of one partnership. One process is active; the others follow its state.

    Cases, staff lists and orders about homes are learned from lasting topics (`learn`), and the same messages
    in a batch say which events are to be decided again.
    """

    def __init__(
        self,
        parts: Parts,
        store: DatedStore,
        audit_writer: AuditWriter,
        clock: Callable[[], float],
    ) -> None:
        """Take its parts. `clock` returns seconds since 1970."""
        self._parts = parts
        self._inputs = parts.inputs
        self.store = store
        self.writer = token_bytes(_WRITER_BYTES)
        self._audit_writer = audit_writer
        self._clock = clock
        self._memory = StateMemory(store, parts.places)
        self._is_active = False
        self._swept_ms = 0
        self._passed: set[bytes] = set()
        self.unacknowledged = 0
        self.waiting = 0
        self._now_ms = 0
        self._forget()

    def _begin(self) -> datetime:
        """Start from the committed state; return the time of the batch."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        self._now_ms = int(now.timestamp() * _MILLISECONDS)
        self.store.begin(self._now_ms // DAY_MS)
        self._memory.begin()
        self._audit_writer.rollback()
        self._parts.requesting.forget_messages()
        self._forget()
        return now

    def _forget(self) -> None:
        """Forget the batch before."""
        self._first: dict[bytes, None] = {}
        self._later: dict[bytes, None] = {}
        self._at_full_hour: frozenset[bytes] = frozenset()
        self._cases: dict[str, None] = {}
        self._every_case = False
        self._orders: list[dict[str, Any]] = []
        self._staff: Counter[tuple[str, bool]] = Counter()
        self._counts: Counter[str] = Counter()
        self._figures: list[Figure] = []

    # The processor

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "alerter"

    @property
    def topics(self) -> Collection[str]:
        """Return the topics of incidents, cases, orders, acknowledgements and staff."""
        return tuple(self._inputs.topics)

    @property
    def lasting(self) -> tuple[str, ...]:
        """Return the topics to be read to their ends at the start, and followed, into `learn`."""
        return tuple(t for what in (CASES, ORDERS, STAFF) for t in self._inputs.of(what))

    @property
    def heads(self) -> Heads:
        """Return the heads of the audit's chains that this process knows."""
        return self._audit_writer.heads

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

    def restore(self, assignment: Collection[TopicPartition]) -> Iterable[BatchResult]:
        """Become active if the incidents are assigned to this process; otherwise only follow."""
        self._is_active = any(topic == self._parts.incident_topic for topic, _ in assignment)
        self._swept_ms = 0
        # Until the next count: a standby has nothing that waits.
        self.unacknowledged = self.waiting = 0
        self._begin()
        return ()

    def committed(self, result: BatchResult) -> None:
        """Keep the state and the audit chain of the last batch."""
        self.store.commit(result.changes)
        self._audit_writer.commit()

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Return the alerts and requests that a batch changes; raise only `DependencyUnavailable`.

        Of a message whose outputs are too large nothing is told.
        """
        now = self._begin()
        for intake in batch:
            if handling is Handling.PROCESS:
                self._take(intake)
            else:
                refuse(intake, "its outputs are too large", self._counts)
        self._note_cases(now)
        return self._result(now)

    def due(self) -> Iterator[BatchResult]:
        """Decide again what time has changed: deadlines, cases that have ended, events that wait."""
        if not self._is_active:
            return
        for find in self._found_in_time:
            yield from self._repeat(find)

    def _repeat(self, find: Callable[[datetime], Collection[bytes]]) -> Iterator[BatchResult]:
        """Decide the events that are found, a page in each transaction, until nothing is found or changes.

        An event that is found again after its decision is passed over, so that it keeps no other one waiting.
        """
        self._passed.clear()
        while True:
            now = self._begin()
            found = find(now)
            self._first = dict.fromkeys(found)
            result = self._result(now)
            if result.outputs:
                yield result
            elif not found:
                return
            self._passed.update(found)

    def _page(self, found: Iterable[bytes]) -> Collection[bytes]:
        """Return the next events of those that are found."""
        new = (event_id for event_id in found if event_id not in self._passed)
        # One event can be found by each of its alerts.
        return tuple(dict.fromkeys(islice(new, AT_ONCE)))

    # Messages

    def _take(self, intake: Intake) -> None:
        what, party = self._inputs.topics[intake.topic]
        if what == STAFF:
            self._take_staff(intake, party)
            return
        if what == CASES and intake.value is None and intake.unreadable is None:
            self._take_case(intake, None)
            return
        message = self._inputs.read(intake, self._counts)
        if message is None:
            return
        try:
            if what == INCIDENTS:
                self._take_incident(incident_of(message))
            elif what == CASES:
                self._take_case(intake, message)
            elif what == ORDERS:
                self._take_order(message)
            elif what == ACKNOWLEDGEMENTS:
                self._take_acknowledgement(party, message)
        except NotAnIncident as error:
            refuse(intake, str(error), self._counts)

    def _take_incident(self, incident: Incident) -> None:
        self._counts["incidents"] += 1
        parts, memory = self._parts, self._memory
        parts.coverage.note(incident)
        fact, forgotten = incident.fact, self._forgotten_in(incident)
        for person in forgotten:
            fact = without_person(fact, person) if fact is not None else None
        is_event = fact is not None and fact.kind != "referral" and not forgotten
        subjects = incident.subjects if is_event else None
        day = day_in_london(incident.supplied_ms)
        parts.requesting.keep_subjects(incident.record, subjects, day)
        today = day_in_london(self._now_ms)
        changes = take(fact, incident.record, memory, parts.settings, today)
        self._touch(changes, memory.events_with_record(incident.record))

    def _forgotten_in(self, incident: Incident) -> list[bytes]:
        """Return the people of a record whom a later order says to forget: the incidents may lag behind."""
        people = incident.fact.people if incident.fact is not None else ()
        return self._parts.forgotten.names((p.person for p in people), incident.supplied_ms)

    def _take_case(self, intake: Intake, message: Mapping[str, Any] | None) -> None:
        """Take a case or a consent. A consent can change any case."""
        name = (intake.key or b"").decode(errors="replace")
        self._parts.visibility.learn(name, message)
        if message is not None and message["kind"] == "consent":
            self._every_case = True
        else:
            self._cases[name] = None

    def _note_cases(self, now: datetime) -> None:
        """Decide again the events that changed cases were or are about, once for the whole batch."""
        if self._every_case:
            self._cases |= dict.fromkeys(case.hex() for case in self._memory.cases_told())
            every = self._parts.visibility.cases.open(now)
            self._cases |= dict.fromkeys(active.case for active in every)
        for name in self._cases:
            if _is_id(name):
                self._later |= dict.fromkeys(self._memory.told_under(bytes.fromhex(name)))
                self._later |= dict.fromkeys(self._parts.requesting.events_of(name))
            self._later |= dict.fromkeys(self._events_about(name, now))

    def _events_about(self, case: str, now: datetime) -> Iterator[bytes]:
        """Yield the events of the last days that are about a subject of an open case."""
        memory, first = self._memory, self._first_day()
        people, households = self._parts.visibility.digests_of(case, now)
        for person in sorted(people):
            yield from memory.events_of(person, first, ALL_DAYS[1], _MOST_ABOUT)
        for household in sorted(households):
            for same in memory.same_household(household):
                yield from memory.events_at(same, first, ALL_DAYS[1], _MOST_ABOUT)

    def _take_staff(self, intake: Intake, party: str) -> None:
        """Take an entry of a staff list. Alerts of the last days are decided again when the hour is full.

        At once, the time of a change would tell who is a party to which incident.
        """
        digest = self._parts.staff.digest(intake.key)
        if digest is None or intake.unreadable is not None:
            refuse(intake, intake.unreadable or "no digest of a person", self._counts)
            return
        if intake.value is not None:
            entry = self._inputs.read(intake, self._counts)
            # A removal is learned alone: here it might be older than what was learned.
            self._parts.staff.learn_early(intake.topic, intake.key or b"", _at_ms(entry))
        self._counts["staff"] += 1
        self._staff[party, intake.value is not None] += 1
        if not self._memory.is_known(digest):
            # Events that come later are decided with the list. So a long list costs no transaction.
            return
        hour = self._now_ms // HOUR_MS + 1
        key = rows.LATER + hour.to_bytes(rows.DAY_BYTES) + digest
        self.store.put(key, b"\1")

    def _take_order(self, message: Mapping[str, Any]) -> None:
        kind, digest = message["kind"], message["digest"]
        if len(digest) != rows.DIGEST_BYTES:
            raise NotAnIncident("digest", A_DIGEST)
        memory, settings = self._memory, self._parts.settings
        today = day_in_london(self._now_ms)
        self._counts["orders"] += 1
        self._orders.append(
            order_entry(self._parts.principal, kind, self._parts.order_subject(digest))
        )
        self._learn_order(message)
        if kind == "erase_person":
            self._forget_subjects(digest)
            self._touch(forget_person(digest, memory, settings, today), ())
            return
        for same in memory.same_household(digest):
            found = memory.events_at(same, self._first_day(), ALL_DAYS[1])
            self._later |= dict.fromkeys(found)
        self._touch(take_place(digest, memory, settings, today), ())

    def _learn_order(self, message: Mapping[str, Any]) -> None:
        if message["kind"] == "erase_person":
            self._parts.forgotten.learn(message["digest"], _at_ms(message))
        else:
            self._parts.places.learn(message["digest"], message["kind"], _at_ms(message))

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
                self.store.delete(key)

    def _take_acknowledgement(self, party: str, message: Mapping[str, Any]) -> None:
        """Take an acknowledgement; one that does not fit its writer's alert is counted and ignored."""
        try:
            alert = bytes.fromhex(message["alert"])
        except ValueError:
            alert = b""
        event_id = self._memory.with_alert(alert) if len(alert) == rows.ALERT_BYTES else None
        row = self._memory.row(event_id) if event_id is not None else None
        known = next((a for a in row.alerts if a.alert == alert), None) if row else None
        at_ms = _at_ms(message)
        state = acknowledged(known, party, message["version"], at_ms, self._now_ms)
        if state is None or row is None:
            self._counts["ignored"] += 1
            return
        self._counts["acknowledged"] += 1
        seconds = (at_ms - state.raised_ms) / _MILLISECONDS
        figure = Figure(
            "acknowledged", state.level, state.kind, to_acknowledgement=max(0.0, seconds)
        )
        self._figures.append(figure)
        self._memory.keep_row(_with_state(row, state))
        self._first[row.id] = None

    def _touch(self, changes: Changes, first: Iterable[bytes]) -> None:
        """Note the events that are to be decided: those that changed first."""
        self._first |= dict.fromkeys((*changes.gone, *first))
        self._later |= dict.fromkeys(changes.touched)
        self._counts["left_out"] += changes.left_out
        self._counts["crowded"] += changes.is_crowded
        self._counts["too_common"] += changes.is_too_common

    # What is due

    @property
    def _found_in_time(self) -> Sequence[Callable[[datetime], Collection[bytes]]]:
        return (
            self._renewed, self._unfounded, self._due, self._declared, self._stale, self._over,
            self._past,
        )  # fmt: skip

    def _renewed(self, _now: datetime) -> Collection[bytes]:
        """Return events with an alert that was decided under an earlier protocol."""
        return self._parts.renewing.next(AT_ONCE)

    def _unfounded(self, now: datetime) -> Collection[bytes]:
        """Return events with a personal alert under a case that is not open any more, or has no key."""
        if 0 <= self._now_ms - self._swept_ms < _SWEEP_MS:
            return ()
        found = self._page(
            event_id
            for case in self._memory.cases_told()
            if not self._is_founded(case.hex(), now)
            for event_id in self._memory.told_under(case)
        )
        if found:
            return found
        # An abort ends in `restore`, which begins anew.
        self._swept_ms = self._now_ms
        self.unacknowledged = self._memory.unacknowledged()
        self.waiting = sum(1 for _ in self.store.keys(rows.UNDECIDED, rows.after(rows.UNDECIDED)))
        return ()

    def _is_founded(self, case: str, now: datetime) -> bool:
        return self._parts.visibility.is_open(case, now) and self._parts.has_key(case)

    def _due(self, _now: datetime) -> Collection[bytes]:
        return self._page(self._memory.due(self._now_ms // _MINUTE_MS))

    def _stale(self, _now: datetime) -> Collection[bytes]:
        """Return events that wait to be decided again."""
        return self._page(self._memory.stale())

    def _declared(self, _now: datetime) -> Collection[bytes]:
        """Return the events that concern people on staff lists that changed in an earlier hour."""
        found = dict[bytes, None]()
        for key, person in self._memory.waiting_at(self._now_ms // HOUR_MS, _PEOPLE_AT_ONCE):
            if len(found) >= AT_ONCE:
                break
            self.store.delete(key)
            found |= dict.fromkeys(
                concerning(person, self._memory, self._parts.settings, self._first_day())
            )
        self._at_full_hour = frozenset(found)
        return tuple(found)

    def _over(self, now: datetime) -> Collection[bytes]:
        """Return events with an alert once the days of grace are over."""
        return self._page(self._memory.live()) if self._parts.is_over(now) else ()

    def _past(self, _now: datetime) -> Collection[bytes]:
        """Delete encrypted subjects and parts that have waited too long; return no events."""
        day = day_in_london(self._now_ms) - _WAIT_DAYS
        for key in self._memory.kept_before(day, AT_ONCE):
            self.store.delete(key)
        return ()

    def _first_day(self) -> int:
        """Return the first day of events whose alerts can change."""
        return max(0, day_in_london(self._now_ms) - self._parts.settings.alert_days)

    # The result

    def _result(self, now: datetime) -> AlertResult:
        alert_changes = self._decide_all(now)
        told = [change for change in alert_changes if not change.is_silent]
        outputs = self._audited(told)
        head = self._audit_writer.head(self._now_ms)
        # Sorted by their ids: the order of arrival would join them to originals.
        alerts = [self._parts.messages.output(change, head, self._now_ms) for change in told]
        outputs += sorted(alerts, key=lambda output: (output.topic, output.key or b""))
        outputs += self._requests()
        changes = self.store.changes()
        outputs += [self._change(key, value) for key, value in changes.items()]
        return AlertResult(
            outputs, changes=changes, counts=dict(self._counts), figures=tuple(self._figures)
        )

    def _decide_all(self, now: datetime) -> list[AlertChange]:
        """Decide the events of the batch, those that changed first; mark the others to be decided later."""
        touched = [*self._first, *(e for e in self._later if e not in self._first)]
        most = max(AT_ONCE, len(self._first))
        alert_changes = [
            change for event_id in touched[:most] for change in self._decide(event_id, now)
        ]
        for event_id in touched[most:]:
            self._memory.mark_stale(event_id)
        return alert_changes

    def _decide(self, event_id: bytes, now: datetime) -> list[AlertChange]:
        """Decide one event, and return the changes of its alerts."""
        row = self._memory.row(event_id)
        if row is None:
            return []
        # A changed staff list has waited for the full hour already.
        has_waited = event_id in self._at_full_hour
        alert_changes = self._parts.deciding.decide(
            row, self._memory, now, self._now_ms, has_waited=has_waited
        )
        for change in alert_changes:
            self._observe(change, row)
        return alert_changes

    def _observe(self, change: AlertChange, row: EventRow) -> None:
        state = change.state
        if change.is_silent:
            return
        if change.content is None:
            self._counts["withdrawn"] += 1
            return
        self._counts["alerts"] += 1
        self._counts["late"] += change.is_first and change.content.late
        if not change.is_first:
            self._figures.append(Figure("updated", state.level, state.kind))
            return
        facts = [fact for fact in row.facts if fact.kind == "event"]
        minute, supplied_ms = when(facts).minute, min(fact.supplied_ms for fact in facts)
        occurred = None if minute is None else (self._now_ms - minute * _MINUTE_MS) / _MILLISECONDS
        supplied = (self._now_ms - supplied_ms) / _MILLISECONDS
        self._figures.append(Figure("raised", state.level, state.kind, occurred, supplied))

    def _audited(self, told: Sequence[AlertChange]) -> list[Output]:
        """Return the audit entries of what is told and asked for, of orders and of changed staff lists."""
        entries, made = list(self._orders), self._parts.requesting.made
        for (party, is_staff), number in sorted(self._staff.items()):
            entries.append(staff_entry(self._parts.principal_of(party), number, is_staff=is_staff))
        if told or made:
            cases = {s.content.case for s in told if s.content is not None and s.content.case}
            found = {case: self._parts.visibility.cases.case(case) for case in cases}
            suppliers = {case: each.supplier for case, each in found.items() if each is not None}
            prepared = [request.entry for request in made]
            topic = self._parts.prepared.topic
            entries.append(batch_entry(self._parts.principal, told, suppliers, prepared, topic))
        outputs = list[Output]()
        for entry in entries:
            outputs += self._audit_writer.write(entry, self._now_ms)
        return outputs

    def _requests(self) -> Iterator[Output]:
        to = self._parts.prepared
        headers: Headers = [(MARKING_HEADER, to.marking.encode())]
        for request in self._parts.requesting.made:
            case, is_made = request.entry.case, request.entry.is_made
            self._counts["requests" if is_made else "taken_back"] += 1
            kind = "request" if is_made else "take_back"
            value = to.encode({"case": case, "kind": kind, "document": request.document})
            yield Output(to.topic, case.encode(), value, headers)
        for case in self._parts.requesting.answered:
            # The request has names and addresses, and nobody needs it any more.
            yield Output(to.topic, case.encode(), None, headers)

    def _change(self, key: bytes, value: bytes | None) -> Output:
        topic, encode, marking = self._parts.state
        headers: Headers = [(MARKING_HEADER, marking.encode()), (WRITER_HEADER, self.writer)]
        written = None if value is None else encode({"value": value})
        return Output(topic, key, written, headers, self._now_ms - self._now_ms % HOUR_MS)


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
