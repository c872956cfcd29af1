"""Write the configuration files of the embedded broker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from isp.agreement.protocol import PROCESSES
from isp.agreement.topics import DAY_MS, MAXIMUM_MESSAGE_BYTES
from ops.embedded.ports import LOOPBACK

ADMIN = "ipu-admin"
BROKER_PRINCIPAL = "ipu-broker"
CONTROLLER_PRINCIPAL = "ipu-controller"
SUPER_USERS = (ADMIN, BROKER_PRINCIPAL, CONTROLLER_PRINCIPAL)
"""Principals that may do everything without an ACL. Clients that ask are not given their names."""
NODE_ID = 1
REAUTHENTICATE_MS = 300_000
SHORTEST_SESSION_MS = 6_000

LOGIN_BYTES = 4_096
"""Largest request before a login. The broker allocates the length that an unknown client states."""
REQUEST_BYTES = 240_000
"""Largest request: one message of maximum size."""
QUEUED_REQUESTS = 16
"""Requests that wait for a thread."""
CLIENT_CONNECTIONS = 60
"""Connections of partners. Each may hold a request and an unread answer in memory; see ADR 22."""
INSIDE_CONNECTIONS = 160
"""Connections of this project's own programs. One process of an agent has up to 19."""
ADDRESS_CONNECTIONS = 40
"""Connections from one address, over all listeners; all programs of this machine share one."""
LONGEST_TRANSACTION_MS = 60_000
LARGEST_GROUP = 16

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class Ports(NamedTuple):
    """The broker's three listeners, all on the loopback interface."""

    clients: int
    inside: int
    controller: int


class Passwords(NamedTuple):
    """The passwords of the broker itself, for its inside listener and for its controller."""

    broker: str
    controller: str


def server_properties(ports: Ports, data: Path, passwords: Passwords) -> str:
    """Return ``server.properties``: one node, broker and controller, closed to anonymous clients.

    The controller's own log has the SCRAM credentials, so nobody can log in to the controller with
    them before it runs. Its listener uses SASL/PLAIN with one generated password instead.
    """
    parts = (_listeners(ports), _logins(passwords), _limits(), _storage(data), _groups())
    return _lines({key: value for part in parts for key, value in part.items()})


def _listeners(ports: Ports) -> dict[str, object]:
    served = f"CLIENTS://{LOOPBACK}:{ports.clients},INSIDE://{LOOPBACK}:{ports.inside}"
    mapped = ("CLIENTS:SASL_PLAINTEXT", "INSIDE:SASL_PLAINTEXT", "CONTROLLER:SASL_PLAINTEXT")
    return {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{LOOPBACK}:{ports.controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{served},CONTROLLER://{LOOPBACK}:{ports.controller}",
        "advertised.listeners": served,
        "listener.security.protocol.map": ",".join(mapped),
        # A flood on the clients' listener does not keep this project's own programs out.
        "inter.broker.listener.name": "INSIDE",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": ";".join(f"User:{name}" for name in SUPER_USERS),
        # A killed broker can register again only after its old session has expired.
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
        "listener.name.clients.scram-sha-512.sasl.jaas.config": f"{SCRAM} required;",
        "listener.name.inside.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.inside.scram-sha-512.sasl.jaas.config": scram,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "connections.max.reauth.ms": REAUTHENTICATE_MS,
    }


def _limits() -> dict[str, object]:
    """Return the limits on what anybody who reaches a port can make the broker hold in memory.

    `queued.max.request.bytes` is not set. All connections share that memory, and an incomplete
    request keeps its share until its sender closes it: nine such requests would stop everybody.
    """
    return {
        "sasl.server.max.receive.size": LOGIN_BYTES,
        "socket.request.max.bytes": REQUEST_BYTES,
        "queued.max.requests": QUEUED_REQUESTS,
        "listener.name.clients.max.connections": CLIENT_CONNECTIONS,
        "listener.name.inside.max.connections": INSIDE_CONNECTIONS,
        "listener.name.clients.max.connection.creation.rate": 100,
        # This limit is for the controller's listener too, which counts its own connections.
        "max.connections": CLIENT_CONNECTIONS + INSIDE_CONNECTIONS,
        "max.connections.per.ip": ADDRESS_CONNECTIONS,
        "max.connections.per.ip.overrides": f"{LOOPBACK}:{CLIENT_CONNECTIONS + INSIDE_CONNECTIONS}",
        "connections.max.idle.ms": 300_000,
        # Each session keeps as many partitions as its request names, of any topics.
        "max.incremental.fetch.session.cache.slots": 0,
    }


def _storage(data: Path) -> dict[str, object]:
    return {
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "message.max.bytes": MAXIMUM_MESSAGE_BYTES,
        "replica.fetch.max.bytes": MAXIMUM_MESSAGE_BYTES,
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
        "group.coordinator.rebalance.protocols": "classic,consumer",
        "group.max.size": LARGEST_GROUP,
        "group.consumer.max.size": LARGEST_GROUP,
        "group.share.max.size": LARGEST_GROUP,
        "offset.metadata.max.bytes": 1_024,
        # The broker reads what it keeps about transactional ids and producers again at each start.
        "transaction.max.timeout.ms": LONGEST_TRANSACTION_MS,
        "transactional.id.expiration.ms": DAY_MS,
        "producer.id.expiration.ms": 600_000,
        "producer.id.expiration.check.interval.ms": 60_000,
    }


_DECISION_CHARACTERS = 700
"""Longest decision that is logged. One about a topic with the longest name is shorter."""

# Every read except the processor's own, which would be a line per request. This file is written
# before any protocol is known, so it matches the ends of the processes' names in any partnership.
_READS = (
    f"Principal = User:(?![^ ]*[.]({'|'.join(sorted(PROCESSES))}) is )[^ ]+ is Allowed "
    "operation = READ .* for request = (Share)?Fetch .*"
)
# Every refusal, except of an impossible topic name or of a name that is not printable ASCII.
_REFUSALS = (
    "Principal = User:[^ ]+ is Denied operation = [^ ]+ from host = [^ ]+ on resource = "
    "((?!Topic:)[ -~]*|Topic:LITERAL:[A-Za-z0-9._-]{1,249} for [ -~]*)"
)


def log4j2_properties(logs: Path) -> str:
    """Return the logging configuration: ``broker.log``, ``authorizer.log`` and ``refusals.log``.

    The audit of reads is taken from the last two files (isp.audit.broker_log): what the authorizer
    has allowed and what it has refused. They are two files because anybody can cause refusals, and
    refusals must not push reads out of the log. All files roll at 10 MB and have mode 0600.
    """
    loggers: dict[str, object] = {
        "status": "warn",
        "rootLogger.level": "warn",
        "rootLogger.appenderRef.broker.ref": "broker",
        "logger.server.name": "kafka.server.KafkaRaftServer",
        "logger.server.level": "info",
        "logger.authorizer.name": "kafka.authorizer.logger",
        # The authorizer logs refusals at INFO and allowed requests at DEBUG.
        "logger.authorizer.level": "debug",
        "logger.authorizer.additivity": "false",
        "logger.authorizer.appenderRef.authorizer.ref": "authorizer",
        "logger.authorizer.appenderRef.refusals.ref": "refusals",
    }
    broker = _appender("broker", logs, "%d{ISO8601} %p %m (%c)%n", kept=3)
    # The line is cut at its end: a refused name can have 32,767 bytes.
    decision = f"%d{{UNIX_MILLIS}} %p %.-{_DECISION_CHARACTERS}m%n"
    reads = _appender("authorizer", logs, decision, kept=50) | _only("authorizer", _READS)
    refusals = _appender("refusals", logs, decision, kept=20) | _only("refusals", _REFUSALS)
    return _lines(loggers | broker | reads | refusals)


def _only(appender: str, regex: str) -> dict[str, object]:
    """Return the settings with which an appender writes only messages that match."""
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
