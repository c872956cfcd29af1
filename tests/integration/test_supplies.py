"""`ipu publish --metadata` and `ipu supplies`, with a real broker and worker."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from connectors.mappings.mapping_file import identity_mapping
from offline.csv_output import cell
from offline.run import Order, sanitise_file
from ops.cli import build_cli
from ops.embedded.stack import Stack
from ops.system import keys_of
from sanitiser.places.postcodes import PostcodeIndex
from schemas.london import london_today
from tests.integration.conftest import MakeSite
from tests.integration.records import STEADY
from tests.integration.site import Site

pytestmark = pytest.mark.broker

HEADER = "incident_reference,incident_type,incident_date,location_postcode"
STATED = """
supplier: Incident data desk
contact: desk@police.example
coding_systems: {incident_type: National Standard for Incident Recording}
caveats: [Control room figures]
claims:
  records: 12
  period: {from: 2026-03-02, until: 2026-03-31}
  completeness: {incident_type: 0.95, incident_date: 1}
"""


class Answer(NamedTuple):
    """The output and the exit code of a command."""

    code: int
    said: str
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)


def run(site: Site, *arguments: str) -> Answer:
    """Run a command of `ipu` on the site's stack, with its protocol."""
    return run_on(site, *arguments, "--protocol", str(site.protocol_file))


def run_on(site: Site, *arguments: str) -> Answer:
    """Run a command of `ipu` on the site's stack."""
    where = ["--run-dir", str(site.partnership.stack.run_dir)]
    result = CliRunner().invoke(build_cli(), [*arguments, *where])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.output, result.stdout)


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten incidents: half without a type, the last without a date that can be used."""
    path = tmp_path_factory.mktemp("supply") / "incidents.csv"
    kinds = ["ASB nuisance" if n % 2 else "" for n in range(10)]
    days = [f"2026-03-{n + 1:02d}" for n in range(9)] + ["soon"]
    lines = [f"S-{n},{kinds[n]},{days[n]},{STEADY}" for n in range(10)]
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def stated(incidents: Path) -> Path:
    path = incidents.with_name("stated.yaml")
    path.write_text(STATED, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def supplied(stack: Stack, site_of: MakeSite, incidents: Path, stated: Path) -> Iterator[Site]:
    """The site after the police supplied the incidents with what they state of them."""
    site = site_of(stack, "measured")
    with site.worker() as worker:
        worker.wait_ready()
        assert publish(site, incidents, stated).code == 0
        yield site


def publish(site: Site, file: Path, stated: Path) -> Answer:
    what = ["--agency", "police", "--dataset", "police-incident", "--json"]
    return run(site, "publish", str(file), *what, "--metadata", str(stated))


def whole(site: Site) -> Any:
    (line,) = run(site, "supplies", "list", "--json").document["supplies"]
    return run(site, "supplies", "show", line["supply_id"][:10], "--json").document


def test_a_supply_bears_what_its_supplier_stated(supplied: Site) -> None:
    supply = whole(supplied)["supply"]
    assert supply["agency_name"] == "Avon and Somerset Constabulary"
    assert supply["supplier"] == "Incident data desk"
    assert supply["contact"] == "desk@police.example"
    assert supply["caveats"][0] == "Control room figures"
    assert supply["coding_systems"]["incident_type"].startswith("National Standard")
    assert supply["filled"]["incident_type"] == 5


def test_what_was_measured_stands_beside_what_was_claimed(supplied: Site) -> None:
    document = whole(supplied)
    assert (document["outcome"]["accepted"], document["outcome"]["rejected"]) == (9, 1)
    assert document["measured"]["completeness"]["incident_type"] == round(4 / 9, 4)
    assert document["measured"]["newest_event"] == "2026-03-09"
    assert document["claimed"]["completeness"]["incident_type"] == 0.95
    assert document["findings"] == [
        "records: 10 were supplied, 12 claimed; the file has 10 rows, 0 of them out of scope",
        "period: events from 2026-03-01 on, before the claimed 2026-03-02",
        "incident_type: 44.4% of accepted records usable, 95.0% claimed",
    ]


def test_a_rejected_record_names_the_row_of_the_file_that_it_was_in(supplied: Site) -> None:
    told = run(supplied, "read", "rejected.police.police-incident", "--as", "police")
    (rejection,) = map(json.loads, told.text.splitlines())
    # The last of ten.
    assert rejection["row"] == 10


def test_the_tables_say_the_same(supplied: Site) -> None:
    listed = run(supplied, "supplies", "list", "--agency", "police")
    assert (listed.code, "police-incident" in listed.said) == (0, True)
    supply_id = whole(supplied)["supply"]["supply_id"]
    shown = run(supplied, "supplies", "show", supply_id).said
    assert "44.4%" in shown
    assert "finding: records: 10 were supplied, 12 claimed" in shown


def test_gaps_name_what_was_never_supplied_and_who_sees_to_it(supplied: Site) -> None:
    answer = run(supplied, "supplies", "gaps", "--agency", "police", "--json")
    assert answer.code == 3
    (police,) = answer.document["agencies"]
    assert police["liaison_officer"]["contact"] == "police-liaison@partnership.example"
    found = {(g["kind"], g["dataset"], *g["fields"]) for g in police["gaps"]}
    assert ("field", "police-incident", "incident_time") in found
    assert ("field", "police-incident", "location_address") in found
    assert ("field", "police-incident", "incident_type") not in found
    assert ("never-supplied", "police-crime-offence") in found
    assert ("no-agreement", "police-crime-victim") in found
    assert "Designated Liaison Officer" in run(supplied, "supplies", "gaps").said


def test_an_agency_without_gaps_ends_with_code_0(supplied: Site) -> None:
    assert run(supplied, "supplies", "gaps", "--agency", "business").code == 0


def test_the_same_file_with_newer_metadata_renews_them_and_sends_no_record(
    supplied: Site, incidents: Path, stated: Path
) -> None:
    before = whole(supplied)
    newer = stated.with_name("newer.yaml")
    newer.write_text(STATED.replace("records: 12", "records: 10"), encoding="utf-8")
    first, again = (publish(supplied, incidents, newer).document["supply"] for _ in range(2))
    assert (first["sent"], first["metadata_renewed"]) == (0, True)
    assert (again["sent"], again["metadata_renewed"]) == (0, False)
    after = whole(supplied)
    assert after["outcome"] == before["outcome"]
    assert [f.partition(":")[0] for f in after["findings"]] == ["period", "incident_type"]


def test_an_unknown_supply_or_party_is_refused_with_what_is_accepted(supplied: Site) -> None:
    none = run(supplied, "supplies", "show", "zz")
    assert (none.code, "'zz' matches no supply" in none.said) == (2, True)
    nobody = run(supplied, "supplies", "gaps", "--agency", "army")
    assert (nobody.code, "police, fire, council, business" in nobody.said) == (2, True)


def test_metadata_that_name_no_field_send_nothing(
    supplied: Site, incidents: Path, stated: Path
) -> None:
    wrong = stated.with_name("wrong.yaml")
    wrong.write_text("claims:\n  completeness: {incident_typ: 1}\n", encoding="utf-8")
    answer = publish(supplied, incidents, wrong)
    assert answer.code == 1
    assert "wrong.yaml:2: claims.completeness.incident_typ: 'incident_typ' is no" in answer.said


def test_a_topic_is_read_as_the_party_may_and_not_otherwise(supplied: Site) -> None:
    released = run(supplied, "read", "depersonalised.central.police-incident", "--as", "council")
    records = [json.loads(line) for line in released.text.splitlines()]
    assert (released.code, len(records)) == (0, 9)
    assert all("caller_name" not in record for record in records)
    one = run(supplied, "read", "rejected.police.police-incident", "--as", "police", "--limit", "1")
    (rejected,) = (json.loads(line) for line in one.text.splitlines())
    assert [f["reason"] for f in rejected["faults"]] == ["not-a-date"]
    denied = run(supplied, "read", "rejected.police.police-incident", "--as", "council")
    assert (denied.code, "TOPIC_AUTHORIZATION_FAILED" in denied.said) == (1, True)
    unknown = run(supplied, "read", "rejected.police.nothing", "--as", "police")
    assert (unknown.code, "rejected.police.police-incident" in unknown.said) == (2, True)


def test_a_file_sanitised_without_a_broker_has_what_the_worker_released(
    supplied: Site, incidents: Path, index: Path, tmp_path: Path
) -> None:
    partnership = supplied.partnership
    key = keys_of(partnership.stack).ring().key(london_today())
    mapping = identity_mapping(partnership.catalogue.record_type("police-incident"))
    order = Order(
        incidents, mapping, "central", tmp_path / "out.csv", None, PostcodeIndex.open(index), key,
        partnership.catalogue, "police",
    )  # fmt: skip
    assert sanitise_file(order).released == 9
    with order.out.open(encoding="utf-8", newline="") as stream:
        offline = {row["record_id"]: row for row in csv.DictReader(stream)}
    topic = supplied.released("central", "police-incident")
    worked = {record["record_id"]: record for record in supplied.decoded("council", topic)}
    assert offline.keys() == worked.keys()
    for name, row in offline.items():
        assert all(
            row[field] == cell(worked[name][field]) for field in row.keys() - {"incident_utc"}
        )
