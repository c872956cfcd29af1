"""The Faust agent of a processor, and the service that runs its source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from mode import Service
from mode.supervisors import CrashingSupervisor

from streams.runtime.batch import Batch, answer
from streams.runtime.processor import Processor
from streams.runtime.source import Source

if TYPE_CHECKING:
    import faust

_STOP_SECONDS = 25.0


def add_agent(app: faust.App, source: Source) -> None:
    """Register the agent of a source's processor, and the service that feeds it."""
    channel = app.channel(value_type=None, maxsize=1)
    add_processor(app, channel, source.processor)

    @app.service
    class OfOneSource(SourceService):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(app, channel, source, **kwargs)


def add_processor(app: faust.App, channel: Any, processor: Processor) -> None:
    """Register the agent of a processor on `channel`, whose values are `Batch`.

    Any exception except `DependencyUnavailable` crashes the agent, and with it the process.
    """

    # Faust's default supervisor would restart the agent and let the worker continue.
    @app.agent(channel, name=processor.name, supervisor_strategy=CrashingSupervisor)
    async def process(batches: Any) -> AsyncIterator[None]:
        async for batch in batches:
            answer(batch, processor)
            yield


class SourceService(Service):
    """Runs a source in a thread of its own, and passes its batches to the agent."""

    def __init__(self, app: Any, channel: Any, source: Source, **kwargs: Any) -> None:
        """Start nothing yet."""
        super().__init__(**kwargs)
        self._app = app
        self._channel = channel
        self._source = source
        self._running: asyncio.Future[None] | None = None

    @Service.task
    async def _run(self) -> None:
        # Channels start suspended. With Faust's Kafka off, nothing else resumes them.
        self._app.flow_control.resume()
        loop = asyncio.get_running_loop()

        def hand_over(batch: Batch) -> None:
            asyncio.run_coroutine_threadsafe(self._channel.put(batch), loop)

        self._source.hand_over = hand_over
        thread = ThreadPoolExecutor(1, thread_name_prefix="kafka")
        self._running = loop.run_in_executor(thread, self._source.run, self._is_told_to_stop)
        await self._running

    def _is_told_to_stop(self) -> bool:
        return bool(self.should_stop)

    async def on_stop(self) -> None:
        """Let the Kafka thread finish its batch while the agent is still there to answer it."""
        if self._running is not None:
            await asyncio.wait([self._running], timeout=_STOP_SECONDS)
