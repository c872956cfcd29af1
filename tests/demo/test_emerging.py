"""The demo's analyst knows the planted records in findings, and which of them tipped one."""

from __future__ import annotations

from demo.emerging import Analyst, Sent, _last_of, not_found, records_of
from tests.connectors.alerts.messages import ListFeed
from tests.connectors.emerging.messages import ONE, TWO, finding, received

PLANTED = {name * 32: {"incident_reference": f"SPATE-{name}"} for name in "abcd"}


def of(*names: str) -> list[dict[str, object]]:
    return [{"dataset": "police-incident", "record_id": n * 32, "joined": True} for n in names]


def test_a_finding_of_other_records_is_not_that_of_the_spate() -> None:
    feed = ListFeed([received(ONE, records=of("x"))], [received(TWO, records=of("x", "a", "b"))])
    analyst = Analyst(feed, PLANTED)
    found = analyst.look(5.0)
    assert found is not None
    assert found.id == TWO
    assert [f.id for f in analyst.findings] == [ONE, TWO]


def test_the_analyst_waits_for_a_version_with_as_many_planted_records_as_asked() -> None:
    feed = ListFeed(
        [received(ONE, records=of("a"))],
        [received(ONE, version=2, records=of("a", "b", "c"))],
    )
    found = Analyst(feed, PLANTED).look(5.0, least=3)
    assert found is not None
    assert found.version == 2


def test_a_finding_that_does_not_come_is_none() -> None:
    assert Analyst(ListFeed(), PLANTED).look(0.01) is None


def test_a_demo_without_a_finding_says_whether_the_detector_was_ready() -> None:
    assert "had not computed yet what chance gives" in not_found(is_ready=False)
    assert "computed" not in not_found(is_ready=True)


def test_the_record_that_tipped_a_finding_is_the_last_one_in_it() -> None:
    sent = [Sent(row, float(at)) for at, row in enumerate(PLANTED.values())]
    found = finding(records=of("b", "c", "x"))
    rows = [PLANTED[name] for name in records_of(found) if name in PLANTED]
    assert _last_of(sent, rows) == 2
