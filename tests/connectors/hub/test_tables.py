"""Each dataset and profile that somebody receives has a table, whose columns are its datafields."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.hub.tables import Point, source_tables, table_of, tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import RELEASES, topics
from schemas.catalogue import SCHEMA_FOLDER, Catalogue


def test_each_topic_of_releases_and_of_supplies_has_one_table_and_no_other_topic_has_one(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    every = topics(protocol, catalogue)
    tables = tables_of(every)
    families = RELEASES | {"supplies"}
    assert {table.topic.name for table in tables} == {t.name for t in every if t.family in families}
    assert len({(table.schema, table.name) for table in tables}) == len(tables)


def test_a_table_has_the_fields_of_its_schema_and_the_time_of_the_release(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    for table in tables_of(topics(protocol, catalogue)):
        fields = [field["name"] for field in table.topic.schema["fields"]]
        assert [column.name for column in table.columns] == [*fields, "released_at"]
        assert all(column.doc for column in table.columns)
        assert table.doc.startswith(table.topic.marking)


def test_a_place_with_released_coordinates_has_a_point(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    tables = tables_of(topics(protocol, catalogue))
    (table,) = (t for t in tables if (t.schema, t.name) == ("central", "police_incident"))
    assert table.points == (Point("location_point", "location_easting", "location_northing"),)


def test_a_neighbours_records_have_a_schema_of_their_own(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    table = tables_of(topics(protocol, catalogue))[0]
    theirs = table_of(replace(table.topic, family="neighbour", neighbour="swindon"))
    assert theirs.schema == f"neighbour_swindon_{table.schema}"


def test_a_type_that_no_column_has_is_refused(protocol: Protocol, catalogue: Catalogue) -> None:
    topic = tables_of(topics(protocol, catalogue))[0].topic
    schema = {**topic.schema, "fields": [{"name": "x", "type": "bytes", "doc": "x"}]}
    with pytest.raises(TypeError, match="accepted: string, boolean"):
        table_of(replace(topic, schema=schema))


def test_the_metadata_of_an_agencys_supplies_have_a_table_by_supply(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    tables = {f"{t.schema}.{t.name}": t for t in tables_of(topics(protocol, catalogue))}
    table = tables["supplies.police__police_incident"]
    kinds = {column.name: column.kind for column in table.columns}
    assert table.key == "supply_id"
    assert kinds["records"] == "total"
    assert kinds["filled"] == kinds["claims"] == "facts"


def test_each_source_of_tables_has_a_place(catalogue: Catalogue) -> None:
    banes = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    places = source_tables(topics(banes, catalogue), banes.prefix)
    assert [place.source for place in places] == sorted(a.source for a in banes.aggregates)
    assert all(place.schema == "aggregate" for place in places)
