"""The partnership of the area `alerts`: a protocol in force under a new short name, and its programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped, unused-ignore]
from confluent_kafka.admin import AdminClient

from ops.background import start_alerter, start_discloser
from ops.embedded import processes
from ops.embedded.service import Service
from ops.system import keys_of
from sanitiser.incidents.digests import Digests
from streams.alerts.assembly import alert_ids
from streams.alerts.clients import AlerterClients
from tests.benchmarks import broker
from tests.benchmarks.broker import Group
from tests.benchmarks.contenders.ipu import Ipu
from tests.benchmarks.errors import BenchError
from tests.benchmarks.own_partnership import own_partnership, stopped, until, worker_of
from tests.benchmarks.setting import Setting
from tests.year.district import AGENCIES

PROTOCOL_FILE = Path(__file__).with_name("bench-alerts.yaml")
RECIPIENT = "council"
_SHORT_NAME = "benchalerts"
_CALL_SECONDS = 20.0
_STOP_SECONDS = 30.0
_PATIENCE_S = 90.0
_ASK_EVERY_S = 0.05
_QUIET_S = 3.0
_MARKERS = 3
"""The end of a transaction has an offset too, which no consumer commits."""


@dataclass(frozen=True)
class AlertSetting:
    """A running stack with the partnership of alerts."""

    setting: Setting

    @cached_property
    def admin(self) -> AdminClient:
        """A client of the administrator, the same one at each use."""
        return self.setting.admin

    @property
    def alerts(self) -> str:
        """The topic of the recipient's alerts."""
        return self.setting.names.alerts(RECIPIENT)

    @cached_property
    def alert_of(self) -> Callable[[str, Mapping[str, Any]], str]:
        """A function that returns the id of the alert of an event that begins with a record.

        It takes the dataset, and the record or at least the fields of its identity.
        """
        lasting = keys_of(self.setting.stack).ring().lasting
        digests, ids = Digests(lasting), alert_ids(lasting)

        def alert_of(dataset: str, record: Mapping[str, Any]) -> str:
            names = self.setting.catalogue.record_type(dataset).identity
            identity = [str(record[name]) for name in names]
            return ids(RECIPIENT, digests.record(AGENCIES[dataset], dataset, identity))[0]

        return alert_of

    @cached_property
    def workers(self) -> Group:
        """The group of the sanitising workers."""
        names = self.setting.names
        intakes = [names.intake(agency, dataset) for dataset, agency in AGENCIES.items()]
        return self._group(Ipu(self.setting).group, intakes)

    @cached_property
    def agents(self) -> Group:
        """The group of the alerts agents, at the topic of incidents."""
        names = self.setting.names
        return self._group(AlerterClients({}, names.alerter).group, [names.incidents])

    def _group(self, name: str, intakes: list[str]) -> Group:
        return Group(self.admin, name, broker.begins(self.admin, intakes))

    def worker(self) -> AbstractContextManager[Service]:
        """Run a supervised worker."""
        return worker_of(self.setting, self.workers)

    @contextmanager
    def agent(self, slots: int = 1) -> Iterator[list[Service]]:
        """Run supervised alerts agents, one of which is active."""
        with ExitStack() as running:
            started = []
            for slot in range(slots):
                started.append(running.enter_context(stopped(self._agent(str(slot)))))
                self._await_members(slot + 1)
            yield started

    def active(self, agents: Sequence[Service]) -> Service:
        """Return the agent that has the incidents, of those in the slots 0, 1, ..."""
        group = self.agents
        has = [bool(group.partitions_of(f"{group.name}.{slot}")) for slot in range(len(agents))]
        if sum(has) != 1:
            raise BenchError(f"{sum(has)} alerts agents have incidents")
        return agents[has.index(True)]

    def _await_members(self, count: int) -> None:
        until(lambda: self.agents.members() == count, "an alerts agent did not join its group")

    def _agent(self, slot: str) -> Service:
        return start_alerter(self.setting.stack, self.setting.files.protocol, slot, exercise=True)

    @contextmanager
    def discloser(self) -> Iterator[Service]:
        """Run a supervised discloser."""
        protocol, stack = self.setting.files.protocol, self.setting.stack
        with stopped(start_discloser(stack, protocol, exercise=True)) as discloser:
            yield discloser

    def await_worker(self) -> None:
        """Wait until all that was published is sanitised."""
        until(lambda: self.workers.waiting() <= 0, "the worker did not finish its records")

    def await_agent(self) -> None:
        """Wait until all that was sanitised is processed by the alerts agent, and nothing changes."""
        seen: list[tuple[float, object]] = []

        def is_quiet() -> bool:
            if self.agents.waiting() > _MARKERS:
                seen.clear()
                return False
            now, state = time.monotonic(), broker.ends(self.admin, [self.alerts])
            if not seen or seen[0][1] != state:
                seen[:] = [(now, state)]
            return now - seen[0][0] > _QUIET_S

        until(is_quiet, "the alerts agent did not finish its incidents")


@contextmanager
def alert_setting(setting: Setting, report: Callable[[str], None]) -> Iterator[AlertSetting]:
    """Put the protocol of alerts in force; remove what it made at the end."""
    with own_partnership(setting, PROTOCOL_FILE, _SHORT_NAME, report) as made:
        yield AlertSetting(made)


def kill_for_good(service: Service) -> None:
    """End a program at once with its supervisor, which would start it again."""
    children = psutil.Process(service.process.pid).children(recursive=True)
    processes.kill(service.process)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def kill_once(service: Service) -> bool:
    """End a program at once; its supervisor starts it again. Return False if it did not run."""
    children = psutil.Process(service.process.pid).children()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    return bool(children)
