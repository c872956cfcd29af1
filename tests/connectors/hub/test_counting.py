"""The dimensions of a table, and counts by them from a party's copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from connectors.hub.counting import Counted, count
from connectors.hub.dimensions import (
    Dimension,
    check_one_area,
    dimensions_of,
    event_date,
    without_finer,
)
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.duckdb_store import DuckDbStore
from connectors.hub.party_copy import PartyCopy
from connectors.hub.tables import HubTable, tables_of
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from sanitiser.build.areas_build import build_areas
from sanitiser.counts.periods import Span, read_month
from sanitiser.counts.table import Question, QuestionError
from sanitiser.places.areas import Areas
from schemas.catalogue import SCHEMA_FOLDER, Catalogue
from schemas.record_type import DEPERSONALISED_PROFILES
from tests.connectors.hub.conftest import NOW_MS, Bench

TABLE = "central.police_incident"
BANES = SCHEMA_FOLDER / "protocols" / "banes.yaml"
SPAN = Span(read_month("2026-01"), read_month("2026-02"))
FIRST = {
    "incident_type": "noise",
    "domestic": False,
    "incident_date": date(2026, 1, 31),
    "incident_time": time(23, 59),
    "location_postcode": "BA2 5PE",
    "location_district": "E06000022",
}
RECORDS: list[dict[str, Any]] = [
    {"record_id": "a", **FIRST},
    {"record_id": "b", **FIRST},
    {"record_id": "c", **FIRST, "incident_date": date(2026, 2, 1), "incident_type": None},
    {"record_id": "d", "incident_date": date(2026, 1, 1)},
    {"record_id": "e", **FIRST, "incident_date": date(2026, 3, 1)},
    {"record_id": "f"},
]


@pytest.fixture(scope="module")
def every(catalogue: Catalogue) -> list[HubTable]:
    """The tables of the large example protocol."""
    return list(tables_of(topics(load_protocol(BANES, catalogue), catalogue)))


@pytest.fixture(scope="module")
def incidents(every: list[HubTable]) -> HubTable:
    return next(table for table in every if f"{table.schema}.{table.name}" == TABLE)


@pytest.fixture(scope="module")
def areas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("areas")
    source = folder / "areas.csv"
    source.write_text("pcds,ward,lsoa21\nBA2 5PE,E05000002,E01000002\n")
    build_areas(folder / "areas", source)
    return folder / "areas"


@pytest.fixture(scope="module")
def dimensions(incidents: HubTable, catalogue: Catalogue, areas: Path) -> dict[str, Dimension]:
    return _dimensions(incidents, catalogue, areas)


def _dimensions(table: HubTable, catalogue: Catalogue, areas: Path) -> dict[str, Dimension]:
    record_type = catalogue.record_type(str(table.topic.dataset))
    return dimensions_of(
        table, record_type, catalogue.code_lists, lambda kind: Areas.open(areas, kind)
    )


@pytest.fixture(scope="module")
def copy(incidents: HubTable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartyCopy]:
    folder = tmp_path_factory.mktemp("hub")
    with DuckDbStore(folder / "hub.duckdb") as store:
        bench = Bench(folder / "hub.duckdb", (incidents,), store)
        store.prepare(bench.source, bench.tables, NOW_MS)
        bench.write(incidents, *RECORDS)
        DuckDbCopier(store.beside()).copy(folder / "council.duckdb", [incidents], NOW_MS)
    with PartyCopy(folder / "council.duckdb") as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ward", "E05000002"),
        ("lsoa", "E01000002"),
        ("sector", "BA2 5"),
        ("district", "E06000022"),
        ("weekday", "6 Saturday"),
        ("hour", "23:00"),
        ("incident_type", "noise"),
        ("domestic", "no"),
    ],
)
def test_records_are_counted_by_month_and_value_and_unknown_ones_on_their_own(
    copy: PartyCopy, dimensions: dict[str, Dimension], name: str, value: str
) -> None:
    counted = Counted(TABLE, "incident_date", dimensions)
    january, february = SPAN
    found = count(copy, counted, [name], SPAN)
    assert found[january, (value,)] == 2
    assert sum(found.values()) == 4
    if name not in {"weekday", "incident_type"}:
        assert found[january, (None,)] == 1
        assert found[february, (value,)] == 1


def test_releases_of_weeks_or_sectors_are_counted_by_nothing_finer(
    dimensions: dict[str, Dimension],
) -> None:
    weeks = without_finer(dimensions, has_days=False, has_postcodes=True)
    sectors = without_finer(dimensions, has_days=True, has_postcodes=False)
    assert dimensions.keys() - weeks.keys() == {"weekday", "hour"}
    assert dimensions.keys() - sectors.keys() == {"ward", "lsoa"}
    assert sectors["sector"].name_of("BA2 5") == sectors["sector"].name_of("BA2 5PE") == "BA2 5"


def test_records_are_counted_by_no_dimension_and_by_two(
    copy: PartyCopy, dimensions: dict[str, Dimension]
) -> None:
    counted = Counted(TABLE, "incident_date", dimensions)
    january, february = SPAN
    assert count(copy, counted, [], SPAN) == {(january, ()): 3, (february, ()): 1}
    assert count(copy, counted, ["incident_type", "ward"], SPAN) == {
        (january, ("noise", "E05000002")): 2,
        (january, (None, None)): 1,
        (february, (None, "E05000002")): 1,
    }


def test_no_dimension_is_a_text_an_id_an_address_a_postcode_or_a_coordinate(
    every: list[HubTable], catalogue: Catalogue, areas: Path
) -> None:
    telling = ("reference", "address", "postcode", "easting", "northing", "record_id", "caveats")
    for table in every:
        profile = str(table.topic.profile)
        if profile in DEPERSONALISED_PROFILES:
            found = _dimensions(table, catalogue, areas)
            record_type = catalogue.record_type(str(table.topic.dataset))
            released = {field.name: field for field in record_type.released(profile)}
            assert not [name for name in found if name.endswith(telling)]
            for name in found.keys() & released.keys():
                action = released[name].treatments[profile].action
                assert action in {"code", "group", "age", "band"} or released[name].kind == "flag"


def test_an_exact_age_is_counted_by_its_band(
    every: list[HubTable], catalogue: Catalogue, areas: Path
) -> None:
    victims = next(table for table in every if table.name == "police_crime_victim")
    found = _dimensions(victims, catalogue, areas)
    assert found["age"].name_of(17) == "10-17"
    assert found["age"].name_of(None) is None
    assert found["age"].has("10-17")
    assert not found["age"].has("17")


def test_a_table_without_a_date_of_the_event_has_none(
    every: list[HubTable], catalogue: Catalogue
) -> None:
    days = {
        table.name: event_date(table, catalogue.record_type(str(table.topic.dataset)))
        for table in every
    }
    assert days["police_incident"] == "incident_date"
    assert days["police_crime_victim"] is None


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("ward", "E05000002", "BA2 5PE"),
        ("sector", "BA2 5", "BA2 5PE"),
        ("weekday", "6 Saturday", "Saturday"),
        ("hour", "23:00", "23"),
        ("incident_type", "noise", "Noise nuisance"),
        ("domestic", "yes", "true"),
    ],
)
def test_a_value_is_accepted_as_tables_name_it(
    dimensions: dict[str, Dimension], name: str, accepted: str, refused: str
) -> None:
    assert dimensions[name].has(accepted)
    assert not dimensions[name].has(refused)
    assert dimensions[name].accepted


def test_two_kinds_of_areas_in_one_question_are_refused(dimensions: dict[str, Dimension]) -> None:
    asked = Question(TABLE, SPAN, "ward", "month", {"sector": "BA2 5"})
    with pytest.raises(QuestionError, match="ward and sector: accepted: one of them"):
        check_one_area(asked, dimensions)
    check_one_area(Question(TABLE, SPAN, "ward", "month", {"domestic": "no"}), dimensions)
