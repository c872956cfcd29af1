"""`ipu publish --erase` on a real broker: what was released is taken back, and gone from the topics too."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY, incident
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

DATASET = "police-incident"
HEADER = "incident_reference,incident_type,incident_date,location_postcode"
AT_ONCE = {"segment.ms": "500", "max.compaction.lag.ms": "500", "min.cleanable.dirty.ratio": "0.01"}


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "erasing")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("erasing") / "incidents.csv"
    rows = [f"E-{n},ASB nuisance,2026-03-0{n},{STEADY}" for n in range(1, 5)]
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def publish(site: Site, file: Path, *more: str) -> Answer:
    arguments = ("--agency", "police", "--dataset", DATASET, "--json", str(file))
    return run(site, "publish", *arguments, *more)


def released(site: Site) -> dict[str, bytes | None]:
    """Return the newest value of each record, as the council reads it."""
    messages = site.read_all("council", site.released("central", DATASET))
    return {(m.key() or b"").decode(): m.value() for m in messages}


def test_one_row_of_a_file_is_taken_back_and_the_others_stay(site: Site, file: Path) -> None:
    with site.worker():
        assert publish(site, file).document["outcome"]["released"]["central"] == 4
        answer = publish(site, file, "--erase", "--row", "2")
    assert answer.code == 0, answer.said
    outcome = answer.document["outcome"]
    assert (outcome["erased"], outcome["accepted"], outcome["whole"]) == (1, 0, True)
    gone = site.record_id("central", DATASET, {"incident_reference": "E-2"})
    assert [name for name, value in released(site).items() if value is None] == [gone]
    assert len(released(site)) == 4


def test_an_erasure_is_no_supply_and_stands_in_the_audit(site: Site) -> None:
    listed = run(site, "supplies", "list", "--agency", "police", "--json")
    assert len(listed.document["supplies"]) == 1, listed.said
    told = run(site, "audit", "show", "--reference", "E-2", "--agency", "police", "--json").document
    what = {(s["what"], s["profile"]) for e in told["entries"] for s in e["shares"]}
    # Not known to be no domestic one, it never went to `second`; there it is taken back all the same.
    assert what == {
        ("released", "central"), ("taken-back", "central"), ("taken-back", "second"),
    }  # fmt: skip


def test_the_same_erasure_again_sends_nothing(site: Site, file: Path) -> None:
    again = publish(site, file, "--erase", "--row", "2", "--no-wait").document["supply"]
    assert (again["already_supplied"], again["sent"]) == (True, 0)


def test_what_was_erased_goes_from_the_broker_itself(site: Site) -> None:
    """The topic is told to compact at once, as it does by itself within a day."""
    topic = site.released("central", DATASET)
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in AT_ONCE.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin = AdminClient(site.partnership.admin)
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(PATIENCE_S)
    gone = site.record_id("central", DATASET, {"incident_reference": "E-2"}).encode()

    def is_gone() -> bool:
        # The segment that is written to is not compacted: a few more records roll each partition's.
        site.publish(DATASET, [incident(f"E-MORE-{n}") for n in range(12)])
        site.drain([DATASET])
        messages = site.read_all("council", topic)
        return not any(m.key() == gone and m.value() is not None for m in messages)

    with site.worker():
        until(is_gone, PATIENCE_S, "the erased record's end on the broker")
    assert site.partnership.applied is not None
