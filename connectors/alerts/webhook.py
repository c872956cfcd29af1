"""Messages to a recipient's HTTPS endpoint, signed by the rules of Standard Webhooks.

The specification is https://www.standardwebhooks.com/, version 1: the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, an HMAC with SHA-256 over id, timestamp and body. The body has
the envelope of the alert and the encrypted bytes. It never has decrypted content.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

from connectors.alerts.picture import Change
from connectors.errors import AlertError
from isp.keys import private_files
from schemas.exact_base64 import decoded, encoded

SECRET_BYTES = 32
_PREFIX = "whsec_"
_WITHDRAWN = 0


class Parcel(NamedTuple):
    """The message about one version of an alert, or about its withdrawal (`version` 0).

    `id` is the same for each attempt, also after a restart, so a receiver recognises a repeated message.
    """

    alert: str
    version: int
    made: datetime
    id: str
    body: str


def parcel_of(change: Change) -> Parcel | None:
    """Return the message about a change; None for an alert that this release cannot read.

    The id has the time of the version: an alert that is raised again after its withdrawal begins with
    version 1 again.
    """
    if change.alert is not None:
        alert = change.alert
        name = f"{alert.id}-{alert.version}-{_ms(alert.made)}"
        data = {field: _plain(value) for field, value in alert.message.items()}
        body = _body("alert.published", alert.made, data)
        return Parcel(alert.id, alert.version, alert.made, name, body)
    if not change.is_withdrawal:
        return None
    name = f"{change.id}-withdrawn-{_ms(change.at)}"
    body = _body("alert.withdrawn", change.at, {"alert": change.id})
    return Parcel(change.id, _WITHDRAWN, change.at, name, body)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A recipient's endpoint: its URL, the secret of the signatures, and the trusted certificates."""

    url: str
    secret: str = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)

    def headers(self, parcel: Parcel, now: datetime) -> Mapping[str, str]:
        """Return the headers of an attempt. The signature has the time of the attempt, in UTC."""
        signature = Webhook(self.secret).sign(parcel.id, now.astimezone(UTC), parcel.body)
        return {
            "content-type": "application/json",
            "user-agent": "ipu",
            "webhook-id": parcel.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }


def endpoint_of(url: str, secret_file: Path, ca_file: Path | None = None) -> Endpoint:
    """Return the endpoint of a command. Without `ca_file` the system's certificates are trusted.

    Raises:
        AlertError: the URL is not an HTTPS URL of the accepted form, or a file is not usable.
        SecretError: other users may read the file of the secret.
    """
    check_url(url)
    return Endpoint(url, read_secret(secret_file), _trust(ca_file))


def check_url(url: str) -> None:
    """Check that an URL may be used.

    Raises:
        AlertError: it is not HTTPS, or has a user, a password or a fragment.
    """
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    accepted = "accepted: https://HOST/PATH, without user, password and fragment"
    if not usable or parts.scheme != "https" or parts.username is not None or parts.fragment:
        raise AlertError(f"--url: this URL cannot be used; {accepted}")


def new_secret() -> str:
    """Return a new random secret in the form of the specification."""
    return _PREFIX + encoded(token_bytes(SECRET_BYTES))


def read_secret(file: Path) -> str:
    """Return the secret in a file of mode 0600.

    Raises:
        AlertError: the file does not exist, or has no such secret.
        SecretError: other users may read the file, or it is empty.
    """
    accepted = f"accepted: {_PREFIX} and {SECRET_BYTES} bytes in base64; make one with "
    accepted += "`ipu alerts webhook-secret`"
    try:
        text = private_files.read(file)
    except OSError as error:
        raise AlertError(f"{file}: {error.strerror}; {accepted}") from None
    if not _is_secret(text):
        raise AlertError(f"{file} has no secret; {accepted}")
    return text


def _is_secret(text: str) -> bool:
    try:
        decoded(text.removeprefix(_PREFIX), SECRET_BYTES)
    except ValueError:
        return False
    return text.startswith(_PREFIX)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return the trusted certificates. Names of hosts are always verified."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError):
        message = f"{ca_file} has no certificates; accepted: certificates in PEM"
        raise AlertError(message) from None


def _body(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": kind, "timestamp": _instant(at), "data": data})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _instant(value)
    return b64encode(value).decode() if isinstance(value, bytes) else value


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
