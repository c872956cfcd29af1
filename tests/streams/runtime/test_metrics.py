"""Metrics: what is counted on commit, and that no label carries content."""

from __future__ import annotations

import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from isp.agreement.protocol import Protocol
from sanitiser import rows
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.messages import Intake, Tally
from streams.sanitising.metrics import Metrics
from tests.streams.partnership import PUBLISHED_MS, Partnership, incident, offence, raw_intake

INTAKE = "banes.intake.police.police-incident"
LABELS = {"agency": "police", "dataset": "police-incident"}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def committed(registry: CollectorRegistry, partnership: Partnership) -> Metrics:
    metrics = Metrics(registry)
    batch = [
        partnership.intake("police-incident", incident(), 0, supply="a"),
        partnership.intake("police-incident", incident(narrative="x" * 30_000), 1, supply="b"),
        partnership.intake("police-incident", incident(incident_reference=None), 2, supply="a"),
        raw_intake(INTAKE, None, 3),
    ]
    metrics.committed(batch, partnership.process(*batch), time.time() - 0.25)
    return metrics


def test_a_committed_batch_is_counted_whole(
    committed: Metrics, registry: CollectorRegistry
) -> None:
    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, LABELS | labels)

    assert value("ipu_records_received_total") == 4
    assert value("ipu_records_rejected_total") == 2
    assert value("ipu_records_cleaned_total") == 1
    assert value("ipu_records_held_total") == 0
    assert value("ipu_records_released_total") == 2
    assert value("ipu_faults_total", reason="incident_reference:missing") == 1
    assert value("ipu_faults_total", reason="null") == 1
    assert value("ipu_caveats_total", reason="narrative:too-long") == 1
    assert value("ipu_geocoded_total", method="postcode") == 2
    assert value("ipu_reject_alarm") == 0


def test_the_newest_event_is_told_in_seconds(
    committed: Metrics, registry: CollectorRegistry
) -> None:
    name = "ipu_last_event_timestamp_seconds"
    assert registry.get_sample_value(name, LABELS) == 1_717_200_000  # 2024-06-01 UTC


def test_the_duration_is_from_the_poll_and_the_way_from_the_publishing(
    committed: Metrics, registry: CollectorRegistry
) -> None:
    assert registry.get_sample_value("ipu_batch_records_sum") == 4
    assert registry.get_sample_value("ipu_batch_seconds_count") == 1
    # Were it milliseconds, it would be 250 of them.
    assert 0.25 <= (registry.get_sample_value("ipu_batch_seconds_sum") or 0) < 250
    assert registry.get_sample_value("ipu_end_to_end_seconds_count") == 4
    since_publishing = 4 * (time.time() - PUBLISHED_MS / 1000)
    assert registry.get_sample_value("ipu_end_to_end_seconds_sum") == pytest.approx(
        since_publishing, abs=40
    )


def test_what_cannot_be_read_was_published_at_no_known_time(
    registry: CollectorRegistry, partnership: Partnership
) -> None:
    batch = [Intake(INTAKE, 0, 0, None, None, None, 0, unreadable="_BAD_MSG")]
    Metrics(registry).committed(batch, partnership.process(*batch), time.time())
    assert registry.get_sample_value("ipu_records_rejected_total", LABELS) == 1
    assert registry.get_sample_value("ipu_batch_records_sum") == 1
    assert registry.get_sample_value("ipu_end_to_end_seconds_count") == 0


def test_no_label_carries_what_a_record_said(
    registry: CollectorRegistry, partnership: Partnership
) -> None:
    metrics = Metrics(registry)
    marker = "zqxmarkerjv"
    record = offence(
        crime_reference=marker, narrative=marker, offence_code=marker,
        location_postcode=marker, location_address=marker, domestic=("string", marker),
    )  # fmt: skip
    bad = record | {"committed_from_date": ("string", marker)}
    batch = [
        partnership.intake("police-crime-offence", record, supply=marker),
        partnership.intake("police-crime-offence", bad, supply=marker),
    ]
    metrics.committed(batch, partnership.process(*batch), time.time())
    exposed = generate_latest(registry).decode()
    assert "offence_code:unknown-code" in exposed
    assert marker not in exposed


def test_what_is_kept_from_a_profile_is_told_to_its_supplier_and_not_in_the_metrics(
    partnership: Partnership,
) -> None:
    kept, of_domestic = told(partnership, domestic="yes")
    assert kept.withheld["row-excluded-from-second"] == 1
    assert of_domestic == told(partnership, domestic="no")[1]


def test_a_new_reason_to_exclude_a_row_is_not_in_the_metrics_either(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "EXCLUDED", "domestic-incident-kept-from")
    kept, of_domestic = told(partnership, domestic="yes")
    assert kept.receipt()["withheld"]["domestic-incident-kept-from-second"] == 1
    assert of_domestic == told(partnership, domestic="no")[1]


@pytest.mark.parametrize(
    ("of_row", "caveat"),
    [
        ({"domestic": "no", "offence_code": "8U"}, "domestic:set-from-offence_code"),
        ({"domestic": "perhaps"}, "domestic:not-a-flag"),
    ],
)
def test_what_sets_a_flag_of_exclusion_is_told_to_its_supplier_and_not_in_the_metrics(
    partnership: Partnership, of_row: dict[str, str], caveat: str
) -> None:
    kept, of_domestic = told(partnership, **of_row)
    assert kept.caveats[caveat] == kept.cleaned == 1
    assert of_domestic == told(partnership, domestic="no")[1]
    both, of_both = told(partnership, **of_row, narrative="x" * 30_000)
    assert (len(both.caveats), both.cleaned) == (2, 1)
    assert of_both == told(partnership, domestic="no", narrative="x" * 30_000)[1]


def test_rows_that_the_only_profile_excludes_are_not_told_in_the_metrics(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    second = tuple(e for e in protocol.receives if e.profile == "second")
    alone = Partnership.of(protocol.model_copy(update={"receives": second}), catalogue, index)
    kept, of_domestic = told(alone, domestic="yes")
    assert (kept.held, kept.receipt()["held"]) == (1, 1)
    assert of_domestic == told(alone, domestic="no")[1]


def test_what_nobody_is_entitled_to_is_held(
    protocol: Protocol, catalogue: Catalogue, index: PostcodeIndex
) -> None:
    nobody = Partnership.of(protocol.model_copy(update={"receives": ()}), catalogue, index)
    _, exposed = told(nobody, domestic="no")
    assert 'ipu_records_held_total{agency="police",dataset="police-crime-offence"} 1.0' in exposed


def told(partnership: Partnership, **fields: str) -> tuple[Tally, str]:
    """Return the tally of an offence, and its metrics without times."""
    registry = CollectorRegistry()
    record = offence(**{name: ("string", value) for name, value in fields.items()})
    batch = [partnership.intake("police-crime-offence", record)]
    result = partnership.process(*batch)
    Metrics(registry).committed(batch, result, time.time())
    timed = ("seconds", "_created")
    lines = generate_latest(registry).decode().splitlines()
    said = [line for line in lines if not any(word in line for word in timed)]
    return result.tallies[0], "\n".join(said)


def test_two_workers_in_one_process_do_not_share_series() -> None:
    Metrics(CollectorRegistry())
    Metrics(CollectorRegistry())
