"""Who publishes, and where; and whether the broker lets it, before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from connectors.errors import PublishError, UnavailableError
from connectors.failures import Alarms, explained, silent
from isp.agreement.topics import Names

PATIENCE_S = 30.0
_ASK_S = 2.0


@dataclass(frozen=True, slots=True)
class Account:
    """An agency on one partnership's broker.

    `connection` is the configuration of a `confluent_kafka` client that logs in as the agency;
    it holds the password, so it is not shown. `patience_s` bounds every wait for a server.
    """

    prefix: str
    agency: str
    connection: Mapping[str, str | int | float | bool] = field(repr=False)
    patience_s: float = PATIENCE_S

    @property
    def names(self) -> Names:
        """Names of the partnership's topics and principals."""
        return Names(self.prefix)

    @property
    def principal(self) -> str:
        """User name of the agency."""
        return self.names.principal(self.agency)


def check_access(account: Account, topics: Sequence[str]) -> None:
    """Log in and look up each topic.

    Raises:
        LoginRefusedError: the password is not the principal's.
        AccessDeniedError: the principal may not so much as see one of the topics.
        NotAppliedError: the broker has no such topic.
        UnavailableError: no answer within the account's patience.
    """
    alarms = Alarms()
    config: dict[str, Any] = {**account.connection, "error_cb": alarms, "logger": silent()}
    admin = AdminClient(config)
    deadline = time.monotonic() + account.patience_s
    for topic in topics:
        error = _look_up(admin, topic, alarms, account, deadline)
        if error is not None:
            raise explained(error, account.principal, topic)


def _look_up(
    admin: AdminClient, topic: str, alarms: Alarms, account: Account, deadline: float
) -> KafkaError | None:
    while time.monotonic() < deadline:
        try:
            found = admin.list_topics(topic, timeout=_ASK_S)
            return found.topics[topic].error
        except KafkaException:
            admin.poll(0)
            _raise_refusal(alarms, account)
    raise no_answer(account)


def _raise_refusal(alarms: Alarms, account: Account) -> None:
    if alarms.refusal is not None:
        raise explained(alarms.refusal, account.principal, "the broker")


def no_answer(account: Account) -> PublishError:
    """The error for a broker that did not answer in time."""
    broker = account.connection.get("bootstrap.servers", "")
    message = f"the broker at {broker} did not answer within {account.patience_s:.0f} s"
    return UnavailableError(f"{message}; publish the same file again, it goes on where this ended")
