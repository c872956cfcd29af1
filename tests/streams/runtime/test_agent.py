"""The agent of a processor: it always answers, survives what is away and crashes on what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, cast

import pytest

from streams.messages import BatchResult, Handling, Intake
from streams.runtime.agent import add_processor
from streams.runtime.app import _App
from streams.runtime.batch import Batch
from streams.runtime.processor import Processor
from transport.errors import DependencyUnavailable

RESULT = BatchResult([], ())
PATIENCE = 60.0


class Scripted(Processor):
    """A processor that answers as it is told, batch after batch."""

    def __init__(self, *answers: BatchResult | Exception) -> None:
        self._answers = list(answers)

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def topics(self) -> Collection[str]:
        return ()

    def process(
        self, batch: Sequence[Intake], handling: Handling = Handling.PROCESS
    ) -> BatchResult:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(
    processor: Processor,
    talk: Callable[[Any, Callable[[], Awaitable[BatchResult]]], Awaitable[None]],
) -> None:
    """Start an app with the agent alone, and talk to it over its real channel."""

    async def main() -> None:
        app = _App("test", broker="kafka://unused", store="memory://", web_enabled=False)
        channel = app.channel(value_type=None, maxsize=1)
        add_processor(app, channel, processor)
        app.finalize()
        await app.start()
        app.flow_control.resume()

        async def ask() -> BatchResult:
            batch = Batch([])
            await cast(Any, channel).put(batch)
            return await asyncio.wait_for(asyncio.wrap_future(batch.result), PATIENCE)

        try:
            await talk(app, ask)
        finally:
            await app.stop()

    asyncio.run(main())


def test_the_agent_answers_with_the_result() -> None:
    async def talk(app: Any, ask: Any) -> None:
        assert await ask() is RESULT
        assert await ask() is RESULT

    run(Scripted(RESULT, RESULT), talk)


def test_the_agent_answers_with_a_missing_dependency_and_survives() -> None:
    async def talk(app: Any, ask: Any) -> None:
        for _ in range(3):
            with pytest.raises(DependencyUnavailable, match="away"):
                await ask()
        assert await ask() is RESULT
        assert not app.crashed

    away = DependencyUnavailable("the registry is away")
    run(Scripted(away, away, away, RESULT), talk)


def test_any_other_exception_is_the_answer_and_crashes_agent_and_worker() -> None:
    async def talk(app: Any, ask: Any) -> None:
        with pytest.raises(ValueError, match="a fault of ours"):
            await ask()
        async with asyncio.timeout(PATIENCE):
            while not app.crashed:
                await asyncio.sleep(0.01)
        assert app.agents["scripted"].crashed

    run(Scripted(ValueError("a fault of ours")), talk)
