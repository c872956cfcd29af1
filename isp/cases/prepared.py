"""Requests for cases that the alerts agent prepares, under the terms that the protocol has for a recipient.

The protocol has the terms, so the recipient has signed them. The supplier decides on each prepared request as
on any other (guidance 2.4.2.5). Before the approval the recipient does not see whom the request is about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from isp.agreement.alerts import AlertTerms
from isp.agreement.names import Name
from isp.agreement.protocol import Protocol
from isp.cases.letters import (
    LONGEST_LETTER_BYTES,
    CaseId,
    LetterError,
    SealingKey,
    Subject,
    Text,
    statement,
)
from schemas.formats import FORMAT, Format, Signed

EventId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class PreparedRequest(Signed):
    """A request for a case, prepared from an alert for the decision of the supplier's officer.

    `fields` is by dataset, `until` is the last day of the case. `event` is the id of the recipient's alert,
    by which both parties find it; it says nothing about the event. `salt` is random, so that the digest of
    the request, which the recipient sees, confirms no guess about the subjects.
    """

    concern: ClassVar[None] = None
    necessary: ClassVar[None] = None

    format: Format = FORMAT
    case: CaseId
    recipient: Name
    supplier: Name
    process: Name
    purpose: Text
    questions: Annotated[tuple[Text, ...], Field(min_length=1)]
    legal_basis: str
    conditions: tuple[str, ...] = ()
    subjects: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=20)]
    fields: Annotated[Mapping[str, tuple[str, ...]], Field(min_length=1)]
    until: date
    sealing_key: SealingKey
    urgent: Text | None = None
    event: EventId
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    at: AwareDatetime

    @property
    def party(self) -> str:
        """Return the recipient, which is the party of a request that an officer writes."""
        return self.recipient

    @model_validator(mode="after")
    def _is_about_victims_or_the_household(self) -> PreparedRequest:
        """Refuse a reference, which can be of anybody, and a household together with a person."""
        forms = {_form(subject) for subject in self.subjects}
        if forms not in ({"person"}, {"household"}) or (
            forms == {"household"} and len(self.subjects) > 1
        ):
            raise ValueError(
                "the subjects are victims by name and date_of_birth, or else one household by address "
                "and postcode"
            )
        return self

    @property
    def for_recipient(self) -> PreparedRequest:
        """Return the request without the reason for its urgency, which may have another agency's history."""
        return self.model_copy(update={"urgent": None})


def _form(subject: Subject) -> str:
    if subject.reference is not None:
        return "reference"
    return "person" if subject.name is not None else "household"


def read_prepared(text: str) -> PreparedRequest:
    """Return the prepared request of a message.

    Raises:
        LetterError: the text is too long or is not a prepared request. The error has nothing of its content.
    """
    if len(text.encode(errors="surrogatepass")) > LONGEST_LETTER_BYTES:
        raise LetterError(
            f"the prepared request is longer than the accepted {LONGEST_LETTER_BYTES:,} bytes"
        )
    try:
        return PreparedRequest.model_validate_json(text)
    except ValidationError as error:
        known = PreparedRequest.model_fields
        places = (e["loc"][0] for e in error.errors() if e["loc"] and e["loc"][0] in known)
        wrong = ", ".join(dict.fromkeys(str(place) for place in places))
        raise LetterError(f"it is not a prepared request: {wrong or 'its form'}") from None


def digest_of(asked: PreparedRequest) -> str:
    """Return the SHA-256 of a prepared request, in hexadecimal, which the first decision on it names."""
    return hashlib.sha256(statement(asked).encode()).hexdigest()


def terms_for(recipient: str, protocol: Protocol) -> AlertTerms | None:
    """Return the terms of the requests that are prepared for a recipient, or None if it has none."""
    domestic = protocol.alerts.domestic
    recipients = domestic.recipients if domestic is not None else ()
    return next((r.terms for r in recipients if r.party == recipient), None)


def keeps_terms(asked: PreparedRequest, protocol: Protocol) -> bool:
    """Return True if a prepared request has the terms that the protocol has for its recipient now."""
    terms = terms_for(asked.recipient, protocol)
    return terms is not None and not any(_differing(asked, terms))


def terms_findings(asked: PreparedRequest, protocol: Protocol) -> Iterator[str]:
    """Yield each way in which a prepared request does not keep to the terms and datasets of the alerts."""
    terms, domestic = terms_for(asked.recipient, protocol), protocol.alerts.domestic
    if terms is None or domestic is None:
        yield f"the protocol has no terms for requests that are prepared for {asked.recipient!r}"
        return
    for name in _differing(asked, terms):
        yield f"{name}: differs from the terms of {asked.recipient!r} in the protocol (alerts.domestic)"
    for dataset in sorted(asked.fields.keys() - set(domestic.datasets)):
        accepted = ", ".join(domestic.datasets)
        yield f"{dataset!r} is not a dataset of domestic alerts; accepted: {accepted}"


def _differing(asked: PreparedRequest, terms: AlertTerms) -> Iterator[str]:
    """Yield the names of the fields that differ from the terms; white space around a text does not count."""
    agreed = {
        "process": terms.process,
        "purpose": terms.purpose.strip(),
        "questions": tuple(question.strip() for question in terms.questions),
        "legal_basis": terms.legal_basis,
        "conditions": terms.conditions,
        "sealing_key": terms.sealing_key,
    }
    yield from (name for name, value in agreed.items() if getattr(asked, name) != value)
