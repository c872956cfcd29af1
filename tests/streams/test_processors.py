"""Every processor keeps the contract with the source that drives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isp.agreement.access import rules
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.audit.chain import Heads, hash_of
from isp.cases.letters import Ending
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.alerts.rows import ALERTS
from streams.disclosure.discloser import Discloser
from streams.emerging.rows import PROBLEMS
from streams.messages import BatchResult, Handling, Intake
from streams.runtime.processor import Processor
from streams.state.layout import SANITISING, Layout
from streams.state.store import StateStore
from tests.isp.cases.prepared import AGREED as OF_CASES
from tests.isp.cases.prepared import document_message
from tests.isp.cases.table import request as asked
from tests.isp.cases.table import written
from tests.streams.alerts.desk import JANE, Desk, home, victim
from tests.streams.disclosure.office import Office
from tests.streams.emerging import desk as emerging
from tests.streams.partnership import NumberedSchemas, Partnership, incident, offence, raw_intake
from transport.errors import DependencyUnavailable
from transport.messages import Output

REJECTIONS = [Handling.REJECT, Handling.REJECT_WITHOUT_BYTES]
CHAINS = {
    "pipeline": "banes.worker.0.20240614T102030000Z",
    "discloser": "banes.discloser.cases",
    "alerter": "banes.alerter.0.20261124T120000000Z",
    "detector": "banes.detector.0.20261124T120000000Z",
}
"""The name of each agent's chain. That of a slot has the time of its beginning."""
RELEASED = (".depersonalised.", ".personal.", ".disclosed.", ".alerts.", ".prepared")


@dataclass
class Trial:
    """A processor, a batch of which something comes, and where it may write.

    `parts` returns a copy of each part of the state that the batch changes.
    """

    processor: Processor
    batch: list[Intake]
    schemas: NumberedSchemas
    protocol: Protocol
    principal: str
    heads: Heads
    parts: Callable[[], dict[str, Any]]

    def state(self) -> dict[str, Any]:
        """Return the state that the next batch starts from, by part."""
        self.processor.process([])
        return {**self.parts(), "heads": dict(self.heads._known)}

    def may_write(self, topic: str) -> bool:
        """Return True if the protocol lets the processor's principal write to a topic."""
        allowed = [
            rule
            for rule in rules(self.protocol)
            if (rule.principal, rule.operation, rule.resource) == (self.principal, "write", "topic")
        ]
        return any(
            topic.startswith(rule.name) if rule.prefixed else topic == rule.name for rule in allowed
        )

    def entries(self, result: BatchResult) -> list[int]:
        """The numbers of the audit's entries in a result."""
        audit = Names(self.protocol.prefix).audit
        return [self.schemas.read(o)["sequence"] for o in result.outputs if o.topic == audit]


def rows_of(store: StateStore, layout: Layout = SANITISING) -> dict[str, Any]:
    """All rows of a state store, and the changes of its present batch."""
    store.flush()
    rows = {table: dict(store._tables.portion(table, b"", 1_000)) for table in layout.every_table}
    return {"rows": (rows, dict(store.changes()))}


def cases_of(discloser: Discloser) -> dict[str, Any]:
    """The cases of a discloser, and what each open case knows of its records."""
    return {
        "cases": {key: case.model_dump_json() for key, case in discloser._register.cases.items()},
        "open": {
            key: deepcopy((case.given, case._ahead, case._gone))
            for key, case in discloser._open_cases.items()
        },
    }


Make = Callable[[], Trial]


@pytest.fixture(params=["pipeline", "discloser", "alerter", "detector"])
def make(
    request: pytest.FixtureRequest,
    protocol: Protocol,
    catalogue: Catalogue,
    index: PostcodeIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Make:
    """Make a processor that has restored, as often as it is called."""

    def pipeline() -> Trial:
        made = Partnership.of(protocol, catalogue, index)
        batch = [
            made.intake("police-incident", incident(), 0),
            made.intake("police-incident", incident(incident_reference="IN-2"), 1),
            raw_intake("banes.intake.police.police-crime-offence", b"?", 0),
            made.intake("police-crime-offence", offence(), 1),
        ]
        principal = Names(protocol.prefix).worker
        state = partial(rows_of, made.pipeline.state)
        heads = made.pipeline.heads
        return Trial(made.pipeline, batch, made.schemas, protocol, principal, heads, state)

    def discloser() -> Trial:
        office = Office(tmp_path, OF_CASES)
        ending = Ending.model_validate(
            written("council", "deputy")
            | {"case": "f" * 16, "previous": "0" * 64, "destroyed": "none"}
        )
        letters = [office.letter(ending), office.letter(asked(case="a" * 16), 1)]
        from_alert = office.prepared(document_message(case="b" * 16))
        batch = [from_alert, *letters, office.victim(0), office.victim(1), office.victim(2)]
        principal = Names(OF_CASES.prefix).discloser
        state = partial(cases_of, office.discloser)
        return Trial(
            office.discloser, batch, office.schemas, OF_CASES, principal, office.heads, state
        )

    def alerter() -> Trial:
        desk = Desk(tmp_path)
        batch = [
            desk.case(),
            desk.staff("Ann Poe"),
            desk.fact("r1", subjects=[JANE.model_dump(mode="json")]),
            desk.fact("r2", ago=timedelta(days=2), people=[victim("Ann Poe")]),
            desk.order("refuge", home("7 Mill Lane", "BA1 1AE")),
            desk.ack("0" * 16),
        ]
        principal = Names(desk.protocol.prefix).alerter
        state = partial(rows_of, desk.store, ALERTS)
        heads = desk.alerter.heads
        return Trial(desk.alerter, batch, desk.schemas, desk.protocol, principal, heads, state)

    def detector() -> Trial:
        emerging.use_fakes(monkeypatch)
        desk = emerging.Desk()
        desk.send(desk.message("first", incident_date=desk.today.replace(month=10)))
        desk.due()
        batch = [desk.message("b", location_easting=380_000)]
        batch += [desk.message(record) for record in "abcd"]
        batch += [desk.gone("a"), desk.message("e"), desk.message("f")]
        assert desk.store is not None
        principal, heads = Names(desk.protocol.prefix).detector, desk.detector.heads
        state = partial(rows_of, desk.store, PROBLEMS)
        return Trial(desk.detector, batch, desk.schemas, desk.protocol, principal, heads, state)

    builders = {
        "pipeline": pipeline, "discloser": discloser, "alerter": alerter, "detector": detector,
    }  # fmt: skip
    build = builders[request.param]

    def made() -> Trial:
        trial = build()
        for result in trial.processor.restore(()):
            trial.processor.committed(result)
        return trial

    return made


@pytest.fixture
def trial(make: Make) -> Trial:
    return make()


def told(result: BatchResult) -> list[tuple[str, bytes | None, bool]]:
    """The outputs of a result, without values: a nonce is random."""
    return [(o.topic, o.key, o.value is None) for o in result.outputs]


def counted(result: BatchResult) -> Any:
    return list(result.tallies), dict(result.counts)


def test_the_same_batch_and_state_give_the_same_result(make: Make) -> None:
    one, other = make(), make()
    first, second = (t.processor.process(t.batch) for t in (one, other))
    assert told(first) == told(second) != []
    assert counted(first) == counted(second)


def test_what_is_not_committed_did_not_happen(trial: Trial) -> None:
    first = trial.processor.process(trial.batch)
    numbers = trial.entries(first)
    again = trial.processor.process(trial.batch)
    assert told(again) == told(first)
    assert counted(again) == counted(first)
    assert trial.entries(again) == numbers != []


def test_what_was_processed_in_part_did_not_happen(make: Make) -> None:
    trial, other = make(), make()
    trial.processor.process(trial.batch[:2])
    assert told(trial.processor.process(trial.batch)) == told(other.processor.process(other.batch))


def test_what_was_released_and_not_committed_is_not_known_later(make: Make) -> None:
    trial, other = make(), make()
    trial.processor.process(trial.batch)
    erased = [intake._replace(erases=True, offset=intake.offset + 10) for intake in trial.batch]
    assert told(trial.processor.process(erased)) == told(other.processor.process(erased))


def test_what_is_committed_lasts(trial: Trial) -> None:
    first = trial.processor.process(trial.batch)
    trial.processor.committed(first)
    again = trial.processor.process(trial.batch)
    last = trial.entries(first)[-1]
    assert trial.entries(again)[0] == last + 1


def test_each_part_of_the_state_changes_once_it_is_committed_and_not_before(trial: Trial) -> None:
    before = trial.state()
    trial.processor.process(trial.batch)
    assert trial.state() == before
    trial.processor.committed(trial.processor.process(trial.batch))
    after = trial.state()
    assert [part for part in before if before[part] == after[part]] == []


def test_a_commit_keeps_the_changes_of_its_own_result_alone(make: Make) -> None:
    trial, other = make(), make()
    trial.processor.process(trial.batch)
    for each in (trial, other):
        each.processor.committed(each.processor.process([]))
    assert trial.state() == other.state()


def test_all_entries_are_one_chain_under_its_name_and_each_head_follows_its_entry(
    trial: Trial,
) -> None:
    names = Names(trial.protocol.prefix)
    outputs = list[Output]()
    for _ in range(2):
        result = trial.processor.process(trial.batch)
        trial.processor.committed(result)
        outputs += [o for o in result.outputs if o.topic in {names.audit, names.audit_heads}]
    assert {(o.key or b"").decode() for o in outputs} == {CHAINS[trial.processor.name]}
    number, last = 0, ""
    for output in outputs:
        told = trial.schemas.read(output)
        if output.topic == names.audit:
            assert (told["sequence"], told["previous"]) == (number + 1, last)
            number, last = number + 1, hash_of(output.value or b"")
        else:
            assert told == {"sequence": number, "hash": last, "position": ""}
    assert outputs[-1].topic == names.audit_heads


def test_it_writes_to_no_topic_but_those_of_its_principal(trial: Trial) -> None:
    topics = {output.topic for output in trial.processor.process(trial.batch).outputs}
    assert {topic for topic in topics if not trial.may_write(topic)} == set()


@pytest.mark.parametrize("handling", REJECTIONS)
def test_of_a_message_that_is_rejected_nothing_is_released(
    trial: Trial, handling: Handling
) -> None:
    for intake in trial.batch:
        trial.processor.process([intake])
        outputs: Sequence[Output] = trial.processor.process([intake], handling).outputs
        assert [o.topic for o in outputs if any(part in o.topic for part in RELEASED)] == []
        assert all(trial.may_write(output.topic) for output in outputs)


def test_a_message_that_is_rejected_counts_as_processed(trial: Trial) -> None:
    for intake in trial.batch:
        trial.processor.committed(trial.processor.process([intake], Handling.REJECT))
    assert told(trial.processor.process(trial.batch))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_whatever_raise(trial: Trial, data: st.DataObject) -> None:
    topics = sorted(trial.processor.topics)
    framed = [intake.value for intake in trial.batch if intake.value is not None]
    values = st.none() | st.binary(max_size=60) | st.sampled_from(framed).map(lambda v: v[:-1])
    drawn = data.draw(
        st.lists(st.tuples(st.sampled_from(topics), values, st.booleans()), max_size=6)
    )
    batch = [
        raw_intake(topic, value, at)._replace(erases=erases)
        for at, (topic, value, erases) in enumerate(drawn)
    ]
    result = trial.processor.process(batch)
    assert all(trial.may_write(output.topic) for output in result.outputs)


def test_a_place_that_the_client_cannot_read_raises_nothing(trial: Trial) -> None:
    for topic in trial.processor.topics:
        unreadable = Intake(topic, 0, 7, None, None, None, 0, unreadable="_BAD_MSG")
        trial.processor.process([unreadable])


def test_a_dependency_that_is_away_undoes_nothing_and_doubles_nothing(make: Make) -> None:
    trial, other = make(), make()
    trial.schemas.away = True
    with pytest.raises(DependencyUnavailable):
        trial.processor.process(trial.batch)
    trial.schemas.away = False
    assert told(trial.processor.process(trial.batch)) == told(other.processor.process(other.batch))


def test_nothing_is_due_twice(trial: Trial) -> None:
    for result in trial.processor.due():
        trial.processor.committed(result)
    assert [told(result) for result in trial.processor.due()] == []


def test_it_can_restore_again_after_an_abort(make: Make) -> None:
    trial, other = make(), make()
    trial.processor.process(trial.batch)
    for result in trial.processor.restore(()):
        trial.processor.committed(result)
    assert told(trial.processor.process(trial.batch)) == told(other.processor.process(other.batch))


def test_the_name_of_an_agent_is_constant(make: Make) -> None:
    assert make().processor.name == make().processor.name != ""
