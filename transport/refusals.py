"""Kafka's errors, grouped by their meaning for the client."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from confluent_kafka import KafkaError


class Kind(StrEnum):
    """The reason for which the broker refuses a client."""

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
"""A message, or the messages of one request, exceed a size limit."""

_KINDS: Final = (
    (Kind.LOGIN, LOGIN),
    (Kind.DENIED, DENIED),
    (Kind.FENCED, FENCED),
    (Kind.ABSENT, ABSENT),
    (Kind.TOO_LARGE, TOO_LARGE),
)


class Refusal(NamedTuple):
    """An error of Kafka: its kind, its name and its text."""

    kind: Kind
    name: str
    text: str

    @property
    def is_final(self) -> bool:
        """Return True if a second try would get the same refusal."""
        return self.kind is not Kind.OTHER


def refusal_of(error: KafkaError) -> Refusal:
    """Return the refusal that an error of Kafka means."""
    code = error.code()
    kind = next((kind for kind, codes in _KINDS if code in codes), Kind.OTHER)
    return Refusal(kind, error.name(), error.str())


class Refused(RuntimeError):
    """The broker refused a client: `refusal` is Kafka's error, `resource` the topic if it is known."""

    def __init__(self, refusal: Refusal, resource: str = "") -> None:
        super().__init__(f"{resource}: {refusal.name}" if resource else refusal.name)
        self.refusal = refusal
        self.resource = resource


class NoAnswer(RuntimeError):
    """The broker did not answer in time."""


class Alarms:
    """A collector of the errors that a client reports outside its calls; pass it as `error_cb`."""

    def __init__(self) -> None:
        """Begin without a refusal."""
        self.refusal: Refusal | None = None

    def __call__(self, error: KafkaError) -> None:
        """Store the first final refusal."""
        refusal = refusal_of(error)
        if refusal.is_final and self.refusal is None:
            self.refusal = refusal
