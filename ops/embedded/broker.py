"""Start the embedded Kafka broker: format its storage once, start it, wait for it."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isp.keys import private_files
from ops.embedded import java, ports, processes, service
from ops.embedded.broker_config import (
    ADMIN,
    BROKER_PRINCIPAL,
    CONTROLLER_PRINCIPAL,
    Passwords,
    Ports,
    log4j2_properties,
    server_properties,
)
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.embedded.ports import LOOPBACK
from ops.embedded.service import Service
from transport.access import Probe

READY_SECONDS = 90.0
FORMAT_SECONDS = 60.0
FORMAT_HEAP = "128m"


@dataclass(frozen=True)
class Broker:
    """One broker under a run directory; ``jars`` is its class path, ``heap`` its Java heap."""

    layout: Layout
    jars: Sequence[Path]
    heap: str

    @property
    def data(self) -> Path:
        """Return the folder of the broker's data; it exists when the storage is formatted."""
        return self.layout.broker / "data"

    def start(self, wanted_port: int | None) -> Service:
        """Start the broker and record it in its folder; does not wait until it answers.

        Raises:
            StackError: the port is taken or the storage cannot be formatted.
        """
        before = service.recall(self.layout.broker)
        chosen = self._choose(wanted_port, before)
        self._configure(chosen)
        process = processes.spawn(self._command(), self.layout.logs / "broker.out")
        started = Service(process, chosen.clients, chosen.controller, chosen.inside)
        service.remember(self.layout.broker, started)
        return started

    def wait(self, started: Service) -> None:
        """Wait until the broker answers its administrator.

        Raises:
            StackError: it ended, or did not answer in time.
        """
        config = {
            **self.layout.secrets.client_config(inside_of(started), ADMIN),
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 100,
        }
        probe = Probe(config)
        logs = (self.layout.logs / "broker.out", self.layout.logs / "broker.log")
        service.wait_until(probe.answers, started, "broker", logs, READY_SECONDS)

    def _choose(self, wanted: int | None, before: Service | None) -> Ports:
        clients = ports.choose(wanted, before and before.port, "IPU_BROKER_PORT")
        inside = _another(before and before.inside_port, clients)
        return Ports(clients, inside, _another(before and before.inner_port, clients, inside))

    def _configure(self, chosen: Ports) -> None:
        if not self.data.exists():
            self._format(chosen)
        self._require_secrets()
        properties = server_properties(chosen, self.data, self._passwords())
        private_files.write(self._properties, properties)
        private_files.write(self._log4j2, log4j2_properties(self.layout.logs))

    def _format(self, chosen: Ports) -> None:
        # Formatted under another name and renamed, so that an interrupted start leaves nothing half done.
        draft = self.layout.broker / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        private_files.write(self._properties, server_properties(chosen, draft, self._passwords()))
        arguments = self.layout.broker / "format.args"
        private_files.write(arguments, java.argument_file(self._format_arguments()))
        try:
            _run(java.command(java.BROKER_FLAGS, FORMAT_HEAP, f"@{arguments}"))
        finally:
            arguments.unlink()
        draft.chmod(private_files.PRIVATE_FOLDER)
        draft.rename(self.data)

    def _format_arguments(self) -> list[str]:
        arguments = ["-XX:TieredStopAtLevel=1", "-cp", java.class_path(self.jars)]
        arguments += ["kafka.tools.StorageTool", "format", "--cluster-id", new_cluster_id()]
        arguments += ["--config", str(self._properties)]
        for principal in (ADMIN, BROKER_PRINCIPAL):
            password = self.layout.secrets.password(principal)
            arguments += [
                "--add-scram",
                f"SCRAM-SHA-512=[name={principal},password={password}]",
            ]
        return arguments

    def _require_secrets(self) -> None:
        missing = [
            principal
            for principal in (ADMIN, BROKER_PRINCIPAL)
            if not self.layout.secrets.has(principal)
        ]
        if missing:
            message = (
                f"{self.data} was formatted with passwords that {self.layout.secrets.folder} no "
                f"longer has ({', '.join(missing)}). Restore them, or start again without the "
                f"broker's records: rm -r {self.layout.broker}"
            )
            raise StackError(message)

    def _passwords(self) -> Passwords:
        store = self.layout.secrets
        return Passwords(store.password(BROKER_PRINCIPAL), store.password(CONTROLLER_PRINCIPAL))

    def _command(self) -> list[str]:
        return java.command(
            java.BROKER_FLAGS,
            self.heap,
            f"-Dlog4j2.configurationFile={self._log4j2}",
            "-cp",
            java.class_path(self.jars),
            "kafka.Kafka",
            str(self._properties),
        )

    @property
    def _properties(self) -> Path:
        return self.layout.broker / "server.properties"

    @property
    def _log4j2(self) -> Path:
        return self.layout.broker / "log4j2.properties"


def bootstrap_of(broker: Service) -> str:
    """Return the address that Kafka clients connect to."""
    return f"{LOOPBACK}:{broker.port}"


def inside_of(broker: Service) -> str:
    """Return the address that this project's own programs connect to."""
    return f"{LOOPBACK}:{broker.inside_port}"


def _another(used_before: int | None, *taken: int) -> int:
    """Return a port other than those taken: the one used before if it is free."""
    port = ports.choose(None, used_before or None, "")
    return ports.any_free(excluding=taken) if port in taken else port


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False
    )
    if done.returncode != 0:
        message = f"the broker's storage could not be formatted:\n{done.stderr[-2000:]}"
        raise StackError(message)


def new_cluster_id(random: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """Return a new Kafka cluster id: 22 characters of base64url that do not start with a hyphen.

    `org.apache.kafka.common.Uuid` avoids the hyphen too: an id with it would be read as an option.
    """
    while True:
        made = base64.urlsafe_b64encode(random().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made
