"""Feeds, from which sources read their batches. `GroupFeed` joins a consumer group."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.messages import Intake
from streams.runtime.batching import BatchBounds, first_offsets, fitting, offsets_after
from streams.runtime.intake import intake_of, unreadable_of
from streams.runtime.lag import lag_of, positions
from streams.runtime.metrics import StreamMetrics
from transport.transaction import FatalWorkerError

log = logging.getLogger(__name__)

_CALL_SECONDS = 10.0
_PATIENCE_SECONDS = 60.0
_NOT_BEGUN = frozenset(
    {
        KafkaError._STATE,  # noqa: SLF001 - librdkafka's name for it
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    }
)
# After one of these errors no record would ever arrive, and Kafka alone would not report it.
_FATAL_ERRORS = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - librdkafka's name for it
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._FATAL,  # noqa: SLF001
        KafkaError.FENCED_INSTANCE_ID,
    }
)


@dataclass(frozen=True, slots=True)
class Portion:
    """The messages of one batch, and the offsets that its transaction commits for the group.

    A portion that does not move the offsets needs no transaction if it has no outputs.
    """

    intakes: Sequence[Intake]
    offsets: Sequence[TopicPartition]
    group: Any
    moves: bool = True


class Feed(Protocol):
    """Reads messages for one source, from the source's thread only."""

    is_member: bool
    """True if the broker refuses the offsets of a process that another one has replaced."""
    assignments: int
    """Number of assignments and revocations so far. The processor restores after each."""
    is_behind: bool
    """True from an assignment until `go_on`."""

    def begin(self) -> None:
        """Connect."""
        ...

    @property
    def assignment(self) -> Collection[tuple[str, int]]:
        """Return the partitions that are assigned."""
        ...

    def settled(self) -> bool:
        """Serve the group; return True once the offsets to continue from are known."""
        ...

    def go_on(self) -> None:
        """Read from the committed offsets. The state is restored by now."""
        ...

    def poll(self, most: int) -> Iterator[Portion]:
        """Yield the portions to process next, each of at most `most` messages."""
        ...

    def committed(self, portion: Portion) -> None:
        """Continue after a portion that is committed."""
        ...

    @property
    def standing(self) -> Portion:
        """Return an empty portion, to commit results that no message caused."""
        ...

    def rewind(self) -> None:
        """Go back to the committed offsets."""
        ...

    def pause(self, topics: Collection[str]) -> None:
        """Stop reading these topics."""
        ...

    def lag(self) -> Mapping[tuple[Any, ...], float]:
        """Return the number of records waiting, by topic and partition."""
        ...

    def close(self) -> None:
        """Disconnect from the broker."""
        ...


class GroupFeed:
    """Reads topics as a member of a consumer group, whose members share the partitions."""

    is_member = True

    def __init__(
        self,
        config: Mapping[str, Any],
        topics: Collection[str],
        metrics: StreamMetrics,
        bounds: BatchBounds,
    ) -> None:
        """Connect nothing yet."""
        self.assignments = 0
        self.is_behind = False
        self._config = config
        self._topics = topics
        self._metrics = metrics
        self._bounds = bounds
        self._hopeless: str | None = None
        self._begins: list[TopicPartition] | None = None
        self._next: dict[tuple[str, int], int] = {}
        self._asked_at = 0.0
        self._paused: set[str] = set()
        self._is_reassigned = False
        self._client: Consumer | None = None

    def begin(self) -> None:
        """Join the group."""
        self._client = Consumer({**self._config, "error_cb": self._on_error})
        self._consumer.subscribe(
            list(self._topics), on_assign=self._on_assign, on_revoke=self._on_revoke
        )
        log.info("reading %d intake topics as %s", len(self._topics), self._config["group.id"])

    @property
    def _consumer(self) -> Consumer:
        assert self._client is not None, "begin first"
        return self._client

    @property
    def assignment(self) -> Collection[tuple[str, int]]:
        """Return the partitions that the group has assigned to this member."""
        return [(at.topic, at.partition) for at in self._consumer.assignment()]

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Mark the feed as behind: the source reads the state first, which takes too long for a callback."""
        self.is_behind = True
        self.assignments += 1
        self._begins, self._asked_at = None, time.monotonic()
        self._next.clear()
        self._is_reassigned = True
        self._metrics.assigned({at.topic for at in partitions})

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Have the processor restore without partitions, and remove the metrics of those that it had."""
        # Else it would write what is due until the next assignment, beside the member that replaced it.
        self.assignments += 1
        self._metrics.revoked((at.topic, at.partition) for at in partitions)
        self._metrics.paused_topics(())

    def settled(self) -> bool:
        """Serve the group; return True once the committed offsets are known.

        The broker gives them when no transaction that would change them is open.
        """
        self._pause_again()
        # Messages are read again later, but an error may not be reported twice.
        message = self._consumer.poll(0)
        if message is not None:
            self._taken(message)
        self._require_hope()
        if self._begins is None:
            self._begins = self._committed_offsets()
        return self._begins is not None

    def go_on(self) -> None:
        """Read from the committed offsets."""
        assert self._begins is not None, "settled first"
        seek(self._consumer, self._begins)
        self._next = {(at.topic, at.partition): at.offset for at in self._begins if at.offset >= 0}
        self.is_behind = False

    def _committed_offsets(self) -> list[TopicPartition] | None:
        """Return the committed offsets of the assigned partitions; None while the broker gives none."""
        try:
            return committed_offsets(self._consumer)
        except KafkaException as error:
            if time.monotonic() - self._asked_at > _PATIENCE_SECONDS:
                raise _not_readable(error) from error
            log.warning("Kafka: %s; asking again for the committed offsets", error.args[0].name())
            return None

    def poll(self, most: int) -> Iterator[Portion]:
        """Yield one portion if any message came. Messages that do not fit into it are read again."""
        self._pause_again()
        intakes, group = self._polled(most)
        self._require_hope()
        if self.is_behind or not intakes:
            # Messages of newly assigned partitions are read again once the state is restored.
            return
        number = fitting(intakes, self._bounds)
        if number < len(intakes):
            seek(self._consumer, first_offsets(intakes[number:]))
        yield Portion(intakes[:number], offsets_after(intakes[:number]), group)

    def _polled(self, most: int) -> tuple[list[Intake], Any]:
        """Return records, and the group's metadata as it was before the last of them was polled.

        A rebalance while the batch fills then makes the metadata stale. The broker refuses the transaction,
        so this worker commits no offset of a partition that another worker now has.
        """
        first = self._consumer.poll(self._bounds.idle_seconds)
        if first is None:
            return [], None
        group = self._consumer.consumer_group_metadata()
        more = most - 1
        rest = self._consumer.consume(more, self._bounds.window_seconds) if more else []
        found: dict[tuple[str, int, int], Intake] = {}
        for message in (first, *rest):
            intake = self._taken(message)
            if intake is not None:
                found.setdefault(intake[:3], intake)
        return list(found.values()), group

    def _taken(self, message: Message) -> Intake | None:
        """Return a message as an intake; None if it only reports an error."""
        error = message.error()
        intake = intake_of(message) if error is None else unreadable_of(message)
        if intake is not None and intake.unreadable is not None:
            log.error("%s[%d]@%d: %s", *intake[:3], intake.unreadable)
        elif error is not None:
            self._on_error(error, message.topic())
        return intake

    def committed(self, portion: Portion) -> None:
        """Continue after the offsets whose bytes the client could not read."""
        self._next |= {(at.topic, at.partition): at.offset for at in portion.offsets}
        passed = {intake[:2] for intake in portion.intakes if intake.unreadable is not None}
        # Records behind an unreadable one may be in the same portion.
        seek(self._consumer, offsets_after([i for i in portion.intakes if i[:2] in passed]))

    @property
    def standing(self) -> Portion:
        """Return an empty portion of this member, with its committed offsets.

        The broker checks the membership only with offsets: it refuses a member that was replaced meanwhile.
        """
        offsets = [TopicPartition(*place, offset) for place, offset in self._next.items()]
        return Portion((), offsets, self._consumer.consumer_group_metadata())

    def rewind(self) -> None:
        """Put every partition back to its committed offset; messages polled since are read again.

        An abort can be caused by a rebalance, so the group is served first.
        """
        message = self._consumer.poll(0)
        if message is not None:
            self._taken(message)
        try:
            begins = committed_offsets(self._consumer)
        except KafkaException as error:
            raise _not_readable(error) from error
        seek(self._consumer, begins)

    def pause(self, topics: Collection[str]) -> None:
        """Pause topics for as long as the process runs; a rebalance does not resume them."""
        if topics:
            self._paused |= set(topics)
            self._is_reassigned = True
            self._pause_again()

    def _pause_again(self) -> None:
        """Pause the assigned partitions of the paused topics again, after an assignment."""
        if not self._is_reassigned:
            return
        self._is_reassigned = False
        assigned = [at for at in self._consumer.assignment() if at.topic in self._paused]
        if assigned:
            self._consumer.pause(assigned)
        self._metrics.paused_topics({at.topic for at in assigned})

    def lag(self) -> Mapping[tuple[Any, ...], float]:
        """Return the number of records waiting in each partition of this member."""
        return lag_of(self._consumer, positions(self._consumer))

    def close(self) -> None:
        """Leave the group."""
        if self._client is not None:
            self._client.close()

    def _on_error(self, error: KafkaError, topic: str | None = None) -> None:
        if error.code() in _FATAL_ERRORS or error.fatal():
            about = f"topic {topic}" if topic else f"group {self._config['group.id']}"
            self._hopeless = f"{error.name()}: {error.str()} ({about})"
            log.error("Kafka: %s", self._hopeless)
        else:
            log.warning("Kafka: %s", error.name())

    def _require_hope(self) -> None:
        if self._hopeless is not None:
            raise FatalWorkerError(self._hopeless)


def committed_offsets(consumer: Consumer) -> list[TopicPartition]:
    """Return the offset to read each assigned partition from; raise `KafkaException` if one is not known."""
    assigned = consumer.assignment()
    found = consumer.committed(assigned, timeout=_CALL_SECONDS) if assigned else []
    for at in found:
        if at.error is not None:
            raise KafkaException(at.error)
    return [
        TopicPartition(at.topic, at.partition, at.offset if at.offset >= 0 else OFFSET_BEGINNING)
        for at in found
    ]


def seek(consumer: Consumer, places: Sequence[TopicPartition]) -> None:
    """Continue from these offsets. A partition that is not read yet starts at its committed offset anyway.

    Raises:
        FatalWorkerError: the client refuses.
    """
    for place in places:
        try:
            consumer.seek(place)
        except KafkaException as error:
            if error.args[0].code() not in _NOT_BEGUN:
                raise _not_readable(error) from error


def _not_readable(error: KafkaException) -> FatalWorkerError:
    return FatalWorkerError(f"the committed offsets cannot be read: {error.args[0].name()}")
