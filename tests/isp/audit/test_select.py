"""The answer to an inquiry about a case holds its steps, and the reads of its disclosed records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from isp.agreement.topics import Names
from isp.audit.entry import Entry
from isp.audit.select import Inquiry, answers

CASE, OTHER = "3f0a51c2d4e69b78", "0000000000000000"
NAMES = Names("banes")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def entry(case: str | None, *shares: dict[str, Any]) -> Entry:
    return Entry(
        0, "h", {"at": NOW, "case": case, "dataset": None, "subject": "", "shares": shares}
    )


def read(topic: str, who: str) -> dict[str, Any]:
    about = {"agency": None, "dataset": None, "references": b""}
    return {"what": "read", "topic": topic, "recipients": [f"banes.{who}"], **about}


READS = entry(
    None,
    read(f"banes.disclosed.{CASE}", "council"),
    read(f"banes.disclosed.{OTHER}", "council"),
    read("banes.depersonalised.central.police-incident", "fire"),
)


def test_the_recipients_reads_are_told_with_the_case() -> None:
    letter = entry(CASE)
    found = list(answers([letter, entry(OTHER), entry(None), READS], Inquiry(NAMES, case=CASE)))
    assert [answer.entry for answer in found] == [letter, READS]
    assert [share["topic"] for share in found[1].shares] == [f"banes.disclosed.{CASE}"]
    assert list(answers([READS], Inquiry(NAMES, case=CASE, recipient="fire"))) == []


@pytest.mark.parametrize("asked", ["council", "banes.council"])
def test_a_recipient_is_named_as_a_party_or_as_a_principal(asked: str) -> None:
    released = read("banes.depersonalised.central.fire-incident", "council")
    released |= {"what": "released", "recipients": ["fire", "council"]}
    shares = (READS.content or {})["shares"]
    (found,) = answers([entry(None, *shares, released)], Inquiry(NAMES, recipient=asked))
    assert list(found.shares) == [shares[0], shares[1], released]


def test_another_partnerships_council_is_not_this_ones() -> None:
    denied = read("banes.audit", "council") | {"recipients": ["barnet.council"]}
    assert list(answers([entry(None, denied)], Inquiry(NAMES, recipient="council"))) == []
    (found,) = answers([entry(None, denied)], Inquiry(NAMES, recipient="barnet.council"))
    assert found.shares == (denied,)


def test_an_inquiry_about_no_case_is_answered_as_before() -> None:
    (found,) = answers([READS], Inquiry(NAMES, recipient="council"))
    assert len(found.shares) == 2


def test_who_reads_alerts_is_named_and_the_conflict_officer_s_reads_are_its_party_s() -> None:
    own, other = "banes.alerts.domestic.council", "banes.alerts.domestic.police"
    conflict = "banes.alerts.conflict.council"
    reads = entry(
        None, read(own, "council"), read(other, "police"), read(conflict, "conflict.council")
    )
    (of_party,) = answers([reads], Inquiry(NAMES, recipient="council"))
    assert [s["topic"] for s in of_party.shares] == [own, conflict]
    for asked in ("conflict.council", "banes.conflict.council"):
        (of_officer,) = answers([reads], Inquiry(NAMES, recipient=asked))
        assert [s["topic"] for s in of_officer.shares] == [conflict]
        assert of_officer.shares[0]["recipients"] == ["banes.conflict.council"]


@pytest.mark.parametrize("asked", ["council", "banes.council", "banes.council.desk-1"])
def test_a_read_by_a_partys_person_is_of_the_party(asked: str) -> None:
    shares = (
        read("banes.depersonalised.central.fire-incident", "council.desk-1"),
        read("banes.depersonalised.central.fire-incident", "councillors.desk-1"),
    )
    (found,) = answers([entry(None, *shares)], Inquiry(NAMES, recipient=asked))
    assert found.shares == (shares[0],)
