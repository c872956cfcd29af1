"""The registry's answers over HTTP: known, unknown, foreign, away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.catalogue import Catalogue
from schemas.derive import intake_schema
from schemas.protocol import Protocol
from schemas.topics import Topic, topics
from schemas.wire import WireError, encoder
from streams.pipeline import DependencyUnavailable
from streams.registry import NotApplied, Registry


class Held(ThreadingHTTPServer):
    """A registry at the HTTP edge: schemas by id and by subject, or one status for all."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.by_id: dict[int, str] = {}
        self.by_subject: dict[str, tuple[int, str]] = {}
        self.status: int | None = None
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Held

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        found = self.server.by_id.get(int(path.rpartition("/")[2]))
        self._answer({"schema": found} if found is not None else None)

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        subject = path.rpartition("/")[2]
        number, schema = self.server.by_subject.get(subject, (0, ""))
        same = bool(schema) and json.loads(schema) == json.loads(asked["schema"])
        held = {"subject": subject, "version": 1, "id": number, "schema": schema}
        self._answer(held if same else None)

    def _answer(self, body: dict[str, Any] | None) -> None:
        status = self.server.status or (200 if body is not None else 404)
        content = body if status == 200 else {"error_code": status * 100 + 3, "message": "no"}
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Keep the test's output quiet."""


@pytest.fixture
def held() -> Iterator[Held]:
    server = Held()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def registry(held: Held) -> Registry:
    return impatient(held.url)


def impatient(url: str) -> Registry:
    """A registry client that does not wait between its tries."""
    made = Registry(url)
    made._client._rest_client.retries_wait_ms = 1
    return made


@pytest.fixture
def reader(catalogue: Catalogue) -> dict[str, Any]:
    return intake_schema(catalogue.record_type("fire-incident"))


@pytest.fixture
def topic(protocol: Protocol, catalogue: Catalogue) -> Topic:
    return next(t for t in topics(protocol, catalogue) if t.family == "receipts")


def test_values_are_written_under_the_id_at_which_the_topics_schema_is_registered(
    held: Held, registry: Registry, protocol: Protocol, catalogue: Catalogue
) -> None:
    topic = next(t for t in topics(protocol, catalogue) if t.family == "depersonalised")
    held.by_subject[topic.subject] = (4711, json.dumps(topic.schema))
    value = registry.encoder(topic)({"record_id": "x", "source_agency": "fire", "caveats": []})
    assert value[:5] == b"\0" + (4711).to_bytes(4, "big")


@pytest.mark.parametrize("registered", [None, '"string"'])
def test_a_registry_without_the_protocols_schema_says_to_apply_it(
    held: Held, registry: Registry, topic: Topic, registered: str | None
) -> None:
    if registered:
        held.by_subject[topic.subject] = (1, registered)
    with pytest.raises(NotApplied, match=rf"{topic.subject}.*ipu isp apply"):
        registry.encoder(topic)


def test_values_of_the_declared_schema_decode(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    held.by_id[9] = json.dumps(reader)
    value = encoder(reader, 9)({"incident_reference": "F-1"})
    assert registry.decoder_for(reader)(9)(value)["incident_reference"] == "F-1"


def test_values_of_another_version_are_read_in_the_terms_of_this_one(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    older = reader | {
        "fields": [f for f in reader["fields"] if f["name"] != "casualties"]
        + [{"name": "gone", "type": ["null", "string"], "default": None}]
    }
    held.by_id[9] = json.dumps(older)
    value = encoder(older, 9)({"incident_reference": "F-1", "gone": "left behind"})
    record = registry.decoder_for(reader)(9)(value)
    assert record["incident_reference"] == "F-1"
    assert record["casualties"] is None
    assert set(record) == {f["name"] for f in reader["fields"]}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (None, "unknown-schema"),
        ("not json", "unknown-schema"),
        ('"string"', "foreign-schema"),
        ('{"type": "record", "name": "FireIncident", "fields": []}', "foreign-schema"),
        ('{"type": "record", "name": "ipu.PoliceIncident", "fields": []}', "foreign-schema"),
    ],
)
def test_an_id_that_is_not_the_datasets_is_the_records_fault(
    held: Held, registry: Registry, reader: dict[str, Any], schema: str | None, reason: str
) -> None:
    if schema is not None:
        held.by_id[9] = schema
    with pytest.raises(WireError) as raised:
        registry.decoder_for(reader)(9)
    assert raised.value.reason == reason


def test_a_name_with_its_namespace_apart_is_the_same_name(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    held.by_id[9] = json.dumps(reader | {"name": "FireIncident", "namespace": "ipu"})
    value = encoder(reader, 9)({"incident_reference": "F-1"})
    assert registry.decoder_for(reader)(9)(value)["incident_reference"] == "F-1"


def test_an_id_known_or_unknown_is_asked_for_once(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    held.by_id[9] = json.dumps(reader)
    decoder_for = registry.decoder_for(reader)
    for _ in range(5):
        decoder_for(9)
        with pytest.raises(WireError):
            decoder_for(10)
    assert sorted(held.asked) == ["/schemas/ids/10", "/schemas/ids/9"]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_registry_that_cannot_answer_is_a_dependency_that_is_away(
    held: Held, registry: Registry, reader: dict[str, Any], topic: Topic, status: int
) -> None:
    held.status = status
    with pytest.raises(DependencyUnavailable, match=str(status)):
        registry.decoder_for(reader)(9)
    with pytest.raises(DependencyUnavailable, match=str(status)):
        registry.encoder(topic)


def test_a_registry_that_comes_back_is_asked_again(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    held.by_id[9] = json.dumps(reader)
    decoder_for = registry.decoder_for(reader)
    held.status = 503
    with pytest.raises(DependencyUnavailable):
        decoder_for(9)
    held.status = None
    value = encoder(reader, 9)({"incident_reference": "F-1"})
    assert decoder_for(9)(value)["incident_reference"] == "F-1"


def test_a_registry_that_cannot_be_reached_is_a_dependency_that_is_away(
    held: Held, reader: dict[str, Any]
) -> None:
    url = held.url
    held.shutdown()
    held.server_close()
    with pytest.raises(DependencyUnavailable, match="cannot be reached"):
        impatient(url).decoder_for(reader)(9)


def test_a_writer_with_nested_types_is_foreign_so_no_few_bytes_decode_into_too_much(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    bomb = {"name": "bomb", "type": {"type": "array", "items": "null"}}
    held.by_id[9] = json.dumps({**reader, "fields": [*reader["fields"], bomb]})
    with pytest.raises(WireError, match="foreign-schema"):
        registry.decoder_for(reader)(9)


def test_what_is_no_schema_at_all_is_foreign_and_remembered(
    held: Held, registry: Registry, reader: dict[str, Any]
) -> None:
    held.by_id[9] = json.dumps({**reader, "fields": [{"type": "string"}]})
    decoder_for = registry.decoder_for(reader)
    for _ in range(2):
        with pytest.raises(WireError, match="foreign-schema"):
            decoder_for(9)
    assert len(held.asked) == 1
