"""The pipeline of a batch: one outcome a record, nothing lost, nothing personal released."""

from __future__ import annotations

import dataclasses
import logging
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isp.agreement.protocol import Protocol
from isp.agreement.topics import state_days
from sanitiser.places.location import NOWHERE, Located
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from schemas.derive import release_schema
from schemas.record_type import DEPERSONALISED_PROFILES, PERSONAL, RecordType
from schemas.state import RENEWAL_DAYS
from streams.messages import Intake
from streams.state.errors import StateStoreError
from streams.state.store import Entry, StateStore
from streams.steps.route import OWN
from streams.steps.step import Work
from tests.streams.partnership import (
    DAY,
    HOUR_MS,
    NAMES,
    NOW,
    OTHER_KEY,
    TODAY,
    Partnership,
    as_text,
    fire,
    incident,
    minimal,
    offence,
    raw_intake,
)
from transport.errors import DependencyUnavailable
from transport.messages import Output

CRIMES = NAMES.intake("police", "police-crime-offence")
INCIDENTS = NAMES.intake("police", "police-incident")
MARKER = "zqxmarkerjv"
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_the_guidances_worked_example_comes_out_as_printed(partnership: Partnership) -> None:
    result = partnership.process(partnership.intake("police-crime-offence", offence()))
    (released,) = partnership.releases(result, "central")
    assert released["location_address"] == "Acacia Avenue"
    assert released["location_postcode"] == "SW1A 1AA"
    assert (released["location_easting"], released["location_northing"]) == (654_312, 123_465)
    assert released["caveats"] == []


def test_every_record_has_exactly_one_outcome(partnership: Partnership) -> None:
    batch = [
        partnership.intake("police-crime-offence", offence(), 0),
        partnership.intake("police-crime-offence", offence(crime_reference=None), 1),
        partnership.intake("police-incident", incident(domestic=True), 2),
        partnership.intake("fire-incident", fire(), 3),
        raw_intake(INCIDENTS, b"nonsense", 4),
        raw_intake(INCIDENTS, None, 5),
    ]
    for intake in batch:
        (tally,) = partnership.process(intake).tallies
        assert tally.received == tally.accepted + tally.rejected == 1
        released = sum(tally.released.values()) > 0
        assert [bool(tally.rejected), bool(tally.held), released].count(True) == 1
    result = partnership.process(*batch)
    assert len(partnership.rejections(result)) == 3
    assert sum(t.received for t in result.tallies) == len(batch)


def test_a_rejected_record_keeps_its_original_bytes_partition_and_offset(
    partnership: Partnership,
) -> None:
    value = partnership.value("police-crime-offence", offence(crime_reference="  "))
    intake = raw_intake(CRIMES, value, offset=4711, supply="s-1", partition=2)
    (rejected,) = partnership.rejections(partnership.process(intake))
    assert rejected["original"] == value
    assert rejected["key"] == b"the-key"
    assert (rejected["topic"], rejected["partition"], rejected["offset"]) == (CRIMES, 2, 4711)
    assert rejected["supply_id"] == "s-1"


def test_a_rejected_record_names_every_fault_at_once(partnership: Partnership) -> None:
    record = offence(crime_reference=None, committed_from_date=as_text("1 June"))
    result = partnership.process(partnership.intake("police-crime-offence", record))
    (rejected,) = partnership.rejections(result)
    faults = {fault["field"]: fault for fault in rejected["faults"]}
    assert set(faults) == {"crime_reference", "committed_from_date"}
    assert faults["committed_from_date"]["given"] == "1 June"
    assert faults["committed_from_date"]["accepted"] == "a date as YYYY-MM-DD"
    assert faults["crime_reference"]["reason"] == "missing"
    assert partnership.releases(result) == []


def test_what_cannot_be_decoded_is_rejected_with_its_reason(partnership: Partnership) -> None:
    good = partnership.value("police-incident", incident())
    foreign = partnership.value("police-crime-offence", offence())
    cases: list[tuple[bytes | None, str]] = [
        (None, "null"),
        (b"\0\xff\xff\xff\xff" + good[5:], "unknown-schema"),
        (b"", "not-framed"),
        (b"{}", "not-framed"),
        (good[:-1], "not-decodable"),
        (good + b"\0", "trailing-bytes"),
        (b"\0\0\0\xff\xff" + good[5:], "unknown-schema"),
        (foreign, "foreign-schema"),
        (bytes(40_000), "oversized"),
    ]
    batch = [raw_intake(INCIDENTS, value, at) for at, (value, _) in enumerate(cases)]
    rejections = partnership.rejections(partnership.process(*batch))
    found = {r["offset"]: (r["original"], r["faults"][0]["reason"]) for r in rejections}
    assert [found[at] for at in range(len(cases))] == cases


@SETTINGS
@given(noise=st.binary(max_size=200), cut=st.integers(0, 200))
def test_no_bytes_whatever_raise(partnership: Partnership, noise: bytes, cut: int) -> None:
    good = partnership.value("police-incident", incident())
    batch = [
        raw_intake(INCIDENTS, noise, 0),
        raw_intake(INCIDENTS, good[:5] + noise, 1),
        raw_intake(INCIDENTS, good[: max(5, cut % len(good))] + noise, 2),
    ]
    (tally,) = partnership.process(*batch).tallies
    assert tally.received == tally.accepted + tally.rejected == 3


def test_a_registry_that_is_down_fails_the_batch_and_rejects_nobody(
    partnership: Partnership,
) -> None:
    partnership.schemas.away = True
    with pytest.raises(DependencyUnavailable):
        partnership.process(partnership.intake("police-incident", incident()))


def _broken(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    def clean(work: Work) -> None:
        raise ValueError(f"cannot clean {work.record} {work.problems}")

    flows = dict(partnership.pipeline._flows)
    steps = flows[CRIMES].steps
    broken = (*steps.reading[:-1], clean)
    steps = dataclasses.replace(steps, reading=broken)  # type: ignore[arg-type]
    flows[CRIMES] = dataclasses.replace(flows[CRIMES], steps=steps)
    monkeypatch.setattr(partnership.pipeline, "_flows", flows)


def test_a_record_that_breaks_a_step_is_rejected_and_the_others_go_on(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    _broken(partnership, monkeypatch)
    result = partnership.process(
        partnership.intake("police-crime-offence", offence()),
        partnership.intake("police-incident", incident()),
    )
    (rejected,) = partnership.rejections(result)
    assert [fault["reason"] for fault in rejected["faults"]] == ["unprocessable"]
    assert len(partnership.releases(result, "central")) == 1


def test_a_record_that_breaks_a_step_leaves_no_content_in_the_log(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _broken(partnership, monkeypatch)
    record = offence(narrative=MARKER, crime_reference=MARKER)
    with caplog.at_level(logging.DEBUG):
        partnership.process(partnership.intake("police-crime-offence", record, 77))
    assert "ValueError" in caplog.text
    assert f"{CRIMES}[3]@77" in caplog.text
    for value in (MARKER, "Acacia", "SW1A", "654321", "2024-06-01", "datetime"):
        assert value not in caplog.text


def test_a_bad_optional_value_is_left_out_with_a_caveat(partnership: Partnership) -> None:
    record = offence(
        committed_from_time=as_text("teatime"),
        alcohol_related=as_text("perhaps"),
        location_easting=as_text("far east"),
        offence_code="no code",
    )
    result = partnership.process(partnership.intake("police-crime-offence", record))
    (released,) = partnership.releases(result, "central")
    assert released["committed_from_time"] is None
    assert released["alcohol_related"] is None
    assert released["offence_code"] is None
    # A caveat on an empty field stays in the receipt; the easting is the one of the postcode.
    assert released["caveats"] == ["location_easting:not-a-number"]
    (tally,) = result.tallies
    assert set(tally.caveats) == {
        "committed_from_time:not-a-time",
        "alcohol_related:not-a-flag",
        "location_easting:not-a-number",
        "offence_code:unknown-code",
    }
    assert (tally.accepted, tally.cleaned, tally.rejected) == (1, 1, 0)


def test_text_as_given_reads_like_typed_values(partnership: Partnership) -> None:
    typed = offence(
        committed_from_time=time(9, 30), committed_to_date=date(2024, 6, 2), drugs_related=True,
        location_easting=654_321.5,
    )  # fmt: skip
    given_as_text = offence(
        committed_from_date=as_text("2024-06-01"), committed_from_time=as_text(" 09:30 "),
        committed_to_date=as_text("2024-06-02"), drugs_related=as_text("Y"),
        location_easting=as_text("654321.5"), location_northing=as_text("123456"),
        domestic=as_text("No"),
    )  # fmt: skip
    results = [
        partnership.releases(partnership.process(partnership.intake("police-crime-offence", r)))
        for r in (typed, given_as_text)
    ]
    assert results[0] == results[1]
    assert results[0][0]["drugs_related"] is True
    assert results[0][0]["committed_from_time"] == time(9, 30)


@pytest.mark.parametrize(
    ("flag", "profiles"),
    [
        (False, ["central", "second"]),
        (True, ["central"]),
        (None, ["central"]),
        (as_text("perhaps"), ["central"]),
    ],
)
def test_the_second_group_gets_no_row_that_may_be_domestic(
    partnership: Partnership, flag: Any, profiles: list[str]
) -> None:
    for dataset, record in (("police-incident", incident()), ("police-crime-offence", offence())):
        result = partnership.process(partnership.intake(dataset, record | {"domestic": flag}))
        released = [o.topic.split(".")[2] for o in result.outputs if ".depersonalised." in o.topic]
        assert released == profiles


def test_a_domestic_code_keeps_the_row_from_the_second_group_whatever_its_flag(
    partnership: Partnership,
) -> None:
    record = incident(incident_type="Domestic dispute", domestic=False)
    result = partnership.process(partnership.intake("police-incident", record))
    assert partnership.releases(result, "second") == []
    (central,) = partnership.releases(result, "central")
    assert central["domestic"] is True
    assert "domestic:set-from-incident_type" in central["caveats"]


def test_the_second_group_gets_times_to_the_hour(partnership: Partnership) -> None:
    record = incident(incident_time=time(23, 59, 58))
    result = partnership.process(partnership.intake("police-incident", record))
    (second,) = partnership.releases(result, "second")
    assert second["incident_time"] == time(23, 0)
    assert "incident_utc" not in second


def test_an_unknown_time_stays_unknown(partnership: Partnership) -> None:
    for given_time in (None, as_text(""), as_text("  "), as_text("unknown")):
        record = incident(incident_time=given_time)
        result = partnership.process(partnership.intake("police-incident", record))
        for released in partnership.releases(result):
            assert released["incident_time"] is None
            assert released.get("incident_utc") is None


def _marked(record_type: RecordType, marker: str) -> dict[str, Any]:
    """A record with `marker` in every text there is and, of other kinds, what only text can say."""
    required = minimal(record_type)
    texts = {
        f.name: marker if f.kind == "text" else as_text(marker)
        for f in record_type.fields
        if f.name not in required
    }
    references = {name: marker for name, value in required.items() if isinstance(value, str)}
    return texts | required | references


def _everything(output: Output) -> bytes:
    headers = b"".join(
        name.encode() + (value.encode() if isinstance(value, str) else value or b"")
        for name, value in output.headers or ()
    )
    return (output.key or b"") + (output.value or b"") + headers


@SETTINGS
@given(marker=st.text(alphabet="qxzjv", min_size=6, max_size=20), data=st.data())
def test_no_text_that_is_not_released_stands_anywhere_in_a_release(
    full: Partnership, marker: str, data: st.DataObject
) -> None:
    datasets = sorted(r.dataset for r in full.catalogue if PERSONAL not in r.profiles)
    record_type = full.catalogue.record_type(data.draw(st.sampled_from(datasets)))
    record = _marked(record_type, marker)
    for name in ("domestic", "location_postcode", "location_address"):
        if any(f.name == name for f in record_type.fields) and data.draw(st.booleans()):
            record[name] = {
                "domestic": False,
                "location_postcode": "SW1A 1AA",
                "location_address": f"{marker} House, 5 Acacia Avenue, SW1A 1AA",
            }[name]
    outputs = full.process(full.intake(record_type.dataset, record)).outputs
    assert any(".depersonalised." in output.topic for output in outputs)
    for output in outputs:
        if ".rejected." not in output.topic:
            assert marker.encode() not in _everything(output), output.topic


def test_the_names_of_dropped_fields_stand_nowhere_in_a_release(full: Partnership) -> None:
    for record_type in full.catalogue:
        record = _marked(record_type, MARKER)
        outputs = full.process(full.intake(record_type.dataset, record)).outputs
        for output in outputs:
            if ".depersonalised." not in output.topic:
                continue
            profile = output.topic.split(".")[2]
            released = _everything(output)
            for field in record_type.fields:
                if field.treatments[profile].action == "drop":
                    assert field.name.encode() not in released


def test_released_bytes_hold_the_fields_of_the_release_schema_and_no_others(
    partnership: Partnership,
) -> None:
    cases = {
        "police-incident": incident(),
        "police-crime-offence": offence(),
        "fire-incident": fire(),
    }
    for dataset, record in cases.items():
        result = partnership.process(partnership.intake(dataset, record | {"narrative": MARKER}))
        for profile in partnership.protocol.profiles_of(dataset):
            schema = release_schema(partnership.catalogue.record_type(dataset), profile)
            (released,) = partnership.releases(result, profile)
            assert set(released) == {field["name"] for field in schema["fields"]}


def test_every_policy_makes_exactly_the_fields_of_its_release_schema(
    partnership: Partnership,
) -> None:
    for flow in partnership.pipeline._flows.values():
        steps = flow.steps
        for policy in steps.policies[OWN, 0].each:
            record = dict.fromkeys((f.name for f in steps.record_type.fields), None)
            record |= dict.fromkeys(steps.record_type.identity, "R1")
            nowhere = Located(NOWHERE, "none", (), ())
            places = dict.fromkeys(steps.record_type.places, nowhere)
            schema = release_schema(steps.record_type, policy.profile)
            made = policy.release("police", record, places, [])
            assert set(made) == {field["name"] for field in schema["fields"]}


def test_releases_leave_in_order_of_their_digests_not_of_arrival(partnership: Partnership) -> None:
    batch = [
        partnership.intake("police-incident", incident(incident_reference=f"IN-{at}"), at)
        for at in range(50)
    ]
    keys = [o.key for o in partnership.process(*batch).outputs if o.topic.startswith("banes.dep")]
    central, second = keys[:50], keys[50:]
    assert central == sorted(k for k in central if k)
    assert second == sorted(k for k in second if k)
    reversed_outputs = partnership.process(*reversed(batch)).outputs
    assert [o.key for o in reversed_outputs if o.topic.startswith("banes.dep")] == keys


def test_a_correction_in_the_same_batch_stays_behind_what_it_corrects(
    partnership: Partnership,
) -> None:
    first = partnership.intake("police-incident", incident(incident_type="Noise"), 0)
    corrected = partnership.intake("police-incident", incident(incident_type="Alarm"), 1)
    released = partnership.releases(partnership.process(first, corrected), "central")
    assert [r["incident_type"] for r in released] == ["noise", "alarm"]
    assert released[0]["record_id"] == released[1]["record_id"]


SECOND = NAMES.released("second", "police-incident", None)


def test_a_correction_to_domestic_takes_back_what_the_second_group_was_given(
    partnership: Partnership,
) -> None:
    first = partnership.process(partnership.intake("police-incident", incident()))
    partnership.pipeline.state.commit(first.changes)
    (given,) = [output for output in first.outputs if output.topic == SECOND]
    domestic = partnership.intake("police-incident", incident(domestic=True))
    corrected = partnership.process(domestic)
    assert partnership.taken_back(corrected) == [(SECOND, given.key)]
    (tally,) = corrected.tallies
    assert tally.withheld["taken-back-from-second"] == 1
    assert [r["domestic"] for r in partnership.releases(corrected)] == [True]


@pytest.mark.parametrize(
    "correction",
    [
        {"incident_type": "Missing person"},
        {"incident_type": "Noise, DV"},
        {"incident_type": "sesquipedalian"},
        {"incident_type": None},
        {"domestic": None},
    ],
)
def test_a_correction_to_what_is_not_known_to_be_for_the_second_group_is_taken_back_too(
    partnership: Partnership, correction: dict[str, Any]
) -> None:
    first = partnership.process(partnership.intake("police-incident", incident()))
    partnership.pipeline.state.commit(first.changes)
    (given,) = [output for output in first.outputs if output.topic == SECOND]
    corrected = partnership.process(partnership.intake("police-incident", incident() | correction))
    assert partnership.taken_back(corrected) == [(SECOND, given.key)]


def test_what_may_have_to_be_taken_back_is_remembered_as_long_as_its_newest_release(
    partnership: Partnership, protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    """A release that is made again lives longer, so it is noted again once the note has some age."""
    topic = NAMES.state("withdrawals")
    first = partnership.process(partnership.intake("police-incident", incident()))
    for days, again in ((RENEWAL_DAYS - 1, 0), (RENEWAL_DAYS, 1)):
        later = Partnership.of(protocol, catalogue, index, now=NOW + timedelta(days=days))
        later.pipeline.state.apply([Entry(DAY, *change) for change in first.changes.items()], {})
        result = later.process(later.intake("police-incident", incident()))
        assert len([o for o in result.outputs if o.topic == topic]) == again


def test_a_release_that_is_retained_no_longer_is_not_taken_back_by_any_worker(
    partnership: Partnership, protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    """A worker that ran through still has the entry, one that was restored perhaps not."""
    first = partnership.process(partnership.intake("police-incident", incident()))
    kept = state_days(protocol)["withdrawals"]
    for days, count in ((kept - 1, 1), (kept, 0)):
        later = Partnership.of(protocol, catalogue, index, now=NOW + timedelta(days=days))
        changes = [Entry(DAY, *change) for change in first.changes.items()]
        later.pipeline.state.apply(changes, {})
        corrected = later.process(later.intake("police-incident", incident(domestic=True)))
        assert len(later.taken_back(corrected)) == count


def test_an_entry_of_state_has_the_time_of_the_releases_of_its_batch(
    partnership: Partnership,
) -> None:
    """So a store that reads it counts it from the same day as the store of the worker that wrote it."""
    result = partnership.process(partnership.intake("police-incident", incident()))
    (entry,) = [o for o in result.outputs if o.topic == NAMES.state("withdrawals")]
    assert entry.timestamp_ms == HOUR_MS


def test_a_state_store_that_fails_ends_the_worker_and_rejects_nothing(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_store: StateStore, _key: bytes) -> None:
        raise StateStoreError("state store /run/state/banes.worker.0: Corruption")

    monkeypatch.setattr(StateStore, "get", failing)
    with pytest.raises(StateStoreError):
        partnership.process(partnership.intake("police-incident", incident()))


def test_each_kind_of_state_is_written_to_its_topic(full: Partnership) -> None:
    """Every entry is in the topic of its kind, and in no topic with a shorter retention."""
    crime, person = {"crime_reference": "C-1"}, {"offender_reference": "O-1"}
    born = {"date_of_birth": date(1990, 6, 15)}
    search = {
        "reference_number": "S-1", "search_date": date(2024, 3, 14), "search_time": time(22, 41),
        "location_postcode": "SW1A 1AA", "suspect_gender": "Male",
        "suspect_date_of_birth": date(2005, 6, 2),
    }  # fmt: skip
    result = full.process(
        full.intake("police-stop-search", search),
        full.intake("police-crime-offence", offence(**crime)),
        full.intake("police-crime-offender", {**crime, **person, **born}),
        full.intake("police-incident", incident()),
    )
    written: dict[str, set[bytes]] = {}
    for output in result.outputs:
        if ".internal." in output.topic and output.topic != NAMES.incidents:
            written.setdefault(output.topic, set()).add((output.key or b"")[:1])
    assert written == {
        NAMES.state("withdrawals"): {b"p"},
        NAMES.state("dates-ages"): {b"d", b"b"},
        NAMES.state("combinations"): {b"c", b"j"},
        NAMES.audit_heads: {b"b"},
    }


def test_a_rejection_that_would_be_too_large_gives_the_place_without_the_bytes(
    partnership: Partnership,
) -> None:
    """A record's key stands twice in its rejection."""
    long = raw_intake(CRIMES, b"?", 4711)._replace(key=b"k" * 1_040_000)
    (rejected,) = partnership.rejections(partnership.process(long))
    assert (rejected["offset"], rejected["key"], rejected["original"]) == (4711, None, None)
    assert rejected["omitted"]
    assert [fault["reason"] for fault in rejected["faults"]] == ["not-framed"]


def test_what_is_domestic_from_the_first_leaves_no_trace_with_the_second_group(
    partnership: Partnership,
) -> None:
    for _ in range(2):
        result = partnership.process(
            partnership.intake("police-incident", incident(domestic=True), 0),
            partnership.intake("police-incident", incident(domestic=None), 1),
        )
        partnership.pipeline.state.commit(result.changes)
        assert [output for output in result.outputs if output.topic == SECOND] == []


def test_a_release_and_its_withdrawal_in_one_batch_leave_in_that_order(
    partnership: Partnership,
) -> None:
    result = partnership.process(
        partnership.intake("police-incident", incident(), 0),
        partnership.intake("police-incident", incident(domestic=True), 1),
    )
    values = [output.value is None for output in result.outputs if output.topic == SECOND]
    assert values == [False, True]


def test_a_release_carries_the_hour_and_the_marking_and_nothing_of_its_original(
    partnership: Partnership,
) -> None:
    intake = partnership.intake("police-incident", incident(), 4711, supply="supply-77")
    for output in partnership.process(intake).outputs:
        if ".depersonalised." in output.topic:
            assert output.timestamp_ms == HOUR_MS
            assert output.headers == [("marking", b"RESTRICTED")]
            for trace in (b"supply-77", b"4711", b"the-key", b"IN-1"):
                assert trace not in _everything(output)


def test_the_receipts_of_a_batch_add_up_per_supply(partnership: Partnership) -> None:
    batch = [
        partnership.intake("police-incident", incident(), 0, supply="a"),
        partnership.intake("police-incident", incident(incident_time=as_text("?")), 1, supply="a"),
        partnership.intake("police-incident", incident(incident_reference=None), 2, supply="a"),
        partnership.intake("police-incident", incident(), 3, supply="b"),
        partnership.intake("police-crime-offence", offence(domestic=True), 4, supply="a"),
        raw_intake(INCIDENTS, None, 5),
    ]
    result = partnership.process(*batch)
    receipts = {(r["dataset"], r["supply_id"]): r for r in partnership.receipts(result)}
    assert set(receipts) == {
        ("police-incident", "a"), ("police-incident", "b"), ("police-incident", None),
        ("police-crime-offence", "a"),
    }  # fmt: skip
    for receipt in receipts.values():
        assert receipt["received"] == receipt["accepted"] + receipt["rejected"]
        assert receipt["agency"] == "police"
    assert sum(r["received"] for r in receipts.values()) == len(batch)
    a = receipts["police-incident", "a"]
    assert (a["received"], a["accepted"], a["cleaned"], a["rejected"]) == (3, 2, 1, 1)
    assert a["released"] == {"central": 2, "second": 2}
    assert a["faults"] == {"incident_reference:missing": 1}
    assert a["caveats"] == {"incident_time:not-a-time": 1}
    assert a["geocoded"] == {"postcode": 2}
    assert receipts["police-incident", None]["faults"] == {"null": 1}
    assert receipts["police-crime-offence", "a"]["released"] == {"central": 1}


def test_a_valid_record_nobody_may_have_now_is_held_and_counted(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    business = tuple(e for e in protocol.receives if e.party == "business")
    partnership = Partnership.of(
        protocol.model_copy(update={"receives": business}), catalogue, index
    )
    result = partnership.process(
        partnership.intake("fire-incident", fire()),
        partnership.intake("police-incident", incident(domestic=True)),
    )
    assert partnership.releases(result) == []
    assert [(t.accepted, t.held, t.rejected) for t in result.tallies] == [(1, 1, 0), (1, 1, 0)]


def test_today_is_a_date_and_tomorrow_is_not(partnership: Partnership) -> None:
    dates = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]
    batch = [
        partnership.intake("police-incident", incident(incident_date=day), at)
        for at, day in enumerate(dates)
    ]
    (rejected,) = partnership.rejections(partnership.process(*batch))
    assert rejected["offset"] == 2
    assert rejected["faults"][0]["reason"] == "in-the-future"


def _references(partnership: Partnership, profile: str, agency: str = "police") -> dict[str, Any]:
    intake = partnership.intake("police-incident", incident(), agency=agency)
    (released,) = partnership.releases(partnership.process(intake), profile)
    return released


def _with_two_forces(protocol: Protocol) -> Protocol:
    supplies = (
        *protocol.supplies,
        protocol.supplies[0].model_copy(update={"agency": "council"}),
    )
    return protocol.model_copy(update={"supplies": supplies})


def test_references_differ_between_profiles_agencies_and_keys(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    both = _with_two_forces(protocol)
    ours = Partnership.of(both, catalogue, index)
    rekeyed = Partnership.of(both, catalogue, index, OTHER_KEY)
    released = [
        _references(ours, "central"), _references(ours, "second"),
        _references(ours, "central", "council"), _references(rekeyed, "central"),
    ]  # fmt: skip
    assert len({r["incident_reference"] for r in released}) == len(released)
    assert len({r["record_id"] for r in released}) == len(released)


def test_a_record_keeps_its_id_and_key_when_it_is_corrected(partnership: Partnership) -> None:
    first = partnership.process(partnership.intake("police-crime-offence", offence()))
    again = partnership.process(
        partnership.intake(
            "police-crime-offence",
            offence(location_address="9 Elm Road", weapon="knife", alcohol_related=True),
        )
    )
    for profile in DEPERSONALISED_PROFILES:
        topic = NAMES.depersonalised(profile, "police-crime-offence")
        keys = [[o.key for o in r.outputs if o.topic == topic] for r in (first, again)]
        assert keys[0] == keys[1] != []


def test_the_clock_is_read_once_a_batch_so_that_all_its_releases_bear_one_hour(
    partnership: Partnership,
) -> None:
    batch: list[Intake] = [partnership.intake("police-incident", incident(), at) for at in range(3)]
    times = {o.timestamp_ms for o in partnership.process(*batch).outputs if o.timestamp_ms}
    assert times == {HOUR_MS}
    assert int(NOW.timestamp() * 1000) > HOUR_MS


@pytest.mark.parametrize(
    ("weapon", "codes", "counted"),
    [("knife", ["knife"], 0), ("not a knife", [], 1), ("knife held by a neighbour", ["knife"], 1)],
)
def test_what_a_text_says_beyond_its_codes_stays_in_and_is_counted(
    partnership: Partnership, weapon: str, codes: list[str], counted: int
) -> None:
    field = "weapon"
    result = partnership.process(
        partnership.intake("police-crime-offence", offence(**{field: weapon}))
    )
    (tally,) = result.tallies
    (released,) = partnership.releases(result, "central")
    assert released[field] == codes
    assert tally.withheld["text-beyond-its-codes"] == counted


def test_a_text_is_released_scrubbed_only_where_the_protocol_allows_it(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    text = "Rear door forced, John Smith of 12 Elm Road saw a man"
    allowed = protocol.sanitising.model_copy(
        update={"scrubbed_texts": ("police-crime-offence.method_of_entry",)}
    )
    told = Partnership.of(protocol.model_copy(update={"sanitising": allowed}), catalogue, index)
    silent = Partnership.of(protocol, catalogue, index)
    for partnership, expected in ((told, "Rear door forced, […] of […] saw a man"), (silent, None)):
        record = offence(method_of_entry=text, property_stolen=text)
        result = partnership.process(partnership.intake("police-crime-offence", record))
        (central,) = partnership.releases(result, "central")
        assert central["method_of_entry_text"] == expected
        assert central["property_stolen_text"] is None
        assert all("method_of_entry_text" not in r for r in partnership.releases(result, "second"))
