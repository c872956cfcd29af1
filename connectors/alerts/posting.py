"""One attempt to deliver a message to an HTTPS endpoint."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Literal, NamedTuple

import httpx2

from connectors.alerts.webhook import Endpoint, Parcel

Reason = Literal[
    "", "busy", "certificate", "redirect", "refused", "server-error", "timed-out", "unreachable",
]  # fmt: skip
"""The kind of a failure; empty if the message was accepted."""

_PASSING: Final = frozenset({"busy", "certificate", "server-error", "timed-out", "unreachable"})
_LONGEST_RETRY_AFTER_S: Final = 3_600.0
_TIMEOUTS: Final = httpx2.Timeout(10.0, connect=5.0)
_WHOLE_ATTEMPT_S: Final = 30.0
_SUCCESS = range(200, 300)
_REDIRECTS = range(300, 400)


class Answer(NamedTuple):
    """The result of one attempt. `retry_after_s` is the wait that the receiver asked for."""

    status: int | None = None
    reason: Reason = ""
    retry_after_s: float = 0.0

    @property
    def is_accepted(self) -> bool:
        """Return True if the receiver accepted the message."""
        return not self.reason

    @property
    def may_pass(self) -> bool:
        """Return True if a later attempt may succeed."""
        return self.reason in _PASSING


@asynccontextmanager
async def posting(endpoint: Endpoint) -> AsyncIterator[Poster]:
    """Provide the client of an endpoint: HTTPS alone, no redirects, no proxy, bounded waits."""
    async with httpx2.AsyncClient(
        verify=endpoint.trust, trust_env=False, follow_redirects=False, timeout=_TIMEOUTS
    ) as client:
        yield Poster(endpoint, client)


class Poster(NamedTuple):
    """The client of an endpoint."""

    endpoint: Endpoint
    client: httpx2.AsyncClient

    async def post(self, parcel: Parcel) -> Answer:
        """Make one attempt. The content of the answer is not read."""
        now = datetime.now(UTC)
        headers = self.endpoint.headers(parcel, now)
        try:
            async with (
                asyncio.timeout(_WHOLE_ATTEMPT_S),
                self.client.stream(
                    "POST", self.endpoint.url, content=parcel.body.encode(), headers=headers
                ) as answer,
            ):
                return judged(answer.status_code, answer.headers.get("retry-after"), now)
        except (TimeoutError, httpx2.TimeoutException):
            return Answer(reason="timed-out")
        except httpx2.RequestError as error:
            return Answer(reason="certificate" if _is_about_trust(error) else "unreachable")


def judged(status: int, retry_after: str | None, now: datetime) -> Answer:
    """Return what an HTTP status means for the delivery."""
    if status in _SUCCESS:
        return Answer(status)
    wait = _seconds(retry_after, now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Answer(status, "busy", wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Answer(status, "server-error", wait)
    return Answer(status, "redirect" if status in _REDIRECTS else "refused")


def _seconds(retry_after: str | None, now: datetime) -> float:
    """Return the wait of a `Retry-After` header (RFC 9110, 10.2.3), at most an hour; 0 without one."""
    if retry_after is None:
        return 0.0
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        asked = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except (OverflowError, ValueError):
            return 0.0
        asked = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(asked, 0.0), _LONGEST_RETRY_AFTER_S)


def _is_about_trust(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
