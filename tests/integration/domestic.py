"""A partnership with domestic alerts at work: what its agencies publish, and what its recipients read."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from isp.cases.case import Case, State
from isp.keys import private_files
from isp.keys.alert_keys import alert_key_file
from schemas.london import london_today
from schemas.wire import decoder
from tests.integration.agent_process import AgentOrder
from tests.integration.records import STEADY
from tests.integration.site import COMMITTED_READER, Site
from tests.integration.test_disclosures import act
from tests.integration.test_prepared_requests import cases
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import WorkerProcess
from tests.isp.agreement.alerting import OFFICER, TERMS
from transport.client_names import alerter_group
from transport.messages import ERASE_HEADER

INCIDENTS, CRIMES, REFERRALS = "police-incident", "police-crime-offence", "marac-referral"
VICTIMS, OFFENDERS = "police-crime-victim", "police-crime-offender"
CALLS = "ambulance-call"
DATASETS = [INCIDENTS, CRIMES, VICTIMS, OFFENDERS, CALLS, REFERRALS]
PARTY, POLICE, AMBULANCE = "council", "police", "ambulance"
BORN = date(1990, 5, 17)
AT = time(21, 40)
WHY = {"purpose": "Intelligence products", "legal_basis": "cda-1998-s17a"}
LEVELS = [
    {"name": "marac-repeat", "rule": "marac-repeat", "acknowledge_hours": 4, "working": True},
    {"name": "high-risk", "rule": "graded", "acknowledge_hours": 1},
    {"name": "escalation", "rule": "repeat", "acknowledge_hours": 24},
    {"name": "standard", "rule": "any", "acknowledge_hours": 72},
]
AMBULANCES = {
    "id": AMBULANCE, "name": "Ambulance Service", "kind": "ambulance-service",
    "status": "co-operating-body", "relevant_authority": True, "group": "central",
    "liaison_officer": {"post": "Liaison", "contact": "ambulance@partnership.example"},
    "caldicott_guardian": {"post": "Guardian", "contact": "guardian@partnership.example"},
    "notification": "Z1047515",
}  # fmt: skip

Version = dict[str, Any]
"""A message of an alert, decoded."""


def with_alerts(document: Any) -> None:
    """Have police and ambulance service supply, and the council and the fire service receive alerts."""
    document["parties"][0]["duty_officer"] = {"post": "On duty", "contact": "d@partnership.example"}
    document["parties"].append(AMBULANCES)
    for dataset in (VICTIMS, OFFENDERS):
        document["supplies"].append({"agency": POLICE, "dataset": dataset, **WHY})
    document["supplies"].append(
        {"agency": POLICE, "dataset": REFERRALS, **WHY, "legal_basis": "cda-1998-s115"}
    )
    document["supplies"].append({"agency": AMBULANCE, "dataset": CALLS, **WHY})
    document["receives"].append(
        {"party": PARTY, "profile": "central", "datasets": [VICTIMS, OFFENDERS, CALLS], **WHY}
    )
    document["openings"] = [
        {"dataset": CALLS, "requirement": "Violence at home",
         "from": date(2026, 1, 1), "until": date(2099, 1, 1)}
    ]  # fmt: skip
    recipients = [
        {"party": PARTY, "terms": TERMS, "conflict_officer": OFFICER},
        {"party": "fire"},
    ]
    document["alerts"] = {
        "domestic": {"datasets": DATASETS, "recipients": recipients, "levels": LEVELS}
    }


class Alerts:
    """Every version of each alert that one principal has read, by its id; None is a withdrawal."""

    def __init__(self, site: Site, principal: str, topic: str) -> None:
        client = site.partnership.client(principal)
        group = f"{client['sasl.username']}.reader"
        self._consumer = Consumer({**client, **COMMITTED_READER, "group.id": group})
        self._consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        self._decode = decoder(site.partnership.catalogue.system["alert"])
        self.versions: dict[str, list[Version | None]] = {}

    def read(self) -> None:
        """Read what is there."""
        while messages := self._consumer.consume(1_000, 0.05):
            for message in messages:
                if message.error() is None:
                    alert = (message.key() or b"").decode()
                    value = message.value()
                    found = None if value is None else self._decode(value)
                    self.versions.setdefault(alert, []).append(found)

    def newest(self, alert: str) -> Version | None:
        """The newest version of an alert; None if it was withdrawn."""
        self.read()
        return self.versions[alert][-1]

    def until_new(self, known: Collection[str], number: int = 1) -> list[str]:
        """Wait for alerts that are not known; their ids."""

        def new() -> list[str]:
            self.read()
            return [alert for alert in self.versions if alert not in known]

        until(lambda: len(new()) >= number, PATIENCE_S, f"{number} further alerts")
        return new()

    def until_so(self, alert: str, is_so: Callable[[Version | None], bool], what: str) -> None:
        """Wait until the newest version of an alert is as it is to be."""
        until(lambda: is_so(self.newest(alert)), PATIENCE_S, what)

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()


@dataclass
class Responders:
    """A site whose alerts agents run, with the eyes of its recipients."""

    site: Site
    clock: Path
    council: Alerts
    fire: Alerts
    officer: Alerts
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def alerter(self, slot: str = "0", **options: Any) -> Iterator[WorkerProcess]:
        """Start an alerts agent, and end it with the block."""
        run_dir = str(self.site.partnership.stack.run_dir)
        order = AgentOrder(
            "alerter", run_dir, str(self.site.protocol_file), str(self.clock), slot, **options
        )
        log = self.site.folder / f"alerter-{slot}-{next(self._numbers)}.log"
        started = WorkerProcess(order, log)
        try:
            yield started
        finally:
            started.close()

    def set_clock(self, seconds: float) -> None:
        """Set by how much the clock of the agent is ahead."""
        write_clock(self.clock, seconds)

    def incident(self, dataset: str = INCIDENTS, *records: dict[str, Any]) -> str:
        """Publish records of one new event; the id of the council's alert of it."""
        self.council.read()
        known = set(self.council.versions)
        self.site.publish(dataset, records)
        (alert,) = self.council.until_new(known)
        return alert

    def erase(self, record: dict[str, Any]) -> None:
        """Erase a record of a police incident, as the police."""
        producer = Producer({**self.site.partnership.client(POLICE), "enable.idempotence": True})
        producer.produce(
            self.site.intake(INCIDENTS),
            self.site.value(INCIDENTS, record),
            record["incident_reference"].encode(),
            headers=[(ERASE_HEADER, b"")],
        )
        assert producer.flush(PATIENCE_S) == 0

    def declare_staff(self, *names: str) -> None:
        """Have the council replace its list of staff, and wait until the agent knows it."""
        lines = [f"{name},{BORN}\n" for name in names]
        file = self.site.folder / "staff.csv"
        file.write_text("".join(["name,date_of_birth\n", *lines]))
        answer = run(self.site, "alerts", "staff", str(file), "--as", PARTY, "--json")
        assert answer.code == 0, answer.said
        topic = self.site.partnership.names.staff(PARTY)
        end = self.site.ends(topic)[0]
        until(lambda: self._committed(topic) >= end, PATIENCE_S, "the staff list to be known")

    def _committed(self, topic: str) -> int:
        """The next message of a topic that the agent will read."""
        (group,) = self._groups()
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])
        admin = AdminClient(self.site.partnership.admin)
        found = admin.list_consumer_group_offsets([asked])[group].result(PATIENCE_S)
        (at,) = found.topic_partitions
        return int(at.offset)

    def active(self) -> str | None:
        """The slot of the agent that decides now; None if there is none."""
        (group,) = self._groups()
        admin = AdminClient(self.site.partnership.admin)
        found = admin.describe_consumer_groups([group])[group].result(PATIENCE_S)
        incidents = self.site.partnership.names.incidents
        for member in found.members:
            if any(at.topic == incidents for at in member.assignment.topic_partitions):
                return (member.group_instance_id or "").removeprefix(f"{group}.")
        return None

    def _groups(self) -> tuple[str]:
        return (alerter_group(self.site.partnership.names.alerter),)

    def waiting(self, alert: str, agency: str = POLICE) -> Case:
        """Wait for the prepared case of an alert, of an agency."""

        def found() -> list[Case]:
            return [
                case
                for case in cases(self.site).values()
                if case.prepared is not None
                and (case.prepared.event, case.supplier) == (alert, agency)
            ]

        until(lambda: bool(found()), PATIENCE_S, "the prepared request")
        (case,) = found()
        return case

    def approve(
        self, case: str, party: str = POLICE, post: str = "deputy", urgent: str | None = None
    ) -> None:
        """Have an officer approve a prepared request."""
        why = ["--reason", "proportionate", *(["--urgent", urgent] if urgent else [])]
        answer = act(self.site, "disclose approve", case, *why, party=party, post=post)
        assert answer.code == 0, answer.said
        until(lambda: cases(self.site)[case].state is State.OPEN, PATIENCE_S, "the open case")

    def advise(self, case: str, party: str) -> None:
        """Have a Caldicott Guardian advise to share, and wait until the advice is known."""
        who = {"party": party, "post": "caldicott_guardian"}
        answer = act(
            self.site, "disclose advise", case, "share", "--reason", "vital interests", **who
        )
        assert answer.code == 0, answer.said
        until(lambda: bool(cases(self.site)[case].advised), PATIENCE_S, "the advice")

    def until_personal(self, alert: str) -> Version:
        """Wait until an alert is personal; its content as the council's command shows it."""
        self.council.until_so(
            alert, lambda v: v is not None and v["kind"] == "personal", "a personal alert"
        )
        return self.shown(alert)

    def shown(self, alert: str) -> dict[str, Any]:
        """Return the content of an alert, as the council's command shows it."""
        answer = run(self.site, "alerts", "show", alert, "--as", PARTY, "--json")
        assert answer.code == 0, answer.said
        content: dict[str, Any] = answer.document["content"]
        return content


@contextmanager
def responding(site: Site) -> Iterator[Responders]:
    """A site whose worker runs, without an alerts agent."""
    keep_keys(site)
    clock, names = site.folder / "clock", site.partnership.names
    write_clock(clock, 0)
    readers = (
        Alerts(site, PARTY, names.alerts(PARTY)),
        Alerts(site, "fire", names.alerts("fire")),
        Alerts(site, f"conflict.{PARTY}", names.conflict_alerts(PARTY)),
    )
    try:
        with site.worker():
            yield Responders(site, clock, *readers)
    finally:
        for reader in readers:
            reader.close()


def write_clock(file: Path, seconds: float) -> None:
    """Replace the file of a clock at once, as it is read all the time."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(file)


def keep_keys(site: Site) -> None:
    """Give the stack the council's key for prepared cases, as the key of one more protocol."""
    made = alert_key_file(site.folder / "secrets", PARTY)
    short_name = site.partnership.protocol.partnership.short_name
    secrets = site.partnership.stack.secrets.folder
    kept = alert_key_file(secrets, PARTY).with_name(f"{PARTY}.{short_name}.key")
    private_files.make_folder(kept.parent)
    shutil.copy(made, kept)


@dataclass(frozen=True)
class Family:
    """The people and the home of one test; no other test has them."""

    number: int
    postcode: str = STEADY

    @property
    def victim(self) -> str:
        """Name of the victim."""
        return f"Jane {_letters(self.number)}"

    @property
    def suspect(self) -> str:
        """Name of the suspect."""
        return f"John {_letters(self.number)}"

    @property
    def home(self) -> str:
        """Address of the home."""
        return f"{self.number} Acacia Avenue, Bath"

    def incident(self, reference: str, days_ago: int = 0, **fields: Any) -> dict[str, Any]:
        """A domestic incident at the home."""
        return {
            "incident_reference": reference,
            "incident_type": "Domestic incident",
            "domestic": True,
            "incident_date": london_today() - timedelta(days_ago),
            "incident_time": AT if days_ago else None,
            "location_address": self.home,
            "location_postcode": self.postcode,
            "victim_name": self.victim,
            "victim_date_of_birth": BORN,
            "suspect_name": self.suspect,
            "suspect_date_of_birth": BORN,
        } | fields

    def crime(self, reference: str, incident: str, days_ago: int = 0) -> dict[str, Any]:
        """The crime of an incident, flagged as domestic."""
        return {
            "crime_reference": reference,
            "incident_reference": incident,
            "offence_code": "8N",
            "domestic": True,
            "committed_from_date": london_today() - timedelta(days_ago),
            "committed_from_time": AT,
            "location_address": self.home,
            "location_postcode": self.postcode,
        }

    def crime_victim(self, crime: str) -> dict[str, Any]:
        """The victim of a crime."""
        return {
            "crime_reference": crime,
            "record_reference": f"V-{crime}",
            "name": self.victim,
            "date_of_birth": BORN,
            "safe_contact_number": "07700 900123",
            "safe_contact_no_voicemail": True,
        }

    def crime_offender(self, crime: str) -> dict[str, Any]:
        """The offender of a crime."""
        return {
            "crime_reference": crime,
            "offender_reference": f"O-{crime}",
            "name": self.suspect,
            "date_of_birth": BORN,
        }

    def call(self, patient: str, days_ago: int = 0) -> dict[str, Any]:
        """An ambulance call to the victim's home after an assault."""
        return {
            "patient_reference": patient,
            "name": self.victim,
            "date_of_birth": BORN,
            "incident_type": "Stabbing",
            "incident_date": london_today() - timedelta(days_ago),
            "incident_time": time(22, 5),
            "location_address": self.home,
            "location_postcode": self.postcode,
            "home_address": self.home,
            "home_postcode": self.postcode,
        }

    def referral(self, reference: str, days_ago: int, **fields: Any) -> dict[str, Any]:
        """A referral of the victim to a MARAC."""
        day = london_today() - timedelta(days_ago)
        return {
            "referral_reference": reference,
            "referral_date": day,
            "victim_name": self.victim.upper(),
            "victim_date_of_birth": BORN,
            "offender_name": self.suspect,
            "offender_date_of_birth": BORN,
            "home_address": self.home,
            "home_postcode": self.postcode,
            "risk_tool": "DASH",
            "risk_grade": "high",
            "risk_date": day,
            "risk_grader": "Safeguarding unit",
        } | fields


def _letters(number: int) -> str:
    """A name that no other number has."""
    return "Roe" + "".join(chr(ord("a") + int(digit)) for digit in str(number))
