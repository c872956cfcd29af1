"""An open case gets records of its supplier alone, although other agencies supply the same dataset."""

from __future__ import annotations

from streams.disclosure.releases import passages, withdrawals
from tests.isp.cases.table import NOW
from tests.isp.cases.test_waiting import JANE, READING, Waiting


def test_a_case_gets_no_record_of_an_agency_that_did_not_approve_it() -> None:
    case = Waiting()
    case.publish("C-1", JANE)
    (intake,) = case.intake
    another = READING._replace(agency="transport-police")
    assert list(passages(intake, another, [case.desk], lambda _: (), NOW)) == []
    assert list(withdrawals(intake, another, [case.desk], NOW)) == []
    assert len(list(passages(intake, READING, [case.desk], lambda _: (), NOW))) == 1
