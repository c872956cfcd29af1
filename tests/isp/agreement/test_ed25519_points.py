"""A key for which anybody can forge signatures is refused at each place of a protocol."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isp.agreement.ed25519_points import point_flaw
from isp.agreement.officer import Officer
from schemas.exact_base64 import encoded
from tests.isp.signing.test_signatures import PROTOCOL, signed

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
SIGN = 1 << 255

Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    """Return the sum of two points of the twisted Edwards curve (RFC 8032, section 5.1.4)."""
    (x1, y1), (x2, y2) = one, other
    t = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P)
    return x % P, y % P


def of_small_order() -> list[bytes]:
    """Return all 14 encodings of the eight points whose order divides eight, from one of order eight."""
    y = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    points = [(0, 1)]
    for _ in range(7):
        points.append(added(points[-1], (x, y)))
    assert added(points[-1], (x, y)) == (0, 1)
    assert len(set(points)) == 8
    spelt = set()
    for px, py in points:
        signs = {px & 1} if px else {0, 1}
        spelt |= {py + SIGN * sign for sign in signs}
        if py + P < SIGN:
            spelt |= {py + P + SIGN * sign for sign in signs}
    assert len(spelt) == 14
    return [value.to_bytes(32, "little") for value in sorted(spelt)]


@pytest.mark.parametrize("encoding", of_small_order(), ids=bytes.hex)
def test_a_point_of_small_order_is_no_key_in_any_spelling(encoding: bytes) -> None:
    with pytest.raises(ValidationError, match="public key made by `ipu isp key` is accepted"):
        Officer(post="Officer", contact="x@partnership.example", key=encoded(encoding))


@pytest.mark.parametrize("above", range(2, 19))
def test_a_point_has_one_spelling_alone(above: int) -> None:
    flaw = point_flaw((P + above).to_bytes(32, "little"))
    assert flaw is not None
    assert "canonical encoding" in flaw


def test_what_lies_beside_the_curve_is_no_key() -> None:
    flaw = point_flaw((2).to_bytes(32, "little"))
    assert flaw is not None
    assert "not a point of the curve" in flaw


@given(st.binary(min_size=32, max_size=32))
def test_every_key_that_is_made_is_sound(secret: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    assert point_flaw(key) is None


def test_one_signature_that_holds_for_every_message_counts_for_none() -> None:
    identity = (1).to_bytes(32, "little")
    fixed = identity + bytes(32)
    for message in (b"one protocol", b"another"):
        Ed25519PublicKey.from_public_bytes(identity).verify(fixed, message)
    forged = signed(PROTOCOL, "police").model_copy(
        update={"key": encoded(identity), "signature": encoded(fixed)}
    )
    assert not forged.holds(encoded(identity))
