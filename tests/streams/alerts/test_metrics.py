"""The metrics of alerts, without a label of a dataset or a party."""

from __future__ import annotations

import time
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from detection.domestic.settings import MOST_FACTS, MOST_LOOKED_AT
from streams.alerts.metrics import AlertMetrics
from tests.streams.alerts.desk import JANE, Desk, name


def test_alerts_seconds_and_what_waits_are_shown(desk: Desk) -> None:
    registry = CollectorRegistry()
    metrics = AlertMetrics(registry)
    metrics.follow(desk.alerter)

    def sent(*batch: object) -> None:
        metrics.committed(batch, desk.send(*batch), time.time())  # type: ignore[arg-type]

    sent(desk.fact(subjects=[JANE.model_dump(mode="json")], supplied=timedelta(minutes=59)))
    sent(desk.fact("r2", ago=timedelta(days=3)))
    desk.now += timedelta(minutes=10)
    sent(desk.ack(desk.alerts()[0]["alert"]), desk.ack("0" * 16))
    sent(desk.none("r2"))
    desk.later(minutes=2)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("ipu_alerts_total", level="standard", kind="depersonalised") == 5
    assert value("ipu_alert_from_occurrence_seconds_count") == 4
    assert value("ipu_alert_from_supply_seconds_sum") == 120
    assert value("ipu_alert_to_acknowledgement_seconds_count") == 1
    assert value("ipu_alerts_late_total") == 2
    assert value("ipu_alerts_withdrawn_total") == 2
    assert value("ipu_alert_requests_total") == 1
    assert value("ipu_alert_acknowledgements_ignored_total") == 1
    assert value("ipu_alerts_unacknowledged") == 1
    assert value("ipu_alert_approvals_waiting") == 1


def test_no_label_names_a_dataset_an_agency_or_a_recipient(desk: Desk) -> None:
    registry = CollectorRegistry()
    metrics = AlertMetrics(registry)
    intake = desk.fact()
    metrics.committed([intake], desk.send(intake), time.time())
    text = generate_latest(registry).decode()
    for word in ("police", "council", "academy", "BA1"):
        assert word not in text


def test_an_escalated_alert_waits_until_it_is_acknowledged(desk: Desk) -> None:
    desk.send(desk.fact())
    desk.later(days=4)
    desk.later(minutes=2)
    assert desk.alert()["escalated"] == "liaison_officer"
    assert desk.alerter.unacknowledged == 2
    desk.send(desk.ack(desk.alert()["alert"], version=2))
    desk.later(minutes=2)
    assert desk.alerter.unacknowledged == 1


def test_what_is_not_decided_or_grouped_again_is_counted(desk: Desk) -> None:
    registry = CollectorRegistry()
    metrics = AlertMetrics(registry)
    several = [
        desk.fact(f"r{i}", ago=timedelta(days=1, hours=i / 9)) for i in range(MOST_LOOKED_AT + 1)
    ]
    for batch in (several, [desk.fact("earlier", ago=timedelta(days=20))]):
        metrics.committed(batch, desk.send(*batch), time.time())
    shared = [
        desk.fact(f"s{i}", ago=timedelta(days=20 + i), households=[], people=[], join=name("n/a"))
        for i in range(MOST_FACTS + 1)
    ]
    metrics.committed(shared, desk.send(*shared), time.time())

    def value(name: str) -> float:
        return registry.get_sample_value(name) or 0.0

    assert value("ipu_alert_events_left_out_total") > 0
    assert value("ipu_alert_records_crowded_total") > 0
    assert value("ipu_alert_records_too_common_total") == 1
