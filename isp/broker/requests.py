"""The broker's answers: batches of futures, and changes that become visible only after a delay."""

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
    """Return the answer to one request.

    Raises:
        ApplyError: the broker refused or did not answer; the text is `doing` with the reason.
    """
    try:
        return future.result(timeout=TIMEOUT_S)
    except KafkaException as error:
        raise ApplyError(f"{doing}: {reason(error)}") from error
    except FutureTimeoutError as error:
        raise ApplyError(f"{doing}: the broker gave no answer within {TIMEOUT_S:.0f} s") from error


def results(futures: Mapping[Any, Future[Any]], doing: Callable[[Any], str]) -> dict[Any, Any]:
    """Return all answers of a batch, by resource.

    Raises:
        ApplyError: one or more requests failed; the text has a line for each.
    """
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
    """Return the name and the text of Kafka's error, without its class."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, KafkaError):
        return f"{cause.name()}: {cause.str()}"
    return str(error)


def wait_until(shown: Callable[[], bool], what: str, seconds: float = TIMEOUT_S) -> None:
    """Call `shown` until it is true: the broker confirms a change before all its parts have it.

    Raises:
        ApplyError: `shown` was not true within `seconds`; the text names `what`.
    """
    asking = Retrying(
        retry=retry_if_result(lambda answer: not answer),
        wait=wait_exponential(multiplier=0.02, max=0.5),
        stop=stop_after_delay(seconds),
    )
    try:
        asking(shown)
    except RetryError as error:
        raise ApplyError(f"the broker did not show {what} within {seconds:.0f} s") from error
