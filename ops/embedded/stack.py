"""Start, find and stop the embedded stack of broker and schema registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from isp.keys import private_files
from isp.keys.secrets_store import SecretStore
from ops.embedded import artefacts, processes, service
from ops.embedded.broker import Broker, bootstrap_of, inside_of
from ops.embedded.errors import StackError
from ops.embedded.layout import Layout
from ops.embedded.processes import ProcessRecord
from ops.embedded.registry import Registry, url_of
from ops.embedded.service import Service
from ops.settings import Settings

LOCK_SECONDS = 300.0

Report = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A running stack: the address of its broker (``host:port``) and of its registry (URL).

    Partners connect to ``bootstrap``, this project's own programs to ``inside``.
    """

    bootstrap: str
    inside: str
    registry_url: str
    run_dir: Path
    broker: ProcessRecord
    registry: ProcessRecord

    @property
    def secrets(self) -> SecretStore:
        """Return the passwords of the principals of this stack."""
        return Layout(self.run_dir).secrets

    @property
    def registry_client(self) -> dict[str, str]:
        """Return the settings for a ``SchemaRegistryClient`` that may write to the registry."""
        return self.secrets.registry_config(self.registry_url)


def start(settings: Settings, report: Report) -> Stack:
    """Start what does not run yet under the run directory, and wait until it answers.

    If one server fails, a server that this call has started is stopped again.

    Raises:
        StackError: says what failed and what to do.
    """
    layout = Layout(settings.run_dir)
    layout.make()
    with _alone(layout), ThreadPoolExecutor(2) as pool:
        broker = pool.submit(_boot_broker, settings, layout, report)
        registry = pool.submit(_boot_registry, settings, layout, report)
        failure = broker.exception() or registry.exception()
        if failure is not None:
            for future in (broker, registry):
                if future.exception() is None and future.result()[1]:
                    processes.stop(future.result()[0].process)
            raise failure
        stack = _describe(layout, broker.result()[0], registry.result()[0])
        _write(layout, stack)
        return stack


def find(settings: Settings) -> Stack | None:
    """Return the stack under the run directory if its broker runs; the registry may have ended."""
    try:
        text = Layout(settings.run_dir).stack_file.read_text(encoding="utf-8")
        stack = _read(json.loads(text))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return stack if processes.is_running(stack.broker) else None


def stop(settings: Settings, report: Report) -> bool:
    """Stop both servers, the registry first; return ``False`` if neither ran.

    Their data is kept.
    """
    layout = Layout(settings.run_dir)
    if not layout.run_dir.is_dir():
        return False
    with _alone(layout):
        stopped = False
        for name, folder in (("schema registry", layout.registry), ("broker", layout.broker)):
            running = service.running(folder)
            if running is not None:
                report(f"stopping the {name}")
                stopped |= processes.stop(running.process)
        layout.stack_file.unlink(missing_ok=True)
        return stopped


def kill_broker(settings: Settings) -> bool:
    """Kill the broker with SIGKILL, like a crash; return ``False`` if it did not run."""
    running = service.running(Layout(settings.run_dir).broker)
    return running is not None and processes.kill(running.process)


def restart_broker(settings: Settings, report: Report) -> Stack:
    """Stop the broker if it runs, and start it with the same data and port.

    Raises:
        StackError: no broker was ever started here, or its port is taken.
    """
    layout = Layout(settings.run_dir)
    before = service.recall(layout.broker)
    if before is None:
        message = f"no broker was ever started under {layout.run_dir}; start the stack first"
        raise StackError(message)
    with _alone(layout):
        processes.stop(before.process)
    return start(settings.model_copy(update={"broker_port": before.port}), report)


def start_again(settings: Settings, report: Report) -> Stack:
    """Start the servers that have ended, with the same data and ports.

    Raises:
        StackError: as `start`, and if a port is taken.
    """
    layout = Layout(settings.run_dir)
    ports = {
        name: before.port
        for name, folder in (("broker_port", layout.broker), ("registry_port", layout.registry))
        if (before := service.recall(folder)) is not None
    }
    return start(settings.model_copy(update=ports), report)


def _boot_broker(settings: Settings, layout: Layout, report: Report) -> tuple[Service, bool]:
    running = service.running(layout.broker)
    jars = () if running else artefacts.class_path(settings.cache_dir, report)
    broker = Broker(layout, jars, settings.broker_heap)
    if running is None:
        report("starting the broker")
    started = running or broker.start(settings.broker_port)
    _wait(broker, started, ours=running is None)
    report(f"the broker answers on {bootstrap_of(started)}")
    return started, running is None


def _boot_registry(settings: Settings, layout: Layout, report: Report) -> tuple[Service, bool]:
    running = service.running(layout.registry)
    home = layout.registry if running else artefacts.registry_home(settings.cache_dir, report)
    registry = Registry(layout, home, settings.registry_heap)
    if running is None:
        report("starting the schema registry")
    started = running or registry.start(settings.registry_port)
    _wait(registry, started, ours=running is None)
    report(f"the schema registry answers on {url_of(started)}")
    return started, running is None


def _wait(server: Broker | Registry, started: Service, *, ours: bool) -> None:
    try:
        server.wait(started)
    except BaseException:
        if ours:
            processes.stop(started.process)
        raise


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    try:
        with FileLock(layout.lock_file, timeout=LOCK_SECONDS, mode=private_files.PRIVATE_FILE):
            yield
    except Timeout:
        message = (
            f"another command has been starting or stopping the stack under {layout.run_dir} for "
            f"{LOCK_SECONDS:.0f} s; end it, then try again"
        )
        raise StackError(message) from None


def _describe(layout: Layout, broker: Service, registry: Service) -> Stack:
    return Stack(
        bootstrap_of(broker),
        inside_of(broker),
        url_of(registry),
        layout.run_dir,
        broker.process,
        registry.process,
    )


def _write(layout: Layout, stack: Stack) -> None:
    content = {
        "bootstrap": stack.bootstrap,
        "inside": stack.inside,
        "registry_url": stack.registry_url,
        "run_dir": str(stack.run_dir),
        "broker": stack.broker._asdict(),
        "registry": stack.registry._asdict(),
    }
    private_files.write(layout.stack_file, json.dumps(content, indent=2) + "\n")


def _read(content: dict[str, Any]) -> Stack:
    return Stack(
        content["bootstrap"],
        content["inside"],
        content["registry_url"],
        Path(content["run_dir"]),
        ProcessRecord(**content["broker"]),
        ProcessRecord(**content["registry"]),
    )
