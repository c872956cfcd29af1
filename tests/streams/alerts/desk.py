"""An alerts agent without a broker, and what workers, discloser and recipients send to it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.agreement.alerts import Alerts, DomesticAlerts
from isp.agreement.officer import Officer
from isp.agreement.protocol import Party, Protocol, Status
from isp.agreement.topics import Names
from isp.cases.case import Case, ConsentRecord, Flow, Grant, State
from isp.cases.letters import Subject
from isp.cases.sealing import from_officer, public_half, unsealed
from isp.keys.case_keys import CaseKeys
from sanitiser.address.household import household
from sanitiser.incidents.digests import Digests, staff_digest, staff_key
from sanitiser.key_ring import KeyRing
from sanitiser.people.names import normal_name
from schemas.wire import encoder
from streams.alerts.alerter import Alerter
from streams.alerts.assembly import build_alerter
from streams.alerts.rows import ALERTS
from streams.messages import BatchResult, Handling, Intake
from streams.state.dated import DatedStore
from tests.isp.cases.table import CATALOGUE
from tests.isp.cases.table import PROTOCOL as OF_CASES
from tests.isp.cases.table import request as asked
from tests.streams.partnership import KEY, NumberedSchemas
from transport.messages import Output

NAMES = Names("banes")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = (NOW.date() - date(1970, 1, 1)).days
CASE = "0123456789abcdef"
OFFICER = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
RECIPIENT = X25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
URN = "123456"
BORN = date(1990, 5, 17)
ADDRESS, POSTCODE = "5 Acacia Avenue", "BA1 1AB"
DATASETS = (
    "police-incident", "police-crime-offence", "police-crime-offender", "police-crime-victim",
    "hospital-assault", "marac-referral",
)  # fmt: skip
KEYS = KeyRing.of(KEY)
DIGESTS = Digests(KEYS.lasting)


def terms(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "purpose": "Response to domestic incidents",
        "questions": ["Who is at risk?"],
        "legal_basis": "cda-1998-s115",
        "conditions": ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"],
        "sealing_key": public_half(
            X25519PrivateKey.from_private_bytes(bytes(range(3 + number, 35 + number)))
        ),
        **changes,
    }


def settings(**changes: Any) -> dict[str, Any]:
    officer = {
        "post": "Head of Professional Standards",
        "contact": "standards@partnership.example",
        "sealing_key": public_half(OFFICER),
    }
    recipients = [
        {"party": "council", "terms": terms(), "conflict_officer": officer},
        {"party": "fire"},
        {"party": "probation", "depersonalised": False},
        {"party": "academy", "terms": terms(1)},
    ]
    school = {"urn": URN, "party": "academy"}
    return {
        "datasets": DATASETS, "recipients": recipients, "schools": [school],
        "home_educated": "council", **changes,
    }  # fmt: skip


def protocol(review: date | None = None, **changes: Any) -> Protocol:
    """Return the protocol of cases with alerts and a school. Its findings are not checked."""
    head = Officer(post="Head Teacher", contact="head@academy.example")
    academy = Party(
        id="academy", name="Academy", kind="school", status=Status.INVITED, relevant_authority=False,
        group="central", approver=head,
    )  # fmt: skip
    domestic = DomesticAlerts.model_validate(settings(**changes))
    more: dict[str, Any] = {
        "alerts": Alerts(domestic=domestic),
        "parties": (*OF_CASES.parties, academy),
    }
    return OF_CASES.model_copy(update=more | ({"review": review} if review else {}))


def person(name: str = "Jane Roe", born: date = BORN) -> bytes:
    return DIGESTS.person(normal_name(name), born)


def home(address: str = ADDRESS, postcode: str = POSTCODE) -> bytes:
    found = household(address, postcode)
    assert found is not None
    return DIGESTS.household(found)


def inner(name: str, born: date = BORN) -> str:
    return staff_digest(staff_key(KEYS.lasting), normal_name(name), born)


JANE = Subject(name="Jane Roe", date_of_birth=BORN)
HOME = Subject(address=ADDRESS, postcode=POSTCODE)


@dataclass
class Desk:
    """A processor that is active, a clock to set, and the messages that it wrote."""

    folder: Path
    protocol: Protocol = field(default_factory=protocol)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.schemas = NumberedSchemas()
        self.case_keys = CaseKeys(self.folder)
        self.store = DatedStore(ALERTS)
        self._offsets = itertools.count()
        self.alerter = self.built()
        self.outputs: list[Output] = []

    def built(self, store: DatedStore | None = None) -> Alerter:
        alerter = build_alerter(
            self.protocol, CATALOGUE, self.schemas.wire, KEYS, self.case_keys,
            store or self.store, self._clock, "0",
        )  # fmt: skip
        for result in alerter.restore([(NAMES.incidents, 0)]):
            alerter.committed(result)
        return alerter

    def _clock(self) -> float:
        return self.now.timestamp()

    # What is sent

    def message(self, topic: str, schema: str, value: Any, key: bytes = b"k") -> Intake:
        reader = CATALOGUE.system[schema]
        framed = None if value is None else encoder(reader, self.schemas.id_of(reader))(value)
        at = int(self.now.timestamp() * 1_000)
        return Intake(topic, 0, next(self._offsets), key, framed, None, at)

    def fact(
        self, record: str = "r1", kind: str = "event", dataset: str = "police-incident",
        agency: str = "police", ago: timedelta = timedelta(hours=1), supplied: timedelta | None = None,
        subjects: Any = None, contact: Any = None, **changes: Any,
    ) -> Intake:  # fmt: skip
        """Return a message of a domestic incident at Jane Roe's home an hour ago."""
        digest = name(record)
        at = self.now - ago
        facts = {
            "type": "domestic-incident" if kind == "event" else "",
            "day": (at.date() - date(1970, 1, 1)).days,
            "minute": int(at.timestamp()) // 60 if kind == "event" else None,
            "households": [home()],
            "people": [victim(), suspect()],
            "district": "BA1",
            "subjects": DIGESTS.subjects.encrypt(digest, subjects) if subjects else None,
            "contact": DIGESTS.contact.encrypt(digest, contact) if contact else None,
        } | changes
        facts.setdefault("until_day", facts["day"])
        message = {
            "record": digest, "agency": agency, "dataset": dataset, "kind": kind, "facts": facts,
            "supplied": self.now if supplied is None else at + supplied,
        }  # fmt: skip
        return self.message(NAMES.incidents, "incident", message)

    def none(self, record: str = "r1", dataset: str = "police-incident") -> Intake:
        message = {
            "record": name(record), "agency": "police", "dataset": dataset, "kind": "none",
            "supplied": self.now, "facts": None,
        }  # fmt: skip
        return self.message(NAMES.incidents, "incident", message)

    def case(self, case: Case | None = None, **changes: Any) -> Intake:
        """Return the message of a case of the council about Jane Roe; its key is made."""
        found = case or open_case(**changes)
        if found.state is State.OPEN:
            self.case_keys.make(found.case)
        return self.stored(found.case, "case", found.model_dump_json())

    def consent(self, record: ConsentRecord) -> Intake:
        return self.stored("consent-1", "consent", record.model_dump_json())

    def stored(self, key: str, kind: str, document: str) -> Intake:
        message = {"at": self.now, "kind": kind, "document": document}
        return self.message(NAMES.cases, "case", message, key.encode())

    def staff(self, who: str = "Jane Roe", party: str = "council", *, gone: bool = False) -> Intake:
        value = None if gone else {"at": self.now}
        return self.message(NAMES.staff(party), "staff", value, inner(who).encode())

    def order(self, kind: str, digest: bytes) -> Intake:
        message = {"kind": kind, "digest": digest, "at": self.now}
        return self.message(NAMES.alert_orders, "alert-order", message)

    def ack(
        self, alert: str, party: str = "council", version: int = 1, at: datetime | None = None
    ) -> Intake:
        message = {"alert": alert, "version": version, "post": "Duty", "at": at or self.now}
        return self.message(NAMES.acknowledgements(party), "acknowledgement", message)

    # What is done

    def send(self, *batch: Intake, handling: Handling = Handling.PROCESS) -> BatchResult:
        """Process and commit a batch, and what the lasting topics tell; then what is due."""
        result = self.alerter.process(batch, handling)
        self._commit(result)
        for intake in batch:
            if intake.topic in self.alerter.lasting and intake.key is not None:
                self.alerter.learn(intake.topic, intake.key, intake.value)
        self.due()
        return result

    def due(self) -> list[BatchResult]:
        results = list[BatchResult]()
        for result in self.alerter.due():
            self._commit(result)
            results.append(result)
            assert len(results) < 500
        return results

    def later(self, **time: float) -> list[BatchResult]:
        self.now += timedelta(**time)
        return self.due()

    def _commit(self, result: BatchResult) -> None:
        self.alerter.committed(result)
        self.outputs += result.outputs

    # What was written

    def sent(self, topic: str) -> list[Output]:
        return [output for output in self.outputs if output.topic == topic]

    def versions(
        self, party: str = "council", *, officer: bool = False
    ) -> list[dict[str, Any] | None]:
        """Return all messages of alerts to a party, tombstones as None."""
        topic = NAMES.conflict_alerts(party) if officer else NAMES.alerts(party)
        return [None if o.value is None else self.schemas.read(o) for o in self.sent(topic)]

    def alerts(self, party: str = "council", *, officer: bool = False) -> list[dict[str, Any]]:
        """Return the alerts that a party has now."""
        topic = NAMES.conflict_alerts(party) if officer else NAMES.alerts(party)
        newest = {o.key: o for o in self.sent(topic)}
        return [self.schemas.read(o) for o in newest.values() if o.value is not None]

    def alert(self, party: str = "council", *, officer: bool = False) -> dict[str, Any]:
        (found,) = self.alerts(party, officer=officer)
        return found

    def opened(self, party: str = "council") -> dict[str, Any]:
        """Return the personal content of the only alert of a party."""
        alert = self.alert(party)
        key = self.case_keys.read(alert["case"])
        return document(unsealed(key, b"alert:" + alert["alert"].encode(), alert))

    def opened_by_officer(self) -> dict[str, Any]:
        alert = self.alert(officer=True)
        return document(from_officer(OFFICER, alert["alert"], alert))

    def prepared(self) -> list[dict[str, Any]]:
        return [self.schemas.read(o) for o in self.sent(NAMES.prepared) if o.value is not None]

    def prepared_deleted(self) -> list[str]:
        """Return the cases whose messages were deleted from the topic of prepared requests."""
        return [(o.key or b"").decode() for o in self.sent(NAMES.prepared) if o.value is None]

    def requests(self) -> list[dict[str, Any]]:
        """Return the documents of the prepared requests."""
        made = [p for p in self.prepared() if p["kind"] == "request"]
        return [json.loads(p["document"]) for p in made]

    def audit(self) -> list[dict[str, Any]]:
        return [self.schemas.read(o) for o in self.sent(NAMES.audit)]

    def rows(self) -> dict[bytes, bytes]:
        """Return all rows of the state."""
        self.store.flush()
        found = self.store._tables.portion(ALERTS.other, b"", 100_000)
        return {key: row[4:] for key, row in found if key != b"t"}


def document(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def name(record: str) -> bytes:
    return DIGESTS.record("police", "d", (record,))


def victim(who: str = "Jane Roe", **changes: Any) -> dict[str, Any]:
    return {"role": "victim", "person": person(who), **changes}


def suspect(who: str = "John Roe", **changes: Any) -> dict[str, Any]:
    return {"role": "suspect", "person": person(who), **changes}


FIELDS: dict[str, tuple[str, ...]] = {
    dataset: tuple(field.name for field in CATALOGUE.record_type(dataset).fields)
    for dataset in DATASETS
}


def open_case(
    case: str = CASE, subjects: Iterable[Subject] = (JANE,), state: State = State.OPEN,
    recipient: str = "council", supplier: str = "police", fields: Any = None,
    until: date | None = None, review_by: datetime | None = None, process: str = "marac",
) -> Case:  # fmt: skip
    """Return an open case of a recipient, with all fields of all datasets approved."""
    letter = asked(case=case, party="council", supplier=supplier, subjects=tuple(subjects))
    granted = FIELDS if fields is None else fields
    grant = Grant(
        fields=granted,
        until=until or NOW.date() + timedelta(28),
        post="deputy",
        review_by=review_by,
    )
    return Case(
        case=case, state=state, since=NOW, recipient=recipient, supplier=supplier, process=process,
        purpose="p", legal_basis="cda-1998-s115", conditions=(), head="0" * 64, history=(),
        request=letter if state is not State.CLOSED else None, grant=grant, flow=Flow(key="AA=="),
    )  # fmt: skip
