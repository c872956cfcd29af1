"""docker-compose.yml runs what the embedded stack runs, closed in the same way."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from isp.agreement.protocol_file import load_protocol
from isp.agreement.topics import topics
from isp.keys.case_keys import FOLDER as CASES
from isp.keys.key_store import FOLDER
from isp.keys.protected_places import FOLDER as PROTECTED
from isp.keys.protected_places import ProtectedStore
from ops import container
from ops.container import REGISTRY_FILE, secret_names
from ops.embedded import artefacts
from ops.embedded.broker_config import Passwords, Ports, log4j2_properties, server_properties
from ops.exercise import exercise
from ops.extras import EXTRAS
from ops.metrics_door import HEALTH
from ops.metrics_door import USER as METRICS
from ops.settings import Settings
from ops.worker import WorkerSettings
from sanitiser.protected.listed import Place
from schemas.catalogue import SCHEMA_FOLDER, load_catalogue
from tests.protocols import FIRST
from transport.registry_door import DOOR, SCHEMA_BY_ID

ROOT = Path(__file__).resolve().parents[2]
ONE_SHOT = {"apply", "owners"}
PLACE = Place(None, None, "BA1 1AB", None)
# Addresses, places and where passwords are read from differ between a container and this machine.
OWN = re.compile(
    r"config\.providers.*|controller\.quorum\.voters|listeners|advertised\.listeners|log\.dirs"
    r"|listener\.name\.(inside\.scram-sha-512|controller\.plain)\.sasl\.jaas\.config"
)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services of docker-compose.yml."""
    composed = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    return dict(composed["services"])


@pytest.fixture(scope="module")
def properties() -> dict[str, str]:
    """Return the settings of the broker in its container."""
    return settings_of("server.properties")


def settings_of(name: str) -> dict[str, str]:
    """Return the settings in a file of the folder docker/."""
    lines = (ROOT / "docker" / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


def test_the_images_are_of_the_versions_that_are_pinned(services: dict[str, Any]) -> None:
    versions = {
        a.name: a.version for part in ("broker", "registry") for a in artefacts.pinned(part)
    }
    assert services["kafka"]["image"] == f"apache/kafka:{versions['kafka_2.13']}"
    registry = versions["apicurio-registry-app"]
    assert services["registry"]["image"] == f"apicurio/apicurio-registry:{registry}"


def test_every_published_port_is_on_the_loopback_interface(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(str(port).startswith("127.0.0.1:") for port in published)


def test_every_service_that_stays_has_a_health_check_and_comes_back(
    services: dict[str, Any],
) -> None:
    staying = {name: service for name, service in services.items() if name not in ONE_SHOT}
    assert all("healthcheck" in service for service in staying.values())
    assert all(service["restart"] == "unless-stopped" for service in staying.values())


def test_every_password_is_read_from_a_secret(properties: dict[str, str]) -> None:
    given = [
        password
        for value in properties.values()
        for password in re.findall(r'(?:password|user_[\w-]+)="([^"]*)"', value)
    ]
    assert given
    assert all(re.fullmatch(r"\$\{secret:/run/secrets:[\w-]+\}", password) for password in given)


def test_every_secret_that_is_mounted_is_one_that_is_made(services: dict[str, Any]) -> None:
    protocol_file = SCHEMA_FOLDER / "protocols" / "banes.yaml"
    protocol = load_protocol(protocol_file, load_catalogue())
    composed = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    files = [
        secret["file"].replace("${IPU_PARTNERSHIP:-banes}", "banes").rpartition("/")[2]
        for secret in composed["secrets"].values()
    ]
    assert set(files) <= {*secret_names(protocol), REGISTRY_FILE}


def test_the_worker_reads_its_own_passwords_and_the_keys_and_no_other(
    services: dict[str, Any],
) -> None:
    worker = services["worker"]
    assert [secret["source"] for secret in worker["secrets"]] == ["worker", METRICS]
    mounted = [v.rsplit(":", 2) for v in worker["volumes"] if "/run/secrets" in v]
    folders = [f"/run/secrets/{name}" for name in (FOLDER, PROTECTED)]
    assert [(to, mode) for _, to, mode in mounted] == [(folder, "ro") for folder in folders]


def test_the_worker_alone_reads_the_reference_lists_and_cannot_write_to_them(
    services: dict[str, Any],
) -> None:
    at = services["worker"]["environment"]["IPU_LISTS"]
    lists = {
        name: [v.rsplit(":", 2)[1:] for v in service.get("volumes", ()) if "IPU_LISTS" in v]
        for name, service in services.items()
    }
    assert {name: mounted for name, mounted in lists.items() if mounted} == {"worker": [[at, "ro"]]}


def test_the_worker_of_a_container_opens_the_lists_of_the_folders_that_are_mounted(
    services: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[WorkerSettings] = []
    monkeypatch.setattr(container, "run_worker", started.append)
    protocol = exercise(FIRST, tmp_path, load_catalogue())
    secrets, lists = tmp_path / "compose", tmp_path / "lists"
    say(["secrets", "--protocol", str(protocol), str(secrets)])
    ProtectedStore.of(lists, secrets).change(lambda of: of.with_places([PLACE], 1))
    (lists / "premises.txt").write_text("Hope Arms\n")
    folders = {"IPU_SECRETS": secrets, "IPU_LISTS": lists, "IPU_PROTOCOL": protocol}
    given = services["worker"]["environment"]
    assert folders.keys() <= given.keys()
    environment = {**given, **{name: str(folder) for name, folder in folders.items()}}
    say(["worker"], {**environment, "IPU_EXERCISE": "true"})
    (settings,) = started
    opened = settings.lists.open()
    assert opened.premises("hope arms") == "Hope Arms"
    assert len(opened.protected.held) == 1


def say(arguments: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command of a container; it must succeed."""
    result = CliRunner().invoke(container.container, arguments, env=environment)
    assert result.exit_code == 0, result.output


def test_the_image_has_every_package_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sent = re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(copied) == set(sent) == rooms


@pytest.mark.parametrize("name", ["detector", "hub"])
def test_the_detector_and_the_hub_have_their_own_passwords_and_no_keys(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert [secret["source"] for secret in service["secrets"]] == [name, METRICS]
    assert not [volume for volume in service["volumes"] if "/run/secrets" in volume]


def test_the_image_of_the_hub_has_what_the_hub_needs(services: dict[str, Any]) -> None:
    lock = ROOT / services["hub"]["build"]["args"]["LOCK"]
    pinned = set(re.findall(r"^([\w-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    needed = {module for module, extra in EXTRAS.items() if extra in {"hub", "postgis"}}
    assert {module.replace("_", "-") for module in needed} <= pinned
    assert lock.name in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_collector_reads_the_recorders_password_and_the_brokers_logs_and_writes_to_neither(
    services: dict[str, Any],
) -> None:
    collector = services["collector"]
    assert [secret["source"] for secret in collector["secrets"]] == ["recorder"]
    assert all(volume.endswith(":ro") for volume in collector["volumes"])


def test_the_broker_logs_in_its_container_what_the_embedded_one_logs() -> None:
    composed = (ROOT / "docker" / "log4j2.properties").read_text(encoding="utf-8")
    assert composed == log4j2_properties(Path("/var/log/kafka"))


def test_the_broker_is_set_as_the_embedded_one_is(
    properties: dict[str, str], tmp_path: Path
) -> None:
    embedded = server_properties(Ports(1, 2, 3), tmp_path, Passwords("a", "b")).splitlines()
    expected = {
        key: value
        for key, _, value in (line.partition("=") for line in embedded)
        if not OWN.fullmatch(key)
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert {key for key in properties if not OWN.fullmatch(key)} == set(expected)


def test_the_registry_lets_in_whom_the_embedded_one_lets_in(services: dict[str, Any]) -> None:
    registry = services["registry"]
    files = registry["environment"]["QUARKUS_CONFIG_LOCATIONS"].split(",")
    assert [Path(file).name for file in files] == ["registry.properties", REGISTRY_FILE]
    assert registry["secrets"] == [REGISTRY_FILE]
    assert f"./docker/registry.properties:{files[0]}:ro" in registry["volumes"]
    assert settings_of("registry.properties") == DOOR
    assert DOOR["quarkus.http.auth.permission.schema.paths"] == SCHEMA_BY_ID
    shared = {name.upper().replace(".", "_").replace("-", "_") for name in DOOR}
    assert not shared & registry["environment"].keys(), "the environment would win"


@pytest.mark.parametrize("name", ["worker", "discloser", "alerter", "detector", "hub"])
def test_the_health_of_a_program_is_asked_for_without_a_password(
    services: dict[str, Any], name: str
) -> None:
    (request,) = services[name]["healthcheck"]["test"][3:]
    assert f":{services[name]['environment']['IPU_METRICS_PORT']}{HEALTH}" in request


def test_the_discloser_alone_has_the_administrators_password_beside_its_own(
    services: dict[str, Any],
) -> None:
    discloser = services["discloser"]
    assert [s["source"] for s in discloser["secrets"]] == ["ipu-admin", "discloser", METRICS]
    own = {name for name, s in services.items() if "ipu-admin" in str(s.get("secrets", ""))}
    assert own == {"kafka", "discloser"}
    writable = [volume for volume in discloser["volumes"] if not volume.endswith(":ro")]
    assert [volume.rpartition(":")[2] for volume in writable] == [f"/run/secrets/{CASES}"]


def test_the_broker_is_not_given_the_archives_that_the_embedded_one_is_not_given(
    tmp_path: Path,
) -> None:
    home = tmp_path / "kafka"
    for folder in ("bin", "libs"):
        (home / folder).mkdir(parents=True)
    for archive in artefacts.pinned("broker"):
        (home / "libs" / archive.file_name).touch()
    start = home / "bin" / "kafka-server-start.sh"
    start.write_text('#!/bin/bash\nls "$(dirname "$0")/../libs"\n')
    start.chmod(0o700)
    given = _run_start_script(home, tmp_path).split()
    left_out = {a.file_name for a in artefacts.pinned("broker") if a.name in artefacts.WITHOUT}
    assert len(left_out) == len(artefacts.WITHOUT)
    assert set(given) == {a.file_name for a in artefacts.pinned("broker")} - left_out


def test_all_connections_at_their_worst_leave_the_broker_a_quarter_of_its_heap(
    services: dict[str, Any], properties: dict[str, str]
) -> None:
    """A request of names of one byte takes sixty times that; its answer, fourteen times (ADR 22)."""
    heap = str(services["kafka"]["environment"]["KAFKA_HEAP_OPTS"]).removeprefix("-Xmx")
    assert heap == Settings().broker_heap
    request = int(properties["socket.request.max.bytes"])
    partners = int(properties["listener.name.clients.max.connections"]) * request * (60 + 14)
    programs = int(properties["listener.name.inside.max.connections"]) * request
    assert partners + programs <= int(heap.removesuffix("m")) * 1024 * 1024 * 3 / 4


def test_a_request_has_room_for_the_largest_message_of_any_topic(
    properties: dict[str, str],
) -> None:
    catalogue = load_catalogue()
    protocol = load_protocol(SCHEMA_FOLDER / "protocols" / "banes.yaml", catalogue)
    largest = max(topic.maximum_bytes for topic in topics(protocol, catalogue))
    assert largest < int(properties["socket.request.max.bytes"])
    assert largest <= int(properties["message.max.bytes"])


def _run_start_script(home: Path, folder: Path) -> str:
    """Run the container's script on a formatted Kafka; return what its broker prints."""
    script = (ROOT / "docker" / "kafka.sh").read_text(encoding="utf-8")
    properties = folder / "server.properties"
    (folder / "meta.properties").touch()
    properties.write_text(f"log.dirs={folder}\n")
    script = script.replace("/etc/ipu/server.properties", str(properties))
    run = {**os.environ, "KAFKA_HOME": str(home), "TMPDIR": str(folder)}
    return subprocess.run(
        ["bash", "-c", script], env=run, capture_output=True, text=True, check=True
    ).stdout


def test_the_image_has_neither_java_nor_the_generator_of_records() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    removed = set(re.findall(r"site-packages/(\S+)", dockerfile))
    ours = {name.replace(".", "/") for name in EXTRAS if (ROOT / name.replace(".", "/")).is_dir()}
    assert removed == ours != set()
    (lock,) = re.findall(r"ARG LOCK=(\S+)", dockerfile)
    pinned = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(rf"^({'|'.join(set(EXTRAS) - ours)})==", pinned, re.MULTILINE)
