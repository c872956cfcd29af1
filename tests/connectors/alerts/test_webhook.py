"""A message to a webhook is signed as Standard Webhooks says, and has no decrypted content."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.alerts.picture import Change
from connectors.alerts.webhook import (
    Endpoint,
    Parcel,
    check_url,
    endpoint_of,
    new_secret,
    parcel_of,
    read_secret,
)
from connectors.errors import AlertError
from isp.keys import private_files
from isp.keys.errors import SecretError
from tests.connectors.alerts.messages import HOUR, NOW, ONE, received, withdrawn

TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def parcel() -> Parcel:
    found = parcel_of(Change.of(received(kind="personal", sealed=b"\x00\xff", case="c" * 16)))
    assert found is not None
    return found


def test_the_receivers_own_code_verifies_the_signature_and_refuses_a_change() -> None:
    secret, sent = new_secret(), parcel()
    headers = dict(Endpoint("https://x", secret, TRUST).headers(sent, datetime.now(UTC)))
    assert Webhook(secret).verify(sent.body, headers)["data"]["alert"] == ONE
    for body, key in ((sent.body.replace(ONE, "0" * 16), secret), (sent.body, new_secret())):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, headers)


def test_the_signature_is_that_of_the_specification_whatever_the_zone_of_the_clock() -> None:
    # A test vector of the specification's own libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    given = Parcel(ONE, 1, NOW, "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}')
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = Endpoint("https://x", secret, TRUST).headers(given, at)
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_body_has_the_envelope_and_the_encrypted_bytes() -> None:
    body = json.loads(parcel().body)
    assert body["type"] == "alert.published"
    assert body["data"]["sealed"] == "AP8="
    assert body["data"]["due"] == "2026-11-29T19:00:00.000Z"
    assert body["data"]["case"] == "c" * 16


def test_the_id_is_the_same_for_each_attempt_and_another_one_for_each_version() -> None:
    ids = [
        one.id
        for one in (
            parcel_of(Change.of(received(version=1))),
            parcel_of(Change.of(received(version=2))),
            parcel_of(Change.of(received(version=1, made=NOW + HOUR))),
            parcel_of(Change.of(withdrawn())),
            parcel_of(Change.of(withdrawn(at=NOW + HOUR))),
        )
        if one is not None
    ]
    again = parcel_of(Change.of(received(version=1)))
    assert again is not None
    assert again.id == ids[0]
    assert len(set(ids)) == 5
    assert all(name.startswith(ONE) and "." not in name for name in ids)


def test_a_withdrawal_has_the_id_of_the_alert_alone() -> None:
    found = parcel_of(Change.of(withdrawn()))
    assert found is not None
    assert found.version == 0
    assert json.loads(found.body) == {
        "type": "alert.withdrawn", "timestamp": "2026-11-29T15:00:00.000Z", "data": {"alert": ONE},
    }  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example/", "ftp://desk.example/", "https://", "https:///path", "desk.example",
        "https://user:secret@desk.example/", "https://user@desk.example/", "https://desk.example/#a",
        "https://desk.example:port/", "https://[::1/", "",
    ],
)  # fmt: skip
def test_an_url_that_is_not_https_or_has_a_password_is_refused_without_being_quoted(
    url: str,
) -> None:
    with pytest.raises(AlertError, match="accepted: https://HOST/PATH") as raised:
        check_url(url)
    assert "secret" not in str(raised.value)


def test_an_https_url_is_accepted() -> None:
    check_url("https://desk.example:8443/alerts?desk=1")


def test_a_secret_is_read_from_a_file_that_nobody_else_may_read(tmp_path: Path) -> None:
    file, secret = tmp_path / "a.whsec", new_secret()
    private_files.write_new(file, secret)
    assert read_secret(file) == secret
    file.chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600"):
        read_secret(file)


@pytest.mark.parametrize("text", ["x", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_file_without_a_secret_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.whsec"
    private_files.write_new(file, text)
    with pytest.raises(AlertError, match="webhook-secret") as raised:
        read_secret(file)
    assert text == "whsec_" or text not in str(raised.value).replace(str(file), "")
    with pytest.raises(AlertError, match="No such file"):
        read_secret(tmp_path / "none")


def test_neither_secret_nor_trust_is_shown_with_an_endpoint(tmp_path: Path) -> None:
    file = tmp_path / "a.whsec"
    private_files.write_new(file, new_secret())
    shown = repr(endpoint_of("https://desk.example/", file))
    assert "whsec" not in shown


def test_host_names_are_verified_whatever_certificates_are_trusted(tmp_path: Path) -> None:
    file = tmp_path / "a.whsec"
    private_files.write_new(file, new_secret())
    trust = endpoint_of("https://desk.example/", file).trust
    assert trust.check_hostname
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.minimum_version >= ssl.TLSVersion.TLSv1_2
    with pytest.raises(AlertError, match="no certificates"):
        endpoint_of("https://desk.example/", file, file)
