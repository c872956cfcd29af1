"""What a broker's refusals mean to the one who publishes."""

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
    """Return the typed error for a broker's, with the principal, what it asked for, and what to do."""
    kind, name, text = refusal
    if kind is Kind.LOGIN:
        return LoginRefusedError(
            f"{principal}: the broker refused the password ({name}); give the one that "
            "`ipu isp apply` set, or set it anew with --renew-passwords"
        )
    if kind is Kind.DENIED:
        return AccessDeniedError(
            f"{principal}: the broker does not allow it {resource} ({name}); the protocol "
            "decides who may; where it allows this, `ipu isp apply` brings the broker into step"
        )
    if kind is Kind.FENCED:
        return SupersededError(
            f"{principal}: another `ipu publish` has begun with this dataset, so this one ended "
            f"({name}); nothing is lost or sent twice. Publish this file again when it is done"
        )
    if kind is Kind.ABSENT:
        return NotAppliedError(f"{resource}: the broker has no such topic; run `ipu isp apply`")
    if kind is Kind.TOO_LARGE:
        return RecordTooLargeError(
            f"{resource}: the broker takes no record that large ({name}); shorten its longest text"
        )
    return UnavailableError(
        f"{principal}: writing to {resource} failed ({name}: {text}); publish the same "
        "file again, it goes on where this ended"
    )
