"""Download and verify the pinned Java archives of the broker and the registry.

``artefacts.lock`` names every file by its Maven coordinate and SHA-256. Nothing else is put on a
class path. ``python -m ops.embedded.relock`` writes that file.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from ops.embedded.errors import ArtefactError

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

LOCK_NAME = "artefacts.lock"
BROKER = "broker"
REGISTRY = "registry"
WITHOUT = frozenset({"snappy-java", "zstd-jni"})
"""Archives that are left out of the broker, so that it refuses batches compressed with them.

The broker unpacks each compressed batch. A hundred bytes of snappy make it allocate 500 MB, and 64
kB of zstd unpack to 2 GB; no setting limits that. Gzip and lz4 unpack to a thousand times at most.
"""
DOWNLOADS_AT_ONCE = 6
TIMEOUT_SECONDS = 60

Report = Callable[[str], None]


class Artefact(NamedTuple):
    """One pinned file of a part of the stack (``broker`` or ``registry``)."""

    part: str
    sha256: str
    group: str
    name: str
    version: str
    classifier: str
    packaging: str

    @property
    def file_name(self) -> str:
        """Return the file's name in the cache, for example ``kafka_2.13-4.4.0.jar``."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.{self.packaging}"

    @property
    def line(self) -> str:
        """Return the artefact as a line of the lock file."""
        coordinate = (self.group, self.name, self.version, self.classifier, self.packaging)
        return f"{self.part} {self.sha256} {':'.join(coordinate)}"


def parse_lock(text: str) -> tuple[Artefact, ...]:
    """Read lines ``part sha256 group:name:version:classifier:packaging``; ``#`` starts a comment.

    Raises:
        ArtefactError: a line has another form; the message has its number.
    """
    artefacts = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        coordinate = words[-1].split(":")
        if len(words) != 3 or len(words[1]) != 64 or len(coordinate) != 5:  # noqa: PLR2004
            message = (
                f"{LOCK_NAME} line {number}: expected 'part sha256 "
                f"group:name:version:classifier:packaging', got {line!r}"
            )
            raise ArtefactError(message)
        artefacts.append(Artefact(words[0], words[1], *coordinate))
    return tuple(artefacts)


def pinned(part: str) -> tuple[Artefact, ...]:
    """Return the pinned files of a part of the stack, in class path order."""
    text = resources.files("ops.embedded").joinpath(LOCK_NAME).read_text(encoding="utf-8")
    return tuple(artefact for artefact in parse_lock(text) if artefact.part == part)


def class_path(cache: Path, report: Report) -> tuple[Path, ...]:
    """Return the broker's verified archives in class path order; download those that are missing.

    Raises:
        ArtefactError: a file cannot be downloaded, or is not the pinned one.
    """
    artefacts = [each for each in pinned(BROKER) if each.name not in WITHOUT]
    folder = cache / "jars"
    fetch(artefacts, folder, report)
    return tuple(folder / artefact.file_name for artefact in artefacts)


def registry_home(cache: Path, report: Report) -> Path:
    """Return the folder of the unpacked registry; download, verify and unpack it if it is missing.

    Raises:
        ArtefactError: as `class_path`.
    """
    (archive,) = pinned(REGISTRY)
    home = cache / f"{archive.name}-{archive.version}-{archive.sha256[:12]}"
    if home.is_dir():
        return home
    folder = cache / "archives"
    fetch((archive,), folder, report)
    with FileLock(cache / "unpack.lock"):
        if not home.is_dir():
            report("unpacking the schema registry")
            _unpack(folder / archive.file_name, home)
            (folder / archive.file_name).unlink()
    return home


def maven(downloads: Path) -> MavenContext:
    """Return access to the Maven repository, with downloads under ``downloads``."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - of the extra "embedded"

    return MavenContext(repo_cache=downloads, local_repos=[], timeout=TIMEOUT_SECONDS)


def fetch(
    artefacts: Iterable[Artefact],
    folder: Path,
    report: Report,
    repository: Callable[[Path], MavenContext] = maven,
) -> None:
    """Check that ``folder`` has each artefact with its pinned SHA-256; download the missing ones.

    Raises:
        ArtefactError: a file cannot be downloaded, or is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        missing = [artefact for artefact in artefacts if not _is_whole(artefact, folder)]
        if not missing:
            return
        report(f"downloading {len(missing)} file(s) from the Maven repository, once")
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as draft:
            context = repository(Path(draft))
            with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
                for artefact in pool.map(lambda each: _download(each, context, folder), missing):
                    report(f"downloaded {artefact.file_name}")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_whole(artefact: Artefact, folder: Path) -> bool:
    path = folder / artefact.file_name
    return path.is_file() and sha256_of(path) == artefact.sha256


def _download(artefact: Artefact, context: MavenContext, folder: Path) -> Artefact:
    import requests  # noqa: PLC0415 - of the extra "embedded"

    component = context.project(artefact.group, artefact.name).at_version(artefact.version)
    remote = component.artifact(artefact.classifier, artefact.packaging)
    retries = Retrying(
        stop=stop_after_attempt(3),
        wait=wait_exponential(max=5),
        retry=retry_if_exception_type(requests.RequestException),
    )
    try:
        for attempt in retries:
            with attempt:
                path = _resolve(remote)
    except (RetryError, RuntimeError) as error:
        cause = error.last_attempt.exception() if isinstance(error, RetryError) else error
        message = (
            f"{artefact.file_name} cannot be downloaded from the Maven repository "
            f"({type(cause).__name__}); check the network, or set IPU_CACHE_DIR to a folder that "
            "was filled by a start on another machine"
        )
        raise ArtefactError(message) from cause
    found = sha256_of(path)
    if found != artefact.sha256:
        message = (
            f"{artefact.file_name} is not the pinned file: it has SHA-256 {found}, "
            f"{LOCK_NAME} says {artefact.sha256}. Nothing was started. Try again; if this repeats, "
            "the repository serves another file and must not be trusted"
        )
        raise ArtefactError(message)
    shutil.move(path, folder / artefact.file_name)
    return artefact


def _resolve(remote: Artifact) -> Path:
    # The resolver would take the rest of an interrupted download for a whole file.
    if remote.cached_path is not None:
        remote.cached_path.unlink(missing_ok=True)
    return remote.resolve()


def _unpack(archive: Path, home: Path) -> None:
    draft = Path(tempfile.mkdtemp(dir=home.parent, prefix=".unpack-"))
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(draft, filter="data")
        draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
