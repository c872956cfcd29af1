"""The database that a sink is given by its URL: no password in it, and TLS unless it is on this machine."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from connectors.hub.errors import HubError

log = logging.getLogger(__name__)

FORM: Final = "postgresql://USER@HOST:PORT/DATABASE"
PASSFILE_LINE: Final = "HOST:PORT:DATABASE:USER:PASSWORD"
_SCHEMES: Final = ("postgresql://", "postgres://")
_SECRETS: Final = ("password", "sslpassword")
_STRICT: Final = "verify-full"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_DEFAULTS: Final[dict[str, Any]] = {
    "application_name": "ipu hub sink",
    "connect_timeout": 10,
    # Of several hosts, that which takes writes.
    "target_session_attrs": "read-write",
    # A database that went away without a word is noticed within half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


@dataclass(frozen=True, slots=True)
class Target:
    """The parameters of libpq for a database, without any secret."""

    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, url: str) -> Target:
        """Take a URL.

        A host other than this machine must prove its name (`sslmode=verify-full`), unless the URL has another
        `sslmode`.

        Raises:
            HubError: it is no URL of PostgreSQL, or has a password; the text never quotes it.
        """
        given = _parsed(url)
        if any(given.get(name) for name in _SECRETS):
            raise HubError(
                "--to: the URL has a password, which every list of processes shows; accepted: a URL without "
                f"one ({FORM}), and a line {PASSFILE_LINE} in ~/.pgpass, mode 0600"
            )
        tls = {} if _is_here(given) else {"sslmode": _STRICT}
        return cls({**_DEFAULTS, **tls, **given})

    def __str__(self) -> str:
        """Return where the database is, as host, port and name."""
        host, port = (
            self.parameters.get("host", "the default host"),
            self.parameters.get("port", 5432),
        )
        return f"{host}:{port}/{self.parameters.get('dbname', 'the default database')}"

    def check(self, environment: Mapping[str, str]) -> None:
        """Check that the password comes from a file that only its owner can read; warn of TLS that is weaker.

        Raises:
            HubError: it does not.
        """
        if environment.get("PGPASSWORD"):
            raise HubError(
                "PGPASSWORD is set; accepted: a file of mode 0600 with a line "
                f"{PASSFILE_LINE}: ~/.pgpass, or that of PGPASSFILE or of the URL's `passfile`"
            )
        default = environment.get("PGPASSFILE") or Path.home() / ".pgpass"
        _check_private(Path(self.parameters.get("passfile") or default))
        mode = self.parameters.get("sslmode")
        if not _is_here(self.parameters) and mode != _STRICT:
            log.warning("%s: sslmode=%s does not prove the server; better: %s", self, mode, _STRICT)


def _parsed(url: str) -> dict[str, Any]:
    if not url.startswith(_SCHEMES):
        raise HubError(f"--to: is no URL of PostgreSQL; accepted: {FORM}")
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        # libpq's own text quotes a part of the URL, which may be of a password.
        given = {"port": "none"}
    # A slash in a password cuts it in two: what is before it is taken for a port.
    ports = filter(None, _split(given.get("port")))
    if "@" in str(given.get("dbname", "")) or not all(map(str.isdigit, ports)):
        raise HubError(f"--to: is no URL that libpq can read; accepted: {FORM}, without a password")
    return given


def _check_private(passfile: Path) -> None:
    """Check the mode of a passfile if there is one: libpq itself would only warn and go on without it."""
    if passfile.is_file() and passfile.stat().st_mode & _OTHERS:
        mode = stat.S_IMODE(passfile.stat().st_mode)
        raise HubError(
            f"{passfile} has mode {mode:04o}, so others can read it; accepted: 0600. "
            f"Run: chmod 600 {passfile}"
        )


def _is_here(parameters: Mapping[str, Any]) -> bool:
    """Return True if each address that is named is one of this machine.

    Without any, an environment or a service of libpq may name another.
    """
    named = [*_split(parameters.get("host")), *_split(parameters.get("hostaddr"))]
    return bool(named) and all(map(_is_loopback, named))


def _split(hosts: Any) -> Iterable[str]:
    return str(hosts).split(",") if hosts else ()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.startswith(os.sep):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
