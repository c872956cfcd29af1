"""Explain a broker's refusals to the agency that publishes."""

from __future__ import annotations

from connectors.errors import (
    AccessDeniedError,
    LoginRefusedError,
    NotAppliedError,
    PublishError,
    RecordTooLargeError,
    SupersededError,
    UnavailableError,
)
from transport.refusals import Kind, Refusal


def explained(refusal: Refusal, principal: str, resource: str) -> PublishError:
    """Return the typed error for a refusal: the principal, the resource, and what to do."""
    kind, name, text = refusal
    if kind is Kind.LOGIN:
        return LoginRefusedError(
            f"{principal}: the broker refused the password ({name}); give the one that "
            "`ipu isp apply` set, or set it again with --renew-passwords"
        )
    if kind is Kind.DENIED:
        return AccessDeniedError(
            f"{principal}: the broker denies access to {resource} ({name}); the protocol "
            "decides who has access; if it allows this, run `ipu isp apply`"
        )
    if kind is Kind.FENCED:
        return SupersededError(
            f"{principal}: another `ipu publish` has started for this dataset, so this one has ended "
            f"({name}); no record is lost or sent twice. Publish this file again when the other has ended"
        )
    if kind is Kind.ABSENT:
        return NotAppliedError(f"{resource}: the broker has no such topic; run `ipu isp apply`")
    if kind is Kind.TOO_LARGE:
        return RecordTooLargeError(
            f"{resource}: a record is larger than the broker accepts ({name}); shorten its longest text"
        )
    return UnavailableError(
        f"{principal}: writing to {resource} failed ({name}: {text}); publish the same "
        "file again; it continues where this call ended"
    )
