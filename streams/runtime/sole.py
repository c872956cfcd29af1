"""A feed for an agent whose state is one whole: one member of its group reads all partitions.

The other processes of the agent join no group. They follow the state, and ask every two seconds for the
members of the group; the first that finds none joins. If two join at the same time, the one with the greater
name leaves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streams.runtime.feed import GroupFeed, Portion
from transport.transaction import FatalWorkerError

log = logging.getLogger(__name__)

_ASKED_EVERY_S: Final = 2.0
_CALL_S: Final = 10.0
_PAUSE_S: Final = 0.05
_OF_ADMIN: Final = (
    "bootstrap.servers",
    "security.protocol",
    "ssl.",
    "sasl.",
    "reconnect.",
)


class SoleFeed(GroupFeed):
    """Reads topics as the only member of a group; waits as long as the group has another member."""

    _admin: AdminClient | None = None
    _asked: float = 0.0
    _is_waiting: bool = True
    _is_alone: bool = False

    def begin(self) -> None:
        """Connect. Join the group when it has no member."""
        config = {k: v for k, v in self._config.items() if k.startswith(_OF_ADMIN)}
        self._admin = AdminClient(config)

    @property
    def assignment(self) -> Collection[tuple[str, int]]:
        """Return the partitions that the group has assigned to this member; none while it waits."""
        return () if self._is_waiting else super().assignment

    def poll(self, most: int) -> Iterator[Portion]:
        """Yield the next portions, as `GroupFeed` does; none while another process is the member."""
        if not self._is_waiting:
            return super().poll(most)
        if self._asks() and not self._others():
            log.info("no other process is a member of %s; joining", self._config["group.id"])
            self._is_waiting = False
            super().begin()
        else:
            time.sleep(_PAUSE_S)
        return iter(())

    def settled(self) -> bool:
        """Serve the group; return True once this member is alone and its offsets are known.

        Raises:
            FatalWorkerError: another process has joined at the same time, and is the member from now on.
        """
        is_settled = super().settled()
        if not self._is_alone and self._asks():
            others = self._others()
            if others and min(others) < self._name:
                raise FatalWorkerError(f"{min(others)} is the member of the group")
            self._is_alone = not others
        return is_settled and self._is_alone

    def lag(self) -> Mapping[tuple[Any, ...], float]:
        """Return the number of records waiting in each partition; empty while this process waits."""
        return {} if self._is_waiting else super().lag()

    def _on_assign(self, *given: Any) -> None:
        self._is_alone, self._asked = False, 0.0
        super()._on_assign(*given)

    @property
    def _name(self) -> str:
        return str(self._config["group.instance.id"])

    def _asks(self) -> bool:
        """Return True if it is time to ask for the members of the group."""
        if time.monotonic() - self._asked < _ASKED_EVERY_S:
            return False
        self._asked = time.monotonic()
        return True

    def _others(self) -> list[str]:
        """Return the names of the other members; one unknown name if the broker does not say."""
        assert self._admin is not None, "begin first"
        group = self._config["group.id"]
        try:
            asked = self._admin.describe_consumer_groups([group], request_timeout=_CALL_S)
            members = asked[group].result(_CALL_S).members
        except (KafkaException, TimeoutError) as error:
            return _unknown(error, group)
        names = (member.group_instance_id or member.member_id for member in members)
        return [name for name in names if name != self._name]


def _unknown(error: Exception, group: str) -> list[str]:
    """Return a name that no process gives way to.

    Raises:
        FatalWorkerError: the broker refuses to say.
    """
    cause = error.args[0] if error.args else None
    if isinstance(cause, KafkaError):
        if cause.code() in (KafkaError.GROUP_ID_NOT_FOUND, KafkaError.INVALID_GROUP_ID):
            return []
        if cause.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            raise FatalWorkerError(f"{cause.name()} (group {group})") from error
    log.warning("the members of %s are not known; asking again", group)
    return ["\U0010ffff"]
