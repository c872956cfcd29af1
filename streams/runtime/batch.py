"""A polled batch, as the Kafka thread hands it to the agent and receives its result."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from streams.messages import BatchResult, Handling, Intake
from streams.runtime.processor import Processor
from transport.errors import DependencyUnavailable


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one poll; the agent answers by setting `result`, the source waits for it."""

    intakes: Sequence[Intake]
    handling: Handling = Handling.PROCESS
    result: Future[BatchResult] = field(default_factory=Future)


def answer(batch: Batch, processor: Processor) -> None:
    """Process a batch and set its result, or the exception, so that the source never waits for ever.

    Raises:
        BaseException: the processor's exception, except `DependencyUnavailable`.
    """
    try:
        batch.result.set_result(processor.process(batch.intakes, batch.handling))
    except DependencyUnavailable as error:
        batch.result.set_exception(error)
    except BaseException as error:
        batch.result.set_exception(error)
        raise
