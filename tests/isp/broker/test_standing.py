"""Only the newest version of a case or consent counts; if it cannot be read, no version counts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from isp.broker import standing as standing_module
from isp.broker.standing import case_grounds, known_standing, read_standing
from isp.cases.case import Case, ConsentRecord, Flow, State
from isp.cases.client import office as office_module
from isp.cases.client.office import Office
from isp.cases.errors import DisclosureError
from isp.cases.register import Refused, Register, Taken, opened
from isp.cases.standing import Standing
from isp.cases.steps import StepKind
from schemas.actors import Actor
from schemas.wire import encoder
from tests.isp.cases.table import CASE, CATALOGUE, NOW, PROTOCOL, Table, reasons, request
from transport import reader
from transport.reader import UNKNOWN_TOPIC, Denied, ReadError

CLIENT: dict[str, Any] = {}
REFUSED_BY_TEXT = "agreed\u202e"
"""A character that reverses the direction of writing; an earlier release accepted it."""
TREATMENT: dict[str, Any] = {
    "process": "treatment-group",
    "supplier": "daat",
    "fields": {"drug-treatment-adult": ["name", "treatment_type"]},
}


class Version(NamedTuple):
    """One message of the topic of cases, or of an inbox."""

    name: str
    kind: str
    document: dict[str, Any]

    def key(self) -> bytes:
        return self.name.encode()

    def value(self) -> bytes:
        stood = {"at": NOW, "kind": self.kind, "document": json.dumps(self.document)}
        return encoder(CATALOGUE.system["case"], 1)(stood)


def version(taken: Case | ConsentRecord, key: str) -> Version:
    kind = "case" if isinstance(taken, Case) else "consent"
    return Version(key, kind, taken.model_dump(mode="json"))


def unreadable(of: Version) -> Version:
    """Return the document with a word that an earlier release accepted and this release refuses."""
    document = json.loads(json.dumps(of.document))
    about = document["request"] if of.kind == "case" else document["consent"]["subject"]
    about["purpose" if of.kind == "case" else "name"] = REFUSED_BY_TEXT
    return of._replace(document=document)


class Consented(NamedTuple):
    table: Table
    versions: list[Version]


@pytest.fixture
def running() -> Case:
    """Return an open case."""
    table = Table()
    table.send(request())
    table.decide("approve")
    return opened(table.case, Flow(key="AA=="), NOW)


@pytest.fixture
def consented() -> Consented:
    """Write a consent of Jane Roe, and then its withdrawal in a version that cannot be read."""
    table = Table()
    assert isinstance(table.send(request(**TREATMENT)), Taken)
    given, withdrawn = (stored(table.consent(said)) for said in ("given", "withdrawn"))
    return Consented(table, [given, unreadable(withdrawn)])


def stored(taken: Taken | Refused) -> Version:
    assert isinstance(taken, Taken)
    return version(taken.record, taken.key)


def kept(monkeypatch: pytest.MonkeyPatch, versions: Iterable[Version]) -> None:
    for module in (standing_module, office_module):
        monkeypatch.setattr(module, "read_all", lambda *_: iter(versions))


def of_cases(*versions: Version) -> Standing:
    with pytest.MonkeyPatch.context() as patch:
        kept(patch, versions)
        return read_standing(CLIENT, PROTOCOL, CATALOGUE)


def in_inbox(party: str, *versions: Version) -> office_module.Inbox:
    with pytest.MonkeyPatch.context() as patch:
        kept(patch, versions)
        return office_of(party).inbox()


def office_of(party: str) -> Office:
    return Office(CLIENT, PROTOCOL, CATALOGUE, next(p for p in PROTOCOL.parties if p.id == party))


def restored(standing: Standing) -> Register:
    register = Register(PROTOCOL, CATALOGUE)
    register.restore(standing)
    return register


def test_consent_no_longer_holds_once_its_newest_version_cannot_be_read(
    consented: Consented,
) -> None:
    given, withdrawn = consented.versions
    case = consented.table.case
    assert restored(of_cases(given)).lacking_consent(case, NOW) == ()
    assert restored(of_cases(given, withdrawn)).lacking_consent(case, NOW)
    assert in_inbox("daat", given).consents
    inbox = in_inbox("daat", given, withdrawn)
    assert (inbox.consents, inbox.unreadable_consents) == ((), 1)


def test_a_case_is_not_open_once_its_newest_version_cannot_be_read(running: Case) -> None:
    was_open = version(running, CASE)
    closing = running.after(
        State.CLOSING, NOW, Actor("police", "deputy"), StepKind.APPROVAL_WITHDRAWN
    )
    standing = of_cases(was_open, unreadable(version(closing, CASE)))
    assert list(restored(standing).standing) == []
    assert (standing.cases, list(standing.unreadable_cases)) == ({}, [CASE])
    inbox = in_inbox("council", was_open, unreadable(version(closing, CASE)))
    assert (inbox.cases, inbox.unreadable_cases) == ({}, (CASE,))


def test_what_can_be_read_again_stands(running: Case) -> None:
    found = version(running, CASE)
    standing = of_cases(unreadable(found), found)
    assert (standing.cases, standing.unreadable_cases) == ({CASE: running}, {})


def test_an_officer_is_told_that_a_case_cannot_be_read(
    running: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(monkeypatch, [unreadable(version(running, CASE))])
    with pytest.raises(DisclosureError, match=f"this release cannot read case {CASE}"):
        office_of("council").case(CASE)


def test_an_earlier_letter_does_not_replace_what_cannot_be_read(
    consented: Consented, running: Case
) -> None:
    table = Table()
    standing = of_cases(*consented.versions, unreadable(version(running, CASE)))
    table.register.restore(standing)
    assert "write a new letter later" in reasons(table.consent("given"))
    assert "exists already; this release cannot read it" in reasons(table.send(request()))
    table.now = NOW + timedelta(hours=1)
    assert isinstance(table.consent("given", at=table.now), Taken)
    assert isinstance(table.consent("withdrawn", at=table.now + timedelta(seconds=1)), Taken)


def failing(error: ReadError) -> Any:
    def read_all(*_: object) -> Any:
        raise error

    return read_all


def test_nothing_stands_before_the_protocol_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "read_all", failing(ReadError("cases", UNKNOWN_TOPIC)))
    assert known_standing(CLIENT, PROTOCOL, CATALOGUE) == Standing()


@pytest.mark.parametrize(
    "error",
    [
        Denied("cases", "TOPIC_AUTHORIZATION_FAILED"),
        ReadError("cases", "the end of the topic was not reached in time"),
    ],
)
def test_cases_that_cannot_be_read_are_not_taken_for_none(
    error: ReadError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "read_all", failing(error))
    with pytest.raises(ReadError, match=error.reason):
        known_standing(CLIENT, PROTOCOL, CATALOGUE)
    with pytest.raises(ReadError, match=error.reason):
        case_grounds(CLIENT, PROTOCOL, CATALOGUE)
