"""Ports, private files, configuration: the small parts of the embedded stack."""

from __future__ import annotations

import socket
import stat
import uuid
from pathlib import Path

import pytest

from isp.keys import private_files
from isp.keys.errors import SecretError
from ops.embedded import java, ports, service
from ops.embedded.broker import Broker, new_cluster_id
from ops.embedded.broker_config import Passwords, Ports, log4j2_properties, server_properties
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.embedded.processes import ProcessRecord
from ops.embedded.registry import properties
from ops.embedded.service import Service


def _parsed(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    private_files.write(path, "old")
    private_files.write(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_private_file_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert private_files.write_new(path, "first")
    assert not private_files.write_new(path, "second")
    assert path.read_text() == "first"


@pytest.mark.parametrize("name", ["", "secrets", "broker"])
def test_a_run_directory_that_every_user_may_write_to_is_refused(tmp_path: Path, name: str) -> None:
    layout = Layout(tmp_path / "run")
    layout.make()
    (layout.run_dir / name).chmod(0o777)
    with pytest.raises(SecretError, match=r"has mode 0777.*chmod 700"):
        layout.make()


def test_secrets_that_are_a_link_to_another_folder_are_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    layout.make()
    layout.secrets.folder.rmdir()
    layout.secrets.folder.symlink_to(tmp_path)
    with pytest.raises(SecretError, match="is a link"):
        layout.make()


def test_a_taken_port_is_refused_if_asked_for_and_avoided_if_not() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert not ports.is_free(taken)
        assert ports.choose(None, taken, "IPU_BROKER_PORT") != taken
        with pytest.raises(StackError, match=f"port {taken} .* IPU_BROKER_PORT"):
            ports.choose(taken, None, "IPU_BROKER_PORT")


def test_the_port_used_before_is_used_again() -> None:
    before = ports.any_free()
    assert ports.choose(None, before, "IPU_BROKER_PORT") == before


def test_no_listener_of_the_broker_is_open_to_the_anonymous_or_to_the_network() -> None:
    config = _parsed(server_properties(Ports(9092, 9094, 9093), Path("data"), Passwords("a", "b")))
    assert config["listeners"] == (
        "CLIENTS://127.0.0.1:9092,INSIDE://127.0.0.1:9094,CONTROLLER://127.0.0.1:9093"
    )
    assert "PLAINTEXT" not in config["listener.security.protocol.map"].replace("SASL_PLAINTEXT", "")
    assert config["allow.everyone.if.no.acl.found"] == "false"
    assert config["auto.create.topics.enable"] == "false"
    assert "User:ANONYMOUS" not in config["super.users"]


def test_the_registry_has_one_port_on_the_loopback_interface() -> None:
    config = _parsed(properties(8081, Path("registry"), Path("log")))
    assert config["quarkus.http.host"] == "127.0.0.1"
    assert config["quarkus.management.host-enabled"] == "false"


def test_denials_are_logged_apart_in_a_private_file_of_limited_size() -> None:
    config = _parsed(log4j2_properties(Path("logs")))
    assert config["logger.authorizer.level"] == "debug", "what is allowed is logged at DEBUG"
    assert config["logger.authorizer.additivity"] == "false"
    assert config["appender.authorizer.fileName"] == "logs/authorizer.log"
    assert config["appender.authorizer.filePermissions"] == "rw-------"
    assert config["appender.authorizer.policies.size.size"] == "10MB"


def test_storage_whose_passwords_are_gone_is_reported_and_left_as_it_is(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    layout.make()
    broker = Broker(layout, jars=(), heap="512m")
    broker.data.mkdir()
    with pytest.raises(StackError, match=r"(?s)ipu-admin, ipu-broker.*rm -r .*broker"):
        broker.start(None)
    assert broker.data.is_dir()
    assert not layout.secrets.has("ipu-admin")


def test_a_service_is_recalled_as_it_was_remembered(tmp_path: Path) -> None:
    started = Service(ProcessRecord(1, 2.5), 9092, 9093, 9094)
    service.remember(tmp_path, started)
    assert service.recall(tmp_path) == started
    assert service.running(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", "null", "[[1], 2, 3]"])
def test_a_damaged_note_of_a_service_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / service.FILE_NAME).write_text(content)
    assert service.recall(tmp_path) is None


def test_an_argument_with_quotes_survives_the_argument_file() -> None:
    assert java.argument_file(['say "x"', "back\\slash"]) == '"say \\"x\\""\n"back\\\\slash"\n'


def test_a_cluster_id_never_reads_as_an_option() -> None:
    made = iter([uuid.UUID(bytes=b"\xfb" + bytes(15)), uuid.UUID(bytes=b"\x01" + bytes(15))])
    assert new_cluster_id(lambda: next(made)) == "AQAAAAAAAAAAAAAAAAAAAA"
