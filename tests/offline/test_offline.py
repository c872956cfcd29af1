"""`ipu sanitise`: a file's records come out as the worker would release them, and no others."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import SourceError
from connectors.mappings.mapping_file import identity_mapping
from demo.generator.csv_files import write_csv
from demo.generator.datasets import GENERATORS
from demo.generator.district import Point
from isp.agreement.protocol_file import load_protocol
from offline.csv_output import cell, private_csv, sorted_csv
from offline.run import Order, sanitise_file
from offline.summary import quantiles
from sanitiser.places.postcodes import PostcodeIndex
from sanitiser.references import ReferenceKey
from schemas.catalogue import load_catalogue
from streams.messages import Intake
from streams.steps.geocode import Geocoder
from tests.protocols import FIRST
from tests.streams.partnership import KEY, POSTCODES, Partnership, small_index

CATALOGUE = load_catalogue()
HEADER = "incident_reference,incident_date,incident_time,location_address,location_postcode,caller_name\n"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PostcodeIndex:
    return small_index(tmp_path_factory.mktemp("index"))


def order(
    index: PostcodeIndex, file: Path, dataset: str = "police-incident", profile: str = "central",
    key: ReferenceKey = KEY, agency: str = "police",
) -> Order:  # fmt: skip
    mapping = identity_mapping(CATALOGUE.record_type(dataset))
    out, rejects = file.with_name("out.csv"), file.with_name("rejects.csv")
    return Order(file, mapping, profile, out, rejects, index, key, CATALOGUE, agency)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_worked_example_of_appendix_1_comes_out_exactly(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEADER + 'I-1,2024-06-01,09:30,"5 Acacia Avenue, SW1A 1AA",SW1A 1AA,A Name\n')
    summary = sanitise_file(order(index, file))
    (row,) = rows(tmp_path / "out.csv")
    assert row["location_address"] == "Acacia Avenue"
    assert (row["location_postcode"], row["location_easting"]) == ("SW1A 1AA", "654312")
    assert row["location_northing"] == "123465"
    assert row["incident_utc"] == "2024-06-01T08:30:00+00:00"
    assert "caller_name" not in row
    assert summary.document()["households"]["minimum"] == 12
    assert (summary.released, summary.substituted, summary.displacement.total()) == (1, 0, 0)


@pytest.mark.parametrize("profile", ["central", "second"])
def test_a_files_records_come_out_as_the_worker_releases_them(
    index: PostcodeIndex, tmp_path: Path, profile: str
) -> None:
    points = [Point(p, e, n) for p, e, n, _ in POSTCODES]
    file = tmp_path / "in.csv"
    write_csv(file, GENERATORS["police-incident"](120, 3, points))
    summary = sanitise_file(order(index, file, profile=profile))
    partnership = Partnership.of(
        load_protocol(FIRST, CATALOGUE), CATALOGUE, index, now=datetime.now(UTC)
    )
    given = [{n: v or None for n, v in row.items()} for row in rows(file)]
    names = {f.name for f in CATALOGUE.record_type("police-incident").fields}
    blank: dict[str, Any] = dict.fromkeys(names)
    batch = [
        partnership.intake("police-incident", blank | {n: r[n] for n in names & set(r)}, at)
        for at, r in enumerate(given)
    ]
    assert all(isinstance(intake, Intake) for intake in batch)
    result = partnership.process(*batch)
    (tally,) = result.tallies
    released = partnership.releases(result, profile)
    shown = {r["record_id"]: {n: cell(v) for n, v in r.items()} for r in released}
    found = {row["record_id"]: row for row in rows(tmp_path / "out.csv")}
    # Without a protocol a file has no area, so the worker alone holds what happened outside.
    outside = tally.withheld["event-outside-the-area"]
    assert found.keys() >= shown.keys()
    assert len(shown) <= summary.released <= len(shown) + outside
    for name in shown:
        row = found[name]
        for field in row.keys() - {"incident_utc", "source_agency"}:
            assert row[field] == shown[name][field]


CORRECTED = """incident_reference,incident_date,incident_type,domestic,location_postcode
I-1,2024-06-01,Noise,false,SW1A 1AA
I-2,2024-06-01,Noise,false,SW1A 1AA
I-1,2024-06-02,Noise,false,BA1 1AA
"""


def test_a_later_record_of_the_same_reference_replaces_the_earlier_in_the_output(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(CORRECTED)
    summary = sanitise_file(order(index, file))
    days = sorted(row["incident_date"] for row in rows(tmp_path / "out.csv"))
    assert days == ["2024-06-01", "2024-06-02"]
    assert (summary.records, summary.released, summary.replaced) == (3, 2, 1)
    # The places that are counted are those of the output.
    document = summary.document()
    assert document["places_with_postcode"] == 2
    assert (document["households"]["minimum"], document["households"]["maximum"]) == (12, 40)
    assert document["substituted"] == 1


def test_a_row_that_a_correction_excludes_is_taken_back_out_of_the_output(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(CORRECTED.replace("2024-06-02,Noise,false", "2024-06-02,Noise,true"))
    summary = sanitise_file(order(index, file, profile="second"))
    assert [row["incident_date"] for row in rows(tmp_path / "out.csv")] == ["2024-06-01"]
    assert (summary.released, summary.taken_back, summary.excluded) == (1, 1, 1)
    assert summary.document()["places_with_postcode"] == 1


def test_a_record_that_breaks_a_step_is_rejected_and_the_others_go_on(
    index: PostcodeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Geocoder.locate

    def breaks(self: Geocoder, record: dict[str, Any]) -> Any:
        if record["incident_reference"] == "I-2":
            raise ValueError(f"cannot locate {record}")
        return whole(self, record)

    monkeypatch.setattr(Geocoder, "locate", breaks)
    file = tmp_path / "in.csv"
    file.write_text(HEADER + "I-1,2024-06-01,,,,\nI-2,2024-06-01,,,,\n")
    summary = sanitise_file(order(index, file))
    assert (summary.released, summary.rejected) == (1, 1)
    assert [row["reason"] for row in rows(tmp_path / "rejects.csv")] == ["unprocessable"]


def test_rows_that_cannot_be_used_are_told_with_every_fault_and_lost_nowhere(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEADER + ",x,,,,\nI-2,2024-06-01\nI-3,2024-06-01,,,,\n")
    summary = sanitise_file(order(index, file))
    told = [(r["row"], r["line"], r["field"], r["reason"]) for r in rows(tmp_path / "rejects.csv")]
    assert told == [
        ("1", "2", "incident_date", "not-a-date"),
        ("1", "2", "incident_reference", "missing"),
        ("2", "3", "", "unreadable-row"),
    ]
    assert (summary.records, summary.released, summary.rejected, summary.unreadable) == (2, 1, 1, 1)
    assert len(rows(tmp_path / "out.csv")) == 1


def test_released_rows_stand_in_no_order_of_the_originals(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEADER + "".join(f"I-{n},2024-06-01,,,,\n" for n in range(50)))
    sanitise_file(order(index, file))
    names = [row["record_id"] for row in rows(tmp_path / "out.csv")]
    assert names == sorted(names)
    assert len(set(names)) == 50


def test_both_files_are_their_owners_alone_and_left_as_they_were_where_the_work_fails(
    index: PostcodeIndex, tmp_path: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEADER + "I-1,2024-06-01,,,,\n")
    sanitise_file(order(index, file))
    for name in ("out.csv", "rejects.csv"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "out.csv").read_bytes()
    file.write_text("nothing,of,ours\n1,2,3\n")
    with pytest.raises(SourceError, match=r"in\.csv: header: "):
        sanitise_file(order(index, file))
    assert (tmp_path / "out.csv").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.csv", "rejects.csv"]


def test_rows_are_sorted_by_their_first_cell_and_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "sorted.csv"
    with sorted_csv(path, ("a", "b")) as out:
        for row in (("c", 'x,"y"'), ("b", "line\nbreak"), ("a", "of before"), ("d", "")):
            assert out.put(row, f"a note of {row[0]}") is None
        assert out.put(("a", "é")) == "a note of a"
        assert out.remove("d") == "a note of d"
        assert out.remove("d") is None
    with path.open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["a", "b"], ["a", "é"], ["b", "line\nbreak"], ["c", 'x,"y"'],
        ]  # fmt: skip


def test_a_file_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), private_csv(tmp_path / "x.csv", ("a",)) as out:
        out.writerow(("1",))
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_quantiles_are_values_that_were_counted() -> None:
    assert quantiles({}) is None
    found = quantiles({4: 1, 10: 2, 50: 1})
    assert found == {
        "minimum": 4, "lower_quartile": 4, "median": 10, "upper_quartile": 10, "maximum": 50,
    }  # fmt: skip


def test_the_summary_is_one_json_object(index: PostcodeIndex, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEADER + 'I-1,2024-06-01,,"5 Low Road, BA1 1AA",BA1 1AA,\n')
    document = sanitise_file(order(index, file)).document()
    assert json.loads(json.dumps(document)) == document
    assert document["substituted"] == 1
    assert document["displacement_m"]["median"] == 100
    assert document["withheld"] == {"address-of-a-postcode-that-stands-in": 1}


def test_pseudo_postcodes_are_told_in_no_release_and_counted(
    index: PostcodeIndex, tmp_path: Path, shared_data: Path
) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes((shared_data / "files" / "no_fixed_abode.csv").read_bytes())
    wanted = json.loads((shared_data / "files" / "expected.json").read_text())["no_fixed_abode.csv"]
    document = sanitise_file(order(index, file)).document()
    assert document["released"] == wanted["released"]
    assert document["withheld"]["pseudo-postcode"] == wanted["released"]
    assert not document["caveats"]
    apart = {"record_id", "incident_reference"}
    released = [
        {k: v for k, v in row.items() if k not in apart} for row in rows(tmp_path / "out.csv")
    ]
    assert len(released) == wanted["released"]
    assert all(row == released[0] for row in released)
    assert not [v for name, v in released[0].items() if v and name.startswith("location_")]
