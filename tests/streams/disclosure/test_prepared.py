"""The discloser takes requests that are prepared from alerts: each once, and each refusal is in the audit."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from isp.agreement.protocol import CaseLimits
from isp.cases.case import Case, State
from isp.cases.letters import Decision
from isp.cases.prepared import digest_of
from isp.cases.sealing import NotForThisKey, from_discloser
from streams.disclosure.metrics import DisclosureMetrics
from streams.messages import BatchResult, Handling, Intake
from tests.isp.cases.prepared import (
    AGREED,
    STANDING,
    WITHOUT,
    document_message,
    prepared,
    take_back,
)
from tests.isp.cases.table import SEALING, written
from tests.streams.disclosure.office import NAMES, Office
from tests.streams.partnership import raw_intake

NEW = "00000000000000aa"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return begun(Office(tmp_path, AGREED))


def begun(office: Office) -> Office:
    for result in office.discloser.restore(()):
        office.discloser.committed(result)
    return office


def commit(office: Office, *batch: Intake) -> BatchResult:
    result = office.discloser.process(batch)
    office.discloser.committed(result)
    return result


def asked(office: Office, **changes: Any) -> Intake:
    return office.prepared(document_message(**{"case": NEW, **changes}))


def entries(office: Office, result: BatchResult) -> list[dict[str, Any]]:
    return [office.schemas.read(o) for o in result.outputs if o.topic == NAMES.audit]


def in_topic(office: Office, result: BatchResult, topic: str) -> list[Case]:
    outputs = [o for o in result.outputs if o.topic == topic]
    return [Case.model_validate_json(office.schemas.read(o)["document"]) for o in outputs]


def approval(office: Office) -> Intake:
    about = {"case": NEW, "previous": digest_of(prepared(case=NEW)), "outcome": "approve"}
    letter = written("police", "deputy") | about | {"reason": "proportionate"}
    return office.letter(Decision.model_validate(letter))


def test_a_prepared_request_is_in_the_suppliers_inbox_and_in_the_recipients_after_the_approval(
    office: Office,
) -> None:
    """Its supplier, number and time would tell of a hospital's record, or which alerts are of one victim."""
    result = commit(office, asked(office))
    (of_police,) = in_topic(office, result, NAMES.inbox("police"))
    assert of_police.prepared == prepared(case=NEW)
    assert in_topic(office, result, NAMES.inbox("council")) == []
    approved = in_topic(office, commit(office, approval(office)), NAMES.inbox("council"))
    assert {case.event for case in approved} == {prepared().event}
    assert result.counts["prepared"] == 1
    assert (result.counts["undecided_alerts"], result.counts["undecided_requests"]) == (1, 0)


def test_the_audit_says_that_the_alerts_agent_prepared_it_on_which_grounds(office: Office) -> None:
    (entry,) = entries(office, commit(office, asked(office)))
    assert (entry["actor"], entry["action"]) == (NAMES.alerter, "prepared")
    assert (entry["outcome"], entry["case"]) == ("prepared from an alert", NEW)
    assert entry["grounds"].startswith("cda-1998-s115")
    assert "Jane" not in json.dumps(entry, default=str)


def test_what_is_not_committed_was_not_prepared(office: Office) -> None:
    office.discloser.process([asked(office)])
    assert commit(office, asked(office)).counts["prepared"] == 1


def test_a_refused_one_is_in_the_audit_with_the_reason_and_in_no_inbox(office: Office) -> None:
    result = commit(office, asked(office, purpose="curiosity"))
    (entry,) = entries(office, result)
    assert (entry["actor"], entry["case"]) == (NAMES.alerter, NEW)
    assert entry["outcome"].startswith("not taken: purpose: differs from the terms of 'council'")
    assert not [o for o in result.outputs if o.topic not in {NAMES.audit, NAMES.audit_heads}]
    assert (result.counts["prepared"], result.counts["prepared_refused"]) == (0, 1)


def test_at_the_limit_the_new_one_is_refused_counted_and_audited(tmp_path: Path) -> None:
    limited = AGREED.model_copy(update={"cases": CaseLimits(prepared=1)})
    office = begun(Office(tmp_path, limited))
    result = commit(office, asked(office), asked(office, case="b" * 16))
    assert (result.counts["prepared"], result.counts["prepared_beyond_limit"]) == (1, 1)
    assert [e["case"] for e in entries(office, result)] == [NEW, "b" * 16]
    assert "wait for a decision" in entries(office, result)[1]["outcome"]
    assert list(office.discloser._register.cases)[1:] == [NEW]
    registry = CollectorRegistry()
    metrics = DisclosureMetrics(registry)
    metrics.committed((), result, 0.0)
    value = registry.get_sample_value
    assert value("ipu_requests_prepared_total") == 1
    assert value("ipu_requests_prepared_refused_total", {"reason": "limit"}) == 1
    assert value("ipu_requests_prepared_refused_total", {"reason": "rules"}) == 0
    assert value("ipu_cases_undecided", {"origin": "alert"}) == 1
    assert value("ipu_cases_undecided", {"origin": "request"}) == 0


def test_a_refused_one_delays_no_other(office: Office) -> None:
    allowance = office.discloser._allowances[NAMES.prepared]
    commit(office, *(asked(office, purpose="curiosity") for _ in range(50)))
    assert allowance.letters(1.0) > 0


def test_a_request_that_is_taken_back_cannot_be_approved_in_the_same_batch(office: Office) -> None:
    commit(office, asked(office))
    result = commit(office, approval(office), office.prepared(take_back(NEW), 1))
    assert (result.counts["prepared"], result.counts["refused"]) == (1, 1)
    assert office.discloser._register.cases[NEW].state is State.CLOSED
    assert b"Jane" not in b"".join(o.value or b"" for o in result.outputs)


def test_one_approval_opens_it_and_its_key_is_for_the_recipients_own_key(office: Office) -> None:
    commit(office, asked(office))
    commit(office, approval(office))
    states = []
    for result in office.discloser.due():
        office.discloser.committed(result)
        states += in_topic(office, result, NAMES.inbox("council"))
    (opened,) = states
    assert (opened.state, opened.prepared) == (State.OPEN, prepared(case=NEW))
    assert opened.flow is not None
    wrapped = b64decode(opened.flow.key)
    assert from_discloser(wrapped, STANDING, NEW) == office.keys.read(NEW)
    with pytest.raises(NotForThisKey):
        from_discloser(wrapped, SEALING, NEW)
    given = commit(office, office.victim(0))
    assert [o.topic for o in given.outputs].count(NAMES.disclosed(NEW)) == 0, "its backlog is first"
    assert NEW in office.intake.drawn


def test_a_deleted_message_changes_no_case(office: Office) -> None:
    commit(office, asked(office))
    deleted = raw_intake(NAMES.prepared, None, 1, partition=0)
    result = commit(office, deleted)
    assert list(result.outputs) == []
    assert office.discloser._register.cases[NEW].state is State.ASKED


@pytest.mark.parametrize("value", [b"", b"?", b"\x00\x00\x00\x00\x01\x02"])
def test_bytes_that_are_no_prepared_request_are_refused_and_the_next_is_taken(
    office: Office, value: bytes
) -> None:
    result = commit(office, raw_intake(NAMES.prepared, value, 0, partition=0), asked(office))
    assert (result.counts["prepared"], result.counts["prepared_refused"]) == (1, 1)


def test_one_whose_outputs_cannot_be_written_is_refused_with_an_entry(office: Office) -> None:
    result = office.discloser.process([asked(office)], Handling.REJECT)
    assert [e["outcome"] for e in entries(office, result)] == [
        "not taken: it cannot be processed; report it"
    ]


def test_a_fault_is_told_without_content_and_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    register = office.discloser._register
    prepare = register.prepare

    def failing(message: Any, now: Any) -> Any:
        if message["case"] == NEW:
            raise ValueError("Jane Roe")
        return prepare(message, now)

    monkeypatch.setattr(register, "prepare", failing)
    result = commit(office, asked(office), asked(office, case="b" * 16))
    assert (result.counts["prepared"], result.counts["prepared_refused"]) == (1, 1)
    assert "Jane" not in caplog.text


def test_the_topic_is_read_if_the_protocol_has_alerts_and_not_otherwise(tmp_path: Path) -> None:
    with_alerts, without = begun(Office(tmp_path, AGREED)), begun(Office(tmp_path, WITHOUT))
    place = (NAMES.prepared, 0)
    assert place in with_alerts.intake.followed
    assert NAMES.prepared in with_alerts.discloser.topics
    assert place not in without.intake.followed
    assert NAMES.prepared not in without.discloser.topics
