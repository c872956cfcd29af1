"""The form of names and public keys in a protocol."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from isp.agreement.ed25519_points import point_flaw
from schemas.exact_base64 import decoded

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
KEY_BYTES = 32
"""Length of an Ed25519 key (RFC 8032)."""


def _is_key(text: str) -> str:
    flaw = point_flaw(decoded(text, KEY_BYTES))
    if flaw is not None:
        raise ValueError(f"{flaw}; a public key made by `ipu isp key` is accepted")
    return text


PublicKey = Annotated[str, AfterValidator(_is_key)]
