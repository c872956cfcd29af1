"""A partnership of a benchmark: a protocol in force under a new short name, and what its programs need."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from confluent_kafka import KafkaException

from isp.agreement.topics import topics
from isp.broker.rules import revoke_rules
from isp.broker.users import remove_users
from ops.background import start_worker
from ops.embedded import processes
from ops.embedded.service import Service
from ops.exercise import exercise
from ops.worker import STATE_FOLDER
from tests.benchmarks.broker import Group
from tests.benchmarks.errors import BenchError
from tests.benchmarks.setting import Setting, put_in_force

_CALL_SECONDS = 20.0
_STOP_SECONDS = 30.0
_PATIENCE_S = 90.0
_ASK_EVERY_S = 0.05


@contextmanager
def own_partnership(
    setting: Setting, file: Path, short_name: str, report: Callable[[str], None]
) -> Iterator[Setting]:
    """Put a protocol in force under a new short name in place of its own; remove what it made at the end."""
    name = f"{short_name.removeprefix('bench')}{time.time_ns() // 1_000_000}"
    source = setting.files.folder / file.name
    text = file.read_text(encoding="utf-8")
    source.write_text(text.replace(short_name, name), encoding="utf-8")
    exercise(source, setting.files.run_dir, setting.catalogue)
    made = put_in_force(replace(setting.files, source=source), setting.stack, report)
    try:
        yield made
    finally:
        _clear(made)


def _clear(setting: Setting) -> None:
    admin, prefix = setting.admin, setting.protocol.prefix
    revoke_rules(admin, prefix, ())
    remove_users(admin, prefix, ())
    made = [topic.name for topic in topics(setting.protocol, setting.catalogue)]
    for future in admin.delete_topics(made).values():
        future.result(_CALL_SECONDS)
    for left in (setting.stack.run_dir / STATE_FOLDER).glob(f"{prefix}.*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


@contextmanager
def stopped(service: Service) -> Iterator[Service]:
    """Stop a program at the end."""
    try:
        yield service
    finally:
        processes.stop(service.process, _STOP_SECONDS)


@contextmanager
def worker_of(setting: Setting, workers: Group) -> Iterator[Service]:
    """Run a supervised worker of a partnership, once it is a member of the group of its workers."""
    with stopped(start_worker(setting.stack, setting.files.protocol, exercise=True)) as worker:
        until(lambda: workers.has_members(1), "the worker did not join its group")
        yield worker


def until(shown: Callable[[], bool], failed: str, patience_s: float = _PATIENCE_S) -> None:
    """Wait until something is shown.

    Raises:
        BenchError: it was not shown in time.
    """
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        with suppress(KafkaException):  # before the first member there is no such group
            if shown():
                return
        time.sleep(_ASK_EVERY_S)
    raise BenchError(f"{failed} within {patience_s:.0f} s")
