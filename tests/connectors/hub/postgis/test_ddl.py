"""A table is made from its topic's schema, and changed only where the schema has changed."""

from __future__ import annotations

import pytest

from connectors.hub.errors import HubError
from connectors.hub.postgis import ddl
from connectors.hub.postgis.ddl import Form
from connectors.hub.tables import tables_of
from isp.agreement.protocol import Protocol
from isp.agreement.topics import topics
from schemas.catalogue import Catalogue


@pytest.fixture
def form(protocol: Protocol, catalogue: Catalogue) -> Form:
    found = tables_of(topics(protocol, catalogue))
    named = (t for t in found if (t.schema, t.name) == ("central", "police_incident"))
    return Form.of(next(named))


def told(form: Form, known: dict[str, str]) -> list[str]:
    return [statement.as_string(None) for statement in ddl.changed(form, known)]


def test_a_new_table_has_a_key_and_an_index_for_its_expiry_and_each_point(form: Form) -> None:
    schema, made, *indexes = told(form, {})
    assert schema == 'CREATE SCHEMA IF NOT EXISTS "central"'
    assert made.startswith('CREATE TABLE "central"."police_incident" ("record_id" text COLLATE "C"')
    assert made.endswith('PRIMARY KEY ("record_id"))')
    of_point = "GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint("
    assert f'"location_point" geometry(Point,27700) {of_point}' in made
    on = 'CREATE INDEX ON "central"."police_incident" USING'
    expiry = f'{on} brin ("released_at") WITH (autosummarize = on)'
    assert indexes == [expiry, f'{on} gist ("location_point")']


def test_a_table_that_is_as_its_topic_is_not_touched(form: Form) -> None:
    assert told(form, form.types) == []


def test_lost_columns_are_dropped_before_new_ones_are_added(form: Form) -> None:
    known = form.types
    del known["incident_type"], known["location_point"]
    first, *rest = told(form, known | {"former": "text"})
    assert first.endswith('DROP COLUMN IF EXISTS "former" CASCADE')
    assert rest[0].endswith('ADD COLUMN "incident_type" text')
    assert 'ADD COLUMN "location_point" geometry' in rest[1]
    assert rest[2].endswith('USING gist ("location_point")')


def test_a_table_with_a_column_of_another_type_is_emptied_and_keeps_its_grants(form: Form) -> None:
    first, drop, add = told(form, form.types | {"incident_type": "integer"})
    assert first == 'TRUNCATE "central"."police_incident"'
    assert drop.endswith('DROP COLUMN IF EXISTS "incident_type" CASCADE')
    assert add.endswith('ADD COLUMN "incident_type" text')


def test_a_point_comes_again_when_its_coordinates_do(form: Form) -> None:
    _, *rest = told(form, form.types | {"location_easting": "text"})
    assert [statement.split('"')[5] for statement in rest[:2]] == [
        "location_easting",
        "location_point",
    ]
    assert 'ADD COLUMN "location_easting" integer' in rest[2]
    assert 'ADD COLUMN "location_point" geometry' in rest[3]
    assert rest[4].endswith('USING gist ("location_point")')


def test_names_and_texts_cannot_end_their_quotes(form: Form) -> None:
    odd = form._replace(name='a"b')
    assert ddl.emptied(odd).as_string(None) == 'TRUNCATE "central"."a""b"'
    column = form.columns[0]._replace(doc="the guidance's; DROP TABLE x")
    comments = ddl.comments(form._replace(columns=(column,))).as_string(None)
    assert comments.endswith("IS 'the guidance''s; DROP TABLE x'")


def test_a_name_that_postgresql_would_shorten_is_refused(form: Form) -> None:
    with pytest.raises(HubError, match="has 64 bytes; accepted: 63"):
        form._replace(name="x" * 64).identifier  # noqa: B018 - the property raises
