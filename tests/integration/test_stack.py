"""The promises of the embedded broker and schema registry, checked on the real ones."""

from __future__ import annotations

import json
import socket
import stat
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from ops.embedded import processes, service
from ops.embedded import stack as embedded
from ops.embedded.broker_config import ADMIN, CONTROLLER_PRINCIPAL
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.embedded.registry import login_of
from ops.embedded.stack import Stack
from ops.settings import Settings
from tests.integration.attacks.wire import ask
from tests.integration.clients import can_log_in
from tests.integration.waiting import PATIENCE_S

Schema = dict[str, object]

SASL_HANDSHAKE = 17
SASL_AUTHENTICATE = 36
METADATA = 3
AUTHENTICATION_FAILED = 58

INCIDENT: Schema = {
    "type": "record",
    "name": "Incident",
    "fields": [{"name": "reference", "type": "string"}],
}
BROKEN: Schema = {
    "type": "record",
    "name": "Incident",
    "fields": [{"name": "reference", "type": "int"}],
}


def test_a_second_start_finds_the_running_stack(stack: Stack, stack_settings: Settings) -> None:
    assert embedded.start(stack_settings, report=print) == stack
    assert embedded.find(stack_settings) == stack


def test_every_port_is_on_the_loopback_interface_alone(stack: Stack) -> None:
    for record, ports in ((stack.broker, 3), (stack.registry, 1)):
        listening = [
            each.laddr.ip
            for each in psutil.Process(record.pid).net_connections(kind="inet")
            if each.status == psutil.CONN_LISTEN
        ]
        assert len(listening) == ports
        assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_folders_and_secrets_are_their_owners_alone(stack: Stack) -> None:
    folders = [stack.run_dir, *(path for path in stack.run_dir.iterdir() if path.is_dir())]
    secrets = [
        *(path for path in (stack.run_dir / "secrets").rglob("*") if path.is_file()),
        stack.run_dir / "broker" / "server.properties",
        stack.run_dir / "registry" / "application.properties",
        stack.run_dir / "logs" / "authorizer.log",
        stack.run_dir / "logs" / "broker.log",
    ]
    assert len(folders) >= 5
    folders += [path for path in (stack.run_dir / "secrets").iterdir() if path.is_dir()]
    assert {_mode(path) for path in folders} == {0o700}
    assert {_mode(path) for path in secrets} == {0o600}


def test_no_password_shows_in_the_process_list_or_stays_behind(stack: Stack) -> None:
    passwords = [
        path.read_text()
        for path in (stack.run_dir / "secrets").rglob("*")
        if path.is_file() and path.suffix != ".json"
    ]
    servers = [psutil.Process(record.pid) for record in (stack.broker, stack.registry)]
    shown = " ".join(
        word for each in servers for word in (*each.cmdline(), *each.environ().values())
    )
    assert not any(password in shown for password in passwords)
    assert not (stack.run_dir / "broker" / "format.args").exists()


def test_a_wrong_password_is_refused(stack: Stack) -> None:
    config = stack.secrets.client_config(stack.bootstrap, ADMIN)
    assert can_log_in({**config})
    assert not can_log_in({**config, "sasl.password": "x" * 43})


def test_the_anonymous_are_refused_at_the_clients_listener(stack: Stack) -> None:
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": stack.bootstrap, "log_level": 0}).list_topics(timeout=3)


def test_the_anonymous_are_refused_at_the_controllers_listener(stack: Stack) -> None:
    password = stack.secrets.password(CONTROLLER_PRINCIPAL)
    with _controller(stack) as connection, pytest.raises(ConnectionError):
        ask(connection, METADATA, 0, struct.pack(">i", -1))
    assert _login(stack, "x" * 43) == AUTHENTICATION_FAILED
    assert _login(stack, password) == 0


def test_a_principal_without_a_rule_may_neither_write_nor_read(stack: Stack) -> None:
    admin = _admin(stack)
    _create(admin, "stack.closed")
    config = stack.secrets.client_config(stack.bootstrap, "stack-nobody")
    admin.alter_user_scram_credentials(
        [
            UserScramCredentialUpsertion(
                "stack-nobody",
                ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                config["sasl.password"].encode(),
            )
        ]
    )["stack-nobody"].result(PATIENCE_S)
    metadata = AdminClient({**config}).list_topics("stack.closed", timeout=PATIENCE_S)
    error = metadata.topics["stack.closed"].error
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_topic_is_never_created_by_writing_to_it(stack: Stack) -> None:
    config = stack.secrets.client_config(stack.bootstrap, ADMIN)
    producer = Producer(config | {"message.timeout.ms": "1000"})
    failures: list[KafkaError | None] = []
    producer.produce("stack.undeclared", b"x", on_delivery=lambda error, _: failures.append(error))
    producer.flush(PATIENCE_S)
    assert [error is None for error in failures] == [False]
    assert "stack.undeclared" not in _admin(stack).list_topics(timeout=PATIENCE_S).topics


def test_an_incompatible_schema_is_refused(stack: Stack) -> None:
    assert _register(stack, "stack.refusing-value", INCIDENT).status_code == 200
    refused = _register(stack, "stack.refusing-value", BROKEN)
    assert refused.status_code == 409


def test_a_killed_broker_comes_back_with_its_records_on_its_port(
    fragile_stack: Stack, fragile_settings: Settings
) -> None:
    admin = _admin(fragile_stack)
    _create(admin, "stack.kept")
    written = [b"%d" % number for number in range(100)]
    _write(fragile_stack, "stack.kept", written)

    assert embedded.kill_broker(fragile_settings)
    assert embedded.find(fragile_settings) is None
    again = embedded.restart_broker(fragile_settings, report=print)

    assert again.bootstrap == fragile_stack.bootstrap
    assert again.broker != fragile_stack.broker
    assert again.registry == fragile_stack.registry
    assert _read(again, "stack.kept", len(written)) == written


def test_schema_ids_survive_a_killed_registry(
    fragile_stack: Stack, fragile_settings: Settings
) -> None:
    before = [
        _register(fragile_stack, f"stack.surviving-{number}", _record(f"R{number}")).json()["id"]
        for number in range(5)
    ]
    processes.kill(fragile_stack.registry)
    again = embedded.start(fragile_settings, report=print)
    after = [
        _register(again, f"stack.surviving-{number}", _record(f"R{number}")).json()["id"]
        for number in range(5)
    ]
    assert again.registry_url == fragile_stack.registry_url
    assert again.broker == fragile_stack.broker
    assert after == before
    assert _register(again, "stack.new", _record("New")).json()["id"] not in before


def test_a_stack_whose_servers_both_died_is_started_again(
    fragile_stack: Stack, fragile_settings: Settings
) -> None:
    processes.kill(fragile_stack.broker)
    processes.kill(fragile_stack.registry)
    again = embedded.start(fragile_settings, report=print)
    assert (again.bootstrap, again.registry_url) == (
        fragile_stack.bootstrap,
        fragile_stack.registry_url,
    )
    assert can_log_in({**again.secrets.client_config(again.bootstrap, ADMIN)})


def test_two_starters_at_once_get_one_stack(
    fragile_stack: Stack, fragile_settings: Settings
) -> None:
    embedded.kill_broker(fragile_settings)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: embedded.start(fragile_settings, report=print), range(2))
    assert first == second
    assert first.broker != fragile_stack.broker


def test_a_port_asked_for_but_taken_is_named_and_nothing_is_left_running(
    tmp_path: Path,
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        settings = Settings.from_environment(run_dir=tmp_path / "run", broker_port=port)
        with pytest.raises(StackError, match=f"port {port} .* IPU_BROKER_PORT"):
            embedded.start(settings, report=print)
    assert service.running(Layout(settings.run_dir).broker) is None
    assert service.running(Layout(settings.run_dir).registry) is None
    assert embedded.find(settings) is None


def test_a_broker_that_ends_while_starting_shows_the_end_of_its_log(
    fragile_stack: Stack, fragile_settings: Settings
) -> None:
    embedded.kill_broker(fragile_settings)
    meta = fragile_stack.run_dir / "broker" / "data" / "meta.properties"
    whole = meta.read_text()
    meta.write_text(whole.replace("node.id=1", "node.id=7"))
    try:
        with pytest.raises(StackError, match=r"(?s)broker ended while starting.*node"):
            embedded.start(fragile_settings, report=print)
    finally:
        meta.write_text(whole)
    assert embedded.start(fragile_settings, report=print).bootstrap == fragile_stack.bootstrap


def test_stopping_twice_is_harmless(fragile_stack: Stack, fragile_settings: Settings) -> None:
    assert embedded.stop(fragile_settings, report=print)
    assert not embedded.stop(fragile_settings, report=print)
    assert not processes.is_running(fragile_stack.broker)
    assert not processes.is_running(fragile_stack.registry)
    assert embedded.find(fragile_settings) is None


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _admin(stack: Stack) -> AdminClient:
    return AdminClient({**stack.secrets.client_config(stack.bootstrap, ADMIN)})


def _create(admin: AdminClient, topic: str) -> None:
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(PATIENCE_S)


def _write(stack: Stack, topic: str, values: list[bytes]) -> None:
    producer = Producer(
        stack.secrets.client_config(stack.bootstrap, ADMIN) | {"enable.idempotence": "true"}
    )
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(PATIENCE_S) == 0


def _read(stack: Stack, topic: str, count: int) -> list[bytes]:
    config = stack.secrets.client_config(stack.bootstrap, ADMIN)
    consumer = Consumer(config | {"group.id": topic, "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([topic])
        values: list[bytes] = []
        for _ in range(30):
            values += [bytes(each.value() or b"") for each in consumer.consume(count, 1)]
            if len(values) >= count:
                break
        return values
    finally:
        consumer.close()


def _record(name: str) -> Schema:
    return INCIDENT | {"name": name}


def _register(stack: Stack, subject: str, schema: Schema) -> httpx2.Response:
    return httpx2.post(
        f"{stack.registry_url}/subjects/{subject}/versions",
        json={"schema": json.dumps(schema)},
        auth=login_of(stack.secrets),
        timeout=PATIENCE_S,
        trust_env=False,
    )


def _controller(stack: Stack) -> socket.socket:
    started = service.recall(stack.run_dir / "broker")
    assert started is not None
    return socket.create_connection(("127.0.0.1", started.inner_port), timeout=PATIENCE_S)


def _login(stack: Stack, password: str) -> int:
    with _controller(stack) as connection:
        answer = ask(connection, SASL_HANDSHAKE, 1, struct.pack(">h", 5) + b"PLAIN")
        assert struct.unpack(">h", answer[:2]) == (0,)
        token = f"\0{CONTROLLER_PRINCIPAL}\0{password}".encode()
        answer = ask(connection, SASL_AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
        return int(struct.unpack(">h", answer[:2])[0])
