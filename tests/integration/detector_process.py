"""The detector in a process of its own, with a clock that a test may set.

Run as a program it is that process: it does what `ipu emerging serve` does.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

from isp.broker.signed import load_signed
from ops import detector
from ops.embedded import stack as embedded
from ops.settings import Settings
from ops.system import deployment_of
from ops.worker import STATE_FOLDER
from schemas.catalogue import load_catalogue


@dataclass(frozen=True)
class DetectorOrder:
    """The arguments of a detector. `clock` is a file with the seconds by which its clock is ahead."""

    run_dir: str
    protocol: str
    clock: str
    metrics_port: int

    @property
    def command(self) -> list[str]:
        """The command line of the process."""
        return [sys.executable, "-m", __name__, json.dumps(asdict(self))]


def _work(order: DetectorOrder) -> None:
    stack = embedded.find(Settings.from_environment({}, run_dir=order.run_dir))
    assert stack is not None, "the stack does not run"
    signed = load_signed(Path(order.protocol), load_catalogue(), exercise=True)
    clock = Path(order.clock)
    own_time = SimpleNamespace(time=lambda: time.time() + float(clock.read_text()))
    setattr(detector, "time", own_time)  # noqa: B010 - the detector alone has another clock
    detector.DetectorProgram.of(
        deployment_of(stack), signed, stack.run_dir / STATE_FOLDER, "0", order.metrics_port
    ).run()


if __name__ == "__main__":
    _work(DetectorOrder(**json.loads(sys.argv[1])))
