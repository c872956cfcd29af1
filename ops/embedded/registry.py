"""Start the embedded schema registry (Apicurio) with its own database file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx2

from isp.keys import private_files
from isp.keys.secrets_store import SecretStore
from ops.embedded import java, ports, processes, service
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.embedded.ports import LOOPBACK
from ops.embedded.service import Service
from transport.registry_door import API, DOOR, PRINCIPAL, user

Login = tuple[str, str]

COMPATIBILITY = "FULL_TRANSITIVE"
READY_SECONDS = 120.0
REQUEST_SECONDS = 10.0


@dataclass(frozen=True)
class Registry:
    """One registry under a run directory; ``home`` is the unpacked application."""

    layout: Layout
    home: Path
    heap: str

    @property
    def log(self) -> Path:
        """Return the path of the registry's log."""
        return self.layout.logs / "registry.log"

    def start(self, wanted_port: int | None) -> Service:
        """Start the registry and record it in its folder; does not wait until it answers.

        Raises:
            StackError: the port is taken.
        """
        before = service.recall(self.layout.registry)
        port = ports.choose(wanted_port, before and before.port, "IPU_REGISTRY_PORT")
        login = user(self.layout.secrets.password(PRINCIPAL))
        settings = properties(port, self.layout.registry, self.log)
        private_files.write(self._properties, settings + login)
        process = processes.spawn(self._command(), self.layout.logs / "registry.out")
        started = Service(process, port, 0)
        service.remember(self.layout.registry, started)
        return started

    def wait(self, started: Service) -> None:
        """Wait until the registry answers, then set its compatibility rule.

        Raises:
            StackError: it does not answer in time, or rejects the rule.
        """
        url = url_of(started)
        logs = (self.layout.logs / "registry.out", self.log)
        login = login_of(self.layout.secrets)
        service.wait_until(lambda: _answers(url, login), started, "registry", logs, READY_SECONDS)
        require_compatibility(url, login)

    def _command(self) -> list[str]:
        return java.command(
            java.REGISTRY_FLAGS,
            self.heap,
            f"-Djava.io.tmpdir={private_files.make_folder(self.layout.registry / 'tmp')}",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            f"-Dquarkus.config.locations={self._properties}",
            "-jar",
            str(self.home / "quarkus-run.jar"),
        )

    @property
    def _properties(self) -> Path:
        return self.layout.registry / "application.properties"


def properties(port: int, folder: Path, log: Path) -> str:
    """Return the application's settings: loopback only, every commit on disk, few log lines.

    With ``WRITE_DELAY=0`` the database writes a commit before it is answered. So a schema id that a
    client has seen is not given to another schema after a crash. The password is not among the
    settings.
    """
    settings: dict[str, object] = {
        **DOOR,
        "quarkus.http.host": LOOPBACK,
        "quarkus.http.port": port,
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
        "apicurio.datasource.url": f"jdbc:h2:file:{folder / 'schemas'};WRITE_DELAY=0",
        "apicurio.datasource.jdbc.initial-size": 2,
        "apicurio.datasource.jdbc.min-size": 2,
        "apicurio.datasource.jdbc.max-size": 8,
        "apicurio.storage.snapshot.location": folder / "tmp",
        "apicurio.import.work-dir": folder / "tmp",
        "quarkus.http.access-log.enabled": "false",
        "quarkus.log.level": "WARN",
        'quarkus.log.category."io.apicurio".level': "WARN",
        # It would warn at each start about the application's own settings, and about the password's,
        # which the application reads and Quarkus does not.
        'quarkus.log.category."io.quarkus.config".level': "ERROR",
        'quarkus.log.category."io.quarkus.runtime.configuration.ConfigRecorder".level': "ERROR",
        "quarkus.log.console.enabled": "false",
        "quarkus.log.file.enabled": "true",
        "quarkus.log.file.json.enabled": "false",
        "quarkus.log.file.format": "%d{yyyy-MM-dd'T'HH:mm:ss,SSS} %p %s%e (%c)%n",
        "quarkus.log.file.path": log,
        "quarkus.log.file.rotation.max-file-size": "10M",
        "quarkus.log.file.rotation.max-backup-index": 3,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def url_of(registry: Service) -> str:
    """Return the URL of the Confluent-compatible interface, for ``SchemaRegistryClient``."""
    return f"http://{LOOPBACK}:{registry.port}{API}"


def login_of(secrets: SecretStore) -> Login:
    """Return the name and password for writing to the registry."""
    return PRINCIPAL, secrets.password(PRINCIPAL)


def require_compatibility(url: str, login: Login, level: str = COMPATIBILITY) -> None:
    """Set the registry's rule: each schema must be compatible with all earlier versions.

    Raises:
        StackError: the registry does not accept the rule.
    """
    answer = httpx2.put(
        f"{url}/config",
        json={"compatibility": level},
        auth=login,
        timeout=REQUEST_SECONDS,
        trust_env=False,
    )
    if not answer.is_success:
        message = (
            f"the schema registry at {url} does not accept compatibility {level}: "
            f"HTTP {answer.status_code}"
        )
        raise StackError(message)


def _answers(url: str, login: Login) -> bool:
    try:
        answer = httpx2.get(f"{url}/subjects", auth=login, timeout=REQUEST_SECONDS, trust_env=False)
    except httpx2.HTTPError:
        return False
    return answer.is_success
