"""The partner's programs from the Maven repository, each file pinned by its SHA-256."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ops.embedded.artefacts import BROKER, Artefact, fetch, parse_lock, pinned
from ops.settings import Settings

CONNECT, CONVERTER, FILE_SINK, JDBC_SINK = "connect", "converter", "file-sink", "jdbc-sink"
CLIENT, COMPILER = "client", "compiler"
LOCK: Final = Path(__file__).with_name("artefacts.lock")

COORDINATES: Final[dict[str, tuple[str, ...]]] = {
    CONNECT: ("org.apache.kafka:connect-runtime:4.3.1",),
    CONVERTER: ("io.apicurio:apicurio-registry-utils-converter:2.6.13.Final",),
    FILE_SINK: ("org.apache.kafka:connect-file:4.3.1",),
    JDBC_SINK: ("io.debezium:debezium-connector-jdbc:3.6.0.Final",),
    CLIENT: ("org.apache.kafka:kafka-clients:4.3.1", "org.apache.avro:avro:1.12.2"),
    COMPILER: ("org.eclipse.jdt:ecj:3.46.100",),
}
"""What each part is made of, as the documentation names it."""
OTHER_DRIVERS: Final = ("ojdbc", "mysql-", "mariadb-", "mssql-")
"""Drivers of databases that the tests do not use: a worker looks through every archive when it starts."""


def class_path(part: str) -> list[Path]:
    """Return the verified archives of a part; download those that are missing."""
    return _fetched(each for each in parse_lock(LOCK.read_text()) if each.part == part)


def logging() -> list[Path]:
    """Return the broker's own archives for logs, which a distribution of Kafka Connect brings with it."""
    return _fetched(each for each in pinned(BROKER) if each.name.startswith("log4j-"))


def plugins(folder: Path) -> Path:
    """Lay out the converter and the sinks in `folder` as Kafka Connect finds them."""
    for part in (CONVERTER, FILE_SINK):
        (folder / part).mkdir(parents=True)
        for archive in class_path(part):
            shutil.copy(archive, folder / part)
    (distribution,) = class_path(JDBC_SINK)
    with tarfile.open(distribution) as tar:
        wanted = [each for each in tar if not Path(each.name).name.startswith(OTHER_DRIVERS)]
        tar.extractall(folder, wanted, filter="data")
    return folder


def _fetched(artefacts: Iterable[Artefact]) -> list[Path]:
    wanted, folder = list(artefacts), Settings.from_environment().cache_dir / "jars"
    fetch(wanted, folder, print)
    return [folder / each.file_name for each in wanted]
