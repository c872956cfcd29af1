"""What goes out of an original record to the open cases that it is about: exactly the approved fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import date, datetime, time
from typing import Any, NamedTuple

from isp.agreement.topics import Names
from isp.cases.case import Case
from isp.cases.letters import Subject
from isp.cases.sealing import sealed
from isp.cases.subjects import Matcher, matcher
from sanitiser.references import ReferenceKey
from schemas.london import london_time
from schemas.record_type import RecordType
from streams.messages import Intake
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder
from streams.steps.validate import Validator
from transport.errors import DependencyUnavailable
from transport.messages import MARKING_HEADER, Headers, Output


class Reading(NamedTuple):
    """How the originals of one agency's dataset are read: as the stream reads them, before it sanitises."""

    agency: str
    record_type: RecordType
    decode: Decoder
    validate: Validator
    clean: Cleaner

    def __call__(self, intake: Intake, now: datetime) -> tuple[dict[str, Any], list[str]] | None:
        """The cleaned record with its caveats; None for what the stream rejects."""
        local = london_time(now)
        try:
            record, problems = self.validate.read(self.decode.read(intake.value), local)
            cleaned = self.clean.clean(record, problems, local.date())
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 - the stream rejects it as unprocessable, and tells its supplier
            return None
        return None if cleaned.faults else (cleaned.record, cleaned.caveats)


class Passage(NamedTuple):
    """What one record does to one case: an output without a value takes back what went there before.

    `reference` names the record in the audit, which outlasts the case and its key.
    """

    case: Case
    output: Output
    reference: str


def audit_reference(lasting: ReferenceKey, agency: str, dataset: str, *identity: str) -> str:
    """The digest by which the audit names a record that was disclosed in any case."""
    return lasting.for_purpose("disclosed").digest(agency, dataset, *identity)


_Versions = dict[bytes, dict[tuple[str, int], int]]
"""By the name of a record its last offset in each partition."""

_Met = tuple["Desk", dict[str, Any], list[str]]
"""A case with a record that it meets, and the record's caveats."""


class Desk:
    """One open case as it meets records: whom it is about, what of them it gets, and what it has.

    What it notes for a transaction that is not committed is undone by what `saved` returned before.
    """

    def __init__(
        self,
        case: Case,
        case_key: bytes,
        given: Iterable[bytes],
        lasting: ReferenceKey,
        encode: Callable[[Any], bytes],
        names: Names,
        marking: str,
    ) -> None:
        """Take the names of the messages that stand in the case's topic already.

        Under `lasting` the audit names records.
        """
        self.case = case
        self.given = set(given)
        self._ahead: _Versions = {}
        self._gone: _Versions = {}
        self._case_key = case_key
        self._lasting = lasting
        self._names_key = ReferenceKey(case_key).for_purpose("disclosed", case.case)
        self._encode = encode
        self._topic = names.disclosed(case.case)
        self._marking = marking
        self._headers: Headers = [(MARKING_HEADER, marking.encode())]
        self._matchers: dict[str, list[tuple[Subject, Matcher]]] = {}

    def saved(self) -> Callable[[], None]:
        """Return what puts this case back to how it is now."""
        case, given = self.case, set(self.given)
        ahead, gone = deepcopy(self._ahead), deepcopy(self._gone)

        def put_back() -> None:
            self.case, self.given, self._ahead, self._gone = case, given, ahead, gone

        return put_back

    def gets(self, reading: Reading) -> bool:
        """Return True if the case gets records of this agency's dataset.

        What one agency approved says nothing of the records that another supplies of the same dataset.
        """
        grant, dataset = self.case.grant, reading.record_type.dataset
        return (
            grant is not None and reading.agency == self.case.supplier and dataset in grant.fields
        )

    def follows(self, intake: Intake) -> bool:
        """Whether a record that has come in is for this case to see, and was not drawn for it before."""
        flow = self.case.flow
        if flow is None or not flow.caught_up:
            return False
        # Of a partition that was added since, it has seen nothing yet.
        return intake.offset >= flow.joined.get(f"{intake.topic}:{intake.partition}", 0)

    def meet(
        self,
        record: Mapping[str, Any],
        caveats: list[str],
        reading: Reading,
        lacking: tuple[Subject, ...],
        intake: Intake,
    ) -> Passage | None:
        """What the record does here; of the subjects that are `lacking` consent nothing is told."""
        assert self.case.grant is not None
        identity = _identity(record, reading)
        name = self._name(identity)
        if not intake.erases and self._is_about(record, reading.record_type, lacking):
            if self._is_gone(name, intake):
                return None
            fields = self.case.grant.fields[reading.record_type.dataset]
            document = self._document(record, caveats, fields, reading)
            value = self._encode(sealed(self._case_key, name, document))
            self.given.add(name)
            output = Output(self._topic, name, value, self._headers)
            return Passage(self.case, output, audit_reference(self._lasting, *identity))
        if self._withdraws(record, reading, intake):
            return self._taken_back(name, identity)
        return None

    def look_ahead(
        self, record: Mapping[str, Any], reading: Reading, intake: Intake
    ) -> Passage | None:
        """Take back what the record takes back, and give nothing.

        A version that is taken back before it was given is noted: `meet` does not give it later.
        """
        identity = _identity(record, reading)
        name, place = self._name(identity), (intake.topic, intake.partition)
        if not self._withdraws(record, reading, intake):
            self._ahead.setdefault(name, {})[place] = intake.offset
            return None
        if name in self._ahead:
            self._gone[name] = self._gone.get(name, {}) | self._ahead.pop(name)
        return self._taken_back(name, identity)

    def _name(self, identity: tuple[str, ...]) -> bytes:
        """Return the name of a record in this case's topic."""
        return self._names_key.digest(*identity).encode()

    def _is_gone(self, name: bytes, intake: Intake) -> bool:
        """Return whether a version was taken back before it could be given."""
        last = self._gone.get(name, {}).get((intake.topic, intake.partition), -1)
        return intake.offset <= last

    def _withdraws(self, record: Mapping[str, Any], reading: Reading, intake: Intake) -> bool:
        """Return whether a record was erased, or corrected into one about somebody else."""
        return intake.erases or not self._is_about(record, reading.record_type, ())

    def _taken_back(self, name: bytes, identity: tuple[str, ...]) -> Passage | None:
        if name not in self.given:
            return None
        self.given.discard(name)
        output = Output(self._topic, name, None, self._headers)
        return Passage(self.case, output, audit_reference(self._lasting, *identity))

    def _is_about(
        self, record: Mapping[str, Any], record_type: RecordType, lacking: tuple[Subject, ...]
    ) -> bool:
        known = self._matchers.get(record_type.dataset)
        if known is None:
            subjects = self.case.request.subjects if self.case.request else ()
            known = [(subject, matcher(subject, record_type)) for subject in subjects]
            self._matchers[record_type.dataset] = known
        found = [subject for subject, matches in known if matches(record)]
        # Where one of those it is about has not consented, it is not told for the other's sake.
        return bool(found) and not any(subject in lacking for subject in found)

    def _document(
        self,
        record: Mapping[str, Any],
        caveats: list[str],
        fields: tuple[str, ...],
        reading: Reading,
    ) -> bytes:
        document = {
            "dataset": reading.record_type.dataset,
            "agency": reading.agency,
            "marking": self._marking,
            "record": {name: _plain(record[name]) for name in fields},
            "caveats": [c for c in caveats if c.partition(":")[0] in fields],
        }
        return json.dumps(document).encode()


def passages(
    intake: Intake,
    reading: Reading,
    desks: Iterable[Desk],
    lacking: Callable[[Case], tuple[Subject, ...]],
    now: datetime,
) -> Iterator[Passage]:
    """What one original does to the open cases; raises at the end what was raised for one of them."""

    def meet(desk: Desk, record: dict[str, Any], caveats: list[str]) -> Passage | None:
        return desk.meet(record, caveats, reading, lacking(desk.case), intake)

    return _at_each(_met(intake, reading, desks, now), meet)


def withdrawals(
    intake: Intake, reading: Reading, desks: Iterable[Desk], now: datetime
) -> Iterator[Passage]:
    """Yield what one original takes back from the open cases, to which nothing new is given meanwhile.

    Raises at the end what was raised for one of them.
    """

    def look_ahead(desk: Desk, record: dict[str, Any], _caveats: list[str]) -> Passage | None:
        return desk.look_ahead(record, reading, intake)

    return _at_each(_met(intake, reading, desks, now), look_ahead)


def _at_each(
    met: Iterable[_Met], act: Callable[[Desk, dict[str, Any], list[str]], Passage | None]
) -> Iterator[Passage]:
    failures: list[Exception] = []
    for desk, record, caveats in met:
        try:
            passage = act(desk, record, caveats)
        except Exception as error:  # noqa: BLE001 - a case that fails keeps nothing from the others
            failures.append(error)
            continue
        if passage is not None:
            yield passage
    if failures:
        raise failures[0]


def _met(intake: Intake, reading: Reading, desks: Iterable[Desk], now: datetime) -> Iterator[_Met]:
    """Yield the cases that get records of this kind, with the record as it is read once for all."""
    wanted = [desk for desk in desks if desk.gets(reading)]
    read = reading(intake, now) if wanted else None
    if read is not None:
        for desk in wanted:
            yield desk, *read


def _identity(record: Mapping[str, Any], reading: Reading) -> tuple[str, ...]:
    """Return what identifies a record: its agency, its dataset, and its own identity."""
    own = (str(record[name]) for name in reading.record_type.identity)
    return reading.agency, reading.record_type.dataset, *own


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time | datetime) else value
