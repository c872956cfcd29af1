"""The contract of every step of a record (`streams.steps.step.Step`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import streams.decision
from isp.agreement.protocol import Combinations
from sanitiser.key_ring import KeyRing
from sanitiser.places.location import Locator
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.protected.entry import Entry
from sanitiser.protected.places import ProtectedPlaces
from schemas.catalogue import load_catalogue
from schemas.derive import intake_schema
from schemas.record_type import Field, RecordType
from schemas.wire import WireError, decoder, encoder
from streams.assembly import Means, Terms, build_steps
from streams.messages import Intake, Tally
from streams.state.store import StateStore
from streams.steps.decode import Decoder
from streams.steps.observe import Observer
from streams.steps.problems import Problem
from streams.steps.route import OWN, Destination, Router
from streams.steps.step import Step, Work
from tests.streams.partnership import HOUR_MS, KEY, POSTCODES

CATALOGUE = load_catalogue()
TYPES = sorted(CATALOGUE.record_types)
NOW = datetime(2024, 6, 14, 11, 20, 30)
MARKER = "zzmarkerzz"
LIMIT = 100_000
PARTS = frozenset(Work.__slots__)
OF_WORK = frozenset({"now", "now_ms", "today", "intake"})
"""The parts that a work has from the beginning."""


class Taken(NamedTuple):
    """One step and what it did: the work before and after, and the parts that it read and set."""

    step: Step
    work: Work
    before: dict[str, Any]
    after: dict[str, Any]
    read: frozenset[str]
    written: frozenset[str]


class WatchedWork(Work):
    """A work that notes which parts of it are read and set."""

    __slots__ = ("read", "written")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "read", set())
        object.__setattr__(self, "written", set())
        super().__init__(*args, **kwargs)

    def __getattribute__(self, name: str) -> Any:
        if name in PARTS:
            object.__getattribute__(self, "read").add(name)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__getattribute__(self, "written").add(name)
        object.__setattr__(self, name, value)


class Process:
    """The steps of one dataset, from the message to its outputs, with a state of their own."""

    def __init__(self, dataset: str, index: PostcodeIndex) -> None:
        self.record_type = CATALOGUE.record_type(dataset)
        self.state = StateStore()
        joins = frozenset(f.join for f in self.record_type.fields if f.join)
        terms = Terms(
            "police",
            self.record_type,
            {OWN: self.record_type.profiles},
            Combinations(minimum_alike=4),
            dated_by=joins,
            observed=True,
        )
        means = Means(
            CATALOGUE.code_lists, Locator(index), KeyRing.of(KEY), state=self.state,
            protected=ProtectedPlaces([Entry(1, None, None, "SW1A 1AA", None, 1)], index),
        )  # fmt: skip
        self.steps = build_steps(terms, means)
        schema = intake_schema(self.record_type)
        self.encode = encoder(schema, 7)
        self._decode = decoder(schema)
        places = {(OWN, p): Destination(p, _written, "marked") for p in self.record_type.profiles}
        self.decode = Decoder(self._decoder_for, LIMIT)
        self.route = Router(
            places,
            Destination("rejected", _written, "marked"),
            Destination("incidents", _written, "marked"),
        )

    @property
    def order(self) -> tuple[Step, ...]:
        """All steps of a record that is released, in their order."""
        steps = self.steps
        return (self.decode, *steps.reading, *steps.releasing, self.route)

    @property
    def every(self) -> tuple[Step, ...]:
        """All steps that there are."""
        return (*self.order, *self.steps.erasing)

    def take(self, record: Mapping[str, Any], *, erases: bool = False) -> Iterator[Taken]:
        """Take a record through the steps as the worker does, and watch each of them."""
        intake = Intake("t", 0, 0, b"k", self.encode(record), None, 0, erases)
        work = WatchedWork(NOW, intake=intake, now_ms=HOUR_MS)
        rest = self.steps.erasing if erases else self.steps.releasing
        for step in (self.decode, *self.steps.reading, *rest):
            yield _watched(step, work)
            if work.faults:
                break
        yield _watched(self.route, work)

    def _decoder_for(self, schema_id: int) -> Any:
        if schema_id != 7:
            raise WireError("unknown-schema")
        return self._decode


def _written(record: Any) -> bytes:
    return repr(record).encode()


def _parts(work: Work) -> dict[str, Any]:
    return {name: _copied(getattr(work, name)) for name in sorted(PARTS - {"intake"})}


def _copied(part: Any) -> Any:
    """Return what is equal as long as nothing in the part changes."""
    if isinstance(part, Mapping):
        return {name: _copied(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_copied(value) for value in part]
    return part


def _watched(step: Step, work: WatchedWork) -> Taken:
    before = _parts(work)
    work.read.clear()
    work.written.clear()
    step(work)
    read, written = frozenset(work.read), frozenset(work.written)
    return Taken(step, work, before, _parts(work), read, written)


@pytest.fixture(scope="module")
def processes(index: PostcodeIndex) -> dict[str, Process]:
    return {dataset: Process(dataset, index) for dataset in TYPES}


def _values(field: Field) -> st.SearchStrategy[Any]:
    """Return values of a field: most can be read, and some cannot."""
    text = st.sampled_from(["", MARKER, f"5 {MARKER} Street, SW1A 1AA", "unknown", "\ud7ff"])
    if field.code_list:
        codes = sorted(CATALOGUE.code_lists[field.code_list].spellings)
        return st.sampled_from([None, *codes]) | text
    typed: dict[str, st.SearchStrategy[Any]] = {
        "flag": st.booleans(),
        "date": st.dates(date(2024, 5, 1), date(2024, 6, 16)),
        "time": st.times().map(lambda at: at.replace(microsecond=0)),
        "count": st.integers(-1, 130),
        "number": st.sampled_from([0.0, -2.4, 51.5, 375_000.0, 165_000.0]),
    }
    if field.name.endswith("postcode"):
        return st.none() | st.sampled_from([row[0] for row in POSTCODES]) | text
    return st.none() | typed.get(field.kind, text) | text


def _required(record_type: RecordType) -> dict[str, st.SearchStrategy[Any]]:
    """Return values that make the record acceptable, most of the time."""
    good = {"date": st.just(date(2024, 6, 1)), "time": st.just(time(9))}
    return {
        name: good.get(record_type.field(name).kind, st.just(f"{MARKER}-1"))
        for name in record_type.required
        if record_type.field(name).code_list is None
    }


@st.composite
def records(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    dataset = draw(st.sampled_from(TYPES))
    record_type = CATALOGUE.record_type(dataset)
    names = draw(st.sets(st.sampled_from([f.name for f in record_type.fields]), max_size=12))
    record = {f.name: None for f in record_type.fields}
    record |= {name: draw(_values(record_type.field(name))) for name in sorted(names)}
    if draw(st.integers(0, 5)):
        record |= {name: draw(of) for name, of in _required(record_type).items()}
    return dataset, record


each_record = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@each_record
@given(of=records(), erases=st.booleans())
def test_a_step_reads_and_completes_what_it_declares_and_nothing_else(
    processes: dict[str, Process], of: tuple[str, dict[str, Any]], *, erases: bool
) -> None:
    dataset, record = of
    for taken in processes[dataset].take(record, erases=erases):
        name = type(taken.step).__name__
        changed = {part for part in taken.before if taken.before[part] != taken.after[part]}
        assert changed | taken.written <= taken.step.completes, name
        assert taken.read <= taken.step.takes | taken.step.completes, name


@each_record
@given(of=records(), erases=st.booleans())
def test_the_same_record_on_the_same_state_has_the_same_result_and_leaves_the_same_state(
    index: PostcodeIndex,
    processes: dict[str, Process],
    of: tuple[str, dict[str, Any]],
    *,
    erases: bool,
) -> None:
    dataset, record = of
    process = processes[dataset]
    found = []
    for _ in range(2):
        process.state.rollback()
        done = [taken.after for taken in process.take(record, erases=erases)]
        found.append((done, dict(process.state.changes())))
    process.state.rollback()
    assert found[0] == found[1]


@each_record
@given(of=records(), erases=st.booleans())
def test_no_step_raises_or_finds_a_fault_once_a_record_was_cleaned(
    processes: dict[str, Process], of: tuple[str, dict[str, Any]], *, erases: bool
) -> None:
    dataset, record = of
    process = processes[dataset]
    steps = [taken.step for taken in process.take(record, erases=erases)]
    rest = process.steps.erasing if erases else process.steps.releasing
    whole = [process.decode, *process.steps.reading, *rest, process.route]
    ended = steps[:-1][-1]
    assert steps == whole or ended in {process.decode, process.steps.reading[-1]}
    assert steps == [*whole[: len(steps) - 1], process.route]


@each_record
@given(of=records())
def test_no_step_keeps_or_counts_what_a_record_says(
    processes: dict[str, Process], of: tuple[str, dict[str, Any]]
) -> None:
    dataset, record = of
    process = processes[dataset]
    work = list(process.take(record))[-1].work
    said = [
        work.caveats, work.withheld, work.rows_withheld, work.combinations,
        [fault.code for fault in work.faults],
        [located.method for located in work.locations.values()],
    ]  # fmt: skip
    assert MARKER not in repr(said)
    for step in process.every:
        assert MARKER not in repr(step)
    assert MARKER.encode() not in repr(process.state.changes()).encode()


def test_a_work_does_not_show_its_record() -> None:
    work = Work(NOW, {"name": MARKER})
    work.record = {"name": MARKER}
    assert MARKER not in repr(work)


def test_a_record_with_a_fault_goes_no_further_and_is_routed(
    processes: dict[str, Process],
) -> None:
    process = processes["police-incident"]
    *_, last, routed = process.take(dict.fromkeys(f.name for f in process.record_type.fields))
    assert last.step is process.steps.reading[-1]
    assert last.after["faults"]
    (output,) = routed.work.outputs
    assert output.topic == "rejected"


def test_every_part_is_completed_by_a_step_that_follows_no_step_that_takes_it(
    processes: dict[str, Process],
) -> None:
    process = processes["police-crime-offence"]
    known = OF_WORK
    for step in process.order:
        # What a step changes in place, or adds to, it takes as well.
        assert step.takes <= known | step.completes | _BEGIN_EMPTY, type(step).__name__
        known |= step.completes
    assert known == PARTS


_BEGIN_EMPTY = frozenset(
    {"withheld", "rows_withheld", "caveats", "faults", "scope", "releases", "staying"}
)
"""The parts that mean nothing found, or nobody entitled, until a step says otherwise."""


def test_each_count_of_a_receipt_depends_on_a_step(processes: dict[str, Process]) -> None:
    every = processes["police-crime-offence"].every
    counts = frozenset[str]().union(*(step.counts for step in every))
    about = {"agency", "dataset", "supply_id"}
    # By the share of rejects of many batches, not by a record.
    assert counts == Tally("a", "d", None).receipt().keys() - about - {"reject_alarm"}


def test_the_steps_of_every_dataset_are_those_of_the_docstring_in_its_order(
    processes: dict[str, Process],
) -> None:
    doc = streams.decision.__doc__ or ""
    told = re.search(r"in this order:([^.]*)\.", doc)
    assert told is not None
    names = [" ".join(name.split()) for name in told[1].split("→")]
    for process in processes.values():
        order = (*process.steps.reading, *process.steps.releasing)
        found = [_NAMES[type(step).__name__] for step in order]
        is_observed = process.record_type.domestic is not None
        assert found == [name for name in names if is_observed or name != "observe"]
        assert is_observed == any(isinstance(step, Observer) for step in process.steps.erasing)


_NAMES = {
    "Validator": "validate", "EventDay": "event day", "Cleaner": "clean", "Recall": "recall",
    "Geocoder": "geocode", "Protector": "protect", "Regions": "region", "Entitlement": "entitle",
    "RegionGuard": "guard",
    "Sanitiser": "sanitise", "Generaliser": "generalise", "Observer": "observe", "Withdrawer": "withdraw",
}  # fmt: skip


def test_problems_are_no_faults_until_they_are_cleaned(processes: dict[str, Process]) -> None:
    process = processes["police-incident"]
    work = Work(NOW, {"incident_reference": "I-1", "incident_date": "soon"})
    for step in process.steps.reading[:-1]:
        step(work)
    assert [p.field for p in work.problems] == ["incident_date"]
    assert list(work.faults) == []
    process.steps.reading[-1](work)
    assert all(isinstance(fault, Problem) for fault in work.faults)
    assert [p.field for p in work.faults] == ["incident_date"]
