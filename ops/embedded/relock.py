"""Write ``artefacts.lock`` again: ``python -m ops.embedded.relock``.

Resolves the broker with all its dependencies and the registry's archive, downloads them and records
their SHA-256. Review the difference before you commit it: these are the programs that will run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from ops.embedded.artefacts import (
    BROKER,
    DOWNLOADS_AT_ONCE,
    LOCK_NAME,
    REGISTRY,
    Artefact,
    maven,
    sha256_of,
)
from ops.screen import say

# "!" leaves out a project's own bill of materials: Log4j's would bring an old Kafka client.
BROKER_COORDINATES = (
    "org.apache.kafka:kafka_2.13:4.4.0",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!",
    "org.apache.logging.log4j:log4j-core:2.25.5!",
)
REGISTRY_COORDINATE = ("io.apicurio", "apicurio-registry-app", "3.3.3", "all", "tar.gz")
CLASS_PATH_SCOPES = ("compile", "runtime")
HEADING = """\
# Every file that the embedded stack runs: part, SHA-256, group:name:version:classifier:packaging.
# Written by: python -m ops.embedded.relock
"""


def relock(lock: Path) -> int:
    """Resolve, download, hash and write ``lock``; return the number of pinned files.

    Raises:
        RuntimeError: the Maven repository lacks one of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        context = maven(Path(folder))
        wanted = [(BROKER, remote) for remote in resolve(context, BROKER_COORDINATES)]
        wanted.append((REGISTRY, _registry(context)))
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            artefacts = list(pool.map(lambda pair: pin(*pair), wanted))
    lock.write_text(HEADING + "".join(f"{each.line}\n" for each in artefacts), encoding="utf-8")
    return len(artefacts)


def resolve(context: MavenContext, coordinates: Sequence[str]) -> list[Artifact]:
    """Return the archives of ``group:name:version`` coordinates, then all that these need to run.

    Raises:
        RuntimeError: the Maven repository lacks one of them.
    """
    roots = [context.create_dependency(coordinate) for coordinate in coordinates]
    for root in roots:
        root.scope = CLASS_PATH_SCOPES[0]
    direct, transitive = context.resolver.resolve(roots)
    needed = [each for each in transitive if each.scope in CLASS_PATH_SCOPES]
    return [each.artifact for each in (*direct, *needed)]


def _registry(context: MavenContext) -> Artifact:
    group, name, version, classifier, packaging = REGISTRY_COORDINATE
    return context.project(group, name).at_version(version).artifact(classifier, packaging)


def pin(part: str, remote: Artifact) -> Artefact:
    """Download an archive and return it with its SHA-256, as a file of ``part``."""
    return Artefact(
        part,
        sha256_of(remote.resolve()),
        remote.groupId,
        remote.artifactId,
        remote.version,
        remote.classifier,
        remote.packaging,
    )


if __name__ == "__main__":
    target = Path(__file__).with_name(LOCK_NAME)
    say(f"{relock(target)} files pinned in {target.name}")
