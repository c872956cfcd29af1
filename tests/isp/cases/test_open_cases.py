"""The open cases that an agent keeps are those of the discloser, and closed where it cannot know."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from isp.agreement.protocol import Protocol
from isp.cases.case import Case, ConsentRecord, Flow, State
from isp.cases.letters import Subject
from isp.cases.open_cases import OpenCases
from isp.cases.register import REVIEW_TIME, closed, opened
from tests.isp.cases.prepared import AGREED, Desk, prepared
from tests.isp.cases.table import CASE, CATALOGUE, JANE, NOW, PROTOCOL, TODAY, Table, request

OTHER = Subject.model_validate({"name": "John Doe", "date_of_birth": "1980-01-02"})
TREATMENT: dict[str, Any] = {
    "process": "treatment-group",
    "supplier": "daat",
    "fields": {"drug-treatment-adult": ["name"]},
}


def message(record: Case | ConsentRecord, document: str = "") -> dict[str, Any]:
    kind = "case" if isinstance(record, Case) else "consent"
    return {"at": NOW, "kind": kind, "document": document or record.model_dump_json()}


def open_case(table: Table, flow: Flow | None = None) -> Case:
    return opened(table.case, flow or Flow(key="AA=="), NOW)


def running(**changes: Any) -> Case:
    """A case that the council asked for and the police approved."""
    table = Table()
    table.send(request(**changes))
    table.decide("approve")
    return open_case(table)


def with_case(case: Case, protocol: Protocol = PROTOCOL) -> OpenCases:
    cases = OpenCases(protocol, CATALOGUE)
    cases.take(CASE, message(case))
    return cases


def ids(cases: OpenCases, now: datetime = NOW) -> list[str]:
    return [active.case for active in cases.open(now)]


def test_an_open_case_has_its_parties_fields_subjects_and_limits() -> None:
    (active,) = with_case(running()).open(NOW)
    assert active[:3] == (CASE, "council", "police")
    assert dict(active.fields) == {
        "police-crime-victim": ("name", "home_address", "crime_reference")
    }
    assert (active.subjects, active.lacking) == ((JANE,), ())
    assert (active.until, active.review_by) == (TODAY + timedelta(28), None)


def test_a_prepared_case_is_one_as_any_other() -> None:
    desk = Desk()
    desk.prepare()
    desk.decide("approve")
    (active,) = with_case(open_case(desk), AGREED).open(NOW)
    assert active.subjects == prepared().subjects


def test_a_case_is_open_from_its_opening_to_its_end() -> None:
    table, cases = Table(), OpenCases(PROTOCOL, CATALOGUE)
    table.send(request())
    cases.take(CASE, message(table.case))
    assert ids(cases) == []
    table.decide("approve")
    cases.take(CASE, message(table.case))
    assert ids(cases) == []
    cases.take(CASE, message(open_case(table)))
    assert ids(cases) == [CASE]
    cases.take(CASE, message(closed(open_case(table), ("key",), NOW)))
    assert ids(cases) == []
    found = cases.case(CASE)
    assert found is not None
    assert found.state is State.CLOSED


def test_a_case_whose_newest_version_cannot_be_read_is_not_open() -> None:
    cases, case = with_case(running()), running()
    later = json.dumps({**json.loads(case.model_dump_json()), "a_later_field": 1})
    cases.take(CASE, message(case, later))
    assert (ids(cases), cases.case(CASE)) == ([], None)


def test_a_message_without_a_value_closes_the_case() -> None:
    cases = with_case(running())
    cases.take(CASE, None)
    assert ids(cases) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"rekeyed": ("council",)},
        {"rekeyed": ("police",)},
        {"parties": tuple(p for p in PROTOCOL.parties if p.id != "police")},
        {"review": TODAY - timedelta(1)},
    ],
)
def test_a_case_on_hold_of_a_party_that_left_or_overdue_is_not_open(
    changes: dict[str, Any],
) -> None:
    assert ids(with_case(running(), PROTOCOL.model_copy(update=changes))) == []


def test_a_case_is_open_to_the_end_of_its_last_day_although_no_message_says_so() -> None:
    cases = with_case(running())
    assert ids(cases, NOW + timedelta(28)) == [CASE]
    assert ids(cases, NOW + timedelta(29)) == []
    assert cases.active(CASE, NOW + timedelta(29)) is None


def test_an_urgent_case_that_nobody_reviewed_is_not_open() -> None:
    table = Table()
    table.send(request())
    table.decide("approve", "police", "duty_officer", urgent="threat to life")
    cases = with_case(open_case(table))
    assert ids(cases, NOW + REVIEW_TIME) == [CASE]
    assert ids(cases, NOW + REVIEW_TIME + timedelta(seconds=1)) == []


def consented(*subjects: Subject) -> tuple[Table, OpenCases]:
    """A case that depends on consent, and cases that know nothing of any consent yet."""
    table = Table()
    for subject in subjects:
        table.consent(subject=subject)
    table.send(request(**TREATMENT, subjects=subjects))
    table.advise("share", "daat")
    table.decide("approve", "daat", "approver")
    return table, with_case(open_case(table))


def test_of_a_case_that_depends_on_consent_those_without_it_are_named_apart() -> None:
    table, cases = consented(JANE, OTHER)
    (active,) = cases.open(NOW)
    assert (active.subjects, active.lacking) == ((), (JANE, OTHER))
    (first, second) = table.register.consents.items()
    cases.take(first[0], message(first[1]))
    cases.take(second[0], message(second[1]))
    (active,) = cases.open(NOW)
    assert (active.subjects, active.lacking) == ((JANE, OTHER), ())
    assert next(cases.open(NOW + timedelta(27))).lacking == ()


def test_a_consent_that_is_withdrawn_or_cannot_be_read_is_not_given() -> None:
    for document in ("", "?"):
        table, cases = consented(JANE)
        ((key, record),) = table.register.consents.items()
        cases.take(key, message(record))
        table.consent("withdrawn", form=None, until=None)
        withdrawn = table.register.consents[key]
        assert cases.active(CASE, NOW).lacking == ()  # type: ignore[union-attr]
        cases.take(key, message(withdrawn, document))
        assert cases.active(CASE, NOW).lacking == (JANE,)  # type: ignore[union-attr]


def test_a_consent_changes_no_case_that_does_not_depend_on_it() -> None:
    cases, table = with_case(running()), Table()
    table.consent()
    ((key, record),) = table.register.consents.items()
    before = cases.active(CASE, NOW)
    cases.take(key, message(record))
    assert cases.active(CASE, NOW) == before
