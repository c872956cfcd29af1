"""A partnership whose detector runs: half a year of incidents, a spate, and what recipients read of it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from demo.readiness import await_distributions, metrics_of
from sanitiser.build.reference import onspd_package
from schemas.london import london_today
from schemas.wire import decoder
from tests.integration.agent_process import AgentOrder
from tests.integration.records import DISTRICT, SCARCE, STEADY
from tests.integration.site import COMMITTED_READER, Site, free_port
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until
from transport.messages import ERASE_HEADER

DATASET = "police-incident"
POLICE, COUNCIL, BUSINESS = "police", "council", "business"
DAYS = 190
EVALUATED_S = 5 * PATIENCE_S
NAMES = (
    "incident_reference", "incident_type", "incident_date", "incident_time", "location_address",
    "location_postcode", "domestic",
)  # fmt: skip
ROOT = Path(__file__).parents[2]


def with_emerging(document: Any) -> None:
    """Have the council, the businesses and the police receive findings."""
    document["alerts"] = {
        "emerging": {
            "datasets": [DATASET, "fire-incident"],
            "recipients": [{"party": party} for party in (COUNCIL, BUSINESS, POLICE)],
            "level_days": 30,
            "replicates": 199,
        }
    }


def postcodes(number: int) -> list[str]:
    """Postcodes of the district that are released as they are, the same at each call."""
    table = onspd_package()
    here = table.districts == table.district_codes.index(DISTRICT)
    keys = sorted(bytes(key).decode() for key in table.keys[here])
    spaced = [f"{key[:-3]} {key[-3:]}" for key in keys]
    kept = [each for each in spaced if each not in (SCARCE, STEADY)]
    return Random(7).sample(kept, number)


def row(reference: str, days_ago: int, postcode: str = STEADY) -> dict[str, str]:
    """Return an incident of disorder."""
    return {
        "incident_reference": reference,
        "incident_type": "ASB nuisance",
        "incident_date": (london_today() - timedelta(days_ago)).isoformat(),
        "incident_time": "22:41",
        "location_address": "7 Acacia Avenue, Bath",
        "location_postcode": postcode,
        "domestic": "false",
    }


def history(days: range = range(DAYS, 0, -1), name: str = "H") -> list[dict[str, str]]:
    """Return three incidents of each of so many days before today, at sixty places."""
    places, random = postcodes(60), Random(f"{name} 11")
    return [
        row(f"{name}-{day}-{number}", day, random.choice(places))
        for day in days
        for number in range(3)
    ]


@dataclass
class Findings:
    """Every finding that one recipient has read."""

    site: Site
    party: str
    all: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        client, names = self.site.partnership.client(self.party), self.site.partnership.names
        group = f"{client['sasl.username']}.reader"
        self._consumer = Consumer({**client, **COMMITTED_READER, "group.id": group})
        topic = names.alerts_emerging(self.party)
        self._consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        self._decode = decoder(self.site.partnership.catalogue.system["finding"])

    def read(self) -> list[dict[str, Any]]:
        """Read what is there."""
        while messages := self._consumer.consume(1_000, 0.05):
            found = (message.value() for message in messages if message.error() is None)
            self.all += [self._decode(value) for value in found if value is not None]
        return self.all

    def until(self, number: int, what: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for so many findings; the newest one."""
        until(lambda: len(self.read()) >= number, seconds, what)
        return self.all[-1]


@dataclass
class Watched:
    """A site whose worker and detector run."""

    site: Site
    detector: subprocess.Popen[bytes] | None = None
    port: int = field(default_factory=free_port)
    clock: Path | None = None
    """A file with the seconds by which the clock of the detector is ahead."""

    def start(self, slot: str = "0") -> subprocess.Popen[bytes]:
        """Start a detector, as its command does."""
        with (self.site.folder / f"detector-{slot}.log").open("ab") as log:
            return subprocess.Popen(self._command(slot), stdout=log, stderr=log, cwd=ROOT)

    def _command(self, slot: str) -> list[str]:
        run_dir = str(self.site.partnership.stack.run_dir)
        if self.clock is not None:
            protocol = str(self.site.protocol_file)
            return AgentOrder(
                "detector", run_dir, protocol, str(self.clock), metrics_port=self.port
            ).command
        where = [
            "--protocol", str(self.site.protocol_file), "--slot", slot,
            "--run-dir", run_dir,
            *(("--metrics-port", str(self.port)) if slot == "0" else ()),
        ]  # fmt: skip
        return [sys.executable, "-m", "ops.cli", "emerging", "serve", "--exercise", *where]

    def await_evaluations(self) -> None:
        """Wait until no record and no evaluation waits. They have the lowest share of a busy processor."""
        waited = await_distributions(self._metrics, EVALUATED_S)
        assert waited, f"the evaluations did not end within {EVALUATED_S:.0f} s"

    def wait_ready(self) -> None:
        """Wait until the detector answers with its metrics, which it does once it has started."""
        detector = self.detector
        assert detector is not None
        until(
            lambda: bool(self._metrics()) or detector.poll() is not None,
            EVALUATED_S,
            "the detector's start",
        )
        assert detector.poll() is None, self.log()

    def _metrics(self) -> str:
        return metrics_of(self.port, self.site.partnership.secrets)

    def kill(self) -> None:
        """Kill the detector without any warning, and start another process in its slot."""
        assert self.detector is not None
        os.kill(self.detector.pid, signal.SIGKILL)
        self.detector.wait(PATIENCE_S)
        self.detector = self.start()

    def supply(self, name: str, rows: Sequence[dict[str, str]]) -> None:
        """Have the police supply a file of incidents."""
        path = self.site.folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, NAMES)
            writer.writeheader()
            writer.writerows(rows)
        what = ["--agency", POLICE, "--dataset", DATASET]
        answer = run(self.site, "publish", str(path), *what)
        assert answer.code == 0, answer.said

    def erase(self, reference: str) -> None:
        """Erase an incident, as the police."""
        producer = Producer({**self.site.partnership.client(POLICE), "enable.idempotence": True})
        topic, key = self.site.intake(DATASET), reference.encode()
        value = self.site.value(DATASET, row(reference, 0))
        producer.produce(topic, value, key, headers=[(ERASE_HEADER, b"")])
        assert producer.flush(PATIENCE_S) == 0

    def log(self) -> str:
        """Return what the detectors have logged."""
        return "".join(path.read_text() for path in self.site.folder.glob("detector-*.log"))


@contextmanager
def watched(site: Site, clock: Path | None = None) -> Iterator[Watched]:
    """Have a worker and a detector run, and end both with the block."""
    made = Watched(site, clock=clock)
    with site.worker() as worker:
        worker.wait_ready()
        made.detector = made.start()
        try:
            made.wait_ready()
            yield made
        finally:
            made.detector.terminate()
            made.detector.wait(PATIENCE_S)
