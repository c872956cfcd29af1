"""Pinned files: fetched once from a repository, never used unless they are the ones pinned.

The repository here is a real one on disk, of one file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from jgo.maven import MavenContext

from ops.embedded import artefacts
from ops.embedded.artefacts import BROKER, REGISTRY, Artefact
from ops.embedded.errors import ArtefactError

CONTENT = b"an archive"
PINNED = Artefact(
    BROKER, hashlib.sha256(CONTENT).hexdigest(), "org.example", "thing", "1.0", "", "jar"
)


class Repository:
    """A repository on disk that counts how often it was asked for."""

    def __init__(self, root: Path, content: bytes) -> None:
        self.root = root
        self.uses = 0
        folder = root / "org" / "example" / "thing" / "1.0"
        folder.mkdir(parents=True)
        (folder / PINNED.file_name).write_bytes(content)

    def __call__(self, downloads: Path) -> MavenContext:
        self.uses += 1
        return MavenContext(repo_cache=downloads, local_repos=[self.root], offline=True)


def _quiet(message: str) -> None:
    assert message


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", CONTENT)
    for _ in range(2):
        artefacts.fetch([PINNED], tmp_path / "jars", _quiet, repository)
    assert (tmp_path / "jars" / "thing-1.0.jar").read_bytes() == CONTENT
    assert repository.uses == 1


def test_a_file_other_than_the_one_pinned_never_reaches_the_cache(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", b"another archive")
    with pytest.raises(ArtefactError, match=r"thing-1.0.jar is not the pinned file"):
        artefacts.fetch([PINNED], tmp_path / "jars", _quiet, repository)
    assert not (tmp_path / "jars" / "thing-1.0.jar").exists()


def test_a_cached_file_that_was_tampered_with_is_fetched_again(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", CONTENT)
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "thing-1.0.jar").write_bytes(b"tampered")
    artefacts.fetch([PINNED], tmp_path / "jars", _quiet, repository)
    assert (tmp_path / "jars" / "thing-1.0.jar").read_bytes() == CONTENT


def test_a_file_that_cannot_be_had_is_named_with_what_to_do(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", CONTENT)
    absent = PINNED._replace(version="2.0")
    with pytest.raises(ArtefactError, match=r"thing-2.0.jar cannot be downloaded.*IPU_CACHE_DIR"):
        artefacts.fetch([absent], tmp_path / "jars", _quiet, repository)


def test_the_committed_lock_pins_one_version_of_every_archive() -> None:
    broker = artefacts.pinned(BROKER)
    projects = [(each.group, each.name) for each in broker]
    names = {each.name: each.version for each in broker}
    assert len(projects) == len(set(projects))
    assert names["kafka_2.13"] == names["kafka-clients"]
    assert {"log4j-slf4j-impl", "log4j-core", "log4j-api"} <= names.keys()
    assert [each.file_name for each in artefacts.pinned(REGISTRY)] == [
        "apicurio-registry-app-3.3.3-all.tar.gz"
    ]


def test_a_lock_line_reads_back_as_written() -> None:
    assert artefacts.parse_lock(f"# heading\n\n{PINNED.line}\n") == (PINNED,)


def test_a_lock_line_that_reads_otherwise_is_named() -> None:
    with pytest.raises(ArtefactError, match=r"line 2: .*'broker thing'"):
        artefacts.parse_lock("# heading\nbroker thing")
