"""The tables of sources in the embedded hub: replaced as a whole, and copied to those who may read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import UnavailableError
from connectors.hub.direct import LOOK_EVERY_S, DirectSupply
from connectors.hub.duckdb_copy import DuckDbCopier
from connectors.hub.duckdb_sources import DuckDbSources
from connectors.hub.party_copy import PartyCopy
from connectors.hub.tables import SourceTable
from tests.connectors.hub.conftest import NOW_MS, Bench
from tests.connectors.hub.test_supplied import PLACE, place, record

CAMERAS = b"Camera,Easting,Northing\nA,375000,165000\nB,375100,165100\n"


class Topics:
    """The topics of sources, in memory."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any] | None]] = {}
        self.reads = 0
        self.is_down = False

    def put(self, content: bytes | None) -> None:
        """Supply a table; None: it is deleted, since its retention has passed."""
        made = None if content is None else record(content)
        self.tables.setdefault(PLACE.source, []).append(made)

    def end(self, place: SourceTable) -> int:
        if self.is_down:
            raise UnavailableError("no answer")
        return len(self.tables.get(place.source, ()))

    def newest(self, place: SourceTable) -> Mapping[str, Any] | None:
        self.reads += 1
        return (self.tables.get(place.source) or [None])[-1]


class Desk:
    """A hub with direct supply, whose time goes on by itself."""

    def __init__(self, bench: Bench, *places: SourceTable) -> None:
        self.bench = bench
        self.topics = Topics()
        self.now = 0.0
        self.sources = DuckDbSources(bench.store.beside())
        folder = bench.file.parent
        self.direct = DirectSupply(places, self.topics, self.sources, folder, lambda: self.now)

    def turn(self) -> None:
        self.now += LOOK_EVERY_S
        self.direct.turn()

    def rows(self, what: str) -> list[tuple[Any, ...]]:
        return self.bench.store.query(f"SELECT {what} FROM aggregate.place_survey ORDER BY ALL")

    def tables(self) -> list[tuple[Any, ...]]:
        of = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'aggregate' ORDER BY 1"
        return self.bench.store.query(of)


def test_the_newest_table_is_stored_with_points_and_metadata(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    found = desk.rows("camera, ST_AsText(point), ST_CRS(point)")
    assert found[0] == ("A", "POINT (375000 165000)", "EPSG:27700")
    assert desk.tables() == [("place_survey",), ("place_survey__about",)]
    desk.topics.put(b"Camera,Lit\nC,yes\n")
    desk.turn()
    assert desk.rows("*") == [("C", "yes")]


def test_a_table_is_read_once_and_an_hour_later_to_see_that_it_is_gone(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    for _ in range(4):
        desk.turn()
    assert desk.topics.reads == 1
    desk.topics.tables[PLACE.source][-1] = None
    desk.now += 3_600
    desk.turn()
    assert desk.tables() == []


def test_a_table_that_cannot_be_read_takes_the_older_one_out(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    desk.topics.put(b"PK\x03\x04 no workbook")
    desk.turn()
    assert desk.tables() == []


def test_a_broker_that_does_not_answer_changes_nothing(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    desk.topics.is_down = True
    desk.turn()
    assert len(desk.rows("*")) == 2


def test_the_table_of_a_source_that_left_the_protocol_goes(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    again = DirectSupply((place("iquanta"),), desk.topics, desk.sources, bench.file.parent)
    again.turn()
    assert desk.tables() == []


def test_a_sink_that_starts_again_keeps_the_tables_of_sources(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    bench.again()
    bench.store.prepare(bench.source, bench.tables, NOW_MS)
    again = Desk(bench, PLACE)
    again.topics = desk.topics
    assert len(again.rows("*")) == 2


def test_a_copy_has_a_sources_table_with_its_comments_and_its_metadata(
    bench: Bench, tmp_path: Path
) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    file = tmp_path / "council.duckdb"
    copier = DuckDbCopier(bench.store.beside())
    counts = copier.copy(file, (PLACE, place("iquanta")), NOW_MS)
    assert counts == {PLACE.topic.name: {"council": 2}, "banes.aggregate.iquanta": {}}
    with PartyCopy(file) as copy:
        assert list(copy.tables()) == ["aggregate.place_survey", "aggregate.place_survey__about"]
        assert copy.tables()["aggregate.place_survey"].startswith("PUBLIC. Place Surveys")
        comment = "SELECT comment FROM duckdb_columns() WHERE column_name = 'camera'"
        assert copy.query(comment) == [("Camera",)]
        assert copy.query("SELECT caveats FROM aggregate.place_survey__about") == [(["A sample"],)]


@pytest.mark.parametrize(
    "header", ["Camera,Easting,Northing,Point", "xmin,ymin,point_easting,2020,2020"]
)
def test_a_column_with_a_name_of_the_stores_own_gets_another_name(
    bench: Bench, header: str
) -> None:
    desk = Desk(bench, PLACE)
    cells = ",".join("1" for _ in header.split(","))
    desk.topics.put(f"{header}\n{cells}\n".encode())
    desk.turn()
    assert len(desk.rows("*")) == 1


def test_a_title_and_an_explanation_with_a_nul_are_stored_without_it(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    made = record(CAMERAS, title="Came\0ras", explanations={"Camera": "a\0b"})
    desk.topics.tables[PLACE.source] = [made]
    desk.turn()
    assert len(desk.rows("*")) == 2


def test_a_table_that_the_store_refuses_takes_the_older_one_out(bench: Bench) -> None:
    desk = Desk(bench, PLACE)
    desk.topics.put(CAMERAS)
    desk.turn()
    desk.topics.put(",".join(f"c{n}" for n in range(501)).encode() + b"\n")
    desk.turn()
    assert desk.tables() == []
