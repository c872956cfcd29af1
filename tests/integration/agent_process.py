"""An agent in a process of its own, with a clock that a test may set.

Run as a program it is that process: it does what `ipu alerts serve` or `ipu emerging serve` does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Literal

from isp.broker.signed import load_signed
from ops import alerter, detector
from ops.embedded import stack as embedded
from ops.settings import Settings
from ops.system import deployment_of
from ops.worker import STATE_FOLDER
from schemas.catalogue import load_catalogue
from streams.runtime import ending
from tests.integration.worker_process import WATCHED_EVERY_S

_Program = alerter.AlerterProgram | detector.DetectorProgram
_PROGRAMS: dict[str, tuple[ModuleType, Callable[..., _Program]]] = {
    "alerter": (alerter, alerter.AlerterProgram.of),
    "detector": (detector, detector.DetectorProgram.of),
}


@dataclass(frozen=True)
class AgentOrder:
    """The arguments of an agent.

    `clock` is a file with the seconds by which its clock is ahead. `state` is the folder of its state store
    under `run_dir`: another machine has another.
    """

    agent: Literal["alerter", "detector"]
    run_dir: str
    protocol: str
    clock: str
    slot: str = "0"
    metrics_port: int | None = None
    state: str = STATE_FOLDER

    @property
    def command(self) -> list[str]:
        """The command line of the process."""
        return [sys.executable, "-m", __name__, json.dumps(asdict(self))]


def _work(order: AgentOrder) -> None:
    stack = embedded.find(Settings.from_environment({}, run_dir=order.run_dir))
    assert stack is not None, "the stack does not run"
    signed = load_signed(Path(order.protocol), load_catalogue(), exercise=True)
    clock = Path(order.clock)
    # So that no test waits as long as an operator may.
    ending._WATCHED_EVERY_SECONDS = WATCHED_EVERY_S
    own_time = SimpleNamespace(time=lambda: time.time() + float(clock.read_text()))
    module, program_of = _PROGRAMS[order.agent]
    setattr(module, "time", own_time)  # noqa: B010 - the agent alone has another clock
    program_of(
        deployment_of(stack), signed, stack.run_dir / order.state, order.slot, order.metrics_port
    ).run()


if __name__ == "__main__":
    _work(AgentOrder(**json.loads(sys.argv[1])))
