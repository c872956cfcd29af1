"""Releases of original records to the open cases that they are about, with the approved fields only."""

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
from sanitiser.identity import Identity
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
    """Reads the originals of one agency's dataset as the worker does, without sanitising them."""

    agency: str
    record_type: RecordType
    decode: Decoder
    validate: Validator
    clean: Cleaner
    identify: Identity

    def __call__(self, intake: Intake, now: datetime) -> tuple[dict[str, Any], list[str]] | None:
        """Return the cleaned record with its caveats; None if the worker rejects it."""
        local = london_time(now)
        try:
            record, problems = self.validate.read(self.decode.read(intake.value), local)
            cleaned = self.clean.clean(record, problems, local.date())
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 - the worker rejects it as unprocessable
            return None
        return None if cleaned.faults else (cleaned.record, cleaned.caveats)


class Passage(NamedTuple):
    """The release of one record to one case. An output without a value takes an earlier release back.

    `reference` identifies the record in the audit, which is kept longer than the case and its key.
    """

    case: Case
    output: Output
    reference: str


def audit_reference(lasting: ReferenceKey, agency: str, dataset: str, *identity: str) -> str:
    """Return the digest that identifies a disclosed record in the audit, in every case."""
    return lasting.for_purpose("disclosed").digest(agency, dataset, *identity)


_Versions = dict[bytes, dict[tuple[str, int], int]]
"""The last offset of a record in each partition, by the record's name."""

_Met = tuple["OpenCase", dict[str, Any], list[str]]
"""An open case with a record of its dataset, and the record's caveats."""


class OpenCase:
    """One open case: it decides which records are released to it, and knows which it has.

    To undo changes of a transaction that was not committed, call the function that `saved` returned before.
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
        """Take the names of the records in the case's topic as `given`.

        `lasting` is the key of the digests in the audit.
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
        """Return a function that restores the present state of this case."""
        case, given = self.case, set(self.given)
        ahead, gone = deepcopy(self._ahead), deepcopy(self._gone)

        def put_back() -> None:
            self.case, self.given, self._ahead, self._gone = case, given, ahead, gone

        return put_back

    def gets(self, reading: Reading) -> bool:
        """Return True if the case gets records of this agency's dataset.

        An agency's approval does not extend to the records of another agency in the same dataset.
        """
        grant, dataset = self.case.grant, reading.record_type.dataset
        return (
            grant is not None and reading.agency == self.case.supplier and dataset in grant.fields
        )

    def follows(self, intake: Intake) -> bool:
        """Return True if the case is caught up, and the record was not part of its backlog."""
        flow = self.case.flow
        if flow is None or not flow.caught_up:
            return False
        # It has no offset for a partition that was added later, and reads it from 0.
        return intake.offset >= flow.joined.get(f"{intake.topic}:{intake.partition}", 0)

    def apply(
        self,
        record: Mapping[str, Any],
        caveats: list[str],
        reading: Reading,
        lacking: tuple[Subject, ...],
        intake: Intake,
    ) -> Passage | None:
        """Return the release of a record to this case, if any; none about subjects `lacking` consent."""
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
        """Return the tombstone for a record that was erased or corrected, and release nothing.

        A version that is taken back before it was released is stored, so that `apply` does not release it
        later.
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
        """Return True if a version was taken back before it could be released."""
        last = self._gone.get(name, {}).get((intake.topic, intake.partition), -1)
        return intake.offset <= last

    def _withdraws(self, record: Mapping[str, Any], reading: Reading, intake: Intake) -> bool:
        """Return True if a record was erased, or is no longer about the subjects of the case."""
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
            subjects = self.case.asked.subjects if self.case.asked else ()
            known = [(subject, matcher(subject, record_type)) for subject in subjects]
            self._matchers[record_type.dataset] = known
        found = [subject for subject, matches in known if matches(record)]
        # A record about several subjects is released only if each of them has consented.
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
    open_cases: Iterable[OpenCase],
    lacking: Callable[[Case], tuple[Subject, ...]],
    now: datetime,
) -> Iterator[Passage]:
    """Yield the releases of one original to the open cases. Raise at the end what one of them raised."""

    def apply(open_case: OpenCase, record: dict[str, Any], caveats: list[str]) -> Passage | None:
        return open_case.apply(record, caveats, reading, lacking(open_case.case), intake)

    return _at_each(_met(intake, reading, open_cases, now), apply)


def withdrawals(
    intake: Intake, reading: Reading, open_cases: Iterable[OpenCase], now: datetime
) -> Iterator[Passage]:
    """Yield the tombstones of one original for the open cases, and release nothing new.

    Raise at the end what one of them raised.
    """

    def look_ahead(
        open_case: OpenCase, record: dict[str, Any], _caveats: list[str]
    ) -> Passage | None:
        return open_case.look_ahead(record, reading, intake)

    return _at_each(_met(intake, reading, open_cases, now), look_ahead)


def _at_each(
    met: Iterable[_Met], act: Callable[[OpenCase, dict[str, Any], list[str]], Passage | None]
) -> Iterator[Passage]:
    failures: list[Exception] = []
    for open_case, record, caveats in met:
        try:
            passage = act(open_case, record, caveats)
        except Exception as error:  # noqa: BLE001 - the other cases get the record even so
            failures.append(error)
            continue
        if passage is not None:
            yield passage
    if failures:
        raise failures[0]


def _met(
    intake: Intake, reading: Reading, open_cases: Iterable[OpenCase], now: datetime
) -> Iterator[_Met]:
    """Yield the cases that get records of this dataset, with the record, which is read once for all."""
    wanted = [open_case for open_case in open_cases if open_case.gets(reading)]
    read = reading(intake, now) if wanted else None
    if read is not None:
        for open_case in wanted:
            yield open_case, *read


def _identity(record: Mapping[str, Any], reading: Reading) -> tuple[str, ...]:
    """Return the identity of a record: agency, dataset, and what identifies it to the worker."""
    return reading.agency, reading.record_type.dataset, *reading.identify(record)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time | datetime) else value
