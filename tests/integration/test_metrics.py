"""A worker's metrics page shows counts and lag, and no value of a record."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.records import CALLER, NARRATIVE, STEADY, TELEPHONE, incident
from tests.integration.site import Samples, Site, free_port
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

POLICE = ("police", "police-incident")
GOOD, CLEANED, BAD = 30, 3, 2
DAY_S = 86_400.0


class Measured(NamedTuple):
    site: Site
    port: int
    page: str
    samples: Samples
    began: float


@pytest.fixture(scope="module")
def measured(stack: Stack, site_of: MakeSite) -> Iterator[Measured]:
    """A worker that has read good, mendable and unusable records."""
    site, port, began = site_of(stack, "measure"), free_port(), time.time()
    with site.worker(metrics_port=port) as worker:
        worker.wait_ready()
        records = [incident(f"I-{n}") for n in range(GOOD)]
        records += [incident(f"M-{n}", incident_type="sesquipedalian") for n in range(CLEANED)]
        records += [incident(f"B-{n}", incident_date=None) for n in range(BAD)]
        site.publish("police-incident", records)
        site.drain()
        until(lambda: counted(site, port) == len(records), PATIENCE_S, "the count of every record")
        # Lag is measured once a second.
        until(lambda: waiting(site, port) == [0] * 4, PATIENCE_S, "the lag of an empty intake")
        yield Measured(site, port, site.exposition(port), site.samples(port), began)


def counted(site: Site, port: int) -> float:
    return site.samples(port).get("ipu_records_received_total", {}).get(POLICE, 0)


def waiting(site: Site, port: int) -> list[float]:
    topic = site.intake("police-incident")
    lag = site.samples(port).get("ipu_consumer_lag_records", {})
    return [lag[at] for at in sorted(lag) if at[1] == topic]


def test_records_are_counted_by_what_became_of_them(measured: Measured) -> None:
    found = measured.samples
    assert found["ipu_records_received_total"][POLICE] == GOOD + CLEANED + BAD
    assert found["ipu_records_released_total"][POLICE] == GOOD + CLEANED
    assert found["ipu_records_rejected_total"][POLICE] == BAD
    assert found["ipu_records_cleaned_total"][POLICE] == CLEANED
    assert found["ipu_records_held_total"][POLICE] == 0


def test_rejecting_and_cleaning_are_counted_by_reason(measured: Measured) -> None:
    faults, caveats = (measured.samples[f"ipu_{what}_total"] for what in ("faults", "caveats"))
    assert faults == {(*POLICE, "incident_date:missing"): BAD}
    assert caveats == {(*POLICE, "incident_type:unknown-code"): CLEANED}
    assert measured.samples["ipu_geocoded_total"] == {(*POLICE, "postcode"): GOOD + CLEANED}


def test_batches_and_the_way_from_end_to_end_have_latency_histograms(measured: Measured) -> None:
    found, total = measured.samples, GOOD + CLEANED + BAD
    assert found["ipu_batch_records_sum"][()] == total
    assert found["ipu_end_to_end_seconds_count"][()] == total
    assert found["ipu_end_to_end_seconds_bucket"][("+Inf",)] == total
    assert found["ipu_batch_seconds_count"][()] == found["ipu_batch_records_count"][()] >= 1
    assert found["ipu_batch_seconds_sum"][()] > 0


def test_freshness_is_told_for_each_supplier(measured: Measured) -> None:
    found = measured.samples
    newest = datetime(2026, 3, 14, tzinfo=UTC).timestamp()
    assert found["ipu_last_event_timestamp_seconds"] == {POLICE: newest}
    told = found["ipu_last_record_timestamp_seconds"][POLICE]
    assert measured.began - 1 < told <= time.time()


def test_the_index_is_told_with_its_size_and_age(measured: Measured) -> None:
    assert measured.samples["ipu_index_postcodes"][()] > 1_000_000
    built = measured.samples["ipu_index_built_timestamp_seconds"][()]
    assert measured.began - DAY_S < built <= time.time()


def test_no_label_and_no_value_holds_anything_of_a_record(measured: Measured) -> None:
    personal = (CALLER, TELEPHONE, NARRATIVE, STEADY, "Acacia", "sesquipedalian", "I-1", "B-1")
    assert [text for text in personal if text in measured.page] == []


def test_a_metrics_port_that_is_taken_is_said_so(measured: Measured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with measured.site.worker(slot="7", metrics_port=port) as worker:
            assert worker.wait(PATIENCE_S) != 0
    assert f"metrics cannot be served on 127.0.0.1:{port}" in worker.log
    assert "give another --metrics-port" in worker.log


def test_lag_is_told_for_each_partition_and_counts_from_what_is_committed(
    stack: Stack, site_of: MakeSite
) -> None:
    site = site_of(stack, "behind")
    site.publish("police-incident", [incident(f"I-{n}") for n in range(GOOD)])
    with site.worker() as worker:
        worker.wait_ready()
        site.drain()
    port = free_port()
    with site.worker(metrics_port=port) as worker:
        worker.wait_ready()
        until(lambda: len(waiting(site, port)) == 4, PATIENCE_S, "the lag of each partition")
        assert waiting(site, port) == [0] * 4
