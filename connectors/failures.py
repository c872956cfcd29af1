"""What a broker's refusals mean to the one who publishes."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaError

from connectors.errors import (
    AccessDeniedError,
    LoginRefusedError,
    NotAppliedError,
    PublishError,
    RecordTooLargeError,
    SupersededError,
    UnavailableError,
)

LOGIN = frozenset({KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED})  # noqa: SLF001 - its public name
DENIED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
FENCED = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - its public name
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)
ABSENT = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})  # noqa: SLF001
TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
FINAL = LOGIN | DENIED | FENCED | ABSENT | TOO_LARGE
"""Errors that a second try meets again."""


def silent() -> logging.Logger:
    """A logger that says nothing: what goes wrong comes back from calls, once and in words."""
    logger = logging.Logger("librdkafka")
    logger.addHandler(logging.NullHandler())
    return logger


class Alarms:
    """Collects what a client reports beside its calls; hand it over as `error_cb`."""

    def __init__(self) -> None:
        """Begin with nothing reported."""
        self.refusal: KafkaError | None = None
        self.interrupted = False

    def __call__(self, error: KafkaError) -> None:
        """Keep the first error that no waiting will mend, and that there was any."""
        self.interrupted = True
        if error.code() in FINAL and self.refusal is None:
            self.refusal = error


def explained(error: KafkaError, principal: str, resource: str) -> PublishError:
    """The typed error for a broker's, with the principal, what it asked for, and what to do."""
    code, name = error.code(), error.name()
    if code in LOGIN:
        return LoginRefusedError(
            f"{principal}: the broker refused the password ({name}); give the one that "
            "`ipu isp apply` set, or set it anew with --renew-passwords"
        )
    if code in DENIED:
        return AccessDeniedError(
            f"{principal}: the broker does not allow it {resource} ({name}); the protocol "
            "decides who may; where it allows this, `ipu isp apply` brings the broker into step"
        )
    if code in FENCED:
        return SupersededError(
            f"{principal}: another `ipu publish` has begun with this dataset, so this one ended "
            f"({name}); nothing is lost or sent twice. Publish this file again when it is done"
        )
    if code in ABSENT:
        return NotAppliedError(f"{resource}: the broker has no such topic; run `ipu isp apply`")
    if code in TOO_LARGE:
        return RecordTooLargeError(
            f"{resource}: the broker takes no record that large ({name}); shorten its longest text"
        )
    return UnavailableError(
        f"{principal}: writing to {resource} failed ({name}: {error.str()}); publish the same "
        "file again, it goes on where this ended"
    )
