"""Serve the worker's metrics over HTTP with a password, and a health check without data."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterable
from hmac import compare_digest
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
USER = "ipu-metrics"
"""The user of the metrics. The secret store has the password under this name."""

HEALTH = "/health"
_REQUESTS_AT_ONCE = 8
_SILENT_SECONDS = 5


def serve(port: int, registry: CollectorRegistry, password: str) -> None:
    """Serve the metrics of `registry` on a loopback port, in daemon threads."""
    app = guarded(make_wsgi_app(registry), password)
    server = make_server(LOOPBACK, port, app, _Server, _Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def guarded(app: WSGIApplication, password: str) -> WSGIApplication:
    """Put password authentication before `app`; without it only the health check is answered.

    Raises:
        ValueError: the password is empty, so everybody would be admitted.
    """
    if not password:
        raise ValueError("the metrics need a password")
    expected = b64encode(f"{USER}:{password}".encode())

    def door(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == HEALTH:
            return _answer(start_response, "200 OK")
        scheme, _, credentials = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        # Comparing takes the same time however many characters are right.
        right = compare_digest(credentials.strip().encode("latin-1", "replace"), expected)
        if right and scheme.lower() == "basic":
            return app(environ, start_response)
        return _answer(start_response, "401 Unauthorized", ("WWW-Authenticate", "Basic"))

    return door


def _answer(start: StartResponse, status: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), *headers])
    return [status.encode() + b"\n"]


class _Server(ThreadingMixIn, WSGIServer):
    """A server that answers a few requests at once and closes the others, to limit its memory."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._free = threading.BoundedSemaphore(_REQUESTS_AT_ONCE)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a new thread if one is free, else close the connection."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, then free the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, *_: Any) -> None:
        """Log no error of a request: otherwise anybody could fill the worker's log."""


class _Handler(WSGIRequestHandler):
    timeout = _SILENT_SECONDS

    def log_message(self, *_: Any) -> None:
        """Log no request."""
