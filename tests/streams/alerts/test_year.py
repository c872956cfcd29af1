"""A year of records through the steps and the engine, against a batch computation in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from detection.domestic.engine import take
from detection.domestic.facts import Fact, Person, Risk, Source
from detection.domestic.history import history
from detection.domestic.levels import levels
from detection.domestic.settings import LevelRule, Settings
from isp.agreement.protocol_file import load_protocol
from isp.cases.letters import Subject
from sanitiser.incidents.digests import Digests
from sanitiser.key_ring import KeyRing
from sanitiser.places.location import Locator
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from schemas.london import london_time
from schemas.record_type import RecordType
from streams.alerts.assembly import alert_ids
from streams.assembly import Means, Terms, build_steps
from streams.decision import Steps
from streams.messages import Intake
from streams.steps.route import OWN
from streams.steps.step import Work
from tests.benchmarks.alert_setting import PROTOCOL_FILE
from tests.benchmarks.year import Comparison, alert_in
from tests.benchmarks.year_cases import busiest_homes
from tests.detection.domestic.memory import DictMemory
from tests.streams.alerts.desk import CASE, NAMES, Desk, open_case
from tests.streams.partnership import KEY
from tests.year.batch import Expected, expected
from tests.year.district import AGENCIES, Supplied, Year

LAST = date(2026, 11, 1)
RING = KeyRing.of(KEY)
SETTINGS = Settings(
    12, 365, 366,
    (
        LevelRule("marac-repeat", "marac-repeat"), LevelRule("high-risk", "graded"),
        LevelRule("escalation", "repeat"), LevelRule("standard", "any"),
    ),
)  # fmt: skip


class Observed:
    """Takes supplied records through the steps, into a memory of the engine."""

    def __init__(self, catalogue: Catalogue, index: PostcodeIndex) -> None:
        means = Means(catalogue.code_lists, Locator(index), RING)
        self._types = {dataset: catalogue.record_type(dataset) for dataset in AGENCIES}
        self._steps = {of.dataset: self._of(of, means) for of in self._types.values()}
        self.memory = DictMemory()

    @staticmethod
    def _of(record_type: RecordType, means: Means) -> Steps:
        profiles = {OWN: record_type.profiles}
        agency = AGENCIES[record_type.dataset]
        terms = Terms(agency=agency, record_type=record_type, profiles=profiles, observed=True)
        return build_steps(terms, means)

    def message(self, supplied: Supplied, at: datetime) -> dict[str, Any]:
        """Return the message to the alerts agent of a record that the broker receives at a time."""
        intake = Intake("t", 0, 0, b"", b"", None, int(at.timestamp() * 1000), supplied.erases)
        fields = self._types[supplied.truth.dataset].fields
        given = {field.name: supplied.record.get(field.name) for field in fields}
        work = Work(london_time(at), given, intake, intake.timestamp_ms)
        self._steps[supplied.truth.dataset].take(work)
        assert not work.faults, work.faults
        assert work.observed is not None
        return {**work.observed.message, "agency": supplied.agency}

    def take(self, supplied: Supplied) -> None:
        """Take one message into the memory."""
        message = self.message(supplied, supplied.at.replace(tzinfo=UTC))
        take(_fact(message), message["record"], self.memory, SETTINGS)


def _fact(message: Mapping[str, Any]) -> Fact | None:
    facts = message["facts"]
    if facts is None:
        return None
    rest = dict(facts) | {
        "households": tuple(facts["households"]),
        "people": tuple(Person(**person) for person in facts["people"]),
        "flags": frozenset(facts["flags"]),
        "schools": tuple(facts["schools"]),
        "risk": Risk(**facts["risk"]) if facts["risk"] else None,
    }
    rest.pop("subjects")
    source = Source(message["agency"], message["dataset"])
    return Fact(message["record"], source, message["kind"], message["supplied"], **rest)


def found(observed: Observed, year: list[Supplied], visible: tuple[str, ...]) -> Iterator[Expected]:
    """Yield the events of the engine as the batch computation has them, with what some agencies tell."""
    digests, references = Digests(RING.lasting), {}
    for one in year:
        dataset, record = one.truth.dataset, one.truth.record
        identity = observed._types[dataset].identity
        digest = digests.record(one.agency, dataset, [str(one.record[name]) for name in identity])
        references[digest] = f"{dataset} {record}"
    for event in observed.memory.events.values():
        facts = [fact for fact in event.facts if fact.kind == "event"]
        past = history(event, observed.memory, SETTINGS, lambda source: source.agency in visible)
        minute = min((f.minute for f in facts if f.minute is not None), default=None)
        yield Expected(
            tuple(sorted(references[fact.record] for fact in facts)),
            date(1970, 1, 1) + timedelta(days=min(fact.day for fact in facts)),
            None if minute is None else _local(minute),
            tuple(sorted({fact.source.dataset for fact in facts})),
            levels(event, observed.memory, SETTINGS)[0].name,
            past.household.count, past.victim.count, past.same_direction.count,
            past.other_direction.count, past.suspect_with_others,
        )  # fmt: skip


def _local(minute: int) -> int:
    local = london_time(datetime.fromtimestamp(minute * 60, UTC)).replace(tzinfo=UTC)
    return int(local.timestamp()) // 60


@pytest.mark.parametrize(
    ("seed", "events", "order"), [(24, 250, None), (24, 250, 1), (4, 600, None)]
)
def test_a_year_has_the_events_levels_and_counts_of_the_batch_computation_in_any_order_of_supply(
    catalogue: Catalogue, index: PostcodeIndex, seed: int, events: int, order: int | None
) -> None:
    year = Year(LAST, events, ("SW1A 1AA",), seed).supplied()
    supplied = year if order is None else _shuffled(year, order)
    observed = Observed(catalogue, index)

    for one in supplied:
        observed.take(one)

    for visible in (tuple(AGENCIES.values()), ("police",)):
        wanted = expected(year, visible)
        assert sorted(found(observed, year, visible), key=lambda one: one.records) == wanted
    assert {one.level for one in wanted} == {rule.name for rule in SETTINGS.levels}


def test_the_alerts_of_a_year_are_those_of_the_batch_computation_with_what_each_case_may_tell(
    catalogue: Catalogue, index: PostcodeIndex, tmp_path: Path
) -> None:
    agreed = tmp_path / "agreed.yaml"
    text = PROTOCOL_FILE.read_text(encoding="utf-8")
    agreed.write_text(text.replace("benchalerts", NAMES.prefix), encoding="utf-8")
    noon = datetime.combine(LAST, time(12), UTC)
    desk = Desk(tmp_path, protocol=load_protocol(agreed, catalogue), now=noon)
    year = Year(LAST, 120, ("SW1A 1AA",)).supplied()
    homes = busiest_homes(year, 20)
    subjects = [Subject.model_validate(home) for home in homes.values()]
    desk.send(desk.case(open_case(subjects=subjects)))
    observed = Observed(catalogue, index)

    for one in year:
        message = observed.message(one, desk.now)
        desk.send(desk.message(NAMES.incidents, "incident", message))

    keys = {CASE: desk.case_keys.read(CASE)}
    alerts = {alert["alert"]: alert_in(alert, keys) for alert in desk.alerts()}
    assert sum(alert.content is not None for alert in alerts.values()) > len(homes)
    assert Comparison(_alert_of(catalogue), year, alerts, frozenset(homes)).differences() == []


def _alert_of(catalogue: Catalogue) -> Callable[[str, Mapping[str, Any]], str]:
    ids, digests = alert_ids(RING.lasting), Digests(RING.lasting)

    def alert_of(dataset: str, record: Mapping[str, Any]) -> str:
        identity = [str(record[name]) for name in catalogue.record_type(dataset).identity]
        return ids("council", digests.record(AGENCIES[dataset], dataset, identity))[0]

    return alert_of


def _shuffled(year: list[Supplied], seed: int) -> list[Supplied]:
    """Return the messages in another order, the versions of each record in their own."""
    order = list(year)
    Random(seed).shuffle(order)
    versions: dict[str, list[Supplied]] = {}
    for one in year:
        versions.setdefault(_name(one), []).append(one)
    return [versions[_name(one)].pop(0) for one in order]


def _name(one: Supplied) -> str:
    return f"{one.truth.dataset} {one.truth.record}"
