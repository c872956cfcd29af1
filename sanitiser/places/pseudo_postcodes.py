"""Recognise pseudo-postcodes: ZZ99 of the NHS, and ZZZSECUR.

`ZZ99 3VZ` is no fixed abode, and other codes of ZZ99 are unknown, overseas or not stated addresses (NHS
Postcode Directory). `ZZZSECUR` is a protected address. Systems write them where they want a postcode.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

REASON: Final = "pseudo-postcode"
"""Reason for withholding such a place. It is the same for all of them, so that it tells none apart."""

_BEGINS: Final = "ZZ"
_PSEUDO: Final = re.compile(r"\bZZ\s*99(?:\s*[0-9][A-Z]{2})?\b|\bZZZ\s*SECUR\b", re.ASCII)


def has_pseudo_postcode(address: str | None, postcode: str | None) -> bool:
    """Return True if a postcode, or one within an address, says that the place may not be looked up."""
    return _is_pseudo(postcode) or _is_pseudo(address)


def _is_pseudo(text: str | None) -> bool:
    if not text:
        return False
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    # Most texts have no such letters, and are done here.
    if _BEGINS not in text and _BEGINS not in (text := text.upper()):
        return False
    return _PSEUDO.search(text.upper()) is not None
