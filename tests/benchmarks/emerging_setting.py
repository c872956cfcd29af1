"""The partnership of the area `emerging`: a protocol in force under a new short name, and its programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from demo.readiness import await_distributions, metrics_of
from ops.background import start_detector
from ops.embedded.service import Service
from tests.benchmarks import broker
from tests.benchmarks.broker import Group
from tests.benchmarks.contenders.ipu import Ipu
from tests.benchmarks.job import AGENCY, DATASET
from tests.benchmarks.own_partnership import own_partnership, stopped, until, worker_of
from tests.benchmarks.setting import Setting

PROTOCOL_FILE = Path(__file__).with_name("bench-emerging.yaml")
RECIPIENT = "council"
_SHORT_NAME = "benchemerging"
_PATIENCE_S = 180.0


@dataclass
class EmergingSetting:
    """A running stack with the partnership of emerging problems."""

    setting: Setting
    _detectors: list[Service] = field(default_factory=list)

    @property
    def findings(self) -> str:
        """The topic of the recipient's findings."""
        return self.setting.names.alerts_emerging(RECIPIENT)

    @cached_property
    def workers(self) -> Group:
        """The group of the sanitising workers."""
        intake = self.setting.names.intake(AGENCY, DATASET)
        admin = self.setting.admin
        return Group(admin, Ipu(self.setting).group, broker.begins(admin, [intake]))

    def worker(self) -> AbstractContextManager[Service]:
        """Run a supervised worker."""
        return worker_of(self.setting, self.workers)

    @contextmanager
    def detector(self) -> Iterator[Service]:
        """Run a supervised detector."""
        protocol, stack = self.setting.files.protocol, self.setting.stack
        with stopped(start_detector(stack, protocol, exercise=True)) as detector:
            self._detectors.append(detector)
            yield detector

    def await_worker(self) -> None:
        """Wait until all that was published is sanitised."""
        until(lambda: self.workers.waiting() <= 0, "the worker did not finish its records")

    def await_evaluations(self) -> None:
        """Wait until no record and no evaluation waits for the detector."""
        port, secrets = self._detectors[-1].port, self.setting.stack.secrets
        await_distributions(lambda: metrics_of(port, secrets), _PATIENCE_S)


@contextmanager
def emerging_setting(setting: Setting, report: Callable[[str], None]) -> Iterator[EmergingSetting]:
    """Put the protocol of emerging problems in force; remove what it made at the end."""
    with own_partnership(setting, PROTOCOL_FILE, _SHORT_NAME, report) as made:
        yield EmergingSetting(made)
