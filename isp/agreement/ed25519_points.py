"""Check of encoded points: a valid Ed25519 key is a point of the curve (RFC 8032, 5.1.2 and 5.1.3).

With a point of small order as a key, one fixed signature is valid for every message. The package
`cryptography` accepts such a key, so it is refused here. The points are those that libsodium's
`ge25519_has_small_order` refuses.
"""

from __future__ import annotations

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SIGN = 1 << 255
_ORDER_8 = (
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
)


def point_flaw(encoding: bytes) -> str | None:
    """Return the reason why 32 bytes are not a valid point, or None if they are."""
    y = int.from_bytes(encoding, "little") % _SIGN
    if y >= _P:
        return "a point that is not in its canonical encoding (RFC 8032)"
    if y in {0, 1, _P - 1, *_ORDER_8}:
        return "a point of small order, for which anybody can forge signatures"
    if not _is_square((y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P):
        return "not a point of the curve, so it has no private key"
    return None


def _is_square(number: int) -> bool:
    return pow(number, (_P - 1) // 2, _P) == 1
