"""Checks of a client's access: the broker answers, accepts the login, and lets it describe its topics."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from transport.refusals import Alarms, NoAnswer, Refused, refusal_of

_ASK_SECONDS = 2.0
_PROBE_SECONDS = 1.0


class Probe:
    """A client that checks repeatedly whether the broker answers."""

    def __init__(self, client: Mapping[str, Any]) -> None:
        """Create the admin client; it logs nothing while the broker cannot be reached."""
        self._admin = AdminClient({**client, "log_level": 0})

    def answers(self) -> bool:
        """Return True if the broker answers now."""
        try:
            return bool(self._admin.list_topics(timeout=_PROBE_SECONDS).brokers)
        except KafkaException:
            return False


def check_topics(client: Mapping[str, Any], topics: Sequence[str], seconds: float) -> None:
    """Log in and describe each topic.

    Raises:
        Refused: the broker refused the login or one of the topics.
        NoAnswer: the broker did not answer within `seconds`.
    """
    alarms, deadline = Alarms(), time.monotonic() + seconds
    config: dict[str, Any] = {**client, "error_cb": alarms, "log_level": 0}
    admin = AdminClient(config)
    for topic in topics:
        error = _look_up(admin, topic, alarms, deadline)
        if error is not None:
            raise Refused(refusal_of(error), topic)


def _look_up(admin: AdminClient, topic: str, alarms: Alarms, deadline: float) -> KafkaError | None:
    while time.monotonic() < deadline:
        try:
            return admin.list_topics(topic, timeout=_ASK_SECONDS).topics[topic].error
        except KafkaException:
            admin.poll(0)
            if alarms.refusal is not None:
                raise Refused(alarms.refusal) from None
    raise NoAnswer
