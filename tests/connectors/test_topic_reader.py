"""A failed reading has a message for the agency that reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors import topic_reader
from connectors.account import Account
from connectors.errors import (
    AccessDeniedError,
    LoginRefusedError,
    NotAppliedError,
    PublishError,
    UnavailableError,
    UnfinishedError,
)
from transport import reader
from transport.reader import ReadError, Unfinished
from transport.refusals import Kind, Refusal

ACCOUNT = Account("banes", "police", {"bootstrap.servers": "here:1"}, patience_s=7)


def refused(kind: Kind) -> ReadError:
    return ReadError("receipts", "ITS_NAME", Refusal(kind, "ITS_NAME", "its text"))


CASES = [
    (refused(Kind.LOGIN), LoginRefusedError, "banes.police: the broker refused the password"),
    (refused(Kind.DENIED), AccessDeniedError, "denies access to receipts .ITS_NAME."),
    (refused(Kind.ABSENT), NotAppliedError, "receipts: the broker has no such topic"),
    (refused(Kind.OTHER), UnavailableError, "receipts failed .ITS_NAME: its text."),
    (Unfinished("receipts"), UnfinishedError, "receipts: could not be read to its end within 7 s"),
]


@pytest.mark.parametrize(("error", "kind", "said"), CASES)
def test_the_agency_gets_its_own_error_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: ReadError, kind: type[PublishError], said: str
) -> None:
    def fails(*_: object) -> Iterator[object]:
        raise error
        yield

    monkeypatch.setattr(reader, "read_until", fails)
    with pytest.raises(PublishError, match=said) as caught:
        list(topic_reader.read_until(ACCOUNT, "receipts", {0: 1}))
    assert type(caught.value) is kind
