"""A client without the password cannot change the schemas; with it, no change lasts."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from isp.agreement.topics import Topic, topics
from ops.embedded import processes
from ops.embedded import stack as embedded
from ops.embedded.registry import login_of
from ops.embedded.stack import Stack
from ops.settings import Settings
from schemas.wire import schema_id
from tests.integration.conftest import MakeSite
from tests.integration.partnership import Partnership
from tests.integration.records import STEADY, incident
from tests.integration.registered import registered_ids
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run
from tests.integration.waiting import PATIENCE_S
from transport.registry_door import API, DOOR

pytestmark = pytest.mark.broker

DATASET = "police-incident"
V2, V3 = "/apis/registry/v2", "/apis/registry/v3"
READING = [
    "/", "/apis", "/ui/", "/health", "/metrics", "/openapi", f"{API}/subjects", f"{API}/subjects/",
    f"{API}/schemas", f"{API}/config", f"{API}/contexts", f"{API}/exporters", f"{V3}/users/me",
    f"{V3}/admin/export", f"{V3}/admin/config/properties", f"{V3}/search/artifacts",
    f"{V3}/groups/default/artifacts", f"{V3}/ids/globalIds/1", f"{V3}/ids/contentIds/1",
    f"{V3}/system/info", f"{V2}/system/info", f"{V2}/search/artifacts", f"{V2}/users/me",
    f"{V2}/groups/default/artifacts", f"{V2}/ids/globalIds/1", f"{V2}/ids/contentHashes/1",
    "/apis/ccompat/v8/subjects",
]  # fmt: skip
"""What a schema's id is not enough for."""
EVASIONS = [
    "1/versions", "1/subjects", "1/schema", "1;x/subjects", "1/;x/versions", "1//versions",
    "1%2fversions", "1/versions/", "1/../../../subjects", "../../subjects", "..%2f..%2fsubjects",
    "%2e%2e/%2e%2e/subjects", "..;/..;/subjects", "1\\..\\..\\..\\subjects",
    "1%5c..%5c..%5csubjects", "1/%2e%2e/%2e%2e/%2e%2e/subjects",
]  # fmt: skip
"""Other paths below those that are open."""
OPEN = [f"{API}/schemas/ids", f"{V2}/ids/contentIds"]
"""What is open, followed by an id."""
VERSION = {"schema": '{"type": "record", "name": "Attack", "fields": []}'}
WRITING = [
    ("PUT", f"{API}/config", {"compatibility": "NONE"}),
    ("PUT", f"{API}/mode", {"mode": "READONLY"}),
    ("DELETE", f"{API}/config", None),
    ("POST", f"{API}/subjects/attack-value/versions", VERSION),
    ("POST", f"{API}/subjects/attack-value", VERSION),
    ("POST", f"{API}/schemas/ids/1", VERSION),
    ("DELETE", f"{API}/schemas/ids/1", None),
    ("POST", f"{V2}/ids/contentIds/1", VERSION),
    ("DELETE", f"{V2}/ids/contentIds/1", None),
    ("DELETE", f"{API}/subjects/{{subject}}", None),
    ("DELETE", f"{API}/subjects/{{subject}}?permanent=true", None),
    ("POST", f"{V3}/groups/default/artifacts", {"artifactId": "attack", "artifactType": "AVRO"}),
    ("DELETE", f"{V3}/groups/default/artifacts", None),
    ("POST", f"{V3}/admin/import", {}),
    ("POST", f"{V3}/admin/rules", {"ruleType": "VALIDITY", "config": "FULL"}),
    ("DELETE", f"{V3}/admin/rules", None),
    (
        "PUT",
        f"{V3}/admin/config/properties/apicurio.rest.deletion.artifact.enabled",
        {"value": "true"},
    ),
    ("PUT", f"{V3}/admin/config/properties/apicurio.storage.read-only.enabled", {"value": "true"}),
]


class Door(NamedTuple):
    """The registry at its port, asked as somebody who has no password."""

    stack: Stack
    login: tuple[str, str] | None = None

    def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        url = self.stack.registry_url.removesuffix(API) + path
        return httpx2.request(
            method, url, json=body, auth=self.login, timeout=PATIENCE_S, trust_env=False
        )

    @property
    def opened(self) -> Door:
        """The same with the password."""
        return Door(self.stack, login_of(self.stack.secrets))

    @property
    def held(self) -> dict[str, object]:
        """All subjects with their versions, and the rule of all."""
        opened = self.opened
        subjects = opened.ask("GET", f"{API}/subjects").json()
        rule = opened.ask("GET", f"{API}/config").json()
        return {"subjects": sorted(subjects), "rule": rule}


@pytest.fixture(scope="module")
def door(applied: Partnership) -> Door:
    return Door(applied.stack)


def raw_status(door: Door, path: str) -> int:
    """The status of a request whose path no library has tidied up."""
    host, _, port = door.stack.registry_url.split("/")[2].partition(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("latin-1"))
        return int(connection.recv(64).split()[1])


@pytest.mark.parametrize("login", [None, ("ipu-registry", ""), ("ipu-admin", "x"), ("sa", "sa")])
def test_nothing_is_listed_without_the_password(door: Door, login: tuple[str, str] | None) -> None:
    asked = Door(door.stack, login)
    found = {path: asked.ask("GET", path).status_code for path in READING}
    assert found == dict.fromkeys(READING, 401)


def test_no_way_of_writing_the_path_opens_more_than_a_schema(door: Door) -> None:
    paths = [f"{each}/{path}" for each in OPEN for path in EVASIONS] + [f"/{API}/subjects"]
    found = {path: raw_status(door, path) for path in paths}
    assert {path: status for path, status in found.items() if status < 400} == {}


def test_nothing_is_written_without_the_password(door: Door, applied: Partnership) -> None:
    before = door.held
    subject = topics(applied.protocol, applied.catalogue)[0].subject
    for method, path, body in WRITING:
        answer = door.ask(method, path.format(subject=subject), body)
        assert answer.status_code in {401, 403}, (method, path)
    assert door.held == before


def test_a_schema_whose_id_is_known_is_read_by_anybody_and_by_clients_of_others(
    applied: Partnership,
) -> None:
    topic = topics(applied.protocol, applied.catalogue)[0]
    number = applied.applied.schema_ids[topic.subject]
    with SchemaRegistryClient({"url": applied.stack.registry_url}) as client:
        found = json.loads(client.get_schema(number, subject_name=topic.subject).schema_str or "")
    assert [f["name"] for f in found["fields"]] == [f["name"] for f in topic.schema["fields"]]


def test_clients_of_apicurio_read_the_same_schema_by_the_same_id_and_learn_nothing_more(
    door: Door, applied: Partnership
) -> None:
    for topic in topics(applied.protocol, applied.catalogue):
        content = f"{V2}/ids/contentIds/{applied.applied.schema_ids[topic.subject]}"
        found = door.ask("GET", content).json()
        assert [f["name"] for f in found["fields"]] == [f["name"] for f in topic.schema["fields"]]
        for direction in ("OUTBOUND", "INBOUND"):
            assert door.ask("GET", f"{content}/references?refType={direction}").json() == []


def test_a_request_too_large_is_refused_with_the_password_too(door: Door) -> None:
    large = {"schema": json.dumps({"type": "string", "doc": "x" * 5_000_000})}
    path = f"{API}/subjects/attack-value/versions"
    assert door.ask("POST", path, large).status_code == 401
    assert door.opened.ask("POST", path, large).status_code == 413


def test_a_flood_of_connections_is_cut_off_and_the_registry_answers_after_it(door: Door) -> None:
    host, _, port = door.stack.registry_url.split("/")[2].partition(":")
    many = 3 * int(DOOR["quarkus.http.limits.max-connections"])
    held = [socket.create_connection((host, int(port)), PATIENCE_S) for _ in range(many)]
    try:
        served = sum(_is_served(connection) for connection in held)
    finally:
        for connection in held:
            connection.close()
    assert 0 < served <= int(DOOR["quarkus.http.limits.max-connections"])
    assert door.ask("GET", f"{API}/schemas/ids/1").status_code in {200, 404}


def _is_served(connection: socket.socket) -> bool:
    """Return True if the server answers; it closes connections above its limit."""
    connection.settimeout(PATIENCE_S)
    try:
        connection.sendall(f"GET {API}/subjects HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection.recv(1) != b""
    except OSError:
        return False


# What only the password allows, and what it does to everybody else.


@pytest.fixture
def site(fragile_stack: Stack, site_of: MakeSite, request: pytest.FixtureRequest) -> Site:
    # A partnership for each test: the registry of the one before has been emptied.
    return site_of(fragile_stack, "emptied" if "emptied" in request.node.name else "gone")


def published(site: Site, name: str) -> Answer:
    """An agency supplies a file of three incidents."""
    file = site.folder / f"{name}.csv"
    header = "incident_reference,incident_date,location_postcode"
    rows = [f"{name}-{n},2026-03-01,{STEADY}" for n in range(3)]
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    about = ["--agency", "police", "--dataset", DATASET, "--wait", "--json"]
    return run(site, "publish", str(file), *about)


def assert_all_go_on(site: Site, name: str) -> None:
    """An agency publishes, the worker releases, the auditor proves the audit whole."""
    with site.worker() as worker:
        worker.wait_ready()
        answer = published(site, name)
        assert answer.code == 0, answer.said
        assert worker.code is None, worker.log
    keys = {
        (m.key() or b"").decode()
        for m in site.read_all("council", site.released("central", DATASET))
    }
    expected = (incident(f"{name}-{n}") for n in range(3))
    assert {site.record_id("central", DATASET, each) for each in expected} <= keys
    verified = run(site, "audit", "verify", "--json")
    assert verified.code == 0, verified.said
    assert verified.document["whole"]


def wanted(site: Site) -> tuple[Topic, ...]:
    return topics(site.partnership.protocol, site.partnership.catalogue)


def ids_now(site: Site) -> dict[str, int]:
    """The registry's ids of the protocol's schemas."""
    return registered_ids(site.partnership.stack.registry_client, wanted(site))


def test_a_registry_emptied_and_filled_with_others_stops_nobody_and_is_put_right(
    site: Site,
) -> None:
    partnership, before = site.partnership, ids_now(site)
    opened = Door(partnership.stack).opened
    for topic in wanted(site):
        for permanent in ("", "?permanent=true"):
            opened.ask("DELETE", f"{API}/subjects/{topic.subject}{permanent}")
    assert ids_now(site) == {}
    opened.ask("PUT", f"{API}/config", {"compatibility": "NONE"})
    soiled = f"{API}/subjects/{site.intake(DATASET)}-value/versions"
    assert opened.ask("POST", soiled, VERSION).is_success
    assert_all_go_on(site, "emptied")
    applied = partnership.apply(partnership.protocol)
    assert ids_now(site) == before
    assert applied.rules.nothing
    assert partnership.apply(partnership.protocol).nothing
    value = site.read_all("council", site.released("central", DATASET))[0].value() or b""
    assert Door(partnership.stack).ask("GET", f"{API}/schemas/ids/{schema_id(value)}").is_success


def test_a_registry_that_is_gone_with_its_data_stops_nobody_and_comes_back_as_it_was(
    site: Site, fragile_settings: Settings
) -> None:
    partnership, before = site.partnership, ids_now(site)
    processes.kill(partnership.stack.registry)
    assert_all_go_on(site, "gone")
    assert partnership.apply(partnership.protocol).nothing
    for file in Path(partnership.stack.run_dir, "registry").glob("schemas*"):
        file.unlink()
    shutil.rmtree(Path(partnership.stack.run_dir, "registry", "tmp"))
    embedded.start(fragile_settings, report=print)
    assert ids_now(site) == {}
    partnership.apply(partnership.protocol)
    assert ids_now(site) == before
