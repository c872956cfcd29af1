"""The interface between an agent and the source that drives it."""

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
    serves metrics and ends a process that hangs. A processor does none of these. Derive from this class: each
    method that a processor may not need has a default.

    The contract, which `tests/streams/test_processors.py` checks for every processor:

    - `process` depends on the batch, on the committed state and on the clock, and on nothing else.
    - The changes of a result are kept once `committed` is called. Every other call starts from the committed
      state.
    - A result goes to topics that the protocol lets the processor's principal write.
    - A result that releases anything has an audit entry for it, in the agent's own chain.
    - No message makes `process` raise anything but `DependencyUnavailable`. The source then offers the same
      batch again. Every other exception ends the process, for example when the state store cannot be read.
    - A batch of one message whose outputs are too large is offered again with another `Handling`. Its outputs
      must then be small.
    - No two calls run at the same time.
    """

    @property
    def name(self) -> str:
        """Return the name of the agent; it never changes."""
        ...

    @property
    def topics(self) -> Collection[str]:
        """Return the topics that the processor reads."""
        ...

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        """Return the outputs and counts of a batch, to be written in one transaction."""
        ...

    def committed(self, result: BatchResult) -> None:
        """Keep the changes of the last result, whose transaction is committed."""
        del result

    def restore(self, assignment: Collection[TopicPartition]) -> Iterable[BatchResult]:
        """Load the committed state, and return results to write before the next batch.

        The source calls this at the start, after each assignment and after each abort. The state topics have
        been read to their ends by then. After a revocation it is called without partitions.
        """
        del assignment
        return ()

    def due(self) -> Iterable[BatchResult]:
        """Return results that are due because time has passed, each for a transaction of its own.

        The source calls this before each poll. It asks for the next result once the one before is committed.
        """
        return ()
