"""Kafka's errors by what they mean to the client that meets them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from confluent_kafka import KafkaError


class Kind(StrEnum):
    """What the broker refuses a client for."""

    LOGIN = "login"
    DENIED = "denied"
    FENCED = "fenced"
    ABSENT = "absent"
    TOO_LARGE = "too large"
    OTHER = "other"


# The underscore marks librdkafka's own errors; their names are public.
LOGIN: Final = frozenset({KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED})  # noqa: SLF001
DENIED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
FENCED: Final = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)
ABSENT: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})  # noqa: SLF001
TOO_LARGE: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.RECORD_LIST_TOO_LARGE,
    }
)
"""A message, or several in one request, above a limit on size."""

_KINDS: Final = (
    (Kind.LOGIN, LOGIN),
    (Kind.DENIED, DENIED),
    (Kind.FENCED, FENCED),
    (Kind.ABSENT, ABSENT),
    (Kind.TOO_LARGE, TOO_LARGE),
)


class Refusal(NamedTuple):
    """An error of Kafka's: its kind, its name, and its text."""

    kind: Kind
    name: str
    text: str

    @property
    def is_final(self) -> bool:
        """Return True if a second try meets the same refusal."""
        return self.kind is not Kind.OTHER


def refusal_of(error: KafkaError) -> Refusal:
    """Return what an error of Kafka's means."""
    code = error.code()
    kind = next((kind for kind, codes in _KINDS if code in codes), Kind.OTHER)
    return Refusal(kind, error.name(), error.str())


class Refused(RuntimeError):
    """The broker refuses a client; `refusal` says what, `resource` says which topic where that is known."""

    def __init__(self, refusal: Refusal, resource: str = "") -> None:
        super().__init__(f"{resource}: {refusal.name}" if resource else refusal.name)
        self.refusal = refusal
        self.resource = resource


class NoAnswer(RuntimeError):
    """The broker does not answer within the time that it was given."""


class Alarms:
    """Collects what a client reports beside its calls; hand it over as `error_cb`."""

    def __init__(self) -> None:
        """Begin with nothing reported."""
        self.refusal: Refusal | None = None

    def __call__(self, error: KafkaError) -> None:
        """Keep the first refusal that is final."""
        refusal = refusal_of(error)
        if refusal.is_final and self.refusal is None:
            self.refusal = refusal
