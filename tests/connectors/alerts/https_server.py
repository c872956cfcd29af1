"""A receiver of webhooks: a real HTTPS server on loopback, which verifies the signatures itself."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import trustme
from standardwebhooks.webhooks import Webhook

from connectors.alerts.webhook import Endpoint, new_secret


class Reply(NamedTuple):
    """An answer of the receiver."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()


class Receiver:
    """A receiver that keeps what it got. It answers with the replies in their order, then with 204."""

    def __init__(self) -> None:
        """Begin with a new secret."""
        self.secret = new_secret()
        self.replies: list[Reply] = []
        self.ids: list[str] = []
        self.paths: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.port = 0

    def endpoint(self, trust: ssl.SSLContext, host: str = "localhost") -> Endpoint:
        """Return the endpoint of the receiver."""
        return Endpoint(f"https://{host}:{self.port}/alerts", self.secret, trust)


@contextmanager
def receiving(authority: trustme.CA, host: str = "localhost") -> Iterator[Receiver]:
    """Run a receiver with a certificate of the authority for one host name."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.paths.append(self.path)
            receiver.ids.append(self.headers["webhook-id"])
            receiver.bodies.append(Webhook(receiver.secret).verify(body, dict(self.headers)))
            reply = receiver.replies.pop(0) if receiver.replies else Reply()
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a context that trusts the authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context
