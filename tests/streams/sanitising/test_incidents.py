"""The facts for domestic alerts go out in the transaction of their record, and are accounted for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from isp.agreement.alerts import Alerts
from isp.agreement.protocol import Protocol
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import BatchResult, Handling
from streams.steps.geocode import Geocoder
from streams.steps.step import Work
from tests.isp.agreement.alerting import with_alerts
from tests.streams.partnership import NAMES, NOW, Partnership, incident, offence
from transport.messages import MARKING_HEADER, Output

DATASETS = ["police-incident", "police-crime-offence", "police-crime-victim"]
DOMESTIC = {"domestic": True, "location_address": "5 Acacia Avenue", "victim_name": "Anna Price"}


@pytest.fixture
def alerting(full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex) -> Partnership:
    return Partnership.of(with_alerts(full_protocol, datasets=DATASETS), catalogue, index)


def noted(result: BatchResult) -> list[Output]:
    return [output for output in result.outputs if output.topic == NAMES.incidents]


def messages(partnership: Partnership, result: BatchResult) -> list[dict[str, Any]]:
    return [partnership.schemas.read(output) for output in noted(result)]


def shares(partnership: Partnership, result: BatchResult) -> list[dict[str, Any]]:
    entries = [partnership.schemas.read(o) for o in result.outputs if o.topic == NAMES.audit]
    return [s for entry in entries for s in entry["shares"] if s["what"] == "observed"]


def test_a_record_has_one_message_with_its_digest_as_key_the_marking_and_the_time(
    alerting: Partnership,
) -> None:
    result = alerting.process(alerting.intake("police-incident", incident(**DOMESTIC)))
    (output,) = noted(result)
    (message,) = messages(alerting, result)
    assert message["kind"] == "event"
    assert output.key == message["record"]
    assert output.timestamp_ms == int(NOW.timestamp() * 1000)
    (marking,) = output.headers or []
    assert marking[0] == MARKING_HEADER
    assert str(marking[1]).endswith("PERSONAL DATA'")


def test_messages_are_sorted_by_digest_and_not_by_arrival(alerting: Partnership) -> None:
    batch = [
        alerting.intake("police-incident", incident(incident_reference=f"IN-{n}"), n)
        for n in range(20)
    ]
    keys = [output.key or b"" for output in noted(alerting.process(*batch))]
    assert len(keys) == 20
    assert keys == sorted(keys)


def test_a_record_that_is_not_domestic_says_so_alone(alerting: Partnership) -> None:
    (message,) = messages(
        alerting, alerting.process(alerting.intake("police-incident", incident()))
    )
    assert (message["kind"], message["facts"]) == ("none", None)


def test_a_correction_and_an_erasure_take_back_the_facts_under_the_same_key(
    alerting: Partnership,
) -> None:
    event = alerting.intake("police-incident", incident(**DOMESTIC))
    corrected = alerting.intake("police-incident", incident(), 2)
    results = [alerting.process(i) for i in (event, corrected, event._replace(erases=True))]
    assert [messages(alerting, r)[0]["kind"] for r in results] == ["event", "none", "none"]
    assert len({noted(r)[0].key for r in results}) == 1


def test_only_the_datasets_of_the_protocol_are_passed_on(
    alerting: Partnership, full_protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    quiet = full_protocol.model_copy(update={"alerts": Alerts()})
    full = Partnership.of(quiet, catalogue, index)
    fire = {"incident_reference": "F", "incident_date": datetime(2024, 6, 1).date()}
    other = alerting.intake("fire-incident", fire | {"domestic": True})
    assert noted(alerting.process(other)) == []
    without = full.process(full.intake("police-incident", incident(**DOMESTIC)))
    assert noted(without) == []
    assert shares(full, without) == []
    assert full.receipts(without)[0]["observed"] == 0


def test_a_rejected_record_is_not_passed_on(alerting: Partnership) -> None:
    broken = alerting.intake("police-incident", incident(incident_reference=None, **DOMESTIC))
    assert noted(alerting.process(broken)) == []
    whole = alerting.intake("police-incident", incident(**DOMESTIC))
    assert noted(alerting.pipeline.process([whole], Handling.REJECT)) == []


def test_a_record_that_a_step_cannot_handle_is_not_passed_on(
    alerting: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: Geocoder, _work: Work) -> None:
        raise RuntimeError("as a fault of the program would")

    monkeypatch.setattr(Geocoder, "__call__", fails)
    result = alerting.process(alerting.intake("police-incident", incident(**DOMESTIC)))
    assert noted(result) == []
    assert len(alerting.rejections(result)) == 1


def test_the_receipt_counts_the_records_with_facts(alerting: Partnership) -> None:
    result = alerting.process(
        alerting.intake("police-incident", incident(**DOMESTIC), 1),
        alerting.intake("police-incident", incident(incident_reference="IN-2"), 2),
        alerting.intake("police-incident", incident(incident_reference="IN-3", **DOMESTIC), 3),
    )
    (receipt,) = alerting.receipts(result)
    assert (receipt["accepted"], receipt["observed"]) == (3, 2)


def test_the_audit_has_a_share_for_the_agent_with_the_number_of_records_alone(
    alerting: Partnership,
) -> None:
    result = alerting.process(
        alerting.intake("police-incident", incident(**DOMESTIC), 1, supply="a" * 32),
        alerting.intake("police-incident", incident(incident_reference="IN-2"), 2, supply="b" * 32),
        alerting.intake("police-crime-offence", offence(offence_code="8U"), 3, supply="c" * 32),
    )
    found = shares(alerting, result)
    assert {(s["dataset"], s["supply_id"], s["records"]) for s in found} == {
        ("police-incident", "a" * 32, 1), ("police-crime-offence", "c" * 32, 1),
    }  # fmt: skip
    for share in found:
        assert share["topic"] == NAMES.incidents
        assert share["recipients"] == ["alerter"]
        assert share["references"] == b""


def test_the_same_records_have_the_same_messages_after_an_aborted_batch(
    alerting: Partnership,
) -> None:
    intake = alerting.intake("police-incident", incident(**DOMESTIC))
    first, second = noted(alerting.process(intake)), noted(alerting.process(intake))
    # The double gives each encoder an id of its own.
    assert first == second
