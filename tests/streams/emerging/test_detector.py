"""The detector takes records, publishes problems, and changes them, exactly once."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from math import isfinite
from typing import Any

import pytest

from detection.emerging.bounding import MOST_CASES
from detection.emerging.facts import CaseKey, PValue, Source, Stream
from isp.agreement.emerging import EmergingRecipient
from isp.agreement.emerging_streams import watched_streams
from isp.agreement.second import SecondProfile
from isp.agreement.topics import MAXIMUM_MESSAGE_BYTES
from streams.emerging.rows import SUPPLIED
from streams.emerging.schedule import EPOCH
from streams.messages import Handling
from tests.streams.emerging import fake_engine
from tests.streams.emerging.desk import DATASET, NAMES, PLACE, Desk, use_fakes

FOUR = ("a", "b", "c", "d")


def spate(desk: Desk, *records: str) -> None:
    desk.send(*(desk.message(record) for record in records or FOUR))


def test_the_record_that_tips_it_publishes_a_problem_at_once(desk: Desk) -> None:
    spate(desk, "a", "b", "c")
    assert desk.findings() == []
    spate(desk, "d")
    finding = desk.finding()
    assert (finding["status"], finding["version"], finding["provisional"]) == ("opened", 1, True)
    assert [(r["record_id"], r["joined"]) for r in finding["records"]] == [(r, True) for r in FOUR]
    assert (finding["easting"], finding["northing"], finding["radius_m"]) == (*PLACE, 150)
    assert (finding["areas"], finding["streets"]) == (["BA1"], ["Acacia Avenue"])
    assert finding["types"] == {"police-incident/street-disorder": 4}
    assert finding["what"] in finding["words"]


def test_a_finding_tells_its_time_to_the_minute_alone(desk: Desk) -> None:
    desk.now += timedelta(seconds=17, milliseconds=345)
    spate(desk)
    finding = desk.finding()
    (output,) = desk.sent(NAMES.alerts_emerging("council"))
    at_ms = int(desk.now.replace(second=0, microsecond=0).timestamp() * 1_000)
    assert output.timestamp_ms == at_ms
    assert [int(finding[each].timestamp() * 1_000) for each in ("made", "opened")] == [at_ms] * 2


def test_the_figures_of_a_cluster_beyond_all_chance_are_numbers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    certain = PValue(0.0, "gumbel", 0.01, 0.0, 99)
    monkeypatch.setattr("tests.streams.emerging.fake_engine.PValue", lambda *_: certain)
    spate(desk)
    finding = desk.finding()
    days = [finding[f"recurrence_interval_{each}"] for each in ("days", "all_days")]
    assert all(map(isfinite, [finding["p"], *days]))
    assert "more than 100 years" in finding["words"]


def test_a_recipient_gets_findings_of_its_own_streams_alone(desk: Desk) -> None:
    spate(desk)
    assert len(desk.findings("council")) == len(desk.findings("fire")) == 1
    for party in ("police", "health", "business"):
        assert desk.findings(party) == []
    assert desk.finding("council")["problem"] != desk.finding("fire")["problem"]


def test_the_same_problem_is_published_again_only_when_a_case_joins(desk: Desk) -> None:
    spate(desk)
    spate(desk)
    desk.send(desk.message("far", location_easting=PLACE[0] + 5_000))
    assert desk.statuses() == ["opened"]
    spate(desk, "e")
    assert desk.statuses() == ["opened", "grown"]
    finding = desk.finding()
    assert finding["version"] == 2
    assert [r["record_id"] for r in finding["records"] if r["joined"]] == ["e"]


def test_an_evaluation_that_no_longer_finds_it_lets_it_fade_and_later_it_is_closed(
    desk: Desk,
) -> None:
    spate(desk)
    for _ in range(30):
        desk.later(days=1)
    assert desk.statuses() == ["opened", "faded", "closed"]
    assert desk.finding()["ended"] == "quiet"
    assert [f["version"] for f in desk.findings()] == [1, 2, 3]


def test_an_evaluation_that_finds_it_again_publishes_nothing(desk: Desk) -> None:
    spate(desk)
    desk.later(days=1)
    assert desk.statuses() == ["opened"]


def test_a_problem_is_opened_once_whatever_is_seen_of_it_later(desk: Desk) -> None:
    spate(desk)
    opened = desk.finding()["opened"]
    desk.later(minutes=5)
    desk.send(desk.message("far", location_easting=PLACE[0] + 5_000), desk.message("d"))
    desk.later(days=1)
    spate(desk, "e")
    assert desk.statuses() == ["opened", "grown"]
    assert desk.finding()["opened"] == opened


def test_what_an_evaluation_found_before_a_correction_is_evaluated_again(desk: Desk) -> None:
    yesterday = desk.today - timedelta(1)
    desk.detector._parts.memory.look_nulls.clear()
    desk.send(*(desk.message(r, incident_date=yesterday) for r in FOUR))
    desk.now += timedelta(days=1)
    desk.turn()
    assert desk.detector.evaluations_waiting
    moved = desk.message("a", incident_date=yesterday, location_easting=PLACE[0] + 5_000)
    desk.send(moved)
    assert sum(result.counts.get("evaluations", 0) for result in desk.due()) == 2
    assert desk.findings() == []


def test_a_problem_does_not_fade_by_an_evaluation_before_a_correction(desk: Desk) -> None:
    spate(desk, *FOUR, "e")
    desk.now += timedelta(days=1)
    desk.turn()
    assert desk.detector.evaluations_waiting
    desk.send(desk.gone("e"))
    desk.due()
    assert desk.statuses() == ["opened", "opened"]
    assert desk.finding()["observed"] == 4
    # It was evaluated again without the record.
    counted = [row.problem.seen_day for row in desk.detector._parts.memory.problems.values()]
    assert set(counted) == {desk.today.toordinal() - EPOCH - 1}


def test_a_record_that_came_late_is_found_by_the_evaluation(desk: Desk) -> None:
    yesterday = desk.today - timedelta(1)
    desk.detector._parts.memory.look_nulls.clear()
    desk.send(*(desk.message(r, incident_date=yesterday) for r in FOUR))
    assert desk.findings() == []
    desk.later(days=1)
    assert desk.statuses() == ["opened"]
    assert desk.finding()["provisional"] is False


def test_an_erased_record_leaves_the_finding_and_too_few_close_it(desk: Desk) -> None:
    spate(desk, *FOUR, "e")
    desk.send(desk.gone("e"))
    finding = desk.finding()
    assert (finding["version"], finding["observed"]) == (2, 4)
    assert "e" not in {record["record_id"] for record in finding["records"]}
    desk.send(desk.gone("a"))
    finding = desk.finding()
    assert (finding["status"], finding["ended"], finding["version"]) == ("closed", "corrected", 3)


def test_a_corrected_place_takes_the_record_out_and_a_corrected_time_does_not(desk: Desk) -> None:
    spate(desk, *FOUR, "e")
    desk.send(desk.message("a", location_district="E06000023"))
    assert desk.statuses() == ["opened"]
    desk.send(desk.message("a", location_easting=PLACE[0] + 5_000))
    assert desk.finding()["observed"] == 4
    assert desk.finding()["version"] == 2


def test_a_street_that_its_release_does_not_show_any_more_leaves_the_finding(desk: Desk) -> None:
    spate(desk, "a", "b", "c")
    spate_at = {"location_address": "Mill Lane"}
    desk.send(desk.message("d", **spate_at))
    assert desk.finding()["streets"] == ["Acacia Avenue", "Mill Lane"]
    desk.send(desk.message("d", location_address=None))
    finding = desk.finding()
    assert (finding["version"], finding["streets"]) == (2, ["Acacia Avenue"])
    assert "Mill Lane" not in finding["words"]
    assert len(finding["records"]) == 4


def test_nothing_is_said_of_fewer_cases_than_the_minimum(desk: Desk) -> None:
    spate(desk)
    desk.send(desk.gone("a"))
    finding = desk.finding()
    assert (finding["status"], finding["ended"], finding["observed"]) == ("closed", "corrected", 0)
    for part in ("records", "same_events", "areas", "streets", "types", "evidence"):
        assert not finding[part]
    assert [source["cases"] for source in finding["sources"]] == [0] * len(finding["sources"])
    assert (finding["easting"] % 1_000, finding["northing"] % 1_000) == (0, 0)
    assert finding["radius_m"] >= 1_000
    assert "Acacia Avenue" not in finding["words"]
    for row in desk.detector._parts.memory.problems.values():
        assert not row.problem.told
    desk.send(desk.gone("b"), desk.gone("c"))
    assert desk.finding()["version"] == 2


@pytest.mark.parametrize("correction", ["erased", "moved", "another day", "another type"])
def test_what_left_while_an_evaluation_ran_is_not_published(desk: Desk, correction: str) -> None:
    yesterday = desk.today - timedelta(1)
    desk.detector._parts.memory.look_nulls.clear()
    desk.send(*(desk.message(r, incident_date=yesterday) for r in (*FOUR, "e")))
    desk.now += timedelta(days=1)
    list(desk.detector.due())  # the evaluation has its snapshot
    assert desk.background.busy
    desk.send(
        {
            "erased": desk.gone("e"),
            "moved": desk.message("e", incident_date=yesterday, location_easting=PLACE[0] + 5_000),
            "another day": desk.message("e", incident_date=yesterday - timedelta(30)),
            "another type": desk.message(
                "e", incident_date=yesterday, incident_type="animal-problems"
            ),
        }[correction]
    )
    desk.due()
    assert [r["record_id"] for r in desk.finding()["records"]] == list(FOUR)
    assert desk.finding()["observed"] == 4


def test_an_erased_record_leaves_a_finding_even_after_its_case_was_forgotten(desk: Desk) -> None:
    spate(desk, *FOUR, "e")
    for _ in range(20):
        desk.later(days=1)
    memory = desk.detector._parts.memory
    for row in list(memory.problems.values()):
        assert row.problem.status == "closed"
    memory.remove_case(CaseKey(Stream("police-incident", "central"), "e"))
    assert desk.store is not None
    desk.store.commit(desk.store.changes())
    memory.engine.commit()
    desk.send(desk.gone("e"))
    assert [r["record_id"] for r in desk.finding()["records"]] == list(FOUR)


def test_a_problem_of_thousands_of_records_can_be_written(desk: Desk) -> None:
    for part in range(4):
        ids = (sha256(f"{part}{number}".encode()).hexdigest()[:32] for number in range(1_500))
        spate(desk, *ids)
        desk.later(days=2)
    assert {finding["observed"] for finding in desk.findings()} == {1_500, 3_000}
    assert {*desk.statuses()} == {"opened", "grown"}
    assert {len(finding["records"]) for finding in desk.findings()} == {MOST_CASES}
    largest = max(len(output.value or b"") for output in desk.outputs)
    assert largest < MAXIMUM_MESSAGE_BYTES


def test_a_p_value_of_nothing_gives_a_finite_interval(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = PValue(0.0, "gumbel", 0.01, 0.0, 99)
    monkeypatch.setattr(fake_engine, "PValue", lambda *_: nothing)
    spate(desk)
    finding = desk.finding()
    assert finding["p"] == 0
    json.dumps(finding["recurrence_interval_days"], allow_nan=False)
    json.dumps(finding["recurrence_interval_all_days"], allow_nan=False)


def test_a_record_without_a_case_any_more_is_taken_out(desk: Desk) -> None:
    spate(desk, *FOUR, "e")
    desk.send(desk.message("b", incident_type=None))
    assert [r["record_id"] for r in desk.finding()["records"]] == ["a", "c", "d", "e"]


def test_a_closed_problem_still_loses_an_erased_record_and_is_forgotten_later(desk: Desk) -> None:
    spate(desk, *FOUR, "e")
    for _ in range(20):
        desk.later(days=1)
    assert desk.statuses()[-1] == "closed"
    desk.send(desk.gone("e"))
    finding = desk.finding()
    assert (finding["status"], finding["version"], finding["observed"]) == ("closed", 4, 4)
    desk.later(days=100)
    assert desk.detector._parts.memory.problems == {}


def test_a_new_process_continues_and_publishes_nothing_twice(desk: Desk) -> None:
    spate(desk)
    desk.restart()
    desk.due()
    spate(desk)
    assert desk.statuses() == ["opened"]
    spate(desk, "e")
    assert desk.statuses() == ["opened", "grown"]


def test_a_process_that_ends_loses_the_arrivals_of_an_hour_at_most(desk: Desk) -> None:
    spate(desk, "a")
    desk.later(hours=1)
    spate(desk, "b")
    desk.restart()
    (known,) = desk.detector._parts.supplied.supplies.sources.values()
    assert sum(n for arrival in known.records.values() for n in arrival.values()) == 2


def test_what_is_not_committed_is_published_again_and_not_twice(desk: Desk) -> None:
    batch = [desk.message(record) for record in FOUR]
    first = desk.detector.process(batch)
    desk.detector.restore([("t", 0)])
    desk.send(*batch)
    assert desk.statuses() == ["opened"]
    assert [o.key for o in first.outputs] == [o.key for o in desk.outputs[-len(first.outputs) :]]


def test_a_record_that_comes_before_the_first_evaluation_is_looked_at_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_fakes(monkeypatch)
    desk = Desk()
    spate(desk)
    assert desk.findings() == []
    desk.restart()
    desk.due()
    assert desk.statuses() == ["opened"]


def test_a_held_source_has_no_looks_until_it_has_settled(desk: Desk) -> None:
    desk.supply("0" * 32, 4, complete=False)
    spate(desk)
    desk.due()
    assert desk.findings() == []
    desk.supply("0" * 32, 4)
    desk.receipt("0" * 32, 3)
    desk.due()
    assert desk.findings() == []
    desk.receipt("0" * 32, 1)
    desk.due()
    assert desk.statuses() == ["opened"]


def test_a_source_that_is_held_again_before_its_look_is_looked_at_later(desk: Desk) -> None:
    desk.supply("0" * 32, 4, complete=False)
    spate(desk)
    desk.settle("0" * 32, 4)
    desk.detector._parts.memory.nulls.clear()
    desk.turn()
    desk.supply("1" * 32, 4, complete=False)
    desk.due()
    assert desk.findings() == []
    desk.settle("1" * 32, 4)
    desk.due()
    assert desk.statuses() == ["opened"]


def test_a_supply_that_never_settles_holds_looks_for_a_day(desk: Desk) -> None:
    desk.supply("0" * 32, 5, complete=False)
    spate(desk)
    desk.later(hours=23)
    assert desk.findings() == []
    desk.later(hours=2)
    assert desk.statuses() == ["opened"]
    assert desk.finding()["provisional"] is True
    # The evaluation without the source was one of this round, and not repeated.
    assert desk.later(minutes=1) == []


def test_the_first_records_of_a_type_are_looked_at_on_their_day() -> None:
    desk = Desk()
    places = ((PLACE[0] + 200 * (n % 4), PLACE[1] + 200 * (n // 4)) for n in range(12))
    desk.send(
        *(
            desk.message(f"r{n}", location_easting=x, location_northing=y)
            for n, (x, y) in enumerate(places)
        )
    )
    desk.due()
    assert set(desk.detector._parts.memory.look_nulls) == set(
        desk.detector._parts.memory.engine.series()
    )


def test_a_series_whose_records_are_all_erased_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_fakes(monkeypatch)
    desk = Desk()
    spate(desk, "a")
    memory = desk.detector._parts.memory
    assert memory.waiting
    desk.send(desk.gone("a"))
    desk.due()
    assert not memory.waiting


def test_a_process_that_starts_while_a_source_is_held_looks_later(desk: Desk) -> None:
    desk.supply("0" * 32, 4, complete=False)
    spate(desk)
    desk.restart()
    desk.settle("0" * 32, 4)
    desk.due()
    assert desk.statuses() == ["opened"]


def test_a_series_that_was_evaluated_without_a_held_source_is_evaluated_again(desk: Desk) -> None:
    desk.supply("0" * 32, 4, complete=False)
    yesterday = desk.today - timedelta(1)
    desk.send(*(desk.message(r, incident_date=yesterday) for r in FOUR))
    desk.later(hours=20)
    assert desk.findings() == []
    desk.settle("0" * 32, 4)
    desk.later(minutes=1)
    assert desk.statuses() == ["opened"]


def test_an_evaluation_is_made_up_for_once(desk: Desk) -> None:
    counts = [result.counts.get("evaluations", 0) for result in desk.later(days=5)]
    assert sum(counts) == 1
    assert desk.later(minutes=1) == []


def test_distributions_that_stay_the_same_are_fresh_again(desk: Desk) -> None:
    spate(desk)
    memory = desk.detector._parts.memory
    row = next(iter(memory.nulls.values()))
    today = desk.today.toordinal() - EPOCH
    memory._changed._committed[row.series] = 1_000
    assert not memory.is_fresh(row.series, today)
    # As many cases left as came: the entry stays the same, so it is in no batch's changes.
    memory.put_null(row)
    memory.commit(desk.detector.store.changes())
    assert memory.is_fresh(row.series, today)


def test_a_series_that_waits_for_a_look_goes_before_the_evaluations_of_a_round(desk: Desk) -> None:
    old = desk.today.replace(month=10)
    types = ("common-assault", "noise", "robbery", "theft", "burglary", "affray")
    desk.send(*(desk.message(f"x{t}", incident_type=t, incident_date=old) for t in types))
    desk.due()
    desk.now += timedelta(days=1)
    desk.turn()
    assert desk.detector.evaluations_waiting > 4
    desk.send(*(desk.message(f"z{n}", incident_type="zone") for n in range(4)))
    for _ in range(3):
        desk.turn()
    assert desk.statuses() == ["opened"]
    assert desk.finding()["what"] == "zone"


def test_an_evaluation_that_fails_is_tried_again_and_then_left_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("streams.emerging.time_found.evaluate", fail)
    results = [each for _ in range(5) for each in desk.later(days=1 / 4)]
    assert sum(result.counts.get("failed_evaluations", 0) for result in results) == 3


def test_each_published_finding_has_an_entry_in_the_audit_with_its_recipient(desk: Desk) -> None:
    before = len(desk.audit())
    spate(desk)
    (entry,) = desk.audit()[before:]
    assert entry["action"] == "finding"
    assert [share["recipients"] for share in entry["shares"]] == [["council"], ["fire"]]
    finding = desk.finding()
    assert finding["audit_sequence"] == entry["sequence"]
    assert desk.send(desk.message("x", location_easting=PLACE[0] + 900)).outputs
    assert len(desk.audit()) == before + 1


def test_a_rejected_message_is_skipped(desk: Desk) -> None:
    result = desk.send(desk.message("a"), handling=Handling.REJECT)
    assert result.counts["skipped"] == 1


def test_a_message_under_the_key_of_another_record_is_skipped(desk: Desk) -> None:
    intake = desk.message("a")._replace(key=b"b")
    assert desk.send(intake).counts["skipped"] == 1


def test_records_of_tomorrow_are_looked_at_when_it_begins(desk: Desk) -> None:
    desk.now = desk.now.replace(hour=23, minute=59)
    desk.due()
    desk.send(*(desk.message(r, incident_date=desk.today + timedelta(1)) for r in FOUR))
    assert desk.findings() == []
    desk.later(minutes=2)
    assert desk.statuses() == ["opened"]
    assert desk.finding()["provisional"] is True


def test_a_record_of_the_future_is_no_case(desk: Desk) -> None:
    result = desk.send(desk.message("a", incident_date=desk.today + timedelta(3)))
    assert result.counts["future"] == 1


def test_the_topics_are_those_that_recipients_receive(desk: Desk) -> None:
    assert desk.topic() in desk.detector.topics
    assert NAMES.depersonalised("second", "police-incident") not in desk.detector.topics
    assert NAMES.receipts("police") in desk.detector.followed
    assert not any(".personal." in topic or ".intake." in topic for topic in desk.detector.topics)


@pytest.mark.parametrize(
    "precision", [{}, {"minimum_households": 8}, {"period": "week"}, {"place": "sector"}]
)
def test_releases_of_weeks_or_sectors_are_not_used(precision: dict[str, Any]) -> None:
    made = Desk()
    emerging = made.protocol.emerging_problems
    assert emerging is not None
    recipients = (*emerging.recipients, EmergingRecipient(party="business"))
    alerts = made.protocol.alerts.model_copy(
        update={"emerging": emerging.model_copy(update={"recipients": recipients})}
    )
    sanitising = made.protocol.sanitising.model_copy(
        update={"second": SecondProfile.model_validate(precision)}
    )
    protocol = made.protocol.model_copy(update={"alerts": alerts, "sanitising": sanitising})
    streams = watched_streams(protocol, "business")
    is_coarse = precision.keys() & {"period", "place"}
    assert set(streams.values()) == (set() if is_coarse else {"second"})


def test_a_supply_in_the_topic_of_another_agency_or_with_an_endless_id_holds_nothing(
    desk: Desk,
) -> None:
    supplied = desk.detector._parts.supplied
    forged = {"agency": "ambulance", "dataset": "ambulance-incident"}
    desk.supply("x", 5, complete=False, **forged)
    desk.receipt("y", 5, **forged)
    desk.supply("z" * 50_000, 5, complete=False)
    assert [source.supplies for source in supplied.supplies.sources.values()] == [{}]
    desk.supply("x", 5, complete=False)
    assert supplied.held(Source("police", "police-incident"))


def test_what_is_kept_of_a_source_does_not_grow_with_its_supplies(desk: Desk) -> None:
    for number in range(1_000):
        desk.supply(f"{number:064}", 5)
    desk.later(days=1)
    assert desk.store is not None
    kept = [value for key, value in desk.store.rows() if key.startswith(SUPPLIED)]
    assert kept
    assert max(map(len, kept)) < 10_000


def test_a_finding_of_a_stream_that_its_recipient_may_not_read_any_more_is_taken_back(
    desk: Desk,
) -> None:
    spate(desk)
    (before,) = desk.sent(NAMES.alerts_emerging("council"))
    receives = tuple(
        each.model_copy(update={"datasets": tuple(d for d in each.datasets if d != DATASET)})
        if each.party == "council"
        else each
        for each in desk.protocol.receives
    )
    desk.protocol = desk.protocol.model_copy(update={"receives": receives})
    desk.restart()
    for _ in range(3):
        desk.later(days=1)
    desk.send(desk.gone("a"))
    (_, after) = desk.sent(NAMES.alerts_emerging("council"))
    assert (after.key, after.value) == (before.key, None)
    kept = desk.detector._parts.memory.problems.values()
    assert {row.problem.recipient for row in kept} == {"fire"}
    assert desk.statuses("fire")[0] == "opened"
