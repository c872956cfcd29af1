"""Supplies while an open case waits: records that are withdrawn leave the case, and never come back."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from isp.agreement.topics import MAXIMUM_RECORD_BYTES, Names
from isp.cases.case import Case, Flow
from isp.cases.register import opened
from sanitiser.identity import Identity
from sanitiser.references import ReferenceKey
from schemas.derive import intake_schema
from schemas.wire import decoder, encoder
from streams.disclosure.releases import OpenCase, Passage, Reading, passages, withdrawals
from streams.messages import Intake
from streams.steps.clean import Cleaner
from streams.steps.decode import Decoder
from streams.steps.validate import Validator
from tests.isp.cases.table import CATALOGUE, NOW, PROTOCOL, Table, request

DATASET = "police-crime-victim"
TYPE = CATALOGUE.record_type(DATASET)
NAMES = Names(PROTOCOL.prefix)
VALUE = encoder(intake_schema(TYPE), 100)
READING = Reading(
    "police",
    TYPE,
    Decoder(lambda _: decoder(intake_schema(TYPE)), MAXIMUM_RECORD_BYTES),
    Validator(TYPE, CATALOGUE.code_lists),
    Cleaner(TYPE),
    Identity(TYPE),
)
JANE: dict[str, Any] = {"name": "Jane Roe", "date_of_birth": date(1990, 5, 17)}
SOMEBODY: dict[str, Any] = {"name": "Some Body", "date_of_birth": date(1980, 5, 17)}


def open_case() -> Case:
    table = Table()
    table.send(request())
    table.decide("approve")
    return opened(table.case, Flow(key="", caught_up=True), NOW)


class Waiting:
    """A waiting case, and the intake, which is read in advance and released to the case later."""

    def __init__(self, given: tuple[bytes, ...] = ()) -> None:
        self.open_case = OpenCase(
            open_case(), bytes(32), given, ReferenceKey(bytes(32)),
            lambda document: json.dumps(document, default=str).encode(), NAMES, "RESTRICTED",
        )  # fmt: skip
        self.intake: list[Intake] = []

    def publish(
        self, reference: str, person: dict[str, Any], *, erases: bool = False, partition: int = 0
    ) -> None:
        record = {"crime_reference": reference, "record_reference": "V-1", **person}
        topic = NAMES.intake("police", DATASET)
        value = VALUE(record)
        offset = len(self.intake)
        self.intake.append(Intake(topic, partition, offset, b"", value, None, 0, erases))

    def read_ahead(self) -> list[Passage]:
        return [p for i in self.intake for p in withdrawals(i, READING, [self.open_case], NOW)]

    def go_on(self) -> list[Passage]:
        return [
            p
            for i in self.intake
            for p in passages(i, READING, [self.open_case], lambda _: (), NOW)
        ]


def given_before(*references: str) -> tuple[bytes, ...]:
    """Return the keys of these records in the topic of a case."""
    earlier = Waiting()
    for reference in references:
        earlier.publish(reference, JANE)
    return tuple(p.output.key or b"" for p in earlier.go_on())


def test_nothing_new_is_given_while_a_case_waits_and_each_record_once_when_it_goes_on() -> None:
    case = Waiting()
    case.publish("C-1", JANE)
    case.publish("C-2", SOMEBODY)
    assert case.read_ahead() == []
    (passage,) = case.go_on()
    assert passage.output.value is not None
    assert case.open_case.given == {passage.output.key}


@pytest.mark.parametrize(
    ("person", "erases"), [(JANE, True), (SOMEBODY, False)], ids=["erased", "corrected"]
)
def test_what_is_taken_back_leaves_a_case_at_once(person: dict[str, Any], *, erases: bool) -> None:
    had = given_before("C-1", "C-2")
    case = Waiting(had)
    case.publish("C-1", person, erases=erases)
    (passage,) = case.read_ahead()
    assert (passage.output.key, passage.output.value) == (had[0], None)
    assert case.open_case.given == {had[1]}
    assert case.read_ahead() == []
    assert case.go_on() == []


@pytest.mark.parametrize("partition", [0, 1], ids=["same partition", "partition added since"])
@pytest.mark.parametrize(
    ("person", "erases"), [(JANE, True), (SOMEBODY, False)], ids=["erased", "corrected"]
)
def test_what_was_published_and_taken_back_meanwhile_is_never_given(
    person: dict[str, Any], partition: int, *, erases: bool
) -> None:
    case = Waiting(given_before("C-1"))
    case.publish("C-1", JANE)
    case.publish("C-2", JANE)
    for reference in ("C-1", "C-2"):
        case.publish(reference, person, erases=erases, partition=partition)
    assert [p.output.value for p in case.read_ahead()] == [None]
    assert case.go_on() == []


def test_what_is_supplied_again_after_it_was_taken_back_is_given_once() -> None:
    case = Waiting()
    case.publish("C-1", JANE)
    case.publish("C-1", JANE, erases=True)
    case.publish("C-1", JANE)
    assert case.read_ahead() == []
    assert [p.output.value is None for p in case.go_on()] == [False]


def test_a_correction_about_the_same_person_waits_and_takes_nothing_back() -> None:
    case = Waiting(given_before("C-1"))
    case.publish("C-1", JANE | {"home_address": "7 Acacia Avenue"})
    assert case.read_ahead() == []
    assert [p.output.value is None for p in case.go_on()] == [False]


def test_what_is_erased_and_was_never_given_is_not_told_of() -> None:
    case = Waiting()
    case.publish("C-1", JANE, erases=True)
    case.publish("C-2", SOMEBODY, erases=True)
    assert case.read_ahead() == []
