"""A recipient's key for all cases that are prepared for it, and the key of its conflict officer.

The protocol has the public keys. The private ones are in `alerts` of the recipient's folder of secrets: the
newest under the name of the login, an earlier one under this name and its public key's digest.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from isp.cases.case import Case
from isp.cases.client.recipient import make_sealing_key, read_sealing_key, sealing_key_file
from isp.cases.errors import DisclosureError
from isp.cases.sealing import NotForThisKey, from_discloser, public_half

FOLDER = "alerts"
_DIGITS = 16


def own_key_file(secrets: Path, login: str) -> Path:
    """Return the path of the newest private key of a login: a party, or `conflict.` and the party."""
    return secrets / FOLDER / f"{login}.sealing"


def standing_key_file(secrets: Path, login: str, sealing_key: str) -> Path:
    """Return the path of the private key of a login whose public half is `sealing_key`, new or earlier."""
    newest = own_key_file(secrets, login)
    if newest.exists() and public_half(read_sealing_key(newest)) == sealing_key:
        return newest
    return _earlier(secrets, login, sealing_key)


def make_standing_key(secrets: Path, login: str, *, renew: bool = False) -> X25519PrivateKey:
    """Make a new key of a login, and write it to its file of mode 0600. An earlier key is kept.

    Raises:
        DisclosureError: there is a key already, and `renew` is False.
    """
    newest = own_key_file(secrets, login)
    if newest.exists():
        if not renew:
            raise DisclosureError(
                f"{newest} exists already; --renew makes another key and keeps this one for open cases"
            )
        newest.rename(_earlier(secrets, login, public_half(read_sealing_key(newest))))
    return make_sealing_key(newest)


def case_key_file(secrets: Path, party: str, case: Case) -> Path:
    """Return the path of the private key with which a party decrypts the key of a case."""
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


def _earlier(secrets: Path, login: str, sealing_key: str) -> Path:
    digest = hashlib.sha256(b64decode(sealing_key)).hexdigest()[:_DIGITS]
    return secrets / FOLDER / f"{login}.{digest}.sealing"
