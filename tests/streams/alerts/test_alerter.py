"""Alerts are raised once, updated by what is known later, and withdrawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection.domestic.facts import Event
from streams.alerts.events import Head
from streams.alerts.incidents import incident_of
from streams.alerts.memory import StateMemory
from streams.alerts.rows import ALERTS, EVENT, REFERRAL
from streams.alerts.time_found import AT_ONCE
from streams.messages import Handling, Intake
from streams.state.dated import DatedStore
from streams.state.store import Entry
from tests.streams.alerts.desk import CASE, NAMES, TODAY, Desk, home, name, suspect, victim


def test_an_incident_raises_one_depersonalised_alert_for_each_entitled_recipient(
    desk: Desk,
) -> None:
    desk.send(desk.fact())
    alert = desk.alert("council")
    assert (alert["kind"], alert["version"]) == ("depersonalised", 1)
    when = "2026-11-24T11"
    assert (alert["type"], alert["hour"], alert["area"]) == ("domestic-incident", when, "BA1")
    assert alert["sealed"] == b""
    assert desk.alert("fire")["alert"] != alert["alert"]
    assert desk.alerts("probation") == []
    assert desk.alerts("academy") == []


def test_the_same_facts_again_change_nothing(desk: Desk) -> None:
    batch = [desk.fact(), desk.fact("r2", dataset="hospital-assault", agency="hospital")]
    desk.send(*batch)
    before = len(desk.outputs)
    desk.send(*batch)
    assert len(desk.outputs) == before


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_cut_of_the_facts_into_batches_and_no_repetition_raises_an_alert_twice(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    desk = Desk(tmp_path_factory.mktemp("a"))
    facts = [
        desk.fact(f"r{i}", ago=timedelta(days=i), people=[victim(f"Jane {who}")])
        for i, who in enumerate(("Roe", "Roe", "Poe", "Roe"))
    ]
    sent = data.draw(st.lists(st.sampled_from(facts), min_size=1, max_size=10))
    uncommitted = data.draw(st.booleans())
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        batch, sent = sent[:size], sent[size:]
        if uncommitted:
            desk.alerter.process(batch)
            desk.alerter.restore([(NAMES.incidents, 0)])
        desk.send(*batch)
    firsts = [a["alert"] for a in desk.versions() if a is not None and a["version"] == 1]
    assert len(firsts) == len(set(firsts)) == len(desk.alerts())
    of_alert: dict[str, list[int]] = {}
    for alert in desk.versions():
        assert alert is not None
        of_alert.setdefault(alert["alert"], []).append(alert["version"])
    assert all(v == list(range(1, len(v) + 1)) for v in of_alert.values())


def test_the_order_of_the_facts_does_not_change_the_levels(desk: Desk, tmp_path: Any) -> None:
    other = Desk(tmp_path / "other")
    ages = [timedelta(days=d) for d in (9, 5, 2)]
    for at, ago in enumerate(ages):
        desk.send(desk.fact(f"r{at}", ago=ago))
    for at, ago in reversed(list(enumerate(ages))):
        other.send(other.fact(f"r{at}", ago=ago))

    def levels(of: Desk) -> list[tuple[str, str]]:
        return sorted((a["hour"], a["level"]) for a in of.alerts())

    assert levels(desk) == levels(other)
    assert "escalation" in {level for _, level in levels(desk)}


def test_a_correction_is_the_next_version_of_the_same_alert(desk: Desk) -> None:
    desk.send(desk.fact())
    before = desk.alert()
    desk.send(desk.fact(district="BA2"))
    after = desk.alert()
    assert (after["alert"], after["version"], after["area"]) == (before["alert"], 2, "BA2")


@pytest.mark.parametrize("party", ["council", "fire"])
def test_a_correction_to_not_domestic_and_an_erasure_withdraw_the_alert(
    desk: Desk, party: str
) -> None:
    desk.send(desk.fact())
    desk.send(desk.none())
    assert desk.versions(party)[-1] is None
    assert desk.alerts(party) == []


def test_an_event_that_is_domestic_again_has_the_next_version_and_no_second_first(
    desk: Desk,
) -> None:
    desk.send(desk.fact())
    desk.send(desk.none())
    desk.send(desk.fact())
    assert [a and a["version"] for a in desk.versions()] == [1, None, 3]


def test_an_event_that_is_absorbed_by_an_older_one_is_withdrawn(desk: Desk) -> None:
    crime: dict[str, Any] = {"dataset": "police-crime-offence", "type": "domestic-crime"}
    desk.send(desk.fact("r1", households=[home()], people=[victim()]))
    elsewhere = home("7 Mill Lane", "BA1 1AE")
    desk.send(desk.fact("r2", households=[elsewhere], people=[], join=name("j"), **crime))
    assert len(desk.alerts()) == 2
    part: dict[str, Any] = {
        "kind": "part",
        "dataset": "police-crime-victim",
        "households": [],
        "join": name("j"),
    }
    desk.send(desk.fact("r3", people=[victim()], **part))
    assert len(desk.alerts()) == 1
    assert None in desk.versions()


def test_a_referral_that_arrives_is_corrected_or_withdrawn_updates_the_alert(desk: Desk) -> None:
    desk.send(desk.fact())
    assert desk.alert()["level"] == "standard"
    referral: dict[str, Any] = {"kind": "referral", "dataset": "marac-referral", "day": TODAY - 30}
    desk.send(desk.fact("m1", **referral))
    assert desk.alert()["level"] == "marac-repeat"
    elsewhere: dict[str, Any] = {"people": [victim("Ann Poe")], "households": []}
    desk.send(desk.fact("m1", **(referral | elsewhere)))
    assert desk.alert()["level"] == "standard"
    desk.send(desk.fact("m1", **referral))
    assert desk.alert()["level"] == "marac-repeat"
    desk.send(desk.none("m1", "marac-referral"))
    assert desk.alert()["level"] == "standard"


def test_a_late_fact_updates_the_later_alerts_of_the_household(desk: Desk) -> None:
    desk.send(desk.fact("r1"), desk.fact("r2", ago=timedelta(days=2)))
    assert {a["level"] for a in desk.alerts()} == {"standard"}
    desk.send(desk.fact("r3", ago=timedelta(days=3)))
    newest = next(a for a in desk.alerts() if a["hour"] == "2026-11-24T11")
    assert newest["level"] == "escalation"


def test_a_record_that_is_supplied_late_is_marked_so(desk: Desk) -> None:
    desk.send(desk.fact("r1", ago=timedelta(days=3)))
    assert desk.alert()["late"]
    desk.send(desk.fact("r1", ago=timedelta(days=3), supplied=timedelta(hours=2)))
    assert not desk.alert()["late"]


def test_an_event_that_is_older_than_the_days_of_an_alert_raises_none(desk: Desk) -> None:
    desk.send(desk.fact("r1", ago=timedelta(days=29)))
    assert desk.alerts() == []
    desk.send(desk.fact("r2", ago=timedelta(days=28)))
    assert len(desk.alerts()) == 1


def test_an_event_without_a_time_has_the_day_alone_and_without_a_day_neither(desk: Desk) -> None:
    desk.send(desk.fact("r1", minute=None))
    assert desk.alert()["hour"] == "2026-11-24"
    desk.send(desk.fact("r1", minute=None, day=TODAY - 6, until_day=TODAY))
    assert desk.alert()["hour"] == ""
    desk.send(desk.fact("r1", minute=None, is_dated=False))
    assert desk.alert()["hour"] == ""


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_a_clock_that_jumps_loses_and_doubles_nothing(desk: Desk, jump: timedelta) -> None:
    desk.send(desk.fact("r1"))
    fact, right = desk.fact("r2", ago=timedelta(days=1)), desk.now
    desk.now += jump
    desk.send(fact)
    desk.now = right
    desk.send(fact)
    firsts = [a for a in desk.versions() if a is not None and a["version"] == 1]
    assert len(firsts) == 2
    assert len(desk.alerts()) == 2
    assert all(a["made"] >= a["raised"] for a in desk.alerts())


def test_a_clock_that_jumps_back_makes_no_version_older_than_the_one_before(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact())
    before = desk.alert()
    correction = desk.fact(flags=["weapon"])
    desk.now -= timedelta(hours=30)
    desk.send(correction)
    after = desk.alert()
    assert (after["version"], after["made"], after["raised"]) == (
        2,
        before["made"],
        before["raised"],
    )


def test_a_standby_decides_nothing(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.alerter.restore([])
    assert desk.later(days=5) == []


def test_a_process_that_takes_over_decides_as_the_one_before(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.alerter = desk.built()
    desk.send(desk.fact())
    assert len(desk.versions()) == 1
    desk.send(desk.none())
    assert desk.versions()[-1] is None


def crowd(desk: Desk, number: int) -> None:
    """Fill the state with events of one home on the last days, without alerts."""
    desk.store.begin(TODAY)
    known = incident_of(decoded(desk, desk.fact(people=[]))).fact
    assert known is not None
    for i in range(number):
        record = name(f"c{i}")
        fact = replace(
            known, record=record, day=TODAY - 1 - i % 27, until_day=TODAY - 1 - i % 27, minute=None
        )
        desk.alerter._memory.keep_event(Event(record, (fact,)))
    desk.store.commit(desk.store.changes())


def decoded(desk: Desk, intake: Intake) -> dict[str, Any]:
    return desk.alerter._parts.inputs.decode(intake.topic, intake.value or b"")


def test_a_state_that_is_built_from_the_changelog_decides_as_the_one_before(desk: Desk) -> None:
    desk.send(desk.case())
    desk.send(desk.fact("r1"), desk.fact("r2", ago=timedelta(days=3)))
    desk.send(desk.none("r2"))
    store = DatedStore(ALERTS)
    entries = [
        Entry(TODAY, o.key or b"", None if o.value is None else desk.schemas.read(o)["value"])
        for o in desk.sent(NAMES.state("incidents"))
    ]
    store.apply(entries, {})
    built = {k: v for k, v in rows_in(store).items() if v}
    assert built == rows_in(desk.store)
    desk.store, desk.alerter = store, desk.built(store)
    before = len(desk.versions())
    desk.send(desk.fact("r1"))
    assert len(desk.versions()) == before + 1  # its case is not learned yet
    desk.send(desk.none("r1"))
    assert desk.alerts() == []


def rows_in(store: DatedStore) -> dict[bytes, bytes]:
    store.flush()
    return dict(store._tables.portion(ALERTS.other, b"", 1_000))


def test_ten_thousand_incidents_of_one_home_are_decided_in_bounded_steps(desk: Desk) -> None:
    crowd(desk, 10_000)
    result = desk.alerter.process([desk.fact("late", ago=timedelta(days=30))])
    desk.alerter.committed(result)
    assert 0 < len([o for o in result.outputs if o.topic == NAMES.alerts("council")]) <= AT_ONCE
    for due in itertools.islice(desk.alerter.due(), 9):
        desk.alerter.committed(due)
    assert list(desk.alerter.due()) == []
    desk.send(desk.fact("new"))
    assert desk.alert()["level"] == "escalation"


def test_in_a_care_home_marked_as_communal_residents_are_no_history_of_one_another(
    desk: Desk,
) -> None:
    desk.send(desk.order("communal", home()))
    for i in range(4):
        who = f"Resident {'abcd'[i] * 2}"
        desk.send(desk.fact(f"r{i}", ago=timedelta(minutes=9 + i), people=[victim(who)]))
    assert len(desk.alerts()) == 4
    assert {a["level"] for a in desk.alerts()} == {"standard"}


def test_a_message_whose_outputs_are_too_large_tells_nothing_and_takes_nothing(desk: Desk) -> None:
    result = desk.send(desk.fact(), handling=Handling.REJECT)
    assert result.outputs == []
    assert result.counts["skipped"] == 1
    desk.send(desk.fact("r2"))
    assert len(desk.alerts()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"record": b"short"},
        {"kind": "none", "facts": None, "record": b""},
    ],
)
def test_a_message_with_a_wrong_digest_is_counted_and_skipped(
    desk: Desk, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    message = {"agency": "police", "dataset": "police-incident", "kind": "none", "facts": None}
    intake = desk.message(NAMES.incidents, "incident", message | {"supplied": desk.now} | changes)
    result = desk.send(intake, desk.fact())
    assert result.counts["skipped"] == 1
    assert len(desk.alerts()) == 1
    assert "banes.internal.incidents[0]@" in caplog.text


@pytest.mark.parametrize("value", [None, b"", b"?", b"\0\0\0\0\1rest"])
def test_bytes_that_are_no_message_are_counted_and_the_next_one_is_taken(
    desk: Desk, value: bytes | None
) -> None:
    broken = desk.fact("r0")._replace(value=value)
    result = desk.send(broken, desk.fact())
    assert result.counts["skipped"] == 1
    assert len(desk.alerts()) == 1


def test_a_place_that_cannot_be_read_is_counted(desk: Desk) -> None:
    result = desk.send(Intake(NAMES.incidents, 0, 1, None, None, None, 0, unreadable="_BAD_MSG"))
    assert result.counts["skipped"] == 1


def test_the_metrics_have_the_seconds_of_each_first_alert(desk: Desk) -> None:
    result = desk.send(desk.fact(supplied=timedelta(minutes=50)))
    figures = result.figures  # type: ignore[attr-defined]
    assert {(o.what, o.level, o.kind) for o in figures} == {
        ("raised", "standard", "depersonalised")
    }
    assert {(o.from_occurrence, o.from_supply) for o in figures} == {(3600.0, 600.0)}


def test_suspects_and_victims_of_one_event_may_have_both_roles(desk: Desk) -> None:
    desk.send(desk.fact(people=[victim(), suspect("Jane Roe"), victim("John Roe"), suspect()]))
    assert len(desk.alerts()) == 1


def spoil(desk: Desk, events: Iterable[bytes]) -> None:
    """Spoil the facts of events, so that they cannot be read."""
    rows = desk.rows()
    desk.store.begin(TODAY)
    for key in (EVENT + event_id for event_id in events):
        desk.store.put(key, rows[key][: Head.of(rows[key]).size] + b"\xff", TODAY)
    desk.store.commit(desk.store.changes())


def test_events_that_cannot_be_decided_keep_no_due_one_waiting(desk: Desk) -> None:
    desk.send(*(desk.fact(f"r{i}") for i in range(AT_ONCE + 5)))
    *others, last = dict.fromkeys(StateMemory(desk.store, lambda _: "ordinary").due(2**31))
    spoil(desk, others)
    desk.later(days=4)
    assert [a["escalated"] for a in desk.alerts("fire")].count("liaison_officer") == 1
    assert len(others) >= AT_ONCE
    assert last not in others


def test_alerts_that_cannot_be_withdrawn_keep_no_other_one_personal(desk: Desk) -> None:
    number = AT_ONCE + 5
    desk.send(desk.case(recipient="probation"))
    desk.send(*(desk.fact(f"r{i}") for i in range(number)))
    assert len(desk.alerts("probation")) == number
    under = StateMemory(desk.store, lambda _: "ordinary").told_under(bytes.fromhex(CASE))
    spoil(desk, under[:-1])
    desk.case_keys.destroy(CASE)
    desk.later(minutes=2)
    assert len(desk.alerts("probation")) == number - 1


def test_a_row_of_another_version_ends_nothing_and_is_logged_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.send(desk.fact(), desk.fact("r2", ago=timedelta(days=3)))
    rows, referral = desk.rows(), name("m")
    desk.store.begin(TODAY)
    for key in [key for key in rows if key[:1] == EVENT]:
        desk.store.put(key, b"\7" + rows[key][1:], TODAY)
    desk.store.put(REFERRAL + referral, b"\7", TODAY)
    desk.store.commit(desk.store.changes())
    desk.send(desk.fact(), desk.fact("r2", ago=timedelta(days=3)))
    desk.send(desk.fact("m", kind="referral", dataset="marac-referral"))
    desk.later(days=4)
    assert [r.getMessage() for r in caplog.records if "left out" in r.getMessage()] == [
        "rows of the alerts' state are left out: a row has the version 7; accepted: 1"
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "Jane"}, "type is not accepted; accepted: empty, assault-at-home, "),
        ({"join": b"Jane"}, "join is not accepted; accepted: 12 bytes"),
    ],
)
def test_a_refused_message_names_the_field_and_the_values_accepted_and_not_its_content(
    desk: Desk, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], reason: str
) -> None:
    assert desk.send(desk.fact(**changes)).counts["skipped"] == 1
    assert reason in caplog.text
    assert "Jane" not in caplog.text
