"""The tables of sources in a real PostgreSQL: replaced as a whole, with the same grants."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.hub.direct import DirectSupply
from connectors.hub.errors import HubError
from connectors.hub.postgis.store import PostgisStore
from tests.connectors.hub.store_bench import NOW_MS
from tests.connectors.hub.test_duckdb_sources import CAMERAS, Topics
from tests.connectors.hub.test_supplied import PLACE
from tests.integration.test_postgis_store import TEMPLATE, PostgisBench, bench, with_postgis

__all__ = ["bench", "with_postgis"]

TABLE = "aggregate.place_survey"


class Desk:
    """A hub with direct supply. A turn is one look at the topics."""

    def __init__(self, bench: PostgisBench) -> None:
        self.bench = bench
        self.topics = Topics()
        self.sources = bench.store.sources()

    def turn(self, *places: Any) -> None:
        folder = self.bench.server.folder
        DirectSupply(places, self.topics, self.sources, folder).turn()

    def tables(self) -> list[str]:
        of = "SELECT tablename FROM pg_tables WHERE schemaname = 'aggregate' ORDER BY 1"
        return [name for (name,) in self.bench.query(of)]


@pytest.fixture
def desk(bench: PostgisBench) -> Desk:
    made = Desk(bench)
    made.topics.put(CAMERAS)
    made.turn(PLACE)
    return made


def test_the_newest_table_is_stored_with_points_comments_and_metadata(desk: Desk) -> None:
    query = desk.bench.query
    rows = query(f"SELECT camera, easting, ST_AsEWKT(point) FROM {TABLE} ORDER BY 1")
    assert rows[0] == ("A", 375_000, "SRID=27700;POINT(375000 165000)")
    assert desk.tables() == ["place_survey", "place_survey__about"]
    assert query(f"SELECT caveats FROM {TABLE}__about") == [(["A sample"],)]
    comment = query(f"SELECT obj_description('{TABLE}'::regclass)")[0][0]
    assert comment.startswith("PUBLIC. Place Surveys")


def test_a_table_with_other_columns_replaces_it_and_keeps_its_grants(desk: Desk) -> None:
    desk.bench.query(f"GRANT SELECT ON {TABLE} TO {TEMPLATE}")
    desk.topics.put(b"Camera,Easting,Lit\nC,no number,2026-11-30\n")
    desk.turn(PLACE)
    query = desk.bench.query
    assert query(f"SELECT camera, easting, lit::text FROM {TABLE}") == [
        ("C", "no number", "2026-11-30")
    ]
    assert query(f"SELECT has_table_privilege('{TEMPLATE}', '{TABLE}', 'select')") == [(True,)]
    desk.topics.put(CAMERAS)
    desk.turn(PLACE)
    assert query(f"SELECT count(point) FROM {TABLE}") == [(2,)]


def test_a_table_goes_with_its_source_and_stays_when_the_sink_starts_again(desk: Desk) -> None:
    desk.bench.again()
    desk.bench.prepare()
    desk.sources = desk.bench.store.sources()
    assert desk.tables() == ["place_survey", "place_survey__about"]
    desk.turn()
    assert desk.tables() == []
    assert desk.sources.digests() == {}


def test_the_sources_of_a_sink_stop_when_another_one_took_over(desk: Desk) -> None:
    bench = desk.bench
    # As behind a pool: the lock is free, and the sessions last.
    bench.store._session.ask("SELECT pg_advisory_unlock_all()")
    with PostgisStore(bench.target) as other:
        other.prepare(bench.source, bench.tables, NOW_MS)
        with pytest.raises(HubError, match="another sink has taken over"):
            desk.sources.withdraw(PLACE.source)
    assert desk.tables() == ["place_survey", "place_survey__about"]
