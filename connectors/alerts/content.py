"""The content of an alert: of a personal one it is decrypted, and only when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from connectors.alerts.picture import Alert
from connectors.errors import AlertError
from isp.cases.sealing import NotForThisKey

CaseKeyOf = Callable[[str], bytes]
"""A function that returns the key of a case by the id of the case."""

Opener = Callable[[Alert], Mapping[str, Any]]
"""A function that returns the content of an alert."""

_ENVELOPE = ("level", "reasons", "type", "hour", "area", "late")


def depersonalised(alert: Alert) -> dict[str, Any]:
    """Return the content of an alert without personal data; what is not known is left out."""
    return {name: alert.message[name] for name in _ENVELOPE if alert.message[name] not in ("", [])}


def content_of(alert: Alert, decrypt: Opener) -> Mapping[str, Any]:
    """Return the content of an alert, decrypted if it is personal.

    Raises:
        AlertError: it was not encrypted for this recipient, or the document is not an alert's.
        DisclosureError: the case is not open, or its key is not here.
    """
    if not alert.is_personal:
        return depersonalised(alert)
    try:
        document = decrypt(alert)
    except NotForThisKey as error:
        raise AlertError(f"alert {alert.id}: {error}") from None
    except json.JSONDecodeError:
        raise AlertError(f"alert {alert.id}: the decrypted content is not a document") from None
    if not isinstance(document, dict):
        raise AlertError(f"alert {alert.id}: the decrypted content is not a document")
    return document
