"""The discloser: takes officers' letters, opens and closes cases, and releases to those that are open.

One process and one thread, and one Kafka transaction a step: how a case stands, what was released to it,
the audit of both and the positions read become visible together or not at all. Whatever fails ends the
process; whoever supervises it starts it again, and it goes on from what is committed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from confluent_kafka import Message
from confluent_kafka.admin import AdminClient

from isp.agreement.protocol import KEY_BYTES, Protocol
from isp.agreement.topics import (
    MAXIMUM_RECORD_BYTES,
    OWN_BATCH,
    Names,
    disclosed_form,
    disclosed_topic,
    marking_of,
)
from isp.audit.chain import Heads
from isp.audit.chains import cases_chain
from isp.broker.case_resources import WHAT, Openings
from isp.broker.standing import read_standing
from isp.cases.case import Case, Flow, State
from isp.cases.letters import Subject
from isp.cases.register import Refused, Register, Taken, closed, opened
from isp.cases.sealing import to_recipient
from isp.cases.standing import unreadable_case, unreadable_consents
from isp.cases.steps import StepKind
from isp.cases.turns import Allowance
from isp.keys.case_keys import CaseKeys
from sanitiser.references import ReferenceKey
from schemas.actors import DISCLOSER
from schemas.catalogue import Catalogue
from schemas.derive import intake_schema
from schemas.exact_base64 import decoded, encoded
from schemas.london import london_time
from schemas.wire import WireError, decoder
from streams.disclosure.ledger import Ledger, Supply
from streams.disclosure.reading import Ahead, Backlog, Place, Positions
from streams.disclosure.releases import Desk, Passage, Reading, passages, withdrawals
from streams.messages import Intake
from streams.runtime.heads import HeadsFollower
from streams.runtime.intake import intake_of
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder
from streams.steps.validate import Validator
from streams.wire import Wire
from transport.client_names import case_groups, discloser_group, discloser_transaction
from transport.messages import Output
from transport.reader import UNKNOWN_TOPIC, ReadError, committed_reader, read_all
from transport.transaction import Transactor

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_TIDY_SECONDS = 60.0
_GRACE_DAYS = 2
_RENEW_SECONDS = 3_600.0
"""How often positions are committed anew. The broker forgets those that were not for a week."""


MakesPassages = Callable[[Intake, Reading, Iterable[Desk]], Iterable[Passage]]
"""Gives what one original does to the cases that are to see it."""


@dataclass(frozen=True, slots=True)
class DiscloserSettings:
    """What the discloser is given: its own connection, the administrator's, and keys.

    Those of cases lie where `keys` says; under `lasting` the audit names records.
    """

    protocol: Protocol
    catalogue: Catalogue
    connection: Mapping[str, Any]
    admin: Mapping[str, Any]
    wire: Wire
    keys: CaseKeys
    lasting: ReferenceKey
    clock: Callable[[], float] = time.time


class Discloser:
    """Works for one partnership until it is told to stop."""

    def __init__(self, settings: DiscloserSettings) -> None:
        """Connect, and take up what is committed.

        Raises:
            Unmendable: another one runs and has taken its place, or the broker refuses.
            ReadError: what stands cannot be read.
        """
        self._settings = settings
        self._protocol, self._catalogue = settings.protocol, settings.catalogue
        self._names = Names(settings.protocol.prefix)
        producer = _producer(settings.connection, self._names.discloser)
        self._transactor = Transactor(producer, self._names.audit)
        self._register = Register(self._protocol, self._catalogue)
        self._openings = Openings(AdminClient({**settings.admin}), self._names, settings.keys)
        self._latest = 0.0
        self._tidy_at = 0.0
        self._renew_at = time.monotonic() + _RENEW_SECONDS
        self._stopping = False
        self._was_overdue = False
        self._ahead: Ahead | None = None
        self._restore()
        self._heads = Heads()
        self._heads_follower = self._follow_heads()
        self._ledger = Ledger(
            self._protocol, self._catalogue, settings.wire.encoder, self._heads,
            cases_chain(self._names),
        )  # fmt: skip
        self._encode = settings.wire.encoder(disclosed_form(self._protocol, self._catalogue))
        self._letters = {
            self._names.letters(party.id): party.id for party in self._protocol.correspondents
        }
        self._read_letter = decoder(self._catalogue.system["letter"])
        self._readings = {
            self._names.intake(s.agency, s.dataset): self._reading(s.agency, s.dataset)
            for s in self._protocol.supplies
        }
        self._desks: dict[str, Desk] = {}
        self._backlogs: dict[str, Backlog] = {}
        self._positions = Positions(
            settings.connection, discloser_group(self._names.discloser), self._letters
        )
        a_minute, began = self._protocol.cases.letters_a_minute, time.monotonic()
        self._allowances = {t: Allowance(a_minute, began) for t in self._letters}
        # The broker's number: a topic can have more partitions than the protocol says.
        self._partitions = {topic: self._positions.partitions(topic) for topic in self._readings}
        self._take_up()

    def run(self) -> None:
        """Take step after step until `stop`."""
        log.info("taking letters of %d parties", len(self._letters))
        try:
            while not self._stopping:
                self.step()
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Leave the broker; what is not committed did not happen."""
        self._positions.consumer.close()
        self._heads_follower.close()
        for backlog in self._backlogs.values():
            backlog.close()
        if self._ahead is not None:
            self._ahead.close()

    def stop(self) -> None:
        """End after the step at hand."""
        self._stopping = True

    def step(self) -> None:
        """What time has brought, what the cases need, what is new, and a part of what is old."""
        self._close_what_is_due()
        if self._is_overdue and not self._was_overdue:
            self._pause()
        self._bring_into_step()
        self._renew()
        self._heads_follower.follow()
        records = self._positions.poll(_POLL_SECONDS)
        letters = self._next_letters()
        if records or letters:
            self._read(letters, records)
        if self._ahead is not None:
            self._look_ahead(self._ahead)
            return
        for case in list(self._backlogs):
            self._draw(case)

    # What stands already

    def _restore(self) -> None:
        settings = self._settings
        standing = read_standing(settings.connection, settings.protocol, settings.catalogue)
        self._register.restore(standing)
        for case in standing.unreadable_cases:
            log.error("%s", unreadable_case(case))
        if standing.unreadable_consents:
            log.error("%s", unreadable_consents(len(standing.unreadable_consents)))

    def _follow_heads(self) -> HeadsFollower:
        reader = committed_reader(self._settings.connection)
        decode = decoder(self._catalogue.system["audit-head"])
        follower = HeadsFollower(reader, self._names.audit_heads, self._heads, decode)
        follower.restore()
        return follower

    def _take_up(self) -> None:
        """Follow the letters, and what the open cases wait for."""
        lost = [case for case in self._register.standing if not self._is_taken_up(case)]
        places = {(topic, 0) for topic in self._letters}
        places |= self._needed()
        self._positions.begin(sorted(places))
        now = self._now()
        unreadable = self._ledger.unreadable(self._register, now)
        if unreadable:
            self._commit(unreadable)
        for case in lost:
            closing = case.after(State.CLOSING, now, DISCLOSER, StepKind.LOST)
            self._commit(self._keep(Taken(case.case, closing, DISCLOSER, StepKind.LOST), now))
        for case in [case for case in self._register.standing if self._register.is_held(case)]:
            log.warning("case %s is held: a party of it was rekeyed", case.case)
            self._commit(self._hold(case, now))
        self._wait()

    def _hold(self, case: Case, now: datetime) -> list[Output]:
        """Have a case that was up to date draw anew, later, what comes while it is held."""
        if case.flow is None or not case.flow.caught_up:
            return []
        flow = case.flow.model_copy(update={"caught_up": False, "joined": {}})
        held = case.model_copy(update={"flow": flow})
        self._register.keep(case.case, held)
        return list(self._ledger.stands(case.case, held, now))

    def _is_taken_up(self, case: Case) -> bool:
        """Whether a case that is open still has its key and its topic."""
        try:
            if case.state is State.OPEN and not self._register.is_held(case):
                self._seat(case)
        except FileNotFoundError:
            log.warning("case %s has lost its key; it is closed", case.case)
            return False
        except ReadError as error:
            if error.reason != UNKNOWN_TOPIC:
                raise
            log.warning("case %s has lost its topic; it is closed", case.case)
            return False
        return True

    def _reading(self, agency: str, dataset: str) -> Reading:
        record_type = self._catalogue.record_type(dataset)
        return Reading(
            agency,
            record_type,
            Decoder(
                self._settings.wire.decoder_for(intake_schema(record_type)), MAXIMUM_RECORD_BYTES
            ),
            Validator(record_type, self._catalogue.code_lists),
            Cleaner(record_type),
        )

    # Steps

    def _next_letters(self) -> dict[str, list[Message]]:
        """Return the letters whose turn it is, by topic: of each party no more than it may have taken."""
        now = time.monotonic()
        found = {t: self._positions.take(t, a.letters(now)) for t, a in self._allowances.items()}
        return {topic: letters for topic, letters in found.items() if letters}

    def _read(self, letters: Mapping[str, list[Message]], messages: Iterable[Message]) -> None:
        """Letters first: what they withdraw goes no more to the records beside them."""
        now, outputs = self._now(), list[Output]()
        for topic, of_party in letters.items():
            outputs += self._turn(topic, of_party, now)
        records = [intake_of(m) for m in messages if m.topic() in self._readings]
        found = [(r, [d for d in self._desks.values() if d.follows(r)]) for r in records]
        self._commit([*outputs, *self._disclose(found, now)])

    def _turn(self, topic: str, letters: Iterable[Message], now: datetime) -> list[Output]:
        """Take letters of one party; of all that are refused one answer is made, and one entry."""
        party, outputs, refused, number = self._letters[topic], list[Output](), list[Refused](), 0
        for number, message in enumerate(letters, 1):  # noqa: B007 - their number is used below
            taken = self._taken(party, message.value() or b"", now)
            if isinstance(taken, Refused):
                refused.append(taken)
            else:
                outputs += self._keep(taken, now)
        if refused:
            log.warning("letters of %s: %d were not taken", party, len(refused))
            outputs += self._ledger.refused(party, refused, now)
        self._allowances[topic].took(number, len(refused), time.monotonic())
        return outputs

    def _taken(self, party: str, value: bytes, now: datetime) -> Taken | Refused:
        try:
            letter = self._read_letter(value)
        except WireError:
            return Refused(party, sha256(value).hexdigest(), "", ("it is no letter",))
        try:
            return self._register.take(party, letter, now)
        except Exception as error:  # noqa: BLE001 - one letter must never stop the others
            log.warning("a letter of %s cannot be handled (%s)", party, type(error).__name__)
            name = sha256(str(letter["document"]).encode()).hexdigest()
            return Refused(party, name, "", ("it cannot be handled; report this one",))

    def _keep(self, taken: Taken, now: datetime) -> list[Output]:
        self._register.keep(taken.key, taken.record)
        if isinstance(taken.record, Case):
            log.info("case %s: %s", taken.record.case, taken.record.state)
            desk = self._desks.get(taken.record.case)
            if desk is not None:
                desk.case = taken.record
                if taken.record.state is not State.OPEN:
                    self._unseat(taken.record.case)
        return list(self._ledger.taken(taken, now))

    def _disclose(
        self, records: Iterable[tuple[Intake, list[Desk]]], now: datetime
    ) -> list[Output]:
        """What goes out of each record to the cases that are to see it."""

        def lacking(case: Case) -> tuple[Subject, ...]:
            return self._register.lacking_consent(case, now)

        return self._passed(
            records, lambda record, reading, of: passages(record, reading, of, lacking, now), now
        )

    def _passed(
        self, records: Iterable[tuple[Intake, list[Desk]]], make: MakesPassages, now: datetime
    ) -> list[Output]:
        found: list[tuple[Supply, Passage]] = []
        for intake, seated in records:
            reading = self._readings[intake.topic]
            supply = (reading.agency, reading.record_type.dataset, intake.supply_id)
            found += [(supply, passage) for passage in make(intake, reading, seated)]
        return list(self._ledger.disclosed(found, now))

    def _look_ahead(self, ahead: Ahead) -> None:
        """Pass on what is taken back, and nothing else; go on from the kept positions where that may be."""
        now = self._now()
        records = [intake_of(message) for message in ahead.poll(_POLL_SECONDS)]
        desks = self._desks.values()
        found = [(r, [d for d in desks if self._is_to_get(d, r)]) for r in records]
        outputs = self._passed(
            found, lambda record, reading, of: withdrawals(record, reading, of, now), now
        )
        if outputs:
            self._commit(outputs)
        if ahead.has_met_the_end and not self._was_overdue:
            self._positions.go_on()
            self._ahead = None
            ahead.close()

    def _is_to_get(self, desk: Desk, intake: Intake) -> bool:
        """Return whether a record that is read ahead is one that the case has not met."""
        place = intake.topic, intake.partition
        backlog = self._backlogs.get(desk.case.case)
        if backlog is not None:
            return place in backlog.at and intake.offset >= backlog.at[place]
        kept = self._positions.kept
        return place in kept and intake.offset >= kept[place] and desk.follows(intake)

    def _draw(self, case: str) -> None:
        """A part of what the case is still to be given of what came before it."""
        backlog, desk, now = self._backlogs[case], self._desks[case], self._now()
        records = [intake_of(message) for message in backlog.poll(_POLL_SECONDS)]
        if records:
            outputs = self._disclose([(record, [desk]) for record in records], now)
            group = backlog.consumer.consumer_group_metadata()
            self._transactor.write(outputs, backlog.offsets, group)
        if backlog.has_met(self._positions):
            assert desk.case.flow is not None
            joined = {f"{topic}:{p}": at for (topic, p), at in backlog.at.items()}
            more = {"caught_up": True, "joined": joined}
            done = desk.case.flow.model_copy(update=more)
            desk.case = desk.case.model_copy(update={"flow": done})
            self._register.keep(case, desk.case)
            self._commit(list(self._ledger.stands(case, desk.case, now)))
            self._backlogs.pop(case).close()

    def _close_what_is_due(self) -> None:
        now = self._now()
        for due in self._register.due(now):
            self._commit(self._keep(due, now))

    def _bring_into_step(self) -> None:
        """Give cases what they need at the broker, and take from it what no case has (any more)."""
        for case in list(self._register.cases.values()):
            waits = self._ahead is not None or self._register.is_held(case)
            if case.state is State.APPROVED and not waits:
                self._open(case)
            elif case.state is State.CLOSING:
                self._close(case)
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + _TIDY_SECONDS
            register = self._register
            for stray in self._openings.tidy(register.cases.values(), register.unreadable_cases):
                log.error("%s belonged to no case; it was taken away", stray)
            for case in self._register.standing:
                if case.state is State.OPEN:
                    self._openings.grant(case)

    def _open(self, case: Case) -> None:
        assert case.grant is not None
        assert case.request is not None
        now = self._now()
        days = (case.grant.until - now.date()).days + _GRACE_DAYS
        self._openings.make_topic(disclosed_topic(self._protocol, self._catalogue, case.case, days))
        key = self._settings.keys.make(case.case)
        wrapped = to_recipient(key, decoded(case.request.sealing_key, KEY_BYTES), case.case)
        first = {place: self._positions.watermarks(place)[0] for place in self._places(case)}
        gone = tuple(
            sorted({self._readings[t].record_type.dataset for (t, _), at in first.items() if at})
        )
        standing = opened(case, Flow(key=encoded(wrapped), gone=gone), now)
        self._positions.follow({p: at for p, at in first.items() if p not in self._positions.at})
        self._seat(standing)
        taken = Taken(case.case, standing, DISCLOSER, StepKind.OPENED)
        self._commit(self._keep(taken, now))
        self._openings.grant(standing)

    def _close(self, case: Case) -> None:
        self._unseat(case.case)
        self._openings.destroy(case.case)
        # What had not been opened had nothing to be read, and nobody has copies of it.
        destroyed = WHAT if case.flow is not None else ()
        now = self._now()
        ended = closed(case, destroyed, now)
        taken = Taken(case.case, ended, DISCLOSER, ended.history[-1].what)
        self._commit(self._keep(taken, now))

    def _seat(self, case: Case) -> None:
        """Let an open case meet the records."""
        topic = self._names.disclosed(case.case)
        key = self._settings.keys.read(case.case)
        given: dict[bytes, bool] = {}
        for left in read_all(self._settings.connection, topic, 1):
            given[bytes(left.key() or b"")] = left.value() is not None
        marking = marking_of(self._protocol, personal=True).text
        standing = [name for name, stands in given.items() if stands]
        self._desks[case.case] = Desk(
            case, key, standing, self._settings.lasting, self._encode, self._names, marking
        )
        if case.flow is not None and not case.flow.caught_up:
            group = f"{case_groups(self._names.discloser)}{case.case}"
            places = self._places(case)
            self._backlogs[case.case] = Backlog(self._settings.connection, group, places)

    def _unseat(self, case: str) -> None:
        self._desks.pop(case, None)
        backlog = self._backlogs.pop(case, None)
        if backlog is not None:
            backlog.close()
        self._positions.leave(self._followed() - self._needed())

    @property
    def _is_overdue(self) -> bool:
        """Return True from the day after that by which the protocol was to be reviewed."""
        today = london_time(self._now()).date()
        return today > self._protocol.last_day("personal")

    def _pause(self) -> None:
        """Give nothing more: no case gets records under a protocol whose review is overdue.

        What is taken back is passed on, as the worker does.
        """
        self._was_overdue = True
        log.error(
            "the protocol was to be reviewed by %s; cases get no more records",
            self._protocol.review,
        )
        if self._ahead is None:
            self._wait()

    def _wait(self) -> None:
        """Keep the positions of all intake, and read ahead of them.

        So each process begins. What was taken back while cases waited must be known before they go on:
        else they would be given it first.
        """
        self._positions.wait(self._followed())
        begin = dict(self._positions.kept)
        for backlog in self._backlogs.values():
            for place, at in backlog.at.items():
                begin[place] = min(at, begin.get(place, at))
        group = discloser_group(self._names.discloser)
        self._ahead = Ahead(self._settings.connection, group, begin)

    def _renew(self) -> None:
        """Commit all positions anew at times, also those of cases that wait for a review."""
        if time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + _RENEW_SECONDS
        self._commit([])
        for backlog in self._backlogs.values():
            group = backlog.consumer.consumer_group_metadata()
            self._transactor.write([], backlog.offsets, group)

    def _followed(self) -> set[Place]:
        """The intake of which there is a position, whether it is read or waits."""
        places = self._positions.at.keys() | self._positions.kept.keys()
        return {place for place in places if place[0] in self._readings}

    def _needed(self) -> set[Place]:
        """The intake that some open case waits for."""
        return {place for desk in self._desks.values() for place in self._places(desk.case)}

    def _places(self, case: Case) -> list[Place]:
        """The partitions of what a case is given."""
        assert case.grant is not None
        topics = [self._names.intake(case.supplier, dataset) for dataset in case.grant.fields]
        return [(t, p) for t in topics for p in range(self._partitions.get(t, 0))]

    def _commit(self, outputs: list[Output]) -> None:
        group = self._positions.consumer.consumer_group_metadata()
        self._transactor.write(outputs, self._positions.offsets, group)

    def _now(self) -> datetime:
        """The time, which here never runs backwards: what has expired does not come back."""
        self._latest = max(self._latest, self._settings.clock())
        return datetime.fromtimestamp(self._latest, UTC)


def _producer(connection: Mapping[str, Any], principal: str) -> dict[str, Any]:
    return {
        **connection,
        "transactional.id": discloser_transaction(principal),
        "transaction.timeout.ms": 10_000,
        "linger.ms": 1,
        **OWN_BATCH,
        "reconnect.backoff.max.ms": 1_000,
    }
