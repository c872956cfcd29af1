"""Comparison of spellings: letters and digits count; case, width, dashes and spaces do not."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Longest text, in characters, that can be a code."""

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Return `text` in one case, width and kind of dash, with single spaces and no invisible characters."""
    wide = unicodedata.normalize("NFKC", text[: LONGEST + 1])
    seen = "".join(c for c in wide if unicodedata.category(c) != "Cf")
    return " ".join(seen.translate(_DASHES).casefold().split())


def words(text: str) -> list[str]:
    """Return the words and numbers of a folded text, without accents and punctuation."""
    apart = unicodedata.normalize("NFKD", text)
    return _WORD.findall("".join(c for c in apart if not unicodedata.combining(c)))
