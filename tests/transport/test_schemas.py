"""Schemas by their ids: known, unknown, foreign, registered later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isp.agreement.protocol import Protocol
from isp.agreement.topics import Topic, topics
from schemas.catalogue import Catalogue
from schemas.derive import intake_schema
from schemas.known_schemas import KnownSchemas, NotApplied
from schemas.wire import WireError, encoder
from transport.errors import DependencyUnavailable
from transport.schemas import LOOK_AGAIN_SECONDS, Schemas


class Later:
    """Schemas that are registered after a worker has started; counts the lookups."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.away = False
        self.now = 0.0
        self.looks = 0

    def look(self) -> KnownSchemas:
        self.looks += 1
        if self.away:
            raise DependencyUnavailable("the broker is away")
        return KnownSchemas(self.texts)

    def schemas(self) -> Schemas:
        return Schemas(KnownSchemas({}), self.look, lambda: self.now)


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def reader(catalogue: Catalogue) -> dict[str, Any]:
    return intake_schema(catalogue.record_type("fire-incident"))


@pytest.fixture
def topic(protocol: Protocol, catalogue: Catalogue) -> Topic:
    return next(t for t in topics(protocol, catalogue) if t.family == "receipts")


def known(*schemas: Any) -> Schemas:
    """Return schemas under the ids 9, 10 and so on."""
    return Schemas(KnownSchemas({i: json.dumps(s) for i, s in enumerate(schemas, start=9)}))


def test_values_are_written_under_the_id_of_the_topics_schema(
    protocol: Protocol, catalogue: Catalogue
) -> None:
    topic = next(t for t in topics(protocol, catalogue) if t.family == "depersonalised")
    encode = known({"type": "string", "name": "x"}, topic.schema).encoder(topic.name, topic.schema)
    value = encode({"record_id": "x", "source_agency": "fire", "caveats": []})
    assert value[:5] == b"\0" + (10).to_bytes(4, "big")


def test_of_two_markings_a_topic_s_own_is_written(topic: Topic) -> None:
    other = topic.schema | {"marking": "another"}
    schemas = KnownSchemas({1: json.dumps(topic.schema), 2: json.dumps(other)})
    assert schemas.id_of(topic.schema) == 1
    assert schemas.id_of(other) == 2
    bare = {name: value for name, value in topic.schema.items() if name != "marking"}
    assert schemas.id_of(bare) == 2, "the newest, where the writer does not know the marking"


@pytest.mark.parametrize("held", [[], [{"type": "record", "name": "ipu.Other", "fields": []}]])
def test_a_partnership_without_the_protocols_schema_says_to_apply_it(
    topic: Topic, held: list[Any]
) -> None:
    with pytest.raises(NotApplied, match=rf"{topic.name}.*ipu isp apply"):
        known(*held).encoder(topic.name, topic.schema)


def test_values_of_the_declared_schema_decode(reader: dict[str, Any]) -> None:
    value = encoder(reader, 9)({"incident_reference": "F-1"})
    assert known(reader).decoder_for(reader)(9)(value)["incident_reference"] == "F-1"


def test_values_of_another_version_are_read_in_the_terms_of_this_one(
    reader: dict[str, Any],
) -> None:
    older = reader | {
        "fields": [f for f in reader["fields"] if f["name"] != "casualties"]
        + [{"name": "gone", "type": ["null", "string"], "default": None}]
    }
    value = encoder(older, 9)({"incident_reference": "F-1", "gone": "left behind"})
    record = known(older).decoder_for(reader)(9)(value)
    assert record["incident_reference"] == "F-1"
    assert record["casualties"] is None
    assert set(record) == {f["name"] for f in reader["fields"]}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (None, "unknown-schema"),
        ("string", "foreign-schema"),
        ({"type": "record", "name": "FireIncident", "fields": []}, "foreign-schema"),
        ({"type": "record", "name": "ipu.PoliceIncident", "fields": []}, "foreign-schema"),
    ],
)
def test_an_id_that_is_not_the_datasets_is_the_records_fault(
    reader: dict[str, Any], schema: Any, reason: str
) -> None:
    held = [] if schema is None else [schema]
    decoder_for = known(*held).decoder_for(reader)
    for _ in range(2):
        with pytest.raises(WireError) as raised:
            decoder_for(9)
        assert raised.value.reason == reason


def test_a_name_with_its_namespace_apart_is_the_same_name(reader: dict[str, Any]) -> None:
    apart = reader | {"name": "FireIncident", "namespace": "ipu"}
    value = encoder(reader, 9)({"incident_reference": "F-1"})
    assert known(apart).decoder_for(reader)(9)(value)["incident_reference"] == "F-1"


def test_what_is_registered_later_is_found_at_the_first_record_that_names_it(
    later: Later, reader: dict[str, Any]
) -> None:
    decoder_for = later.schemas().decoder_for(reader)
    later.texts[9] = json.dumps(reader)
    value = encoder(reader, 9)({"incident_reference": "F-1"})
    assert decoder_for(9)(value)["incident_reference"] == "F-1"


def test_ids_at_random_are_looked_for_once_in_a_while(later: Later, reader: dict[str, Any]) -> None:
    decoder_for = later.schemas().decoder_for(reader)
    for number in range(2_000):
        with pytest.raises(WireError, match="unknown-schema"):
            decoder_for(number)
    assert later.looks == 1
    later.now = LOOK_AGAIN_SECONDS
    later.texts[9] = json.dumps(reader)
    assert callable(decoder_for(9))
    assert later.looks == 2


def test_ids_at_random_of_one_supplier_keep_no_new_id_of_another_from_being_found(
    later: Later, reader: dict[str, Any]
) -> None:
    schemas = later.schemas()
    police, fire = schemas.decoder_for(reader), schemas.decoder_for(reader)
    with pytest.raises(WireError, match="unknown-schema"):
        police(1)
    later.texts[9] = json.dumps(reader)
    assert callable(fire(9))
    with pytest.raises(WireError, match="unknown-schema"):
        police(2)
    assert later.looks == 2


def test_an_id_that_is_found_keeps_no_other_from_being_found(
    later: Later, reader: dict[str, Any]
) -> None:
    decoder_for = later.schemas().decoder_for(reader)
    for number in (9, 10):
        later.texts[number] = json.dumps(reader)
        assert callable(decoder_for(number))
    assert later.looks == 2


def test_a_broker_that_is_away_has_the_batch_wait_and_is_asked_again(
    later: Later, reader: dict[str, Any]
) -> None:
    decoder_for = later.schemas().decoder_for(reader)
    later.away = True
    for _ in range(2):
        with pytest.raises(DependencyUnavailable):
            decoder_for(9)
    later.away, later.texts[9] = False, json.dumps(reader)
    assert callable(decoder_for(9))


def test_a_writer_with_nested_types_is_foreign_so_no_few_bytes_decode_into_too_much(
    reader: dict[str, Any],
) -> None:
    bomb = {"name": "bomb", "type": {"type": "array", "items": "null"}}
    nested = {**reader, "fields": [*reader["fields"], bomb]}
    with pytest.raises(WireError, match="foreign-schema"):
        known(nested).decoder_for(reader)(9)


def test_a_nested_schema_of_the_processors_own_topics_is_read_also_from_an_earlier_writer(
    catalogue: Catalogue,
) -> None:
    reader = catalogue.system["incident"]
    earlier = {**reader, "fields": [f for f in reader["fields"] if f["name"] != "supply_id"]}
    message = {
        "record": b"r", "agency": "police", "dataset": "police-incident", "supplied": 0,
        "kind": "none", "facts": None,
    }  # fmt: skip
    read = known(earlier).decoder_for(reader)(9)(encoder(earlier, 9)(message))
    assert (read["agency"], read["supply_id"]) == ("police", None)


@pytest.mark.parametrize("name", ["acknowledgement", "staff"])
def test_recipients_cannot_write_nested_types_to_the_agent(catalogue: Catalogue, name: str) -> None:
    reader = catalogue.system[name]
    bomb = {"name": "bomb", "type": {"type": "array", "items": "null"}}
    nested = {**reader, "fields": [*reader["fields"], bomb]}
    with pytest.raises(WireError, match="foreign-schema"):
        known(nested).decoder_for(reader)(9)


def test_what_is_no_schema_at_all_is_foreign(reader: dict[str, Any]) -> None:
    with pytest.raises(WireError, match="foreign-schema"):
        known({**reader, "fields": [{"type": "string"}]}).decoder_for(reader)(9)
