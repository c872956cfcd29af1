"""The discloser: processes officers' letters, opens and closes cases, and releases records to open cases.

Each result is one Kafka transaction: the state of a case, the records released to it, the audit of both and
the consumed offsets are committed together or not at all. A restarted process continues from the committed
state.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from isp.agreement.names import KEY_BYTES
from isp.agreement.protocol import Protocol
from isp.agreement.topics import (
    MAXIMUM_RECORD_BYTES,
    Names,
    disclosed_form,
    disclosed_topic,
    marking_of,
)
from isp.audit.chain import Heads
from isp.audit.chains import cases_chain
from isp.cases.case import Case, ConsentRecord, Flow, State
from isp.cases.letters import Subject
from isp.cases.register import Refused, Register, Taken, closed, opened
from isp.cases.rules import DECIDABLE
from isp.cases.sealing import to_recipient
from isp.cases.standing import unreadable_case, unreadable_consents
from isp.cases.steps import StepKind
from isp.cases.turns import Allowance
from isp.keys.case_keys import CaseKeys
from sanitiser.identity import Identity
from sanitiser.references import ReferenceKey
from schemas.actors import DISCLOSER
from schemas.catalogue import Catalogue
from schemas.derive import intake_schema
from schemas.exact_base64 import decoded, encoded
from schemas.london import london_time
from schemas.wire import WireError, decoder
from streams.disclosure.case_writer import CaseWriter, Supply
from streams.disclosure.cases import CaseBroker, CaseIntake, LaneKind, LostTopic
from streams.disclosure.journal import Journal
from streams.disclosure.prepared import PreparedRequests
from streams.disclosure.releases import OpenCase, Passage, Reading, passages, withdrawals
from streams.messages import BatchResult, Handling, Intake
from streams.runtime.processor import Processor, TopicPartition
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder
from streams.steps.validate import Validator
from streams.wire import Wire
from transport.errors import DependencyUnavailable
from transport.messages import Output

log = logging.getLogger(__name__)

_TIDY_SECONDS = 60.0
_GRACE_DAYS = 2

MakesPassages = Callable[[Intake, Reading, Iterable[OpenCase]], Iterable[Passage]]
"""Makes the releases and tombstones of one original for some cases."""


@dataclass(frozen=True, slots=True)
class DiscloserSettings:
    """The discloser's settings: its own connection, the administrator's connection, and keys.

    `keys` has the keys of cases. `lasting` is the key of the digests in the audit.
    """

    protocol: Protocol
    catalogue: Catalogue
    connection: Mapping[str, Any]
    admin: Mapping[str, Any]
    wire: Wire
    keys: CaseKeys
    lasting: ReferenceKey
    clock: Callable[[], float] = time.time

    @property
    def names(self) -> Names:
        """Return the names of the partnership's topics and principals."""
        return Names(self.protocol.prefix)


class Discloser(Processor):
    """Processes the letters of one partnership, and stores and serves its cases."""

    def __init__(
        self,
        settings: DiscloserSettings,
        intake: CaseIntake,
        broker: CaseBroker,
        heads: Heads,
        allowances: Mapping[str, Allowance],
    ) -> None:
        """Take its intake, the broker of its cases, and the heads of the audit's chains.

        `allowances` has the number of letters that may be processed of each topic.
        """
        self._settings = settings
        self._protocol, self._catalogue = settings.protocol, settings.catalogue
        self._names = names = settings.names
        self._intake, self._broker = intake, broker
        self._allowances = allowances
        self._writer = CaseWriter(
            self._protocol, self._catalogue, settings.wire.encoder, heads, cases_chain(names)
        )
        self._encode = settings.wire.encoder(disclosed_form(self._protocol, self._catalogue))
        self._letters = {names.letters(p.id): p.id for p in self._protocol.correspondents}
        self._read_letter = decoder(self._catalogue.system["letter"])
        self._prepared = PreparedRequests(self._protocol, self._catalogue)
        self._readings = {
            names.intake(s.agency, s.dataset): self._reading(s.agency, s.dataset)
            for s in self._protocol.supplies
        }
        self._latest = 0.0
        self._forget()

    def _forget(self) -> None:
        """Forget all cases, as at the start."""
        self._journal = Journal()
        self._writer.rollback()
        self._register = Register(self._protocol, self._catalogue)
        self._open_cases: dict[str, OpenCase] = {}
        self._partitions: dict[str, int] = {}
        self._tidy_at = 0.0
        self._was_overdue = False

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
            Identity(record_type),
        )

    # The processor

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "discloser"

    @property
    def topics(self) -> Collection[str]:
        """Return the topics of letters, prepared requests and intake.

        Only the intake that open cases need is read.
        """
        return (*self._letters, *self._prepared.topics, *self._readings)

    def committed(self, result: BatchResult) -> None:
        """Keep the changes of the last result."""
        del result
        self._writer.commit()
        self._journal.commit()

    def _begin(self) -> None:
        """Start from the committed state."""
        self._journal.rollback()
        self._writer.rollback()

    def _result(self, outputs: Sequence[Output], **counts: int) -> BatchResult:
        cases = self._register.cases.values()
        undecided = [case.is_prepared for case in cases if case.state in DECIDABLE]
        of_alerts = sum(undecided)
        standing = {
            "open": sum(case.state is State.OPEN for case in cases),
            "undecided_alerts": of_alerts,
            "undecided_requests": len(undecided) - of_alerts,
        }
        return BatchResult(outputs, counts={**counts, **standing})

    def restore(self, assignment: Collection[TopicPartition]) -> Iterator[BatchResult]:
        """Read the state of the cases, follow the letters, and read ahead of the positions of open cases."""
        del assignment
        self._forget()
        # The broker's number: a topic can have more partitions than the protocol says.
        self._partitions = {topic: self._intake.partitions(topic) for topic in self._readings}
        self._read_standing()
        now = self._now()
        held = [case for case in self._register.standing if self._register.is_held(case)]
        # Before the cases are attached: a case on hold passes tombstones on, and receives nothing else.
        outputs = [output for case in held for output in self._hold(case, now)]
        lost = [case for case in self._register.standing if not self._is_taken_up(case)]
        messages = (*self._letters, *self._prepared.topics)
        self._intake.take_up({(topic, 0) for topic in messages} | self._needed())
        # These changes are never undone: after an abort `restore` makes them again.
        self._journal.commit()
        unreadable = self._writer.unreadable(self._register, now)
        if unreadable:
            yield self._result(unreadable)
        for case in held:
            log.warning("case %s is on hold: a party has new keys", case.case)
        if outputs:
            yield self._result(outputs)
        for case in lost:
            closing = case.after(State.CLOSING, now, DISCLOSER, StepKind.LOST)
            taken = Taken(case.case, closing, DISCLOSER, StepKind.LOST)
            yield self._result(self._keep(taken, now))
        self._intake.wait()

    def due(self) -> Iterator[BatchResult]:
        """Join caught-up cases, close expired ones, and create or delete resources at the broker."""
        self._begin()
        yield from self._join()
        now = self._now()
        for due in self._register.due(now):
            yield self._result(self._keep(due, now))
        if self._is_overdue and not self._was_overdue:
            self._pause()
        yield from self._bring_into_step()

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Process letters before records, so that a withdrawal applies to the records of the same batch.

        Prepared requests are first: what the alerts agent has taken back is not approved.
        """
        self._begin()
        now, counts = self._now(), {"letters": 0, "refused": 0}
        outputs = self._prepare(self._prepared.of(batch), now, handling, counts)
        for topic, letters in self._letters_in(batch).items():
            outputs += self._turn(topic, letters, now, handling, counts)
        records = [intake for intake in batch if intake.topic in self._readings]
        # The outputs of the record cannot be written; it is released to no case.
        found = self._passed(records, now) if handling is Handling.PROCESS else []
        given = sum(passage.output.value is not None for _, passage in found)
        outputs += self._writer.disclosed(found, now)
        return self._result(outputs, given=given, taken_back=len(found) - given, **counts)

    # State at the start

    def _read_standing(self) -> None:
        standing = self._broker.standing()
        self._register.restore(standing)
        for case in standing.unreadable_cases:
            log.error("%s", unreadable_case(case))
        if standing.unreadable_consents:
            log.error("%s", unreadable_consents(len(standing.unreadable_consents)))

    def _hold(self, case: Case, now: datetime) -> list[Output]:
        """Mark a caught-up case to read again, later, the records that arrive while it is on hold."""
        if case.flow is None or not case.flow.caught_up:
            return []
        flow = case.flow.model_copy(update={"caught_up": False, "joined": {}})
        held = case.model_copy(update={"flow": flow})
        self._keep_in_register(case.case, held)
        return list(self._writer.stands(case.case, held, now))

    def _is_taken_up(self, case: Case) -> bool:
        """Attach a case if it is open; return False if its key or topic is lost."""
        try:
            if case.state is State.OPEN:
                self._attach(case)
        except FileNotFoundError:
            log.warning("case %s: its key is lost; closing the case", case.case)
            return False
        except LostTopic:
            log.warning("case %s: its topic is lost; closing the case", case.case)
            return False
        return True

    # Letters

    def _letters_in(self, batch: Sequence[Intake]) -> Mapping[str, list[Intake]]:
        """Return the letters of a batch by topic, in their order."""
        found: dict[str, list[Intake]] = {}
        for intake in batch:
            if intake.topic in self._letters:
                found.setdefault(intake.topic, []).append(intake)
        return found

    def _turn(
        self,
        topic: str,
        letters: Sequence[Intake],
        now: datetime,
        handling: Handling,
        counts: dict[str, int],
    ) -> list[Output]:
        """Process letters of one party; make one answer and one audit entry for all that are refused."""
        party, outputs, refused = self._letters[topic], list[Output](), list[Refused]()
        for letter in letters:
            taken = self._taken(party, letter.value or b"", now, handling)
            if isinstance(taken, Refused):
                refused.append(taken)
            else:
                outputs += self._keep(taken, now)
        if refused:
            log.warning("letters of %s: %d were refused", party, len(refused))
            outputs += self._writer.refused(party, refused, now)
        allowance, number = self._allowances[topic], len(letters)
        self._journal.then(lambda: allowance.took(number, len(refused), time.monotonic()))
        counts["letters"] += number
        counts["refused"] += len(refused)
        return outputs

    def _taken(
        self, party: str, value: bytes, now: datetime, handling: Handling
    ) -> Taken | Refused:
        try:
            letter = self._read_letter(value)
        except WireError:
            return Refused(party, sha256(value).hexdigest(), "", ("it is not a letter",))
        name = sha256(str(letter["document"]).encode()).hexdigest()
        if handling is not Handling.PROCESS:
            return _unmanageable(party, name)
        try:
            return self._register.take(party, letter, now)
        except Exception as error:  # noqa: BLE001 - one letter must never stop the others
            log.warning("a letter of %s cannot be handled (%s)", party, type(error).__name__)
            return _unmanageable(party, name)

    def _prepare(
        self,
        messages: Sequence[Intake],
        now: datetime,
        handling: Handling,
        counts: dict[str, int],
    ) -> list[Output]:
        """Process messages of the alerts agent. Nobody is answered, so the audit has each refusal."""
        outputs, number = list[Output](), len(messages)
        counts |= {"prepared": 0, "prepared_refused": 0, "prepared_beyond_limit": 0}
        for message in messages:
            taken = self._prepared.taken(self._register, message, now, handling)
            if isinstance(taken, Refused):
                log.warning("a prepared request was refused: %s", "; ".join(taken.reasons))
                outputs += self._writer.not_prepared(taken, now)
                counts["prepared_refused"] += not taken.is_beyond_limit
                counts["prepared_beyond_limit"] += taken.is_beyond_limit
            elif taken is not None:
                outputs += self._keep(taken, now)
                counts["prepared"] += 1
        if messages:
            allowance = self._allowances[messages[0].topic]
            # A refusal delays no other request, because the agent is no party that could flood the topic.
            self._journal.then(lambda: allowance.took(number, 0, time.monotonic()))
        return outputs

    def _keep(self, taken: Taken, now: datetime) -> list[Output]:
        self._keep_in_register(taken.key, taken.record)
        if isinstance(taken.record, Case):
            log.info("case %s: %s", taken.record.case, taken.record.state)
            open_case = self._open_cases.get(taken.record.case)
            if open_case is not None:
                self._journal.undo_by(open_case.saved())
                open_case.case = taken.record
                if taken.record.state is not State.OPEN:
                    self._detach(taken.record.case)
        return list(self._writer.taken(taken, now))

    def _keep_in_register(self, key: str, record: Case | ConsentRecord) -> None:
        register = self._register
        self._journal.save(register.cases, key)
        self._journal.save(register.consents, key)
        self._journal.save(register.unreadable_consents, key)
        register.keep(key, record)

    # Records

    def _passed(self, records: Sequence[Intake], now: datetime) -> list[tuple[Supply, Passage]]:
        """Return the releases and tombstones of records for the cases, by the lane of the batch."""
        lane, open_cases = self._intake.lane, list(self._open_cases.values())
        own = [open_case for open_case in open_cases if lane.case in {"", open_case.case.case}]
        for open_case in own if records else ():
            self._journal.undo_by(open_case.saved())
        if lane.kind is LaneKind.AHEAD:
            return self._found(records, own, self._is_to_get, self._withdrawn(now))
        if lane.kind is LaneKind.BACKLOG:
            return self._found(records, own, lambda *_: True, self._given(now))
        # New records also take back earlier releases to cases that still read their backlog.
        drawing = [open_case for open_case in own if _draws(open_case)]
        return [
            *self._found(records, drawing, self._is_to_get, self._withdrawn(now)),
            *self._found(records, own, lambda d, record: d.follows(record), self._given(now)),
        ]

    def _given(self, now: datetime) -> MakesPassages:
        """Return a function that releases a record to the cases that it is about."""

        def lacking(case: Case) -> tuple[Subject, ...]:
            return self._register.lacking_consent(case, now)

        return lambda record, reading, open_cases: passages(
            record, reading, open_cases, lacking, now
        )

    def _withdrawn(self, now: datetime) -> MakesPassages:
        """Return a function that passes tombstones on, and releases nothing."""
        return lambda record, reading, open_cases: withdrawals(record, reading, open_cases, now)

    def _found(
        self,
        records: Sequence[Intake],
        open_cases: Collection[OpenCase],
        sees: Callable[[OpenCase, Intake], bool],
        make: MakesPassages,
    ) -> list[tuple[Supply, Passage]]:
        found: list[tuple[Supply, Passage]] = []
        for intake in records:
            reading = self._readings[intake.topic]
            supply = (reading.agency, reading.record_type.dataset, intake.supply_id)
            seeing = [open_case for open_case in open_cases if sees(open_case, intake)]
            found += [(supply, passage) for passage in _made(make, intake, reading, seeing)]
        return found

    def _is_to_get(self, open_case: OpenCase, intake: Intake) -> bool:
        """Return True if a record that is read ahead is new for the case."""
        unmet = self._intake.is_unmet(open_case.case.case, intake)
        return unmet and (_draws(open_case) or open_case.follows(intake))

    # What is due

    def _join(self) -> Iterator[BatchResult]:
        """Mark cases as caught up that have reached the common positions."""
        for case, at in self._intake.met().items():
            open_case, now = self._open_cases[case], self._now()
            assert open_case.case.flow is not None
            joined = {f"{topic}:{p}": offset for (topic, p), offset in at.items()}
            flow = open_case.case.flow.model_copy(update={"caught_up": True, "joined": joined})
            self._journal.undo_by(open_case.saved())
            open_case.case = open_case.case.model_copy(update={"flow": flow})
            self._keep_in_register(case, open_case.case)
            yield self._result(list(self._writer.stands(case, open_case.case, now)))
            self._intake.stop_drawing(case)

    def _bring_into_step(self) -> Iterator[BatchResult]:
        """Open approved cases, close closing cases, and delete resources that belong to no case."""
        for case in list(self._register.cases.values()):
            waits = self._intake.is_ahead or self._register.is_held(case)
            if case.state is State.APPROVED and not waits:
                yield from self._open(case)
            elif case.state is State.CLOSING:
                yield from self._close(case)
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + _TIDY_SECONDS
            self._tidy()

    def _tidy(self) -> None:
        register = self._register
        for stray in self._broker.tidy(register.cases.values(), register.unreadable_cases):
            log.error("%s belonged to no case and was deleted", stray)
        for case in register.standing:
            if case.state is State.OPEN:
                self._broker.grant(case)

    def _open(self, case: Case) -> Iterator[BatchResult]:
        assert case.grant is not None
        assert case.asked is not None
        now = self._now()
        days = (case.grant.until - now.date()).days + _GRACE_DAYS
        self._broker.make_topic(disclosed_topic(self._protocol, self._catalogue, case.case, days))
        key = self._settings.keys.make(case.case)
        wrapped = to_recipient(key, decoded(case.asked.sealing_key, KEY_BYTES), case.case)
        first = {place: self._intake.first_offset(place) for place in self._places(case)}
        gone = tuple(
            sorted({self._readings[t].record_type.dataset for (t, _), at in first.items() if at})
        )
        standing = opened(case, Flow(key=encoded(wrapped), gone=gone), now)
        self._intake.follow(first)
        self._attach(standing)
        self._intake.read_ahead(case.case)
        taken = Taken(case.case, standing, DISCLOSER, StepKind.OPENED)
        yield self._result(self._keep(taken, now))
        self._broker.grant(standing)

    def _close(self, case: Case) -> Iterator[BatchResult]:
        self._detach(case.case)
        destroyed = self._broker.destroy(case.case)
        if case.flow is None:
            # Nothing was ever released to a case that was not opened, so nothing is reported as destroyed.
            destroyed = ()
        now = self._now()
        ended = closed(case, destroyed, now)
        taken = Taken(case.case, ended, DISCLOSER, ended.history[-1].what)
        yield self._result(self._keep(taken, now))

    def _attach(self, case: Case) -> None:
        """Attach an open case, so that records are released to it."""
        key = self._settings.keys.read(case.case)
        standing = self._broker.given(case.case)
        marking = marking_of(self._protocol, personal=True).text
        self._journal.save(self._open_cases, case.case)
        self._open_cases[case.case] = OpenCase(
            case, key, standing, self._settings.lasting, self._encode, self._names, marking
        )
        if case.flow is not None and not case.flow.caught_up:
            held = self._register.is_held(case)
            self._intake.draw(case.case, self._places(case), held=held)

    def _detach(self, case: str) -> None:
        """Detach a case. Once that is committed, stop reading for it."""
        self._journal.save(self._open_cases, case)
        self._open_cases.pop(case, None)
        self._journal.then(lambda: self._read_no_more_for(case))

    def _read_no_more_for(self, case: str) -> None:
        self._intake.stop_drawing(case)
        self._intake.keep_only(self._needed())

    @property
    def _is_overdue(self) -> bool:
        """Return True from the day after the review of the protocol was due."""
        today = london_time(self._now()).date()
        return today > self._protocol.last_day("personal")

    def _pause(self) -> None:
        """Stop releasing records to cases, because the review of the protocol is overdue.

        Tombstones are still passed on, as the worker does.
        """
        self._was_overdue = True
        log.error(
            "the review of the protocol was due on %s; open cases receive no more records",
            self._protocol.review,
        )
        self._intake.hold()

    def _needed(self) -> set[TopicPartition]:
        """Return the intake partitions that open cases need."""
        return {
            place
            for open_case in self._open_cases.values()
            for place in self._places(open_case.case)
        }

    def _places(self, case: Case) -> list[TopicPartition]:
        """Return the intake partitions that a case needs."""
        assert case.grant is not None
        topics = [self._names.intake(case.supplier, dataset) for dataset in case.grant.fields]
        return [(t, p) for t in topics for p in range(self._partitions.get(t, 0))]

    def _now(self) -> datetime:
        """Return the time, which never goes backwards here: what has expired stays expired."""
        self._latest = max(self._latest, self._settings.clock())
        return datetime.fromtimestamp(self._latest, UTC)


def _draws(open_case: OpenCase) -> bool:
    """Return True if a case still reads its backlog."""
    return open_case.case.flow is not None and not open_case.case.flow.caught_up


def _unmanageable(party: str, name: str) -> Refused:
    return Refused(party, name, "", ("it cannot be processed; report it",))


def _made(
    make: MakesPassages, intake: Intake, reading: Reading, open_cases: Sequence[OpenCase]
) -> list[Passage]:
    """Return the releases of one record to cases, except to those that cannot handle it.

    Raises:
        DependencyUnavailable: the record's schema cannot be read now.
    """
    found: list[Passage] = []
    try:
        found.extend(make(intake, reading, open_cases))
    except DependencyUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - one record must never stop the others
        where = f"{intake.topic}[{intake.partition}]@{intake.offset}"
        log.error("%s cannot be handled (%s)", where, type(error).__name__)  # noqa: TRY400 - its text can quote the record
    return found
