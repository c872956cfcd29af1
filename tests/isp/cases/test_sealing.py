"""Only the recipient can read disclosed records, with the key of the case."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from isp.cases.sealing import (
    NotForThisKey,
    from_discloser,
    from_officer,
    new_case_key,
    sealed,
    to_officer,
    to_recipient,
    unsealed,
)
from tests.isp.cases.table import CASE, SEALING

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_was_sealed_comes_back_and_shows_nothing(text: bytes, name: bytes) -> None:
    message = sealed(KEY, name, text)
    assert unsealed(KEY, name, message) == text
    assert len(text) < 8 or text not in message["sealed"]


def test_a_message_moved_changed_or_of_another_case_is_not_read() -> None:
    message = sealed(KEY, b"a", b"text")
    flipped = {**message, "sealed": message["sealed"][:-1] + bytes([message["sealed"][-1] ^ 1])}
    for key, name, given_message in [
        (KEY, b"b", message), (KEY, b"a", flipped), (new_case_key(), b"a", message),
    ]:  # fmt: skip
        with pytest.raises(NotForThisKey):
            unsealed(key, name, given_message)


def test_no_nonce_is_used_twice() -> None:
    assert len({sealed(KEY, b"", b"")["nonce"] for _ in range(1_000)}) == 1_000


def test_the_key_of_a_case_is_for_its_recipient_and_for_that_case() -> None:
    wrapped = to_recipient(KEY, SEALING.public_key().public_bytes_raw(), CASE)
    assert from_discloser(wrapped, SEALING, CASE) == KEY
    with pytest.raises(NotForThisKey):
        from_discloser(wrapped, X25519PrivateKey.generate(), CASE)
    with pytest.raises(NotForThisKey):
        from_discloser(wrapped, SEALING, "f" * 16)


def test_an_alert_for_a_conflict_officer_is_for_that_officer_and_that_alert_alone() -> None:
    alert, text = "00000000000000aa", b"Jane Roe"
    message = to_officer(SEALING.public_key().public_bytes_raw(), alert, text)
    assert from_officer(SEALING, alert, message) == text
    assert text not in message["sealed"]
    assert message["nonce"] == b""
    flipped = {**message, "sealed": message["sealed"][:-1] + bytes([message["sealed"][-1] ^ 1])}
    for private, name, given_message in [
        (X25519PrivateKey.generate(), alert, message),
        (SEALING, "f" * 16, message),
        (SEALING, alert, flipped),
        (SEALING, alert, {"sealed": b"?"}),
    ]:
        with pytest.raises(NotForThisKey):
            from_officer(private, name, given_message)


def test_an_alert_for_an_officer_is_not_read_as_the_key_of_a_case() -> None:
    message = to_officer(SEALING.public_key().public_bytes_raw(), CASE, KEY)
    with pytest.raises(NotForThisKey):
        from_discloser(message["sealed"], SEALING, CASE)
