"""A year on a real broker, through five kills: every alert against the batch computation in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Producer

from demo.generator.district import points_of_index
from isp.cases.client.recipient import opened_alert
from ops.embedded.service import Service
from schemas.derive import intake_schema
from schemas.london import london_today
from schemas.wire import decoder, encoder
from tests.benchmarks import broker
from tests.benchmarks.alert_setting import RECIPIENT, AlertSetting, kill_once
from tests.benchmarks.errors import BenchError
from tests.benchmarks.intake import producer_config
from tests.benchmarks.own_partnership import until
from tests.benchmarks.throughput import Progress
from tests.benchmarks.year_cases import CASES, FIELDS, SUBJECTS, SUPPLIER, YearCases, busiest_homes
from tests.year.batch import Expected, expected
from tests.year.district import AGENCIES, Supplied, Year
from transport.messages import ERASE_HEADER, Headers
from transport.reader import read_all

EVENTS = 2_000
KILLS = 5
_POSTCODES = 60
_SINCE_KILL = 20
_FLUSH_SECONDS = 60.0
_NEXT_TO_DAYS = 1
_NO_EVENTS = ("police-crime-victim", "police-crime-offender", "marac-referral")


class Alert(NamedTuple):
    """An alert as it is at the end: level, and the content of a personal one."""

    level: str
    content: Mapping[str, Any] | None


@dataclass(slots=True)
class YearRun:
    """Publishes a year as its agencies, kills what processes it, and compares the alerts at the end."""

    partnership: AlertSetting
    python: Path
    progress: Progress
    events: int = EVENTS
    _kills: int = field(default=0, init=False)

    def run(self) -> dict[str, Any]:
        """Return `year_equal`, 1 if nothing differs, and the numbers that it is of."""
        year = self._year()
        homes = busiest_homes(year, CASES * SUBJECTS)
        self.progress("alerts, opening cases", 0, 1)
        keys = YearCases(self.partnership, self.python).open(list(homes.values()))
        with self.partnership.worker() as worker, self.partnership.agent() as (agent,):
            self._publish(year, [agent, worker])
            self.progress("alerts, the year is processed", KILLS, KILLS)
            self.partnership.await_worker()
            self.partnership.await_agent()
        alerts, wrong = self._alerts(keys)
        compared = Comparison(self.partnership.alert_of, year, alerts, frozenset(homes))
        wrong += compared.differences()
        log = self.partnership.setting.files.log("year")
        log.write_text("\n".join([*wrong, ""]), encoding="utf-8")
        return {
            "year_equal": int(not wrong),
            "events": len(compared.wanted),
            "messages": len(year),
            "alerts_of_year": len(alerts),
            "personal": sum(alert.content is not None for alert in alerts.values()),
            "kills": self._kills,
            "differences": len(wrong),
        }

    def _year(self) -> list[Supplied]:
        points = points_of_index(self.partnership.setting.files.index)
        postcodes = sorted({point.postcode for point in points})
        each = max(1, len(postcodes) // _POSTCODES)
        return Year(london_today(), self.events, postcodes[::each]).supplied()

    def _publish(self, year: Sequence[Supplied], programs: Sequence[Service]) -> None:
        """Publish in parts; when a part has its first alerts, kill one program after the other."""
        sending = _Agencies(self.partnership)
        size = -(-len(year) // (KILLS + 1))
        for number in range(KILLS + 1):
            self.progress("alerts, a year with kills", number, KILLS)
            before = self._end()
            sending.send(year[number * size : (number + 1) * size])
            if number == KILLS:
                return
            until(lambda: self._end() > before + _SINCE_KILL, "a part of the year has no alerts")  # noqa: B023 - called at once
            until(lambda: kill_once(programs[number % len(programs)]), "nothing was there to kill")  # noqa: B023 - called at once
            self._kills += 1

    def _end(self) -> int:
        return sum(broker.ends(self.partnership.admin, [self.partnership.alerts]).values())

    def _alerts(self, keys: Mapping[str, bytes]) -> tuple[dict[str, Alert], list[str]]:
        """Return the alerts at the end, as the recipient reads them, and versions out of order."""
        setting = self.partnership.setting
        decode = decoder(setting.catalogue.system["alert"])
        newest: dict[str, dict[str, Any] | None] = {}
        versions: dict[str, int] = {}
        wrong = []
        for message in read_all(setting.job(RECIPIENT).connection, self.partnership.alerts, 1):
            name, value = (message.key() or b"").decode(), message.value()
            alert = newest[name] = None if value is None else dict(decode(value))
            # A withdrawal is a version too, although it has no value.
            version = versions.get(name, 0) + 1 if alert is None else int(alert["version"])
            if version != versions.get(name, 0) + 1:
                wrong.append(f"{name}: version {version} after {versions.get(name, 0)}")
            versions[name] = version
        return {n: alert_in(a, keys) for n, a in newest.items() if a is not None}, wrong


def alert_in(message: Mapping[str, Any], keys: Mapping[str, bytes]) -> Alert:
    """Return the alert in a message, decrypted with the key of its case.

    Raises:
        BenchError: its case is not one of those with a key.
    """
    if message["kind"] != "personal":
        return Alert(message["level"], None)
    if message["case"] not in keys:
        raise BenchError(f"alert {message['alert']} has the unknown case {message['case']}")
    return Alert(message["level"], opened_alert(message, keys[message["case"]]))


class _Agencies:
    """The agencies, each of which publishes as its own principal."""

    def __init__(self, partnership: AlertSetting) -> None:
        setting, names = partnership.setting, partnership.setting.names
        self._topics = {
            dataset: names.intake(agency, dataset) for dataset, agency in AGENCIES.items()
        }
        self._encoders = {
            dataset: encoder(
                intake_schema(setting.catalogue.record_type(dataset)), setting.schema_ids[topic]
            )
            for dataset, topic in self._topics.items()
        }
        self._producers = {
            agency: Producer(producer_config(setting.job(agency).connection))
            for agency in set(AGENCIES.values())
        }

    def send(self, part: Iterable[Supplied]) -> None:
        """Publish messages in their order, and wait until the broker has them."""
        for one in part:
            dataset, producer = one.truth.dataset, self._producers[one.agency]
            headers: Headers = [(ERASE_HEADER, b"1")] if one.erases else []
            value = self._encoders[dataset](one.record)
            producer.produce(
                self._topics[dataset], value, one.truth.record.encode(), headers=headers
            )
            producer.poll(0)
        for agency, producer in self._producers.items():
            if left := producer.flush(_FLUSH_SECONDS):
                raise BenchError(f"{left} records of {agency} were not taken by the broker")


class Comparison:
    """Compares the alerts of a year with the events of the batch computation.

    `alert_of` returns the id of the alert of an event that begins with a record of a dataset. `homes` are the
    households with a case.
    """

    def __init__(
        self,
        alert_of: Callable[[str, Mapping[str, Any]], str],
        year: Sequence[Supplied],
        alerts: Mapping[str, Alert],
        homes: frozenset[str],
    ) -> None:
        """Compute what is expected: levels of all records, counts of those of the police."""
        self.wanted = expected(year)
        self._told = {event.records: event for event in expected(year, [SUPPLIER])}
        self._alerts = alerts
        self._homes = homes
        self._truths = {f"{o.truth.dataset} {o.truth.record}": o.truth for o in year}
        self._name_of = {
            f"{o.truth.dataset} {o.truth.record}": alert_of(o.truth.dataset, o.record)
            for o in year
            if o.truth.dataset not in _NO_EVENTS
        }

    def differences(self) -> list[str]:
        """Return what differs, one line each."""
        named = self._named()
        missing = [f"missing: {event}" for event in self.wanted if event.records not in named]
        extra = sorted(set(self._alerts) - {name for names in named.values() for name in names})
        return [
            *missing,
            *(f"extra: alert {name} of {self._record_of(name)}" for name in extra),
            *(
                f"{len(names)} alerts: {records}"
                for records, names in named.items()
                if len(names) > 1
            ),
            *(line for event in self.wanted for line in self._compared(event, named)),
        ]

    def _named(self) -> dict[tuple[str, ...], list[str]]:
        """Return the alerts of each event: of one of its records, or else of one that has left it."""
        named: dict[tuple[str, ...], list[str]] = {}
        left = set(self._alerts)
        for event in self.wanted:
            found = [n for r in event.records if (n := self._name_of[r]) in left]
            if found:
                named[event.records] = found
                left -= set(found)
        present = {record for event in self.wanted for record in event.records}
        gone = {name: r for r, name in self._name_of.items() if r not in present}
        for event in self.wanted:
            if event.records not in named:
                found = [n for n in sorted(left & gone.keys()) if self._was_of(gone[n], event)]
                if found:
                    named[event.records] = found[:1]
                    left -= set(found[:1])
        return named

    def _was_of(self, record: str, event: Expected) -> bool:
        """Return True if the record was of the event before it was corrected or erased."""
        truth = self._truths[record]
        days = [abs((truth.day - self._truths[r].day).days) for r in event.records]
        return truth.household in self._households(event) and min(days) <= _NEXT_TO_DAYS

    def _households(self, event: Expected) -> set[str | None]:
        return {self._truths[record].household for record in event.records}

    def _record_of(self, name: str) -> str:
        return next((record for record, own in self._name_of.items() if own == name), "no record")

    def _compared(
        self, event: Expected, named: Mapping[tuple[str, ...], Sequence[str]]
    ) -> Iterable[str]:
        for name in named.get(event.records, ()):
            alert = self._alerts[name]
            if alert.level != event.level:
                yield f"level {alert.level}: {event}"
            is_personal = bool(
                self._households(event) & self._homes and FIELDS.keys() & set(event.datasets)
            )
            if is_personal != (alert.content is not None):
                yield f"{'not ' if is_personal else ''}personal: {event}"
            if (
                alert.content is not None
                and _counts(alert.content) != self._told[event.records][5:]
            ):
                yield f"counts {_counts(alert.content)}: {self._told[event.records]}"


def _counts(content: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the counts in the order of `Expected`."""
    history = content["history"]
    pair = history["pair"]
    told = (
        history["household"], history["victim"], pair["same_direction"], pair["other_direction"],
        history["suspect_with_others"],
    )  # fmt: skip
    return tuple(each["count"] for each in told)
