"""Describe the agency that publishes, and check its access before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.errors import PublishError, UnavailableError, UnfinishedError
from connectors.failures import explained
from isp.agreement.topics import Names
from transport.access import check_topics
from transport.reader import ReadError, Unfinished
from transport.refusals import NoAnswer, Refused

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Account:
    """An agency on one partnership's broker.

    `connection` has the settings of a `confluent_kafka` client that logs in as the agency. It has
    the password, so it is not shown. `patience_s` is the longest wait for a server, in seconds.
    """

    prefix: str
    agency: str
    connection: Mapping[str, str | int | float | bool] = field(repr=False)
    patience_s: float = PATIENCE_S

    @property
    def names(self) -> Names:
        """Return the names of the partnership's topics and principals."""
        return Names(self.prefix)

    @property
    def principal(self) -> str:
        """Return the user name of the agency."""
        return self.names.principal(self.agency)


def check_access(account: Account, topics: Sequence[str]) -> None:
    """Log in and look up each topic.

    Raises:
        LoginRefusedError: the password is not the principal's.
        AccessDeniedError: the principal may not describe one of the topics.
        NotAppliedError: the broker has no such topic.
        UnavailableError: no answer within the account's patience.
    """
    with explaining(account, "the broker"):
        check_topics(account.connection, topics, account.patience_s)


@contextmanager
def explaining(account: Account, resource: str) -> Iterator[None]:
    """Translate errors of `transport` to the connector's; `resource` is what was accessed.

    Raises:
        PublishError: as `connectors.failures.explained`, or there was no answer.
        UnfinishedError: a topic could not be read to its end within the account's patience.
    """
    try:
        yield
    except Refused as error:
        raise explained(error.refusal, account.principal, error.resource or resource) from error
    except NoAnswer as error:
        raise _no_answer(account) from error
    except Unfinished as error:
        raise UnfinishedError(
            f"{resource}: could not be read to its end within {account.patience_s:.0f} s: a transaction is "
            "open there, or a batch cannot be unpacked; try again later"
        ) from error
    except ReadError as error:
        if error.refusal is None:
            raise
        raise explained(error.refusal, account.principal, resource) from error


def _no_answer(account: Account) -> PublishError:
    broker = account.connection.get("bootstrap.servers", "")
    message = f"the broker at {broker} did not answer within {account.patience_s:.0f} s"
    return UnavailableError(
        f"{message}; publish the same file again; it continues where this call ended"
    )
