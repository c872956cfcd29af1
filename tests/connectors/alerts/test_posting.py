"""An attempt against a real HTTPS server: what is accepted, tried again, refused or never sent."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme

from connectors.alerts.picture import Change
from connectors.alerts.posting import Answer, judged, posting
from connectors.alerts.webhook import Endpoint, Parcel, parcel_of
from tests.connectors.alerts.https_server import Receiver, Reply, receiving, trusting
from tests.connectors.alerts.messages import NOW, ONE, received


def parcel() -> Parcel:
    found = parcel_of(Change.of(received()))
    assert found is not None
    return found


def posted(endpoint: Endpoint) -> Answer:
    async def once() -> Answer:
        async with posting(endpoint) as poster:
            return await poster.post(parcel())

    return asyncio.run(once())


def test_the_receiver_gets_the_signed_message_and_nothing_in_the_path(
    receiver: Receiver, authority: trustme.CA
) -> None:
    answer = posted(receiver.endpoint(trusting(authority)))
    assert answer == Answer(204)
    assert answer.is_accepted
    assert receiver.paths == ["/alerts"]
    assert receiver.ids == [parcel().id]
    assert receiver.bodies[0]["data"]["alert"] == ONE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(
    receiver: Receiver, authority: trustme.CA, status: int
) -> None:
    receiver.replies = [Reply(status, (("location", f"https://localhost:{receiver.port}/other"),))]
    answer = posted(receiver.endpoint(trusting(authority)))
    assert answer == Answer(status, "redirect")
    assert not answer.may_pass
    assert receiver.paths == ["/alerts"]


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(receiver: Receiver) -> None:
    answer = posted(receiver.endpoint(trusting(trustme.CA())))
    assert answer == Answer(reason="certificate")
    assert answer.may_pass
    assert receiver.bodies == []


def test_nothing_is_sent_to_a_server_with_a_certificate_for_another_name(
    authority: trustme.CA,
) -> None:
    with receiving(authority, "desk.example") as other:
        assert posted(other.endpoint(trusting(authority))) == Answer(reason="certificate")
        assert other.bodies == []


def test_a_server_that_is_away_or_without_tls_may_be_tried_again(
    receiver: Receiver, authority: trustme.CA
) -> None:
    endpoint = receiver.endpoint(trusting(authority))
    away = Endpoint("https://localhost:1/", endpoint.secret, endpoint.trust)
    assert posted(away) == Answer(reason="unreachable")


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        (200, None, Answer(200)),
        (202, None, Answer(202)),
        (400, None, Answer(400, "refused")),
        (404, "5", Answer(404, "refused")),
        (408, None, Answer(408, "refused")),
        (410, None, Answer(410, "refused")),
        (429, None, Answer(429, "busy")),
        (429, "120", Answer(429, "busy", 120.0)),
        (429, "Sun, 29 Nov 2026 15:01:00 GMT", Answer(429, "busy", 60.0)),
        (429, "Sun, 29 Nov 2026 14:01:00 GMT", Answer(429, "busy")),
        (429, "-5", Answer(429, "busy")),
        (429, "\u0664", Answer(429, "busy")),
        (503, "9" * 400, Answer(503, "server-error", 3600.0)),
        (500, "soon", Answer(500, "server-error")),
        (304, None, Answer(304, "redirect")),
    ],
)
def test_a_status_means_accepted_again_later_or_refused(
    status: int, after: str | None, expected: Answer
) -> None:
    assert judged(status, after, NOW) == expected
    assert expected.may_pass == (status in {429, 500, 503})


@pytest.mark.parametrize(
    "after",
    ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", f"Mon, 01 Jan 2026 00:00:00 +{'9' * 24}"],
)
def test_a_receiver_cannot_stop_the_sender_by_an_impossible_time(after: str) -> None:
    assert judged(503, after, NOW) == Answer(503, "server-error")


def test_a_trust_without_certificates_trusts_nobody(receiver: Receiver) -> None:
    answer = posted(receiver.endpoint(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    assert answer == Answer(reason="certificate")
