"""The agent that turns each batch into what one transaction writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from mode.supervisors import CrashingSupervisor

from streams.batch import Batch
from streams.sanitising.pipeline import Pipeline
from transport.errors import DependencyUnavailable

if TYPE_CHECKING:
    import faust


def add_pipeline_agent(app: faust.App, channel: Any, pipeline: Pipeline) -> None:
    """Register the agent on `channel`, whose values are `Batch`.

    It answers with the result or with the exception, so that the source never waits for ever;
    what is not a missing dependency also crashes the agent, and with it the worker.
    """

    # Faust's own choice would restart the agent and let the worker go on.
    @app.agent(channel, name="pipeline", supervisor_strategy=CrashingSupervisor)
    async def process(batches: Any) -> AsyncIterator[None]:
        async for batch in batches:
            _answer(batch, pipeline)
            yield


def _answer(batch: Batch, pipeline: Pipeline) -> None:
    try:
        batch.result.set_result(pipeline.process(batch.intakes, batch.handling))
    except DependencyUnavailable as error:
        batch.result.set_exception(error)
    except BaseException as error:
        batch.result.set_exception(error)
        raise
