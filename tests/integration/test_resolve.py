"""`ipu resolve` with a real broker: the supplier alone, and nothing without an audit entry."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from ops.embedded.stack import Stack
from ops.isp.rules import exactly, existing_bindings
from ops.reference import INDEX_FOLDER
from schemas.wire import decoder
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run

pytestmark = pytest.mark.broker

DATASET = "police-incident"
VICTIMS = "police-crime-victim"
DAY = date(2026, 3, 14)
HEADER = "incident_reference,incident_type,incident_date,location_postcode"


def _with_victims(document: Any) -> None:
    why = {"purpose": "Analysis", "legal_basis": "cda-1998-s115"}
    document["supplies"].append({"agency": "police", "dataset": VICTIMS, **why})
    document["receives"].append(
        {"party": "council", "profile": "central", "datasets": [VICTIMS], **why}
    )


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite, index: Path) -> Site:
    return site_of(stack, "resolving", _with_victims)


@pytest.fixture(scope="module")
def released(site: Site, index: Path) -> dict[str, Any]:
    """A release of the police's incident 7, as the council reads it."""
    with site.worker():
        site.publish(
            DATASET,
            (
                {"incident_reference": f"INC-{n}", "incident_date": DAY,
                 "location_postcode": STEADY}
                for n in range(9)
            ),
        )  # fmt: skip
        site.drain([DATASET])
    named = site.record_id("central", DATASET, {"incident_reference": "INC-7"})
    records = site.decoded("council", site.released("central", DATASET))
    return next(r for r in records if r["record_id"] == named)


@pytest.fixture(scope="module", autouse=True)
def _index_of_the_stack(site: Site, index: Path) -> Any:
    """`ipu resolve` reads the index of the run directory, as it lies there after `ipu up`."""
    folder = site.partnership.stack.run_dir / INDEX_FOLDER
    folder.symlink_to(index)
    yield
    folder.unlink()


def resolve(site: Site, digest: str, agency: str, *more: str) -> Answer:
    return run(site, "resolve", digest, "--as", agency, *more)


def audited(site: Site) -> list[dict[str, Any]]:
    decode = decoder(site.partnership.catalogue.system["audit"])
    messages = site.read_all(None, site.partnership.names.audit)
    return [decode(message.value() or b"") for message in messages]


def test_the_supplier_finds_its_own_record_and_it_is_audited(
    site: Site, released: dict[str, Any]
) -> None:
    for field in ("record_id", "incident_reference"):
        answer = resolve(site, released[field], "police", "--json")
        assert answer.code == 0, answer.said
        assert answer.document["reference"] == {"incident_reference": "INC-7"}
        assert (answer.document["dataset"], answer.document["field"]) == (DATASET, field)
        entry = audited(site)[-1]
        assert (entry["actor"], entry["action"]) == ("resolving.police", "resolve")
        assert (entry["subject"], entry["outcome"]) == (released[field], "found")


def test_another_agency_finds_nothing_and_that_is_audited_too(
    site: Site, released: dict[str, Any]
) -> None:
    answer = resolve(site, released["record_id"], "fire")
    assert answer.code == 3
    assert "INC-7" not in answer.said
    assert (audited(site)[-1]["actor"], audited(site)[-1]["outcome"]) == (
        "resolving.fire", "not-found",
    )  # fmt: skip


def test_a_file_serves_when_the_intake_is_past(
    site: Site, released: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "march.csv"
    rows = [f"INC-{n},,{DAY},{STEADY}" for n in range(9)]
    file.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    more = ("--dataset", DATASET, "--file", str(file))
    answer = resolve(site, released["record_id"], "police", *more)
    assert answer.code == 0, answer.said
    assert "INC-7" in answer.text
    missing = resolve(site, "0" * 32, "police", *more)
    assert missing.code == 3


def test_without_an_audit_entry_there_is_no_answer(site: Site, released: dict[str, Any]) -> None:
    admin = AdminClient(site.partnership.admin)
    audit = site.partnership.names.audit
    before = len(audited(site))
    recorder = f"User:{site.partnership.names.recorder}"
    existing = existing_bindings(admin, site.partnership.names.prefix)
    (right,) = (b for b in existing if (b.principal, b.name) == (recorder, audit))
    for future in admin.delete_acls([exactly(right)]).values():
        future.result()
    try:
        answer = resolve(site, released["record_id"], "police")
    finally:
        for future in admin.create_acls([right]).values():
            future.result()
    assert answer.code == 1
    assert "TOPIC_AUTHORIZATION_FAILED" in answer.said
    assert "INC-7" not in answer.said + answer.text
    assert len(audited(site)) == before


@pytest.mark.parametrize(
    ("digest", "agency", "told"),
    [("xyz", "police", "32 hexadecimal"), ("0" * 32, "business", "accepted: ")],
)
def test_a_question_that_cannot_be_is_refused(
    site: Site, digest: str, agency: str, told: str
) -> None:
    answer = resolve(site, digest, agency)
    assert answer.code == 2
    assert told in answer.said


def test_no_party_reads_the_audit(site: Site) -> None:
    for party in ("police", "council"):
        answer = run(site, "read", "audit", "--as", party)
        assert (answer.code, "TOPIC_AUTHORIZATION_FAILED" in answer.said) == (1, True)


@pytest.fixture(scope="module")
def victim(site: Site) -> str:
    """The record id of a victim's release, as the council reads it."""
    with site.worker():
        victims = [
            {"crime_reference": f"CRI-{n}", "record_reference": "1", "name": f"Jane Roe{'x' * n}",
             "date_of_birth": date(1990, 5, 17)}
            for n in range(3)
        ]  # fmt: skip
        site.publish(VICTIMS, victims)
        site.drain([VICTIMS])
    return site.record_id("central", VICTIMS, victims[0])


@pytest.mark.parametrize(
    "asked", ["crime_reference: CRI-0", "name: Jane Roe\ndate_of_birth: 1990-05-17"]
)
def test_who_was_given_a_victim_is_found_by_person_and_by_the_reference_of_the_crime(
    site: Site, victim: str, asked: str, tmp_path: Path
) -> None:
    subject = tmp_path / "subject.yaml"
    subject.write_text(asked, encoding="utf-8")
    by_reference = asked.startswith("crime_reference")
    of = ("--reference", "CRI-0") if by_reference else ("--subject", str(subject))
    answer = run(site, "audit", "show", *of, "--agency", "police", "--json")
    assert answer.code == 0, answer.said
    shares = [s for e in answer.document["entries"] for s in e["shares"]]
    assert [victim in s["references"] for s in shares] == [True]
    assert VICTIMS in answer.document["searched"]["datasets"]
    assert (audited(site)[-1]["action"], audited(site)[-1]["subject"]) == ("search", "")


def test_a_subject_whom_no_record_there_can_name_is_refused_and_not_answered_with_nobody(
    site: Site, victim: str, tmp_path: Path
) -> None:
    subject = tmp_path / "subject.yaml"
    subject.write_text("reference: CRI-0", encoding="utf-8")
    about = ("audit", "show", "--subject", str(subject), "--agency", "police")
    refused = run(site, *about, "--dataset", VICTIMS)
    assert refused.code == 1
    assert "ask by the supplier's --reference" in refused.said
    assert victim not in refused.text


def test_a_search_that_finds_nothing_says_where_it_searched(site: Site, victim: str) -> None:
    answer = run(site, "audit", "show", "--reference", "CRI-9", "--agency", "police")
    assert answer.code == 0, answer.said
    assert f"searched in intake: {VICTIMS}" in answer.text
