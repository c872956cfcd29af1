"""A real PostgreSQL with PostGIS and pgaudit, for tests: its own data, its own port, passwords for all."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import psycopg
import pytest
import trustme
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ops.embedded import ports
from tests.integration.waiting import PATIENCE_S, until

SUPERUSER: Final = "postgres"
PACKAGES: Final = ("postgresql-15", "postgresql-15-postgis-3", "postgresql-15-pgaudit")
"""The packages of Debian that have what the tests need. `.ci/run` installs them."""

_USUAL: Final = Path("/usr/lib/postgresql/15/bin")
_PROGRAMS: Final = ("initdb", "postgres", "pg_config")
_EXTENSIONS: Final = ("postgis", "pgaudit")
_SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": ports.LOOPBACK,
    "shared_preload_libraries": "pgaudit",
    # A test kills programs, never the machine, so nothing needs to be on the disk itself.
    "fsync": "off",
    "log_min_messages": "warning",
}


@dataclass
class PostgresServer:
    """One server in a folder of its own. Its superuser has a password, as everybody else has."""

    programs: Path
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=ports.any_free)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The file of what the server logs."""
        return self.folder / "server.log"

    def create(self) -> None:
        """Create the data, in which nobody logs in without a password."""
        first = self.folder / "password"
        first.write_text(self.password)
        os.chown(first, *self._owner)
        options = ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={first}"]
        options += ["--encoding=UTF8", "--locale=C", "--no-sync", f"--pgdata={self._data}"]
        command = [str(self.programs / "initdb"), *options]
        made = subprocess.run(
            command, **self._as_owner, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr
        first.unlink()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        until(self._answers, PATIENCE_S, "the start of PostgreSQL")

    def stop(self) -> None:
        """End all sessions, and the server in good order."""
        self._end(signal.SIGINT)

    def stop_at_once(self) -> None:
        """Stop as `pg_ctl stop -m immediate` does: the next start recovers."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill the server without any warning: the next start recovers."""
        self._end(signal.SIGKILL)

    def connect(
        self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a session in which each statement is committed at once."""
        where = self.url(database, user)
        return psycopg.connect(where, password=password or self.password, autocommit=True)

    def url(self, database: str, user: str, **options: str) -> str:
        """Return the URL of a database for a user, without a password."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        url = f"postgresql://{user}@{ports.LOOPBACK}:{self.port}/{database}"
        return f"{url}?{query}" if query else url

    def create_database(
        self, name: str, extensions: tuple[str, ...] = ("postgis",), template: str = "template1"
    ) -> str:
        """Create a database and its owner, a role of the same name that is no superuser; its password."""
        password, role = secrets.token_urlsafe(16), sql.Identifier(name)
        with self.connect() as session:
            login = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            session.execute(login.format(role, sql.Literal(password)))
            make = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
            session.execute(make.format(role, role, sql.Identifier(template)))
        with self.connect(name) as session:
            for extension in extensions:
                session.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        return password

    def write_passfile(self, file: Path, passwords: Mapping[str, str]) -> Path:
        """Write a passfile of libpq, for its owner alone, with the passwords of some users."""
        where = f"*:{self.port}:*"
        lines = [f"{where}:{user}:{password}\n" for user, password in passwords.items()]
        file.touch(mode=0o600)
        file.write_text("".join(lines))
        return file

    def use_certificate(self, certificate: trustme.LeafCert) -> None:
        """Start again with TLS for those who want it."""
        chain, key = self.folder / "server.crt", self.folder / "server.key"
        chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
        key.touch(mode=0o600)
        key.write_bytes(certificate.private_key_pem.bytes())
        for file in (chain, key):
            os.chown(file, *self._owner)
        tls = {"ssl": "on", "ssl_cert_file": str(chain), "ssl_key_file": str(key)}
        self.settings = {**self.settings, **tls}
        self.stop()
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _owner(self) -> tuple[int, int]:
        found = self.folder.stat()
        return found.st_uid, found.st_gid

    @property
    def _as_owner(self) -> dict[str, Any]:
        """Options of a process of the owner of the folder, who is somebody else if this is root."""
        user, group = self._owner
        return {"user": user, "group": group, "extra_groups": []} if os.getuid() == 0 else {}

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            # The sessions of a killed server have its memory until they notice.
            reason = self.log.read_text() if self.log.exists() else ""
            assert self._process is None or "shared memory" in reason, reason
            self._launch()
        options = make_conninfo(self.url("postgres", SUPERUSER), password=self.password)
        try:
            psycopg.connect(options).close()
        except psycopg.OperationalError:
            return False
        return True

    def _launch(self) -> None:
        options = {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        settings = _SETTINGS | options | dict(self.settings)
        set_all = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("wb") as log:
            command = [str(self.programs / "postgres"), "-D", str(self._data), *set_all]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_owner)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(PATIENCE_S)
        self._process = None


@contextmanager
def running_postgres(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Run a server of its own, with some settings; skip the test if its packages are missing."""
    with _folder() as folder:
        server = PostgresServer(_programs(), folder, settings or {})
        server.create()
        try:
            server.start()
            yield server
        finally:
            server.stop_at_once()


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder with a short path: that of a socket has little room."""
    folder = Path(tempfile.mkdtemp(prefix="ipu-postgres-"))
    try:
        if os.getuid() == 0:
            # PostgreSQL does not run as root.
            found = _user()
            os.chown(folder, found.pw_uid, found.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder)


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SUPERUSER)
    except KeyError:
        _skip(f"root cannot run PostgreSQL, and there is no user {SUPERUSER}")


def _programs() -> Path:
    """Return the folder of a PostgreSQL that has the extensions."""
    folder = _USUAL if _USUAL.is_dir() else _configured()
    missing = [name for name in _PROGRAMS if not (folder / name).is_file()]
    if missing:
        _skip(f"{folder} has no {', '.join(missing)}")
    shared = Path(_asked(folder / "pg_config", "--sharedir")) / "extension"
    missing = [name for name in _EXTENSIONS if not (shared / f"{name}.control").is_file()]
    if missing:
        _skip(f"PostgreSQL has no extension {', '.join(missing)}")
    return folder


def _configured() -> Path:
    found = shutil.which("pg_config")
    if found is None:
        _skip("there is no PostgreSQL")
    return Path(_asked(Path(found), "--bindir"))


def _asked(program: Path, option: str) -> str:
    return subprocess.run(
        [program, option], capture_output=True, text=True, check=True
    ).stdout.strip()


def _skip(reason: str) -> NoReturn:
    pytest.skip(f"{reason}; on Debian: apt-get install {' '.join(PACKAGES)}")
