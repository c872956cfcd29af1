"""Choose ports on the loopback interface."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from ops.embedded.errors import StackError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return True if a server can listen on this port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java servers do: a connection in TIME_WAIT does not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free(excluding: Iterable[int] = ()) -> int:
    """Return a free port that is not in ``excluding``."""
    taken = set(excluding)
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
    message = "no free port found on 127.0.0.1; stop programs that use ports and try again"
    raise StackError(message)


def choose(wanted: int | None, used_before: int | None, variable: str) -> int:
    """Return the wanted port, or the port used before if it is free, or any free port.

    Raises:
        StackError: the wanted port is taken.
    """
    if wanted is not None:
        if not is_free(wanted):
            message = (
                f"port {wanted} on 127.0.0.1 is taken by another program; "
                f"set {variable} to another port, or leave it empty for any free port"
            )
            raise StackError(message)
        return wanted
    if used_before is not None and is_free(used_before):
        return used_before
    return any_free()
