"""Keyed digests and encryption for the facts of domestic alerts.

The facts name people, homes and references by digests alone, so that the state of the alerts agent has no
personal data. Who reads the state cannot search it without the key. The purposes of the keys are part of the
stored format: a change of one would separate every household from its history.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from sanitiser.address.household import Household
from sanitiser.references import ReferenceKey

DIGEST_BYTES: Final = 12
_NONCE_BYTES: Final = 12
_PADDED: Final = 64
"""The length of an encrypted text is a multiple of this, in bytes, so that it does not show the content."""


class NotOfThisRecordError(ValueError):
    """An encrypted fact is of another record or key, or was changed."""


class Digests:
    """The digests of records, references, people and homes of one partnership, each with a key of its own.

    The digest of a person has two layers. A recipient gets the key of the inner layer for its list of staff.
    With this key alone nobody can search the state, which has the outer digests.
    """

    def __init__(self, lasting: ReferenceKey) -> None:
        """Take the key that outlasts all epochs: history crosses them."""
        self._record, self._join, self._reference, self._person, self._household = (
            lasting.for_purpose("incidents", name)
            for name in ("record", "join", "reference", "person", "household")
        )
        self._staff = staff_key(lasting)
        self.contact = Sealed(lasting.for_purpose("incidents", "contact"))
        self.subjects = Sealed(lasting.for_purpose("incidents", "subjects"))

    def record(self, agency: str, dataset: str, identity: Sequence[str]) -> bytes:
        """Return the digest of a record; a correction with the same identity has the same one."""
        return _short(self._record.digest(agency, dataset, *identity))

    def join(self, agency: str, kind: str, reference: str) -> bytes:
        """Return the digest of the reference that the records of one crime or incident share."""
        return _short(self._join.digest(agency, kind, reference))

    def reference(self, agency: str, kind: str, reference: str) -> bytes:
        """Return the digest of an agency's reference of a person."""
        return _short(self._reference.digest(agency, kind, reference))

    def person(self, name: Sequence[str], born: date) -> bytes:
        """Return the digest of a person, by the normal form of the name (`sanitiser.people.names`)."""
        return self.of_staff(staff_digest(self._staff, name, born))

    def of_staff(self, inner: str) -> bytes:
        """Return the digest of a person whose inner digest is on a recipient's list of staff."""
        return _short(self._person.digest(inner))

    def household(self, home: Household) -> bytes:
        """Return the digest of a home by its address."""
        return _short(self._household.digest(home.address, home.postcode))

    def property(self, uprn: str) -> bytes:
        """Return the digest of a home by its UPRN (`sanitiser.address.household.property_reference`)."""
        return _short(self._household.digest("uprn", uprn))


class Sealed:
    """Encrypts facts of one kind (ChaCha20-Poly1305, RFC 8439); each is bound to its record.

    The nonce is a keyed digest of record and content. So equal facts of one record have equal bytes, also if
    the record is processed again, and two different texts never share a nonce.
    """

    def __init__(self, key: ReferenceKey) -> None:
        """Take the key of this kind of facts."""
        self._nonces = key.for_purpose("nonce")
        self._cipher = ChaCha20Poly1305(key.secret)

    def encrypt(self, record: bytes, content: Any) -> bytes:
        """Return the nonce and the encrypted JSON of a fact of the record with this digest."""
        text = json.dumps(content, separators=(",", ":"), sort_keys=True)
        plain = text.encode()
        plain += b" " * (-len(plain) % _PADDED)
        nonce = bytes.fromhex(self._nonces.digest(record.hex(), text))[:_NONCE_BYTES]
        return nonce + self._cipher.encrypt(nonce, plain, record)

    def decrypt(self, record: bytes, sealed: bytes) -> Any:
        """Return the content of an encrypted fact.

        Raises:
            NotOfThisRecordError: it is of another record or key, or was changed.
        """
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], record)
        except (InvalidTag, ValueError):
            raise NotOfThisRecordError("a fact is of another record, or was changed") from None
        return json.loads(plain)


def staff_key(lasting: ReferenceKey) -> ReferenceKey:
    """Return the key of the inner digests of people, which recipients get for their lists of staff."""
    return lasting.for_purpose("incidents", "staff")


def staff_digest(key: ReferenceKey, name: Sequence[str], born: date) -> str:
    """Return the inner digest of a person, as 32 hexadecimal digits, by the normal form of the name."""
    return key.digest(*name, born.isoformat())


def _short(digest: str) -> bytes:
    return bytes.fromhex(digest)[:DIGEST_BYTES]
