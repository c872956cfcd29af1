"""The interface of an agent's work: what one source needs of it, whatever the agent does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from streams.messages import BatchResult, Handling, Intake

TopicPartition = tuple[str, int]
"""A topic and one of its partitions."""


class Processor(Protocol):
    """An agent's work, without Kafka: messages in, outputs and counts out.

    One source (`streams.runtime.source`) drives every processor. The source polls, cuts batches, commits the
    outputs with the offsets in one transaction, reads again after an abort, restores state, measures the lag,
    serves metrics and ends a process that hangs. A processor does none of it. Derive from this class: what
    a processor does not need has a default.

    The contract, which `tests/streams/test_processors.py` checks for every processor:

    - `process` depends on the batch, on the committed state and on the clock, and on nothing else.
    - The changes of a result last once `committed` is called. Each other call starts from what is committed.
    - A result goes to topics that the protocol lets the processor's principal write.
    - No message makes `process` raise anything but `DependencyUnavailable`. The source then offers the same
      batch again. Every other exception ends the process, as that of a state store that cannot be read.
    - A batch of one message whose outputs are too large comes again with another `Handling`. Its outputs are
      then small.
    - No two calls run at the same time.
    """

    @property
    def name(self) -> str:
        """Return the name of the agent, which is constant."""
        ...

    @property
    def topics(self) -> Collection[str]:
        """Return the topics that the processor reads."""
        ...

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Return what one transaction writes for a batch, and what it counts."""
        ...

    def committed(self, result: BatchResult) -> None:
        """Make the changes of the last result last: it is committed."""
        del result

    def restore(self, assignment: Collection[TopicPartition]) -> Iterable[BatchResult]:
        """Take up what is committed, and return what is to be written before the next batch.

        The source calls this at the start, after each assignment and after each abort. The state topics have
        been read to their ends by then.
        """
        del assignment
        return ()

    def due(self) -> Iterable[BatchResult]:
        """Return what is to be written because time has passed, each in a transaction of its own.

        The source calls this before each poll. An iterator goes on after its result is committed.
        """
        return ()
