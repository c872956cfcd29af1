"""Decrypt personal alerts: with the key of their case, or with the key of the conflict officer."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connectors.alerts.picture import Alert
from isp.cases.case import Case
from isp.cases.client.office import Office
from isp.cases.client.recipient import read_sealing_key, sealing_key_file
from isp.cases.errors import DisclosureError
from isp.cases.sealing import NotForThisKey, from_discloser, from_officer, unsealed

FOLDER = "alerts"
_BINDING = b"alert:"


def own_key_file(secrets: Path, login: str) -> Path:
    """Return the usual path of the private key that a party or a conflict officer has for alerts.

    The protocol has the public key: in the terms of the party, or at the conflict officer. `login` is the
    party, or `conflict.` and the party.
    """
    return secrets / FOLDER / f"{login}.sealing"


class ByCase(NamedTuple):
    """Decrypts with the key of the alert's case, from the party's inbox.

    The key of a case is encrypted to the key that was made for the request, in `secrets`, or to the
    party's key for prepared requests, in `key_file`. Keys are read at each call and not stored: an alert
    cannot be read after its case has ended.
    """

    office: Office
    secrets: Path
    key_file: Path

    def __call__(self, alert: Alert) -> Mapping[str, Any]:
        """Return the decrypted document. Errors as `connectors.alerts.content.content_of`."""
        if alert.case is None:
            raise DisclosureError(f"alert {alert.id} names no case; it cannot be decrypted")
        case = self.office.case(alert.case)
        if case.flow is None:
            raise DisclosureError(f"case {case.case} is {case.state}; its alerts cannot be read")
        key = self._case_key(case, case.flow.key)
        name = _BINDING + alert.id.encode()
        document: Mapping[str, Any] = json.loads(unsealed(key, name, dict(alert.message)))
        return document

    def _case_key(self, case: Case, wrapped: str) -> bytes:
        own = sealing_key_file(self.secrets, self.office.party.id, case.case)
        files = [file for file in (own, self.key_file) if file.exists()]
        for file in files:
            try:
                return from_discloser(b64decode(wrapped), read_sealing_key(file), case.case)
            except NotForThisKey:
                continue
        tried = ", ".join(map(str, files)) or f"there is neither {own} nor {self.key_file}"
        raise DisclosureError(f"no key here opens case {case.case}: {tried}")


class ByOfficer(NamedTuple):
    """Decrypts with the private key of the conflict officer."""

    key_file: Path

    def __call__(self, alert: Alert) -> Mapping[str, Any]:
        """Return the decrypted document. Errors as `connectors.alerts.content.content_of`."""
        private: X25519PrivateKey = read_sealing_key(self.key_file)
        text = from_officer(private, alert.id, dict(alert.message))
        document: Mapping[str, Any] = json.loads(text)
        return document
