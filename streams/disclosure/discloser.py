"""The discloser: takes officers' letters, opens and closes cases, and releases to those that are open.

Each result is one Kafka transaction: the state of a case, the records released to it, the audit of both and
the positions read become visible together or not at all. A process that ends is started again, and goes on
from what is committed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from isp.agreement.protocol import KEY_BYTES, Protocol
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
from streams.disclosure.cases import CaseBroker, CaseIntake, LaneKind, LostTopic
from streams.disclosure.journal import Journal
from streams.disclosure.ledger import Ledger, Supply
from streams.disclosure.releases import Desk, Passage, Reading, passages, withdrawals
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

    @property
    def names(self) -> Names:
        """Return the names of the partnership's topics and principals."""
        return Names(self.protocol.prefix)


class Discloser(Processor):
    """Handles the letters of one partnership, keeps the state of its cases, and gives them their records."""

    def __init__(
        self,
        settings: DiscloserSettings,
        intake: CaseIntake,
        broker: CaseBroker,
        heads: Heads,
        allowances: Mapping[str, Allowance],
    ) -> None:
        """Take its intake, the broker of its cases, and the heads of the audit's chains.

        `allowances` has the number of letters that may be taken of each topic.
        """
        self._settings = settings
        self._protocol, self._catalogue = settings.protocol, settings.catalogue
        self._names = names = settings.names
        self._intake, self._broker = intake, broker
        self._allowances = allowances
        self._ledger = Ledger(
            self._protocol, self._catalogue, settings.wire.encoder, heads, cases_chain(names)
        )
        self._encode = settings.wire.encoder(disclosed_form(self._protocol, self._catalogue))
        self._letters = {names.letters(p.id): p.id for p in self._protocol.correspondents}
        self._read_letter = decoder(self._catalogue.system["letter"])
        self._readings = {
            names.intake(s.agency, s.dataset): self._reading(s.agency, s.dataset)
            for s in self._protocol.supplies
        }
        self._latest = 0.0
        self._forget()

    def _forget(self) -> None:
        """Know of no case, as at the start."""
        self._journal = Journal()
        self._ledger.rollback()
        self._register = Register(self._protocol, self._catalogue)
        self._desks: dict[str, Desk] = {}
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
        )

    # The processor

    @property
    def name(self) -> str:
        """Return the name of the agent."""
        return "discloser"

    @property
    def topics(self) -> Collection[str]:
        """Return letters and intake; of the intake no more is read than open cases need."""
        return (*self._letters, *self._readings)

    def committed(self, result: BatchResult) -> None:
        """Go on from the last result."""
        del result
        self._ledger.commit()
        self._journal.commit()

    def _begin(self) -> None:
        """Begin with what is committed."""
        self._journal.rollback()
        self._ledger.rollback()

    def _result(self, outputs: Sequence[Output], **counts: int) -> BatchResult:
        is_open = sum(case.state is State.OPEN for case in self._register.cases.values())
        return BatchResult(outputs, counts={**counts, "open": is_open})

    def restore(self, assignment: Collection[TopicPartition]) -> Iterator[BatchResult]:
        """Read the state of the cases, follow the letters, and read ahead of what the open cases wait for."""
        del assignment
        self._forget()
        # The broker's number: a topic can have more partitions than the protocol says.
        self._partitions = {topic: self._intake.partitions(topic) for topic in self._readings}
        self._read_standing()
        now = self._now()
        held = [case for case in self._register.standing if self._register.is_held(case)]
        # Before they are taken up: what is taken back of them meanwhile is passed on, and nothing given.
        outputs = [output for case in held for output in self._hold(case, now)]
        lost = [case for case in self._register.standing if not self._is_taken_up(case)]
        self._intake.take_up({(topic, 0) for topic in self._letters} | self._needed())
        # Nothing of this is undone: an abort restores all of it.
        self._journal.commit()
        unreadable = self._ledger.unreadable(self._register, now)
        if unreadable:
            yield self._result(unreadable)
        for case in held:
            log.warning("case %s is held: a party of it was rekeyed", case.case)
        if outputs:
            yield self._result(outputs)
        for case in lost:
            closing = case.after(State.CLOSING, now, DISCLOSER, StepKind.LOST)
            taken = Taken(case.case, closing, DISCLOSER, StepKind.LOST)
            yield self._result(self._keep(taken, now))
        self._intake.wait()

    def due(self) -> Iterator[BatchResult]:
        """Join cases that have caught up, close those whose time is over, and make what the others need."""
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
        """Take letters first: what they withdraw goes no more to the records beside them."""
        self._begin()
        now, outputs, counts = self._now(), list[Output](), {"letters": 0, "refused": 0}
        for topic, letters in self._letters_in(batch).items():
            outputs += self._turn(topic, letters, now, handling, counts)
        records = [intake for intake in batch if intake.topic in self._readings]
        # What was made of one record could not be written; it is given to no case.
        found = self._passed(records, now) if handling is Handling.PROCESS else []
        given = sum(passage.output.value is not None for _, passage in found)
        outputs += self._ledger.disclosed(found, now)
        return self._result(outputs, given=given, taken_back=len(found) - given, **counts)

    # What stands already

    def _read_standing(self) -> None:
        standing = self._broker.standing()
        self._register.restore(standing)
        for case in standing.unreadable_cases:
            log.error("%s", unreadable_case(case))
        if standing.unreadable_consents:
            log.error("%s", unreadable_consents(len(standing.unreadable_consents)))

    def _hold(self, case: Case, now: datetime) -> list[Output]:
        """Have a case that was up to date draw anew, later, what comes while it is held."""
        if case.flow is None or not case.flow.caught_up:
            return []
        flow = case.flow.model_copy(update={"caught_up": False, "joined": {}})
        held = case.model_copy(update={"flow": flow})
        self._keep_in_register(case.case, held)
        return list(self._ledger.stands(case.case, held, now))

    def _is_taken_up(self, case: Case) -> bool:
        """Return whether a case that is open still has its key and its topic."""
        try:
            if case.state is State.OPEN:
                self._seat(case)
        except FileNotFoundError:
            log.warning("case %s has lost its key; it is closed", case.case)
            return False
        except LostTopic:
            log.warning("case %s has lost its topic; it is closed", case.case)
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
        """Take letters of one party; of all that are refused one answer is made, and one entry."""
        party, outputs, refused = self._letters[topic], list[Output](), list[Refused]()
        for letter in letters:
            taken = self._taken(party, letter.value or b"", now, handling)
            if isinstance(taken, Refused):
                refused.append(taken)
            else:
                outputs += self._keep(taken, now)
        if refused:
            log.warning("letters of %s: %d were not taken", party, len(refused))
            outputs += self._ledger.refused(party, refused, now)
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
            return Refused(party, sha256(value).hexdigest(), "", ("it is no letter",))
        name = sha256(str(letter["document"]).encode()).hexdigest()
        if handling is not Handling.PROCESS:
            return _unmanageable(party, name)
        try:
            return self._register.take(party, letter, now)
        except Exception as error:  # noqa: BLE001 - one letter must never stop the others
            log.warning("a letter of %s cannot be handled (%s)", party, type(error).__name__)
            return _unmanageable(party, name)

    def _keep(self, taken: Taken, now: datetime) -> list[Output]:
        self._keep_in_register(taken.key, taken.record)
        if isinstance(taken.record, Case):
            log.info("case %s: %s", taken.record.case, taken.record.state)
            desk = self._desks.get(taken.record.case)
            if desk is not None:
                self._journal.undo_by(desk.saved())
                desk.case = taken.record
                if taken.record.state is not State.OPEN:
                    self._unseat(taken.record.case)
        return list(self._ledger.taken(taken, now))

    def _keep_in_register(self, key: str, record: Case | ConsentRecord) -> None:
        register = self._register
        self._journal.save(register.cases, key)
        self._journal.save(register.consents, key)
        self._journal.save(register.unreadable_consents, key)
        register.keep(key, record)

    # Records

    def _passed(self, records: Sequence[Intake], now: datetime) -> list[tuple[Supply, Passage]]:
        """Return what each record does to the cases that are to see it, by the lane that it was read in."""
        lane, desks = self._intake.lane, list(self._desks.values())
        own = [desk for desk in desks if lane.case in {"", desk.case.case}]
        for desk in own if records else ():
            self._journal.undo_by(desk.saved())
        if lane.kind is LaneKind.AHEAD:
            return self._found(records, own, self._is_to_get, self._withdrawn(now))
        if lane.kind is LaneKind.BACKLOG:
            return self._found(records, own, lambda *_: True, self._given(now))
        # What is new also takes back from cases that are still to be given what came before it.
        drawing = [desk for desk in own if _draws(desk)]
        return [
            *self._found(records, drawing, self._is_to_get, self._withdrawn(now)),
            *self._found(records, own, lambda d, record: d.follows(record), self._given(now)),
        ]

    def _given(self, now: datetime) -> MakesPassages:
        """Return what gives a record to the cases that it is about."""

        def lacking(case: Case) -> tuple[Subject, ...]:
            return self._register.lacking_consent(case, now)

        return lambda record, reading, desks: passages(record, reading, desks, lacking, now)

    def _withdrawn(self, now: datetime) -> MakesPassages:
        """Return what passes on what is taken back, and nothing else."""
        return lambda record, reading, desks: withdrawals(record, reading, desks, now)

    def _found(
        self,
        records: Sequence[Intake],
        desks: Collection[Desk],
        sees: Callable[[Desk, Intake], bool],
        make: MakesPassages,
    ) -> list[tuple[Supply, Passage]]:
        found: list[tuple[Supply, Passage]] = []
        for intake in records:
            reading = self._readings[intake.topic]
            supply = (reading.agency, reading.record_type.dataset, intake.supply_id)
            seeing = [desk for desk in desks if sees(desk, intake)]
            found += [(supply, passage) for passage in _made(make, intake, reading, seeing)]
        return found

    def _is_to_get(self, desk: Desk, intake: Intake) -> bool:
        """Return whether a record that is read ahead is one that the case has not met."""
        unmet = self._intake.is_unmet(desk.case.case, intake)
        return unmet and (_draws(desk) or desk.follows(intake))

    # What is due

    def _join(self) -> Iterator[BatchResult]:
        """Have cases that have met what all follow go on with it."""
        for case, at in self._intake.met().items():
            desk, now = self._desks[case], self._now()
            assert desk.case.flow is not None
            joined = {f"{topic}:{p}": offset for (topic, p), offset in at.items()}
            flow = desk.case.flow.model_copy(update={"caught_up": True, "joined": joined})
            self._journal.undo_by(desk.saved())
            desk.case = desk.case.model_copy(update={"flow": flow})
            self._keep_in_register(case, desk.case)
            yield self._result(list(self._ledger.stands(case, desk.case, now)))
            self._intake.stop_drawing(case)

    def _bring_into_step(self) -> Iterator[BatchResult]:
        """Give cases what they need at the broker, and take from it what no case has (any more)."""
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
            log.error("%s belonged to no case; it was taken away", stray)
        for case in register.standing:
            if case.state is State.OPEN:
                self._broker.grant(case)

    def _open(self, case: Case) -> Iterator[BatchResult]:
        assert case.grant is not None
        assert case.request is not None
        now = self._now()
        days = (case.grant.until - now.date()).days + _GRACE_DAYS
        self._broker.make_topic(disclosed_topic(self._protocol, self._catalogue, case.case, days))
        key = self._settings.keys.make(case.case)
        wrapped = to_recipient(key, decoded(case.request.sealing_key, KEY_BYTES), case.case)
        first = {place: self._intake.first_offset(place) for place in self._places(case)}
        gone = tuple(
            sorted({self._readings[t].record_type.dataset for (t, _), at in first.items() if at})
        )
        standing = opened(case, Flow(key=encoded(wrapped), gone=gone), now)
        self._intake.follow(first)
        self._seat(standing)
        self._intake.read_ahead(case.case)
        taken = Taken(case.case, standing, DISCLOSER, StepKind.OPENED)
        yield self._result(self._keep(taken, now))
        self._broker.grant(standing)

    def _close(self, case: Case) -> Iterator[BatchResult]:
        self._unseat(case.case)
        destroyed = self._broker.destroy(case.case)
        if case.flow is None:
            # What had not been opened had nothing to be read, and nobody has copies of it.
            destroyed = ()
        now = self._now()
        ended = closed(case, destroyed, now)
        taken = Taken(case.case, ended, DISCLOSER, ended.history[-1].what)
        yield self._result(self._keep(taken, now))

    def _seat(self, case: Case) -> None:
        """Let an open case meet the records."""
        key = self._settings.keys.read(case.case)
        standing = self._broker.given(case.case)
        marking = marking_of(self._protocol, personal=True).text
        self._journal.save(self._desks, case.case)
        self._desks[case.case] = Desk(
            case, key, standing, self._settings.lasting, self._encode, self._names, marking
        )
        if case.flow is not None and not case.flow.caught_up:
            held = self._register.is_held(case)
            self._intake.draw(case.case, self._places(case), held=held)

    def _unseat(self, case: str) -> None:
        """Let a case meet no record any more; once that is committed nothing is read for it."""
        self._journal.save(self._desks, case)
        self._desks.pop(case, None)
        self._journal.then(lambda: self._read_no_more_for(case))

    def _read_no_more_for(self, case: str) -> None:
        self._intake.stop_drawing(case)
        self._intake.keep_only(self._needed())

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
        self._intake.hold()

    def _needed(self) -> set[TopicPartition]:
        """Return the intake that some open case waits for."""
        return {place for desk in self._desks.values() for place in self._places(desk.case)}

    def _places(self, case: Case) -> list[TopicPartition]:
        """Return the partitions of what a case is given."""
        assert case.grant is not None
        topics = [self._names.intake(case.supplier, dataset) for dataset in case.grant.fields]
        return [(t, p) for t in topics for p in range(self._partitions.get(t, 0))]

    def _now(self) -> datetime:
        """Return the time, which here never runs backwards: what has expired does not come back."""
        self._latest = max(self._latest, self._settings.clock())
        return datetime.fromtimestamp(self._latest, UTC)


def _draws(desk: Desk) -> bool:
    """Return True for a case that is still to be given what came before it."""
    return desk.case.flow is not None and not desk.case.flow.caught_up


def _unmanageable(party: str, name: str) -> Refused:
    return Refused(party, name, "", ("it cannot be handled; report this one",))


def _made(
    make: MakesPassages, intake: Intake, reading: Reading, desks: Sequence[Desk]
) -> list[Passage]:
    """Return what one record does to cases, except to those that cannot handle it.

    Raises:
        DependencyUnavailable: its schema cannot be read now.
    """
    found: list[Passage] = []
    try:
        found.extend(make(intake, reading, desks))
    except DependencyUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - one record must never stop the others
        where = f"{intake.topic}[{intake.partition}]@{intake.offset}"
        log.error("%s cannot be handled (%s)", where, type(error).__name__)  # noqa: TRY400 - its text can quote the record
    return found
