"""A detector without a broker, and what workers and suppliers send to it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import Names, state_days
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from schemas.derive import release_schema
from schemas.wire import encoder
from streams.emerging import assembly, memory, time_found
from streams.emerging.detector import Detector
from streams.emerging.rows import PROBLEMS
from streams.messages import BatchResult, Handling, Intake
from streams.state.dated import DatedStore
from tests.streams.emerging.fake_engine import FakeEngine, fake_evaluate
from tests.streams.emerging.in_this_process import InThisProcess
from tests.streams.partnership import NumberedSchemas
from transport.messages import Output

CATALOGUE = load_catalogue()
NAMES = Names("banes")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()
PLACE = (375_100, 165_000)
DATASET = "police-incident"


def example() -> Protocol:
    return load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", CATALOGUE)


@pytest.fixture
def without_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every detector that is made use the engine without statistics."""
    use_fakes(monkeypatch)


def use_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "Engine", FakeEngine)
    monkeypatch.setattr(time_found, "evaluate", fake_evaluate)


@dataclass
class Desk:
    """A processor that is active, a clock to set, and the messages that it wrote."""

    protocol: Protocol = field(default_factory=example)
    now: datetime = NOW
    store: DatedStore | None = None

    def __post_init__(self) -> None:
        self.schemas = NumberedSchemas()
        self.background = InThisProcess()
        self.measuring = InThisProcess()
        self.outputs: list[Output] = []
        self._offsets = itertools.count()
        if self.store is None:
            self.store = DatedStore(PROBLEMS, None, state_days(self.protocol, "detector"))
        self.detector = self.make()

    def make(self) -> Detector:
        """Return a new process with the same state, which is active."""
        assert self.store is not None
        made = assembly.build_detector(
            self.protocol, CATALOGUE, self.schemas.wire, self.store, self.background, self.measuring,
            lambda: self.now.timestamp(), "0",  # noqa: PLW0108 - the clock is set again
        )  # fmt: skip
        assert list(made.restore([(topic, 0) for topic in made.topics])) == []
        return made

    def restart(self) -> None:
        """End the process and start another one."""
        heads = dict(self.detector.heads._known)
        self.background.stop()
        self.detector = self.make()
        self.detector.heads._known.update(heads)

    # What is sent

    def topic(self, dataset: str = DATASET, profile: str = "central") -> str:
        return NAMES.depersonalised(profile, dataset)

    def message(
        self, record: str, dataset: str = DATASET, profile: str = "central", **fields: Any
    ) -> Intake:
        """Return a release: street disorder at one place, today."""
        schema = release_schema(CATALOGUE.record_type(dataset), profile)
        value = encoder(schema, self.schemas.id_of(schema))(released(record, self.today) | fields)
        return self.intake(self.topic(dataset, profile), record, value)

    def gone(self, record: str, dataset: str = DATASET, profile: str = "central") -> Intake:
        """Return the tombstone of a release."""
        return self.intake(self.topic(dataset, profile), record, None)

    def intake(self, topic: str, record: str, value: bytes | None) -> Intake:
        return Intake(topic, 0, next(self._offsets), record.encode(), value, None, 0)

    @property
    def today(self) -> date:
        return self.now.date()

    def supply(
        self, supply_id: str, records: int, *, complete: bool = True, **changed: str
    ) -> None:
        """Have the police supply incidents."""
        message = {
            "supply_id": supply_id, "agency": "police", "dataset": DATASET,
            "period_from": (self.today - timedelta(30)).isoformat(),
            "period_to": self.today.isoformat(), "rows_read": records, "records": records,
            "complete": complete, "supplied_on": self.today.isoformat(),
        } | changed  # fmt: skip
        self._learn(NAMES.supplies("police", DATASET), "supply", message)

    def receipt(self, supply_id: str, received: int, **changed: str) -> None:
        """Have the worker settle records of the police."""
        names = ("accepted", "cleaned", "held", "rejected")
        maps = ("released", "caveats", "faults", "geocoded", "withheld")
        message: dict[str, Any] = dict.fromkeys(names, 0) | {name: {} for name in maps}
        message |= {
            "supply_id": supply_id, "agency": "police", "dataset": DATASET, "received": received,
        } | changed  # fmt: skip
        self._learn(NAMES.receipts("police"), "receipt", message)

    def settle(self, supply_id: str, records: int) -> None:
        """Have a complete supply of the police, all of whose records have an outcome."""
        self.supply(supply_id, records)
        self.receipt(supply_id, records)

    def _learn(self, topic: str, schema_name: str, message: Mapping[str, Any]) -> None:
        schema = CATALOGUE.system[schema_name]
        value = encoder(schema, self.schemas.id_of(schema))(message)
        self.detector.learn(topic, value, int(self.now.timestamp() * 1_000))

    # What is done

    def send(self, *batch: Intake, handling: Handling = Handling.PROCESS) -> BatchResult:
        """Process and commit a batch."""
        result = self.detector.process(batch, handling)
        self._commit(result)
        return result

    def due(self) -> list[BatchResult]:
        results = list[BatchResult]()
        for _ in range(500):
            found = self.turn()
            results += found
            if not found and not self.background.busy and not self.detector.evaluations_waiting:
                return results
        raise AssertionError("there is always something due")

    def turn(self) -> list[BatchResult]:
        """Take one turn: what is submitted to the background is not answered in it."""
        results = list[BatchResult]()
        for result in self.detector.due():
            self._commit(result)
            results.append(result)
        return results

    def later(self, **time: float) -> list[BatchResult]:
        self.now += timedelta(**time)
        return self.due()

    def _commit(self, result: BatchResult) -> None:
        self.detector.committed(result)
        self.outputs += result.outputs

    # What was written

    def sent(self, topic: str) -> list[Output]:
        return [output for output in self.outputs if output.topic == topic]

    def findings(self, party: str = "council") -> list[dict[str, Any]]:
        """Return all findings of a recipient."""
        return [self.schemas.read(o) for o in self.sent(NAMES.alerts_emerging(party))]

    def statuses(self, party: str = "council") -> list[str]:
        return [finding["status"] for finding in self.findings(party)]

    def finding(self, party: str = "council") -> dict[str, Any]:
        """Return the newest finding of a recipient."""
        return self.findings(party)[-1]

    def audit(self) -> list[dict[str, Any]]:
        return [self.schemas.read(o) for o in self.sent(NAMES.audit)]


def released(record: str, day: date) -> dict[str, Any]:
    """Return a record as it is released."""
    return {
        "record_id": record,
        "source_agency": "police",
        "incident_type": "street-disorder",
        "incident_date": day,
        "location_address": "Acacia Avenue",
        "location_postcode": "BA1 1AB",
        "location_easting": PLACE[0],
        "location_northing": PLACE[1],
        "location_district": "E06000022",
    }
