"""How the spellings of codes are compared: letters and digits count, their dress does not."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""A text of more characters spells no code."""

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Return `text` in one case, width and kind of dash, with single spaces and nothing invisible."""
    wide = unicodedata.normalize("NFKC", text[: LONGEST + 1])
    seen = "".join(c for c in wide if unicodedata.category(c) != "Cf")
    return " ".join(seen.translate(_DASHES).casefold().split())


def words(text: str) -> list[str]:
    """Return the words and numbers of a folded text, without accents and punctuation."""
    apart = unicodedata.normalize("NFKD", text)
    return _WORD.findall("".join(c for c in apart if not unicodedata.combining(c)))
