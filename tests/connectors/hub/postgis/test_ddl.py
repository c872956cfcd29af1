"""A table is made from its topic's schema, and changed only where the schema has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.hub.errors import HubError
from connectors.hub.postgis import ddl
from connectors.hub.tables import HubTable, tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from schemas.catalogue import Catalogue


@pytest.fixture
def table(protocol: Protocol, catalogue: Catalogue) -> HubTable:
    found = tables_of(topics(protocol, catalogue))
    return next(t for t in found if (t.schema, t.name) == ("central", "police_incident"))


def told(table: HubTable, known: dict[str, str]) -> list[str]:
    return [statement.as_string(None) for statement in ddl.changed(table, known)]


def test_a_new_table_has_a_key_and_an_index_for_its_expiry_and_each_point(table: HubTable) -> None:
    schema, made, *indexes = told(table, {})
    assert schema == 'CREATE SCHEMA IF NOT EXISTS "central"'
    assert made.startswith('CREATE TABLE "central"."police_incident" ("record_id" text COLLATE "C"')
    assert made.endswith('PRIMARY KEY ("record_id"))')
    of_point = "GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint("
    assert f'"location_point" geometry(Point,27700) {of_point}' in made
    on = 'CREATE INDEX ON "central"."police_incident" USING'
    expiry = f'{on} brin ("released_at") WITH (autosummarize = on)'
    assert indexes == [expiry, f'{on} gist ("location_point")']


def test_a_table_that_is_as_its_topic_is_not_touched(table: HubTable) -> None:
    assert told(table, ddl.column_types(table)) == []


def test_lost_columns_are_dropped_before_new_ones_are_added(table: HubTable) -> None:
    known = ddl.column_types(table)
    del known["incident_type"], known["location_point"]
    first, *rest = told(table, known | {"former": "text"})
    assert first.endswith('DROP COLUMN IF EXISTS "former" CASCADE')
    assert rest[0].endswith('ADD COLUMN "incident_type" text')
    assert 'ADD COLUMN "location_point" geometry' in rest[1]
    assert rest[2].endswith('USING gist ("location_point")')


def test_a_table_with_a_column_of_another_type_is_made_again(table: HubTable) -> None:
    first, *rest = told(table, ddl.column_types(table) | {"incident_type": "integer"})
    assert first == 'DROP TABLE IF EXISTS "central"."police_incident" CASCADE'
    assert rest == told(table, {})


def test_names_and_texts_cannot_end_their_quotes(table: HubTable) -> None:
    odd = replace(table, name='a"b')
    assert ddl.emptied(odd).as_string(None) == 'TRUNCATE "central"."a""b"'
    column = table.columns[0]._replace(doc="the guidance's; DROP TABLE x")
    comments = [c.as_string(None) for c in ddl.comments(replace(table, columns=(column,)))]
    assert comments[1].endswith("IS 'the guidance''s; DROP TABLE x'")


def test_a_name_that_postgresql_would_shorten_is_refused(table: HubTable) -> None:
    with pytest.raises(HubError, match="has 64 bytes; accepted: 63"):
        ddl.named(replace(table, name="x" * 64))
