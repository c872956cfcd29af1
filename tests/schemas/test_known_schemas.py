"""Schemas by id: a reader of one version can read records of the other version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.catalogue import Catalogue
from schemas.known_schemas import KnownSchemas
from schemas.wire import WireError, encoder

OLD: dict[str, Any] = {
    "type": "record",
    "name": "ipu.Receipt",
    "fields": [{"name": "agency", "type": "string"}],
}
NEW = OLD | {"fields": [*OLD["fields"], {"name": "at", "type": "long", "default": 0}]}


@pytest.fixture
def known() -> KnownSchemas:
    return KnownSchemas({7: json.dumps(NEW), 3: json.dumps(OLD)})


def test_either_version_is_read_in_the_terms_of_the_reader(known: KnownSchemas) -> None:
    old, new = encoder(OLD, 3)({"agency": "fire"}), encoder(NEW, 7)({"agency": "fire", "at": 5})
    assert known.decode(old, NEW) == {"agency": "fire", "at": 0}
    assert known.decode(new, NEW) == {"agency": "fire", "at": 5}
    assert known.decode(new, OLD | {"name": "ipu.Older", "aliases": ["ipu.Receipt"]}) == {
        "agency": "fire"
    }


def test_an_id_that_nobody_gave_is_no_schema(known: KnownSchemas) -> None:
    with pytest.raises(WireError, match="unknown-schema"):
        known.decode(encoder(OLD, 4)({"agency": "fire"}), OLD)
    with pytest.raises(LookupError):
        known.id_of(OLD | {"name": "ipu.Other"})


def test_the_topic_s_values_are_the_schemas_and_the_newest_of_an_id_counts(
    catalogue: Catalogue,
) -> None:
    schema = catalogue.system["registered-schema"]
    encode = encoder(schema, 1)
    values = [encode({"id": i, "schema": json.dumps(s)}) for i, s in ((3, NEW), (3, OLD), (7, NEW))]
    known = KnownSchemas.of(values, schema)
    assert (known.id_of(OLD), known.id_of(NEW)) == (3, 7)
