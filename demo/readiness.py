"""Wait until the detector has computed what chance gives in each series."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from urllib.request import Request, urlopen

from isp.keys.secrets_store import SecretStore
from ops.metrics_door import LOOPBACK, USER

WAITING = "ipu_finding_evaluations_waiting"
LAG = "ipu_consumer_lag_records"

_QUIET_S = 2.0
_BETWEEN_S = 0.5
_TIMEOUT_S = 5.0


def await_distributions(
    read: Callable[[], str], patience_s: float, between_s: float = _BETWEEN_S
) -> bool:
    """Wait until no record and no evaluation has waited for two seconds; return False if time is over.

    `read` returns the metrics.
    """
    give_up = time.monotonic() + patience_s
    quiet_since = time.monotonic()
    while time.monotonic() < give_up:
        if is_busy(read()):
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since >= min(_QUIET_S, patience_s / 2):
            return True
        time.sleep(between_s)
    return False


def is_busy(metrics: str) -> bool:
    """Return True if records or evaluations wait, by the metrics in Prometheus' text format.

    Without metrics nothing is known, so something may wait.
    """
    samples = (line.rpartition(" ") for line in metrics.splitlines() if not line.startswith("#"))
    waits = {name: float(value) for name, _, value in samples if name.startswith((WAITING, LAG))}
    return WAITING not in waits or any(value > 0 for value in waits.values())


def metrics_of(port: int, secrets: SecretStore) -> str:
    """Return the metrics that a program serves; an empty text if it does not answer."""
    login = b64encode(f"{USER}:{secrets.password(USER)}".encode()).decode()
    url = f"http://{LOOPBACK}:{port}/metrics"
    request = Request(url, headers={"Authorization": f"Basic {login}"})
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - this machine
            return str(answer.read().decode())
    except OSError:
        return ""
