"""Deliver each alert to an endpoint: once where its delivery was recorded, else again after a restart.

A message is attempted until the receiver accepts it, refuses it, or the time is up; then the result is
recorded. A newer version of the same alert replaces the one that is being attempted. Alerts do not wait for
one another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_delay,
    wait_exponential_jitter,
)

from connectors.alerts.deliveries import Delivery
from connectors.alerts.picture import Change
from connectors.alerts.posting import Answer
from connectors.alerts.webhook import Parcel, parcel_of
from connectors.errors import AlertError
from connectors.received import Received
from connectors.topic_feed import Feed

log = logging.getLogger(__name__)

_AT_ONCE: Final = 4
_POLL_SECONDS: Final = 0.5
_LONGEST_RECORDING_WAIT_S: Final = 30.0

Post = Callable[[Parcel], Awaitable[Answer]]
"""A function that makes one attempt."""

Record = Callable[[Delivery], None]
"""A function that records a delivery; it may wait for the broker."""


class _Superseded(Exception):
    """A newer message of the same alert is wanted; the older one is not attempted again."""


class Patience(NamedTuple):
    """The waits between attempts, and when a message is given up, in seconds."""

    first_s: float = 1.0
    longest_s: float = 900.0
    give_up_s: float = 86_400.0


@dataclass(slots=True)
class _Job:
    """The delivery of one alert: the newest message, and whether it changed during an attempt."""

    wanted: Parcel
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Deliverer:
    """Delivers the newest message of each alert that no record settles."""

    def __init__(self, post: Post, record: Record, patience: Patience) -> None:
        """Take the two ends, and the waits. Nothing is delivered before `begin`."""
        self._post = post
        self._record = record
        self._patience = patience
        self._settled: dict[str, Delivery] = {}
        self._jobs: dict[str, _Job] = {}
        self._begun = False
        self._lines = asyncio.Semaphore(_AT_ONCE)

    def take_alerts(self, received: Iterable[Received]) -> None:
        """Take messages of the topic of alerts."""
        for one in received:
            parcel = parcel_of(Change.of(one))
            if parcel is None:
                log.warning("alert %s cannot be read by this release; it is not delivered", one.key)
            else:
                self._want(parcel)

    def take_deliveries(self, received: Iterable[Received]) -> None:
        """Take messages of the topic of deliveries. A deleted record means: deliver again."""
        for one in received:
            self._settled.pop(one.key, None)
            if one.content is not None:
                self._settled[one.key] = Delivery.of(one.content)
            elif one.key in self._jobs:
                self._start(one.key)

    def begin(self) -> None:
        """Deliver from now on; both topics were read to their ends."""
        self._begun = True
        for alert in list(self._jobs):
            self._start(alert)
            self._drop(alert)

    @property
    def in_flight(self) -> int:
        """Return the number of alerts whose delivery is not recorded yet."""
        return sum(job.task is not None for job in self._jobs.values())

    async def idle(self) -> None:
        """Wait until no delivery is left."""
        while tasks := [job.task for job in self._jobs.values() if job.task is not None]:
            await asyncio.gather(*tasks)

    async def close(self) -> None:
        """Stop; what is not recorded is delivered again after the next start."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def check(self) -> None:
        """Raise the error of a delivery that failed by a fault of the program."""
        for job in self._jobs.values():
            if job.task is not None and job.task.done() and not job.task.cancelled():
                error = job.task.exception()
                if error is not None:
                    raise error

    def _want(self, parcel: Parcel) -> None:
        job = self._jobs.get(parcel.alert)
        if job is None:
            self._jobs[parcel.alert] = _Job(parcel)
        else:
            job.wanted = parcel
            job.changed.set()
        self._start(parcel.alert)

    def _start(self, alert: str) -> None:
        job = self._jobs[alert]
        if self._begun and job.task is None and not self._is_settled(job.wanted):
            job.task = asyncio.create_task(self._run(job))

    def _is_settled(self, parcel: Parcel) -> bool:
        settled = self._settled.get(parcel.alert)
        return settled is not None and settled.settles(parcel)

    async def _run(self, job: _Job) -> None:
        while not self._is_settled(job.wanted):
            job.changed.clear()
            with suppress(_Superseded):
                await self._recorded(await self._attempts(job.wanted, job.changed))
        job.task = None
        self._drop(job.wanted.alert)

    def _drop(self, alert: str) -> None:
        """Forget the message of a delivered alert; one that is dead-lettered may be wanted again."""
        job, settled = self._jobs[alert], self._settled.get(alert)
        is_delivered = settled is not None and settled.settles(job.wanted) and not settled.is_dead
        if job.task is None and is_delivered:
            del self._jobs[alert]

    async def _attempts(self, parcel: Parcel, changed: asyncio.Event) -> Delivery:
        """Attempt until the answer is final or the time is up; return the delivery.

        Raises:
            _Superseded: a newer message is wanted.
        """
        patience, made = self._patience, 0
        backoff = wait_exponential_jitter(multiplier=patience.first_s, max=patience.longest_s)

        async def attempt() -> Answer:
            nonlocal made
            async with self._lines:
                made += 1
                return await self._post(parcel)

        again = AsyncRetrying(
            retry=retry_if_result(lambda answer: answer.may_pass),
            wait=lambda state: max(backoff(state), _answer(state).retry_after_s),
            stop=stop_after_delay(patience.give_up_s),
            sleep=partial(_sleep_unless, changed),
            before_sleep=partial(_log_failure, parcel),
            retry_error_callback=_answer,
        )
        answer: Answer = await again(attempt)
        return Delivery.after(parcel, answer, made, datetime.now(UTC))

    async def _recorded(self, delivery: Delivery) -> None:
        """Record a delivery; try until the broker has it, because a message must not be sent twice."""
        again = AsyncRetrying(
            wait=wait_exponential_jitter(
                multiplier=self._patience.first_s, max=_LONGEST_RECORDING_WAIT_S
            ),
            retry=_is_refused_for_now,
            before_sleep=lambda state: log.warning(
                "the delivery cannot be recorded: %s", _why(state)
            ),
        )
        await again(asyncio.to_thread, self._record, delivery)
        self._settled[delivery.alert] = delivery
        if delivery.is_dead:
            log.error(
                "alert %s version %d is dead-lettered after %d attempts: %s",
                delivery.alert, delivery.version, delivery.attempts, _failure(delivery),
            )  # fmt: skip
        else:
            log.info("alert %s version %d is delivered", delivery.alert, delivery.version)


async def deliver(
    alerts: Feed, deliveries: Feed, deliverer: Deliverer, *, until_done: bool = False
) -> None:
    """Follow both topics and deliver, for ever; with `until_done`, only what the topics have now."""
    try:
        while not (alerts.is_whole and deliveries.is_whole):
            deliverer.take_deliveries(await asyncio.to_thread(deliveries.advance, _POLL_SECONDS))
            deliverer.take_alerts(await asyncio.to_thread(alerts.advance, _POLL_SECONDS))
        deliverer.begin()
        if until_done:
            await deliverer.idle()
            return
        while True:
            deliverer.take_alerts(await asyncio.to_thread(alerts.advance, _POLL_SECONDS))
            deliverer.take_deliveries(await asyncio.to_thread(deliveries.advance, 0))
            deliverer.check()
    finally:
        await deliverer.close()


async def _sleep_unless(changed: asyncio.Event, seconds: float) -> None:
    """Sleep until the next attempt.

    Raises:
        _Superseded: a newer message is wanted, now or in the meantime.
    """
    with suppress(TimeoutError):
        await asyncio.wait_for(changed.wait(), seconds)
        raise _Superseded


def _answer(state: RetryCallState) -> Answer:
    assert state.outcome is not None, "an attempt has a result"
    answer: Answer = state.outcome.result()
    return answer


def _is_refused_for_now(state: RetryCallState) -> bool:
    return isinstance(_why(state), AlertError)


def _why(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _log_failure(parcel: Parcel, state: RetryCallState) -> None:
    answer = _answer(state)
    log.warning(
        "alert %s version %d: attempt %d: %s",
        parcel.alert, parcel.version, state.attempt_number, _failure(answer),
    )  # fmt: skip


def _failure(result: Answer | Delivery) -> str:
    return result.reason if result.status is None else f"{result.reason} ({result.status})"
