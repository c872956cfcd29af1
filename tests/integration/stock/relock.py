"""Write ``artefacts.lock`` again: ``python -m tests.integration.stock.relock``."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from ops.embedded.artefacts import DOWNLOADS_AT_ONCE, maven
from ops.embedded.relock import pin, resolve
from ops.screen import say
from tests.integration.stock.downloads import (
    COMPILER,
    CONVERTER,
    COORDINATES,
    FILE_SINK,
    JDBC_SINK,
    LOCK,
)

HEADING = """\
# Every file of the partner's programs in tests: part, SHA-256, group:name:version:classifier:packaging.
# Written by: python -m tests.integration.stock.relock
"""
OF_CONNECT = (
    "org.apache.kafka", "org.lz4", "at.yawk.lz4", "org.xerial.snappy", "com.github.luben", "org.slf4j",
)  # fmt: skip
"""Groups that Kafka Connect itself brings to each plugin."""


def relock() -> int:
    """Resolve, download and hash all parts; return the number of pinned files."""
    with tempfile.TemporaryDirectory() as folder:
        context = maven(Path(folder))
        wanted = [(part, remote) for part in COORDINATES for remote in _archives(context, part)]
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            pinned = list(pool.map(lambda pair: pin(*pair), wanted))
    LOCK.write_text(HEADING + "".join(f"{each.line}\n" for each in pinned), encoding="utf-8")
    return len(pinned)


def _archives(context: MavenContext, part: str) -> list[Artifact]:
    coordinates = COORDINATES[part]
    if part == JDBC_SINK:
        group, name, version = coordinates[0].split(":")
        return [context.project(group, name).at_version(version).artifact("plugin", "tar.gz")]
    found = resolve(context, coordinates)
    if part in (FILE_SINK, COMPILER):
        return found[: len(coordinates)]
    if part == CONVERTER:
        return [each for each in found if each.groupId not in OF_CONNECT]
    return found


if __name__ == "__main__":
    say(f"{relock()} files pinned in {LOCK.name}")
