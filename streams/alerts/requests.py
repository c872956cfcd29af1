"""Requests for cases that are prepared from alerts, for the decision of the supplier's officer.

There is one undecided request for a recipient, a supplier, and a victim or else a household.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from pydantic import ValidationError

from detection.domestic.facts import Event, Source
from isp.agreement.alerts import AlertTerms
from isp.agreement.protocol import Protocol
from isp.cases.letters import Subject
from isp.cases.prepared import PreparedRequest
from sanitiser.references import ReferenceKey
from schemas.catalogue import Catalogue
from schemas.london import london_time
from schemas.record_type import DomesticRule, RecordType
from streams.alerts.events import RowError

KEY_BYTES: Final = 12
_NONCE_BYTES: Final = 12
_MOST_SUBJECTS: Final = 20
_MOST_EVENTS: Final = 50


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request that was prepared: the id of its case, the events that need it, and when it was made.

    Once it `is_decided` the next event of the subject has a request of its own.
    """

    case: str
    events: tuple[str, ...]
    made_ms: int
    is_decided: bool = False

    def to_bytes(self) -> bytes:
        """Return the row."""
        return json.dumps([self.case, self.events, self.made_ms, self.is_decided]).encode()

    @classmethod
    def read(cls, row: bytes) -> RequestRow:
        """Return the request of a row.

        Raises:
            RowError: the row is not one of this release.
        """
        try:
            case, events, made_ms, is_decided = json.loads(row)
            return cls(case, tuple(events), made_ms, is_decided)
        except (ValueError, TypeError):
            raise RowError("a row of a request cannot be read") from None

    def needed_by(self, event: str) -> RequestRow:
        """Return the request that this event needs, too."""
        if event in self.events or len(self.events) >= _MOST_EVENTS:
            return self
        return RequestRow(self.case, (*self.events, event), self.made_ms, self.is_decided)

    def not_needed_by(self, event: str) -> RequestRow:
        """Return the request without this event."""
        events = tuple(e for e in self.events if e != event)
        return RequestRow(self.case, events, self.made_ms, self.is_decided)


class Asked(NamedTuple):
    """A request to be made: its key, its supplier, and its subject."""

    key: bytes
    supplier: str
    subject: Subject


class SubjectReader:
    """Decrypts the subjects that the supplier's record names, and gives each its digest."""

    def __init__(self, key: ReferenceKey, digest: Mapping[str, Any]) -> None:
        self._cipher = ChaCha20Poly1305(key.for_purpose("incidents", "subjects").secret)
        del digest

    def read(self, encrypted: bytes, record: bytes) -> tuple[Subject, ...]:
        """Return the subjects of a record; none if they cannot be read."""
        try:
            nonce, text = encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:]
            listed = json.loads(self._cipher.decrypt(nonce, text, record))
            return tuple(Subject.model_validate(each) for each in listed[:_MOST_SUBJECTS])
        except (InvalidTag, ValueError, TypeError, ValidationError):
            return ()
