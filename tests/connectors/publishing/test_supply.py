from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import fastavro
import pytest

from connectors.mappings.convert import Converter, columns_present
from connectors.mappings.mapping import Mapping
from connectors.mappings.mapping_file import find_mapping
from connectors.publishing.supply import UNREADABLE_NAMED, Counts, Supply, event_dates, supply_id
from connectors.sources.content import content_digest
from connectors.sources.formats import open_table
from connectors.sources.table import Row, Unreadable
from schemas.catalogue import Catalogue
from tests.later_release import later, using

AVON = "avon_and_somerset_2018-10_to_2019-02.csv.xz"
TRANSPORT = "british_transport_police_2018-10_to_2019-02.csv.xz"
SEARCHES = "multi_force_stop_search_2019-12_2020-02.tar.xz"
LONDON = "lfb_incident_records_sample.csv"


def test_a_supply_is_named_by_agency_dataset_mapping_and_content(
    make_mapping: Callable[..., Mapping],
) -> None:
    def name(agency: str = "police", content: bytes = b"x", **mapping: object) -> str:
        return supply_id(agency, make_mapping(**mapping), {"Ref"}, content)

    others = (name(content=b"y"), name("fire"), name(delimiter=";"), name(dataset="fire-incident"))
    names = {name(), *others}
    assert len(names) == 5
    assert name(caveats=("a",)) in names
    assert {len(name) for name in names} == {32}


@pytest.mark.parametrize("extended", ["Mapping", "Column", "RowRule"])
def test_a_setting_that_a_later_release_adds_makes_the_same_file_no_new_supply(
    make_mapping: Callable[..., Mapping], extended: str
) -> None:
    mapping = make_mapping(where=[{"when": {"Kind": ["a"]}, "out_of_scope": "other"}])
    known = later(Mapping, extended).model_validate(mapping.model_dump())
    names = [
        supply_id("police", m, {"Ref"}, b"x") for m in (mapping, known, using(known, extended))
    ]
    assert names[0] == names[1] != names[2]


def test_rows_that_could_not_be_read_are_all_counted_and_the_first_are_named() -> None:
    counts = Counts()
    for n in range(1, 14):
        counts.add_unreadable(Unreadable(n, n + 1, "3 cells; the header has 2"))
    assert (counts.rows_read, counts.unreadable) == (13, 13)
    assert len(counts.unreadable_named) == UNREADABLE_NAMED
    assert "line 2: 3 cells" in counts.caveats[0]
    assert counts.caveats[0].endswith("and 3 more")


def count(path: Path, mapping: Mapping, catalogue: Catalogue) -> tuple[Counts, list[str]]:
    record_type = catalogue.record_type(mapping.dataset)
    content = content_digest(path)
    counts, references = Counts(), []
    with open_table(path, mapping) as source:
        present = columns_present(mapping, source.header)
        name = supply_id("police", mapping, present, content)
        converter = Converter(mapping, record_type, source.header, name)
        for row in source:
            assert isinstance(row, Row)
            converted = converter(row.cells, row.number)
            counts.add(converted, event_dates(record_type))
            if converted.record is not None:
                references.append(converted.record[record_type.identity[0]])
        day = date(2026, 1, 2)
        supply = Supply(name, "police", "OpenCase", mapping, converter, day, source.description)
        written = supply.record(counts, complete=True)
    assert fastavro.validate(written, fastavro.parse_schema(catalogue.system["supply"]))
    return counts, references


@pytest.mark.parametrize(
    ("file", "mapping", "rows", "records", "reasons"),
    [
        (f"crime/{AVON}", "data-police-uk-incident", 69_096, 13_359, [55_737]),
        (f"crime/{AVON}", "data-police-uk-offence", 69_096, 55_737, [13_359]),
        (f"crime/{TRANSPORT}", "data-police-uk-offence", 24_669, 24_669, []),
        (f"fire/{LONDON}", "london-fire-brigade", 20, 0, [4, 8, 8]),
    ],
)
def test_real_files_are_counted_to_the_row(
    *, shared_data: Path, catalogue: Catalogue, file: str, mapping: str, rows: int, records: int,
    reasons: list[int],
) -> None:  # fmt: skip
    counts, _ = count(shared_data / file, find_mapping(mapping, catalogue), catalogue)
    assert (counts.rows_read, counts.records) == (rows, records)
    assert sorted(counts.out_of_scope.values()) == reasons
    if records:
        assert (counts.period_from, counts.period_to) == (date(2018, 10, 1), date(2019, 2, 28))


def test_every_search_of_every_force_is_converted(
    shared_data: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Counted apart from the connector: 22,587 rows of 21 files, all of them searches."""
    with tarfile.open(shared_data / "stop_search" / SEARCHES) as archive:
        archive.extractall(tmp_path, filter="data")
    mapping = find_mapping("data-police-uk-stop-search", catalogue)
    files = sorted(tmp_path.rglob("*.csv"))
    totals: Counter[str] = Counter()
    names: set[str] = set()
    for file in files:
        counts, references = count(file, mapping, catalogue)
        names.update(references)
        totals += Counter(rows=counts.rows_read, records=counts.records)
        assert counts.period_from is not None
        assert file.name.startswith(f"{counts.period_from:%Y-%m}")
    assert (len(files), totals["rows"], totals["records"]) == (21, 22_587, 22_587)
    assert len(names) == 22_587


def test_references_made_of_the_row_are_the_same_each_time_and_differ_by_row(
    shared_data: Path, catalogue: Catalogue
) -> None:
    mapping = find_mapping("data-police-uk-incident", catalogue)
    path = shared_data / "crime" / AVON
    _, first = count(path, mapping, catalogue)
    _, second = count(path, mapping, catalogue)
    assert first == second
    assert len(set(first)) == 13_359
