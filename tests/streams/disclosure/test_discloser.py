"""The discloser handles letters, records and time, without a broker."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from isp.cases.case import State
from isp.cases.letters import Ending
from isp.cases.steps import StepKind
from schemas.actors import DISCLOSER
from streams.disclosure.cases import Lane, LaneKind
from streams.messages import BatchResult, Handling, Intake
from tests.isp.cases.table import CASE, NOW, PROTOCOL, TODAY, request, written
from tests.streams.disclosure.office import NAMES, VICTIMS_INTAKE, Office

INTO_CASE = NAMES.disclosed(CASE)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return begun(Office(tmp_path))


def begun(office: Office) -> Office:
    commit(office, *office.discloser.restore(()))
    return office


def commit(office: Office, *results: BatchResult) -> None:
    for result in results:
        office.discloser.committed(result)


def due(office: Office) -> list[BatchResult]:
    """All results that are due, each committed before the next."""
    found = []
    for result in office.discloser.due():
        commit(office, result)
        found.append(result)
    return found


def given(result: BatchResult) -> int:
    return sum(o.topic == INTO_CASE and o.value is not None for o in result.outputs)


def taken_back(result: BatchResult) -> int:
    return sum(o.topic == INTO_CASE and o.value is None for o in result.outputs)


def ending(office: Office) -> Intake:
    about = {"case": CASE, "previous": office.table.case.head, "destroyed": "none were made"}
    return office.letter(Ending.model_validate(written("council", "deputy") | about))


def test_letters_count_before_the_records_beside_them(office: Office) -> None:
    result = office.discloser.process([office.victim(0), ending(office)])
    assert given(result) == 0
    assert given(office.discloser.process([office.victim(0)])) == 1, "the letter is not committed"


def test_a_case_that_ended_is_read_for_no_more_once_that_is_committed(office: Office) -> None:
    place = (VICTIMS_INTAKE, 0)
    result = office.discloser.process([ending(office)])
    assert place in office.intake.followed
    commit(office, result)
    assert place not in office.intake.followed
    assert [r.counts["open"] for r in due(office)] == [0]
    assert ("destroy", CASE) in office.broker.done
    assert due(office) == []


def test_an_approved_case_is_opened_and_its_right_granted_after_the_commit(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    other = "fedcba9876543210"
    office.broker.cases[other] = office.approved.model_copy(update={"case": other})
    begun(office)
    (opened,) = [r for r in office.discloser.due() if ("grant", other) not in office.broker.done]
    assert opened.counts["open"] == 2
    assert ("topic", NAMES.disclosed(other)) in office.broker.done
    assert other in office.intake.drawn
    assert other in office.intake.ahead, "what was erased before is known before it is given"
    assert office.broker.done.index(("topic", NAMES.disclosed(other))) < office.broker.done.index(
        ("grant", other)
    )


def test_of_what_is_read_ahead_nothing_is_given_and_what_is_taken_back_is_passed_on(
    office: Office,
) -> None:
    commit(office, office.discloser.process([office.victim(0)]))
    office.intake.lane, office.intake.unmet = Lane(LaneKind.AHEAD), True
    result = office.discloser.process([office.victim(1), office.victim(0)._replace(erases=True)])
    assert (given(result), taken_back(result)) == (0, 1)


def test_a_backlog_is_for_its_own_case_alone(office: Office) -> None:
    office.intake.lane = Lane(LaneKind.BACKLOG, "another case")
    assert given(office.discloser.process([office.victim(0)])) == 0
    office.intake.lane = Lane(LaneKind.BACKLOG, CASE)
    assert given(office.discloser.process([office.victim(0)])) == 1


def test_a_case_that_is_held_is_given_nothing_and_loses_what_is_taken_back(
    tmp_path: Path,
) -> None:
    office = begun(Office(tmp_path))
    commit(office, office.discloser.process([office.victim(0)]))
    (name,) = office.discloser._open_cases[CASE].given
    rekeyed = Office(tmp_path, PROTOCOL.model_copy(update={"rekeyed": ("police",)}))
    rekeyed.broker.names = [name]
    begun(rekeyed)
    assert (CASE in rekeyed.intake.drawn, rekeyed.intake.held) == (True, {CASE})
    rekeyed.intake.unmet = True
    erased = rekeyed.victim(0)._replace(erases=True)
    result = rekeyed.discloser.process([rekeyed.victim(1), erased])
    assert (given(result), taken_back(result)) == (0, 1)


def test_a_case_that_is_held_and_has_lost_its_topic_is_written_last_as_closing(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, PROTOCOL.model_copy(update={"rekeyed": ("police",)}))
    office.broker.lost = True
    states = []
    for result in office.discloser.restore(()):
        written_to = [o for o in result.outputs if o.topic == NAMES.cases]
        documents = [office.schemas.read(o)["document"] for o in written_to]
        states += [json.loads(document)["state"] for document in documents]
        commit(office, result)
    assert states == ["open", "closing"]


def test_a_case_that_has_met_the_rest_joins_it_where_it_stands(office: Office) -> None:
    office.intake.drawn[CASE] = ()
    office.intake.joining = {CASE: {(VICTIMS_INTAKE, 3): 5}}
    assert len(due(office)) == 1
    assert CASE not in office.intake.drawn
    office.intake.joining = {}
    assert given(office.discloser.process([office.victim(4), office.victim(5)])) == 1


def test_a_letter_whose_answer_cannot_be_written_is_refused_and_the_next_is_taken(
    office: Office,
) -> None:
    letter = office.letter(request(case="00000000000000bb"))
    taken = office.discloser.process([letter])
    assert (taken.counts["letters"], taken.counts["refused"]) == (1, 0)
    refused = office.discloser.process([letter], Handling.REJECT)
    assert (refused.counts["letters"], refused.counts["refused"]) == (1, 1)
    commit(office, refused)
    assert office.discloser.process([letter]).counts["refused"] == 0


def test_a_record_that_makes_a_case_fail_stops_no_other_record(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_case = office.discloser._open_cases[CASE]
    apply = type(open_case).apply

    def failing(self: object, record: dict[str, object], *rest: object) -> object:
        if record["record_reference"] == "V-0":
            raise ValueError("Jane Roe")
        return apply(self, record, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(type(open_case), "apply", failing)
    assert given(office.discloser.process([office.victim(0), office.victim(1)])) == 1
    assert f"{VICTIMS_INTAKE}[3]@0 cannot be handled (ValueError)" in caplog.text
    assert "Jane" not in caplog.text


def test_a_record_that_makes_one_case_fail_is_taken_back_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two cases fails; the record that both have is corrected into one about somebody else."""
    office, first = Office(tmp_path), "00000000000000aa"
    office.keys.make(first)
    standing = office.broker.cases[CASE].model_copy(update={"case": first})
    office.broker.cases = {first: standing, **office.broker.cases}
    begun(office)
    commit(office, office.discloser.process([office.victim(0)]))
    monkeypatch.setattr(office.discloser._open_cases[first], "apply", lambda *_: 1 / 0)
    corrected = office.victim(1, record_reference="V-0", name="Somebody Else")
    assert taken_back(office.discloser.process([corrected])) == 1


def test_the_day_after_its_review_the_intake_is_held(tmp_path: Path) -> None:
    overdue = PROTOCOL.model_copy(update={"review": TODAY - timedelta(1)})
    office = begun(Office(tmp_path, overdue))
    assert due(office) == []
    assert office.intake.is_ahead


def test_restored_again_it_knows_what_the_broker_holds_and_nothing_else(office: Office) -> None:
    commit(office, office.discloser.process([office.victim(0)]))
    office.broker.cases[CASE] = office.broker.cases[CASE].after(
        State.CLOSING, NOW, DISCLOSER, StepKind.LOST
    )
    begun(office)
    assert given(office.discloser.process([office.victim(1)])) == 0
