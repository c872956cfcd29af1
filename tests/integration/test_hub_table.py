"""`ipu hub table` on the real broker: counts within their rules, the same for all, and audited first."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.stored_counts import countable
from isp.audit.errors import AuditError
from isp.audit.recorder import Recorder
from ops.embedded.stack import Stack
from ops.reference import AREAS_FOLDER
from sanitiser.build.areas_build import build_areas
from sanitiser.counts.noise import MOST
from sanitiser.counts.periods import month_label
from schemas.london import london_today
from schemas.wire import decoder
from tests.integration.conftest import MakeSite
from tests.integration.hub_site import HubSite, running, with_hub
from tests.integration.spate import Watched, postcodes, row
from tests.integration.test_supplies import Answer, run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

DATASET = "police-incident"
RECORDS = {"E05000001": 60, "E05000002": 25, "E05000003": 2}
"""The number of records in each ward."""


@dataclass
class Counted:
    """A site whose records are in the hub, all of one month."""

    hub: HubSite
    month: str

    def ask(self, *more: str, party: str = "council") -> Answer:
        """Ask for counts of the month, as a party."""
        period = ["--since", self.month, "--until", self.month]
        return run(self.hub.site, "hub", "table", DATASET, "--as", party, *period, *more)

    def reads(self) -> list[dict[str, Any]]:
        """The entries of the audit about reading by a question."""
        site = self.hub.site
        decode = decoder(site.partnership.catalogue.system["audit"])
        entries = [
            decode(message.value() or b"")
            for message in site.read_all(None, site.partnership.names.audit)
        ]
        return [entry for entry in entries if entry["action"] == "read" and entry["subject"]]


@pytest.fixture(scope="module")
def month() -> date:
    """The first day of the newest month that can be counted."""
    return date.fromisoformat(f"{month_label(countable(london_today(), 10**11).last)}-01")


@pytest.fixture(scope="module")
def counted(
    stack: Stack, site_of: MakeSite, month: date, tmp_path_factory: Any
) -> Iterator[Counted]:
    _build_areas(stack.run_dir / AREAS_FOLDER, tmp_path_factory.mktemp("areas") / "areas.csv")
    try:
        with running(HubSite(site_of(stack, "counting", with_hub))) as made:
            rows = list(_rows(month))
            made.supply("incidents", rows)
            until(lambda: made.count("council") == len(rows), PATIENCE_S, "the rows")
            yield Counted(made, f"{month:%Y-%m}")
    finally:
        shutil.rmtree(stack.run_dir / AREAS_FOLDER)


def _build_areas(folder: Path, source: Path) -> None:
    lines = [f"{place},{ward}" for ward, place in zip(RECORDS, postcodes(3), strict=True)]
    source.write_text("\n".join(["pcds,ward", *lines]))
    build_areas(folder, source)


def _rows(month: date) -> Iterator[dict[str, str]]:
    for (ward, number), place in zip(RECORDS.items(), postcodes(3), strict=True):
        for n in range(number):
            day = month.replace(day=n % 28 + 1).isoformat()
            yield {**row(f"{ward}-{n}", 0, place), "incident_date": day}


def test_counts_are_the_true_ones_within_their_rules_and_the_same_for_every_party(
    counted: Counted,
) -> None:
    answer = counted.ask("--rows", "ward", "--columns", "month", "--json")
    assert answer.code == 0, answer.said
    found = {each["row"]: each["total"] for each in answer.document["counts"]}
    assert set(found) == {"E05000001", "E05000002"}
    for ward, count in found.items():
        assert abs(count - RECORDS[ward]) <= MOST + 2
        assert count % 5 == 0
    assert abs(answer.document["totals"]["total"] - sum(RECORDS.values())) <= MOST + 2
    assert answer.document["marking"] == "RESTRICTED"
    again = counted.ask("--rows", "ward", "--columns", "month", "--json", party="fire")
    assert again.document == answer.document


def test_a_question_is_in_the_audit_without_the_values_of_its_filters(counted: Counted) -> None:
    before = len(counted.reads())
    answer = counted.ask("--rows", "weekday", "--only", "ward=E05000001")
    assert answer.code == 0, answer.said
    *_, entry = reads = counted.reads()
    assert len(reads) == before + 1
    names = counted.hub.site.partnership.names
    assert entry["actor"] == names.principal("council")
    (share,) = entry["shares"]
    assert (share["what"], share["dataset"], share["profile"]) == ("read", DATASET, "central")
    assert share["recipients"] == [entry["actor"]]
    assert "E05000001" not in str(entry)


def test_a_question_that_the_audit_cannot_have_is_not_answered(
    counted: Counted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: Any) -> None:
        raise AuditError("the audit does not answer")

    monkeypatch.setattr(Recorder, "write", refused)
    answer = counted.ask("--rows", "ward", "--out", str(tmp_path / "table.csv"))
    assert answer.code == 1
    assert "E05000001" not in answer.said
    assert not list(tmp_path.iterdir())


def test_a_refused_question_is_not_answered(counted: Counted) -> None:
    for asked, refusal in {
        ("--rows", "location_postcode"): "is no dimension of these records; accepted: month, quart",
        ("--rows", "ward", "--only", "sector=BA2 5"): "ward and sector: accepted: one of them",
        ("--rows", "quarter"): "accepted: whole quarters",
        ("--only", "incident_type=Noisy Neighbours"): "accepted: one of anti-social-behaviour",
    }.items():
        answer = counted.ask(*asked)
        assert answer.code == 2
        assert refusal in " ".join(answer.said.replace("│", "").split())
    answer = counted.ask(party="police")
    assert answer.code == 1
    assert "has no such records with a date of their event in the hub" in answer.said


def test_a_record_that_is_taken_back_changes_no_count(counted: Counted) -> None:
    first = counted.ask("--rows", "ward", "--json").document
    copied = counted.hub.count("council")
    Watched(counted.hub.site).erase("E05000001-1")
    until(lambda: counted.hub.count("council") == copied - 1, PATIENCE_S, "the erasure")
    assert counted.ask("--rows", "ward", "--json").document == first


def test_the_file_of_a_table_is_its_owners_and_says_how_to_read_it(
    counted: Counted, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    answer = counted.ask("--rows", "ward", "--out", str(file))
    assert answer.code == 0, answer.said
    assert file.stat().st_mode & 0o077 == 0
    lines = list(csv.reader(file.read_text().splitlines()))
    assert lines[0] == ["RESTRICTED"]
    assert lines[1][0].startswith("Police incident records, number of records by ward")
    assert any("rounded to 5" in cell for line in lines for cell in line)
    table = lines[lines.index([]) + 1 :]
    assert table[0] == ["ward", "total"]
    assert [line[0] for line in table[1:]] == ["E05000001", "E05000002", "total"]
