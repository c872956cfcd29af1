"""The private key with which a recipient decrypts the key of a case, requested or prepared from an alert.

A requested case has a key pair of its own. Prepared cases are encrypted to the key in the terms of their
recipient in the protocol (`isp.keys.alert_keys`).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

from isp.cases.case import Case
from isp.cases.client.recipient import read_sealing_key, sealing_key_file
from isp.cases.errors import DisclosureError
from isp.cases.sealing import NotForThisKey, from_discloser, public_half
from isp.keys.alert_keys import alert_key_file, load_alert_key


def standing_key_file(secrets: Path, party: str, sealing_key: str) -> Path:
    """Return the file of a party's key for alerts whose public half is `sealing_key`.

    It is `PARTY.key`, or `PARTY.ANYTHING.key` for a key of an earlier protocol.

    Raises:
        DisclosureError: there is no such key.
    """
    for file in _keys_of(secrets, party):
        if public_half(load_alert_key(file)) == sealing_key:
            return file
    newest = alert_key_file(secrets, party)
    raise DisclosureError(
        f"{newest.parent} has no key of {party} for {sealing_key}; without it the case cannot be read here. "
        f"Accepted: {newest.name}, and keys of earlier protocols as {party}.NAME.key"
    )


def case_key_file(secrets: Path, party: str, case: Case) -> Path:
    """Return the file of the private key with which a party decrypts the key of a case.

    Raises:
        DisclosureError: the case was prepared from an alert, and the party's key for it is not here.
    """
    if case.prepared is not None:
        return standing_key_file(secrets, party, case.prepared.sealing_key)
    return sealing_key_file(secrets, party, case.case)


def case_key(secrets: Path, party: str, case: Case) -> bytes:
    """Return the key of an open case, decrypted with the private key of its recipient.

    Raises:
        DisclosureError: the case is not open, or the private key is not here.
    """
    if case.flow is None:
        raise DisclosureError(f"case {case.case} is {case.state}; it has no key")
    private = read_sealing_key(case_key_file(secrets, party, case))
    try:
        return from_discloser(b64decode(case.flow.key), private, case.case)
    except NotForThisKey as error:
        raise DisclosureError(str(error)) from None


def _keys_of(secrets: Path, party: str) -> Iterator[Path]:
    newest = alert_key_file(secrets, party)
    if newest.exists():
        yield newest
    yield from sorted(newest.parent.glob(f"{party}.*.key"))
