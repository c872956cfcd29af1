"""The configuration files of the embedded broker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ops.embedded.ports import LOOPBACK
from schemas.protocol import PROCESSES

ADMIN = "ipu-admin"
BROKER_PRINCIPAL = "ipu-broker"
CONTROLLER_PRINCIPAL = "ipu-controller"
SUPER_USERS = (ADMIN, BROKER_PRINCIPAL, CONTROLLER_PRINCIPAL)
"""To whom the broker opens everything without a rule; it tells their names to nobody who asks."""
NODE_ID = 1
MESSAGE_BYTES = 4 * 1024 * 1024
REAUTHENTICATE_MS = 300_000
SHORTEST_SESSION_MS = 6_000

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class Ports(NamedTuple):
    """The broker's two listeners, both on the loopback interface."""

    clients: int
    controller: int


class Passwords(NamedTuple):
    """What the broker itself connects with: to its client listener and to its controller."""

    broker: str
    controller: str


def server_properties(ports: Ports, data: Path, passwords: Passwords) -> str:
    """Write ``server.properties``: one node, broker and controller, closed to the anonymous.

    SCRAM credentials live in the controller's own log, so the controller cannot be reached with
    them before it runs: its listener takes SASL/PLAIN with one generated password instead.
    """
    return _lines(_listeners(ports) | _logins(passwords) | _storage(data) | _groups())


def _listeners(ports: Ports) -> dict[str, object]:
    clients = f"CLIENTS://{LOOPBACK}:{ports.clients}"
    return {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{LOOPBACK}:{ports.controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{clients},CONTROLLER://{LOOPBACK}:{ports.controller}",
        "advertised.listeners": clients,
        "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": ";".join(f"User:{name}" for name in SUPER_USERS),
        # A killed broker may register again only when its old session has run out.
        "broker.session.timeout.ms": 4_000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }


def _logins(passwords: Passwords) -> dict[str, object]:
    scram = f'{SCRAM} required username="{BROKER_PRINCIPAL}" password="{passwords.broker}";'
    plain = (
        f'{PLAIN} required username="{CONTROLLER_PRINCIPAL}" password="{passwords.controller}" '
        f'user_{CONTROLLER_PRINCIPAL}="{passwords.controller}";'
    )
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": scram,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "connections.max.reauth.ms": REAUTHENTICATE_MS,
    }


def _storage(data: Path) -> dict[str, object]:
    return {
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "message.max.bytes": MESSAGE_BYTES,
        "replica.fetch.max.bytes": MESSAGE_BYTES,
        # The default of 128 MiB is a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }


def _groups() -> dict[str, object]:
    return {
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": SHORTEST_SESSION_MS,
        "group.consumer.min.session.timeout.ms": SHORTEST_SESSION_MS,
        "group.consumer.min.heartbeat.interval.ms": 1_000,
    }


_DECISION_CHARACTERS = 700
"""Longest decision that is logged; one about a topic with the longest name takes fewer."""

# Every fetch but the processor's own, which would be a line a request. Written before any protocol is known,
# so it goes by what the names of our processes end with, whatever the partnership.
_READS = (
    f"Principal = User:(?![^ ]*[.]({'|'.join(sorted(PROCESSES))}) is )[^ ]+ is Allowed "
    "operation = READ .* for request = (Share)?Fetch .*"
)
# Every refusal, but of a topic whose name none can have, and of what is not all printable ASCII.
_REFUSALS = (
    "Principal = User:[^ ]+ is Denied operation = [^ ]+ from host = [^ ]+ on resource = "
    "((?!Topic:)[ -~]*|Topic:LITERAL:[A-Za-z0-9._-]{1,249} for [ -~]*)"
)


def log4j2_properties(logs: Path) -> str:
    """Write the logging configuration: ``broker.log``, ``authorizer.log`` and ``refusals.log``.

    The audit of reads is taken from the last two (ops.audit.broker_log): what the authorizer allowed, and
    what it refused. They are two files, so that refusals, which anybody can cause, push no read out of the
    log. All roll at 10 MB and are of mode 0600.
    """
    loggers: dict[str, object] = {
        "status": "warn",
        "rootLogger.level": "warn",
        "rootLogger.appenderRef.broker.ref": "broker",
        "logger.server.name": "kafka.server.KafkaRaftServer",
        "logger.server.level": "info",
        "logger.authorizer.name": "kafka.authorizer.logger",
        # Refusals are at INFO, what is allowed at DEBUG.
        "logger.authorizer.level": "debug",
        "logger.authorizer.additivity": "false",
        "logger.authorizer.appenderRef.authorizer.ref": "authorizer",
        "logger.authorizer.appenderRef.refusals.ref": "refusals",
    }
    broker = _appender("broker", logs, "%d{ISO8601} %p %m (%c)%n", kept=3)
    # Cut at its end: a name that is refused can have 32,767 bytes.
    decision = f"%d{{UNIX_MILLIS}} %p %.-{_DECISION_CHARACTERS}m%n"
    reads = _appender("authorizer", logs, decision, kept=50) | _only("authorizer", _READS)
    refusals = _appender("refusals", logs, decision, kept=20) | _only("refusals", _REFUSALS)
    return _lines(loggers | broker | reads | refusals)


def _only(appender: str, regex: str) -> dict[str, object]:
    """Have an appender write the messages that match, and no others."""
    settings = {
        "type": "RegexFilter",
        "regex": regex,
        "onMatch": "ACCEPT",
        "onMismatch": "DENY",
    }
    return {f"appender.{appender}.filter.wanted.{key}": value for key, value in settings.items()}


def _appender(name: str, logs: Path, pattern: str, kept: int) -> dict[str, object]:
    settings = {
        "type": "RollingFile",
        "name": name,
        "fileName": logs / f"{name}.log",
        "filePattern": logs / f"{name}.log.%i",
        "filePermissions": "rw-------",
        "layout.type": "PatternLayout",
        "layout.pattern": pattern,
        "policies.type": "Policies",
        "policies.size.type": "SizeBasedTriggeringPolicy",
        "policies.size.size": "10MB",
        "strategy.type": "DefaultRolloverStrategy",
        "strategy.max": kept,
    }
    return {f"appender.{name}.{key}": value for key, value in settings.items()}


def _lines(properties: Mapping[str, object]) -> str:
    return "".join(f"{key}={value}\n" for key, value in properties.items())
