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
"""How a pseudo-postcode begins. No postcode area of Royal Mail does."""
_WITHIN: Final = re.compile(r"\bZZ+[\W_]*(?:9[\W_]*9|SEC)")
_NO_SIGN: Final = re.compile(r"[\W_]+")
_ALIKE: Final = str.maketrans({"\N{GREEK CAPITAL LETTER ZETA}": "Z"})


def has_pseudo_postcode(address: str | None, postcode: str | None) -> bool:
    """Return True if a postcode, or one within an address, says that the place may not be looked up.

    Slips count too: a field that starts with ZZ, and an address with the start of either of the two.
    """
    return (
        postcode is not None and _NO_SIGN.sub("", _plain(postcode)).startswith(_BEGINS)
    ) or _is_within(address)


def _is_within(address: str | None) -> bool:
    if not address:
        return False
    text = _plain(address)
    # Most texts have no such letters, and are done here.
    return _BEGINS in text and _WITHIN.search(text) is not None


def _plain(text: str) -> str:
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKC", text).upper().translate(_ALIKE)
