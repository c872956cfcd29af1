"""The recipient's side of a case: the key that is made for it alone, and what is read with that."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.cases.client.office import Office
from isp.cases.errors import DisclosureError
from isp.cases.sealing import NotForThisKey, from_discloser, unsealed
from isp.keys import private_files
from isp.keys.case_keys import FOLDER
from schemas.exact_base64 import encoded
from schemas.wire import decoder
from transport.reader import read_all


def sealing_key_file(secrets: Path, party: str, case: str) -> Path:
    """Where a party keeps its private half of a case's key."""
    return secrets / FOLDER / f"{party}.{case}.sealing"


def make_sealing_key(file: Path) -> X25519PrivateKey:
    """Make the recipient's key of a case and write it to a new file of mode 0600."""
    private = X25519PrivateKey.generate()
    private_files.make_folder(file.parent)
    if not private_files.write_new(file, encoded(private.private_bytes_raw())):
        raise DisclosureError(f"{file} is there already; a key is never written over")
    return private


def opened_records(office: Office, case: str, key_file: Path) -> Iterator[dict[str, Any]]:
    """Every record that stands disclosed in a case, decrypted.

    Raises:
        DisclosureError: the case is not open, or the key here is not its recipient's.
        Denied: the broker does not let this party read it.
    """
    stands = office.case(case)
    if stands.recipient != office.party.id:
        raise DisclosureError(f"case {case} discloses to {stands.recipient!r} alone")
    if stands.flow is None:
        raise DisclosureError(f"case {case} is {stands.state}; there is nothing to read")
    try:
        case_key = from_discloser(b64decode(stands.flow.key), _private(key_file), case)
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


def _private(key_file: Path) -> X25519PrivateKey:
    try:
        text = private_files.read(key_file)
    except FileNotFoundError:
        message = f"{key_file} is gone, and with it all that could read the case here"
        raise DisclosureError(message) from None
    return X25519PrivateKey.from_private_bytes(b64decode(text, validate=True))
