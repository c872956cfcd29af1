"""The recipient's side of a case: its key for the case, and the records that it decrypts with the key."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.cases.client.office import Office
from isp.cases.errors import DisclosureError
from isp.cases.sealing import NotForThisKey, alert_name, from_discloser, unsealed
from isp.keys import private_files
from isp.keys.case_keys import FOLDER
from schemas.exact_base64 import encoded
from schemas.wire import decoder
from transport.reader import read_all


def sealing_key_file(secrets: Path, party: str, case: str) -> Path:
    """Return the path of the file with a party's private key for a case."""
    return secrets / FOLDER / f"{party}.{case}.sealing"


def make_sealing_key(file: Path) -> X25519PrivateKey:
    """Make the recipient's key for a case and write it to a new file of mode 0600.

    Raises:
        DisclosureError: the file exists already.
    """
    private = X25519PrivateKey.generate()
    private_files.make_folder(file.parent)
    if not private_files.write_new(file, encoded(private.private_bytes_raw())):
        raise DisclosureError(f"{file} exists already; a key is never overwritten")
    return private


def opened_records(office: Office, case: str, key_file: Path) -> Iterator[dict[str, Any]]:
    """Yield each record that is disclosed in a case now, decrypted.

    Raises:
        DisclosureError: the case is not open, has another recipient, or the key in `key_file` is not its key.
        Denied: the broker does not allow this party to read the case.
    """
    stands = office.case(case)
    if stands.recipient != office.party.id:
        raise DisclosureError(f"case {case} discloses only to {stands.recipient!r}")
    if stands.flow is None:
        raise DisclosureError(f"case {case} is {stands.state}; it has no records to read")
    try:
        case_key = from_discloser(b64decode(stands.flow.key), read_sealing_key(key_file), case)
        newest: dict[bytes, bytes | None] = {}
        for message in read_all(office.client, office.names.disclosed(case), 1):
            newest[bytes(message.key() or b"")] = message.value()
        decode = decoder(office.catalogue.system["disclosed"])
        for name, value in newest.items():
            if value is not None:
                document: dict[str, Any] = json.loads(unsealed(case_key, name, decode(value)))
                yield document
    except NotForThisKey as error:
        raise DisclosureError(str(error)) from None


def opened_alert(message: Mapping[str, Any], case_key: bytes) -> dict[str, Any]:
    """Return the content of a personal alert (alert.avsc), decrypted with the key of its case.

    Raises:
        DisclosureError: it has another key or belongs to another alert, or its content is no document.
    """
    try:
        text = unsealed(case_key, alert_name(message["alert"]), dict(message))
        document = json.loads(text)
    except (NotForThisKey, ValueError):
        document = None
    if not isinstance(document, dict):
        raise DisclosureError(
            f"alert {message['alert']} cannot be decrypted with the key of its case"
        )
    return document


def read_sealing_key(key_file: Path) -> X25519PrivateKey:
    """Return the private key for encryption that a file has.

    Raises:
        DisclosureError: the file does not exist, or has no such key.
        SecretError: other users may read the file, or it is empty.
    """
    try:
        text = private_files.read(key_file)
    except FileNotFoundError:
        message = f"{key_file} does not exist; without this key the case cannot be read here"
        raise DisclosureError(message) from None
    try:
        return X25519PrivateKey.from_private_bytes(b64decode(text, validate=True))
    except ValueError:
        message = f"{key_file} has no private key for encryption; restore it from your backup"
        raise DisclosureError(message) from None
