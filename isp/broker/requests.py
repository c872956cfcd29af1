"""The broker's answers: batches of futures, and changes that show only a little later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from isp.broker.errors import ApplyError

TIMEOUT_S = 30.0


def result(future: Future[Any], doing: str) -> Any:
    """The answer to one request; `ApplyError` says what was being done and why it failed."""
    try:
        return future.result(timeout=TIMEOUT_S)
    except KafkaException as error:
        raise ApplyError(f"{doing}: {reason(error)}") from error
    except FutureTimeoutError as error:
        raise ApplyError(f"{doing}: the broker gave no answer within {TIMEOUT_S:.0f} s") from error


def results(futures: Mapping[Any, Future[Any]], doing: Callable[[Any], str]) -> dict[Any, Any]:
    """All answers of a batch, by resource; one `ApplyError` names every failure among them."""
    answers: dict[Any, Any] = {}
    failures: list[str] = []
    for resource, future in futures.items():
        try:
            answers[resource] = result(future, doing(resource))
        except ApplyError as error:
            failures.append(str(error))
    if failures:
        raise ApplyError("\n".join(failures))
    return answers


def reason(error: KafkaException) -> str:
    """Kafka's name of an error and its text, without the class around it."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, KafkaError):
        return f"{cause.name()}: {cause.str()}"
    return str(error)


def wait_until(shown: Callable[[], bool], what: str, seconds: float = TIMEOUT_S) -> None:
    """Ask until `shown` is true: the broker answers a change before it is in force everywhere.

    Raises:
        ApplyError: says what never showed.
    """
    asking = Retrying(
        retry=retry_if_result(lambda answer: not answer),
        wait=wait_exponential(multiplier=0.02, max=0.5),
        stop=stop_after_delay(seconds),
    )
    try:
        asking(shown)
    except RetryError as error:
        raise ApplyError(f"{what} did not show within {seconds:.0f} s") from error
