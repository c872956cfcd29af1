"""Only the password gives access to the metrics; the health check shows no data."""

from __future__ import annotations

import socket
import struct
from base64 import b64encode
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Gauge, make_wsgi_app

from ops.embedded import ports
from ops.metrics_door import HEALTH, LOOPBACK, USER, guarded, serve

PASSWORD = "right"


def asked(path: str, authorization: str | None = None) -> tuple[str, str]:
    """Return status and body of a request."""
    registry = CollectorRegistry()
    Gauge("ipu_secret", "What nobody else may know", registry=registry).set(1)
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
    if authorization is not None:
        environ["HTTP_AUTHORIZATION"] = authorization
    status: list[str] = []

    def start(line: str, *_: Any) -> Any:
        status.append(line)

    body = guarded(make_wsgi_app(registry), PASSWORD)(environ, start)
    return status[0], b"".join(body).decode()


def basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", basic(USER, ""), basic(USER, "wrong"), basic("other", PASSWORD),
     f"Bearer {PASSWORD}", basic(USER, PASSWORD).replace("Basic", "Digest"), "Basic \u00ff\u0142"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/metrics", "/", "/favicon.ico", "/health/", "/health/x"])
def test_nothing_is_said_without_the_password(path: str, authorization: str | None) -> None:
    status, body = asked(path, authorization)
    assert status == "401 Unauthorized"
    assert "ipu" not in body


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_the_password_opens_the_metrics(scheme: str) -> None:
    status, body = asked("/metrics", basic(USER, PASSWORD).replace("Basic", scheme))
    assert status == "200 OK"
    assert "ipu_secret 1.0" in body


def test_the_health_check_answers_anybody_and_says_nothing_else() -> None:
    assert asked("/health") == ("200 OK", "200 OK\n")


def test_an_empty_password_opens_nothing() -> None:
    with pytest.raises(ValueError, match="need a password"):
        guarded(make_wsgi_app(CollectorRegistry()), "")


def test_requests_that_break_off_leave_nothing_in_the_worker_s_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    port = ports.any_free()
    serve(port, CollectorRegistry(), PASSWORD)
    for _ in range(4):
        with socket.create_connection((LOOPBACK, port), 60) as connection:
            connection.sendall(b"GET /metr")
            # Closed with what the server has not read, and so with a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for _ in range(4):
        httpx2.get(f"http://{LOOPBACK}:{port}{HEALTH}", timeout=60, trust_env=False)
    assert capfd.readouterr() == ("", "")
