"""Follow one household's third incident: from the police's record to the council's duty desk, and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.account import Account
from connectors.alerts.acknowledging import acknowledge
from connectors.alerts.content import content_of
from connectors.alerts.decrypting import ByCase
from connectors.alerts.picture import Alert, Change
from connectors.alerts.recipient import Recipient
from connectors.errors import ConnectorError
from connectors.topic_feed import Feed
from demo.generator.third_incident import ThirdIncident
from demo.sending import send_record
from isp.agreement.protocol import Post
from isp.cases.case import Case
from isp.cases.client.office import Office, letter_of
from isp.cases.letters import Advice, Decision
from isp.cases.rules import DECIDABLE
from isp.keys.officer_keys import load_key
from ops.exercise import officers_key
from ops.system import System
from transport.reader import Denied, read_all

RECIPIENT, SUPPLIER, ALSO = "council", "police", "ambulance"
_DUTY: Post = "duty_officer"
_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_BETWEEN_SECONDS = 0.2


class AlertSeen(NamedTuple):
    """The observations of one household's third incident.

    `searched` texts about people, home and history were searched for in the depersonalised alert;
    `found` of them were there. `desk` is the decrypted personal alert. Times are since the act before.
    """

    alert: str
    plain: Mapping[str, Any]
    plain_ms: float
    searched: int
    found: int
    approved_seconds: float
    desk: Mapping[str, Any]
    acknowledged_seconds: float
    denied: int
    asked: int
    withdrawn_ms: float


class DemoError(ConnectorError):
    """An alert or a request did not come in time."""


def try_an_alert(system: System, incident: ThirdIncident) -> AlertSeen:
    """Supply a household's records, and do what its partners do about the third incident.

    Raises:
        DemoError: an alert or a request did not come in time.
    """
    office, recipient = _office(system, RECIPIENT), _recipient(system)
    decrypt = ByCase(office, system.stack.secrets.folder)
    with recipient.feed(recipient.alerts) as feed:
        desk = Desk(feed)
        send_record(system, SUPPLIER, "police-incident", incident.first)
        send_record(system, SUPPLIER, "marac-referral", incident.referral)
        send_record(system, ALSO, "ambulance-call", incident.call)
        call = desk.await_alert(lambda a: not a.is_personal, "an alert of the ambulance call")
        _approve(system, ALSO, call.id)
        desk.await_alert(
            lambda a: a.id == call.id and a.is_personal, "the ambulance service's case"
        )

        at = send_record(system, SUPPLIER, "police-incident", incident.third)
        plain = desk.await_alert(lambda a: a.id != call.id, "an alert of the third incident")
        plain_ms = _since(at) * 1_000
        name = plain.id
        at = _approve(system, SUPPLIER, name)
        personal = desk.await_alert(lambda a: a.id == name and a.is_personal, "the police's case")
        approved_seconds = _since(at)
        content = content_of(personal, decrypt)
        at = time.monotonic()
        acknowledge(recipient, personal, _DUTY)
        desk.await_alert(
            lambda a: a.id == name and a.acknowledged is not None, "the acknowledged alert"
        )
        acknowledged_seconds = _since(at)
        others = [p.id for p in system.protocol.parties if p.id != RECIPIENT]
        denied = sum(_is_denied(system, party) for party in others)
        at = send_record(system, SUPPLIER, "police-incident", incident.corrected)
        desk.await_change(lambda c: c.id == name and c.is_withdrawal, "the withdrawal of the alert")
        withdrawn_ms = _since(at) * 1_000
    told = str(dict(plain.message))
    return AlertSeen(
        name, content_of(plain, decrypt), plain_ms, len(incident.private),
        sum(text in told for text in incident.private), approved_seconds, content,
        acknowledged_seconds, denied, len(others), withdrawn_ms,
    )  # fmt: skip


@dataclass(slots=True)
class Desk:
    """The council's duty desk: it reads one change after another."""

    feed: Feed
    patience_s: float = _SECONDS
    waiting: list[Change] = field(default_factory=list)

    def await_change(self, wanted: Callable[[Change], bool], what: str) -> Change:
        """Return the next change that is wanted; forget those before it.

        Raises:
            DemoError: it did not come in time.
        """
        give_up = time.monotonic() + self.patience_s
        while time.monotonic() < give_up:
            self.waiting += [Change.of(one) for one in self.feed.advance(_LOOK_SECONDS)]
            while self.waiting:
                change = self.waiting.pop(0)
                if wanted(change):
                    return change
        raise DemoError(
            f"{what} did not come within {self.patience_s:.0f} s; see logs/alerter-0.log"
        )

    def await_alert(self, wanted: Callable[[Alert], bool], what: str) -> Alert:
        """Return the next version of an alert that is wanted."""
        change = self.await_change(lambda c: c.alert is not None and wanted(c.alert), what)
        assert change.alert is not None
        return change.alert


def _recipient(system: System) -> Recipient:
    account = Account(system.protocol.prefix, RECIPIENT, system.client(RECIPIENT))
    return Recipient(account, system.protocol, system.catalogue, RECIPIENT)


def _office(system: System, party: str) -> Office:
    found = system.protocol.party(party)
    return Office(system.client(party), system.protocol, system.catalogue, found)


def _approve(system: System, supplier: str, alert: str) -> float:
    """Approve the request that was prepared from an alert; return the time just before the signature.

    Health information needs the advice of the Caldicott Guardian first.
    """
    office = _office(system, supplier)
    case = _prepared(office, alert)
    if "caldicott_guardian" in office.party.officers:
        advice = {"advice": "share", "reason": "in the interest of the patient and the children"}
        case = _sign(system, office, "caldicott_guardian", Advice, case, advice)
    post: Post = "deputy" if "deputy" in office.party.officers else "liaison_officer"
    at = time.monotonic()
    approval = {"outcome": "approve", "reason": "necessary and proportionate to the risk"}
    _sign(system, office, post, Decision, case, approval)
    return at


def _sign(
    system: System,
    office: Office,
    post: Post,
    model: type[Advice | Decision],
    case: Case,
    fields: Mapping[str, str],
) -> Case:
    officer = office.officer(load_key(officers_key(system.stack.run_dir, office.party.id, post)))
    letter = letter_of(model, officer, case=case.case, previous=case.head, **fields)
    after = office.send(letter, officer)
    assert after is not None
    return after


def _prepared(office: Office, alert: str) -> Case:
    """Return the case that was prepared from an alert, from the inbox of its supplier."""
    give_up = time.monotonic() + _SECONDS
    while time.monotonic() < give_up:
        for case in office.inbox().cases.values():
            if case.event == alert and case.state in DECIDABLE:
                return case
        time.sleep(_BETWEEN_SECONDS)
    raise DemoError(f"no request about alert {alert} was in the inbox of {office.party.id}")


def _is_denied(system: System, party: str) -> bool:
    alerts = _recipient(system).alerts
    try:
        list(read_all(system.client(party), alerts.name, 1))
    except Denied:
        return True
    return False


def _since(at: float) -> float:
    return time.monotonic() - at
