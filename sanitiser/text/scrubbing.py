"""Scrub free text: take out everything that could lead to a person or a home.

A recogniser library (Presidio) takes out what has a known form. For what it misses the rule is the
reverse: only ordinary words of a list are released, and none of them in the place of a name. A
number in digits or words, an unknown word and a capital within a sentence are always taken out. So
a house number, a date of birth or a reference is never released, even if its form was not foreseen.
A name is released only if it is an ordinary word in small letters and nothing shows that it is a
name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sanitiser.text.plain_words import PlainWords, plain_words

REMOVED: Final = "[…]"
_CACHED: Final = 16_384
_LONGEST: Final = 2_000
_RECOGNISERS: Final = (
    "CreditCardRecognizer", "CryptoRecognizer", "DateRecognizer", "IbanRecognizer", "IpRecognizer",
    "NhsRecognizer", "PhoneRecognizer", "UkDrivingLicenceRecognizer", "UkNinoRecognizer",
    "UkPassportRecognizer", "UkPostcodeRecognizer", "UkVehicleRegistrationRecognizer",
)  # fmt: skip
"""Recognisers without a language model. Those for e-mails and web addresses would download a list of
domains; this module's own rule takes out every word with a point, an at sign or a slash in it."""
_WORD: Final = re.compile(r"[a-z]+(?:['’-][a-z]+)*'?", re.IGNORECASE)
_EDGES: Final = ".,;:!?\"'()[]“”‘’-–"
_SENTENCE_ENDS: Final = (".", "!", "?")
_BESIDE: Final = 4
_NEAR: Final = 3
"""The number of words after a title, a role or a word such as "called" that may be a name."""


class RecogniserMissing(RuntimeError):
    """A protocol allows scrubbed texts, and the recogniser library is not installed."""


class _Token(NamedTuple):
    """A word as written and as compared; `heads` is true if it begins a sentence."""

    written: str
    key: str
    heads: bool

    @property
    def capital(self) -> bool:
        return self.written.lstrip(_EDGES)[:1].isupper()


class Scrubber:
    """A scrubber of texts, with a cache of the latest ones."""

    def __init__(self) -> None:
        """Load the recognisers.

        Raises:
            RecogniserMissing: they are not installed; the message says how to install them.
        """
        try:
            from presidio_analyzer import predefined_recognizers  # noqa: PLC0415
        except ImportError:
            message = "the protocol allows scrubbed texts, which need the extra 'scrub'"
            how = "pip install 'community-safety-ipu[scrub]', pinned in requirements-scrub.lock"
            raise RecogniserMissing(f"{message}: {how}") from None
        self._recognisers: list[Any] = [_made(predefined_recognizers, n) for n in _RECOGNISERS]
        self._scrub = lru_cache(maxsize=_CACHED)(self._scrubbed)

    def __call__(self, text: str) -> str | None:
        """Return the text with `[…]` for what was taken out; None if no useful word is left."""
        return self._scrub(text) if len(text) <= _LONGEST else None

    def _scrubbed(self, text: str) -> str | None:
        plain = unicodedata.normalize("NFKC", text).replace("’", "'")
        for start, end in self._recognised(plain):
            plain = plain[:start] + "0" * (end - start) + plain[end:]
        tokens = _tokens(plain)
        if _tells_which_home(tokens):
            return None
        kept = _kept(tokens, shouted=not any(c.islower() for c in plain))
        return _joined(tokens, kept) if any(kept) else None

    def _recognised(self, text: str) -> list[tuple[int, int]]:
        return [
            (found.start, found.end)
            for recogniser in self._recognisers
            for found in recogniser.analyze(text, recogniser.supported_entities, None) or ()
        ]


def _made(library: Any, name: str) -> Any:
    recogniser = getattr(library, name)
    in_britain = {"supported_regions": ("GB",)} if name == "PhoneRecognizer" else {}
    return recogniser(**in_britain)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    heads = True
    for written in text.split():
        key = written.strip(_EDGES).lower()
        tokens.append(_Token(written, key, heads))
        initial = len(key) == 1
        heads = written.endswith(_SENTENCE_ENDS) and key not in plain_words().title and not initial
    return tokens


def _kept(tokens: list[_Token], *, shouted: bool) -> list[bool]:
    """Return for each word whether it is released.

    `shouted` means that the whole text is in capitals.
    """
    words = plain_words()
    plain = [_is_plain(t, words) and not _stands_out(t, words, shouted=shouted) for t in tokens]
    streets = _of_streets(tokens, words)
    return [
        plain[at] and at not in streets and not _stands_for_a_name(at, tokens, plain, words)
        for at in range(len(tokens))
    ]


def _tells_which_home(tokens: list[_Token]) -> bool:
    """Return True if a home is described by its position: the last house before the bridge."""
    words = plain_words()
    homes = [at for at, token in enumerate(tokens) if token.key in words.dwelling]
    return any(
        token.key in words.position
        for home in homes
        for token in tokens[max(0, home - _BESIDE) : home + _BESIDE + 1]
    )


def _of_streets(tokens: list[_Token], words: PlainWords) -> set[int]:
    """Return the positions of street names and of letters of flats: on [church road], flat [a]."""
    found: set[int] = set()
    for at, token in enumerate(tokens):
        if token.key in words.street:
            start = at
            while at - start < _NEAR and start and tokens[start - 1].key not in words.function:
                start -= 1
            found.update(range(start, at + 1) if start < at else ())
        if len(token.key) == 1 and at and tokens[at - 1].key in words.dwelling:
            found.add(at)
    return found


def _is_plain(token: _Token, words: PlainWords) -> bool:
    return bool(_WORD.fullmatch(token.key)) and words.knows(token.key)


def _stands_out(token: _Token, words: PlainWords, *, shouted: bool) -> bool:
    """Return True if capitals make a word a name: Old Mill, the Rose, John READ."""
    owner = token.key.endswith(("'s", "'"))
    if shouted or owner:
        return words.names(token.key)
    core = token.written.strip(_EDGES)
    if core.isupper() and len(core) > 1:
        return token.key not in words.acronym
    if token.capital and words.names(token.key):
        return True
    return token.capital and not token.heads and token.key not in words.capital


def _stands_for_a_name(at: int, tokens: list[_Token], plain: list[bool], words: PlainWords) -> bool:
    """Return True if the words around a word make it a name: victim rose, mr. brown, [John] hill."""
    before = _before(at, tokens)
    if before and (before[0] in words.title or before[0] in words.naming):
        return True
    if len(before) > 1 and before[0] in _BETWEEN and before[1] in words.naming | {"known", "goes"}:
        return True
    if not words.names(tokens[at].key):
        return False
    if tokens[at].key in words.called and not _describes(at, tokens, words):
        return True
    if any(key in words.role or key in words.title or key in words.naming for key in before):
        return True
    behind = at + 1 < len(tokens) and not tokens[at + 1].heads
    return bool(before and not plain[at - 1]) or (behind and not plain[at + 1])


def _describes(at: int, tokens: list[_Token], words: PlainWords) -> bool:
    """Return True if a noun follows, so that the word describes it: a brown coat, not the brown family."""
    behind = tokens[at + 1] if at + 1 < len(tokens) else None
    if behind is None or behind.heads:
        return False
    return behind.key in words.noun and behind.key not in words.dwelling | {"family"}


_BETWEEN: Final = frozenset({"is", "was", "as", "being", "by"})


def _before(at: int, tokens: list[_Token]) -> list[str]:
    """Return the words before this one in its sentence, the nearest first."""
    found: list[str] = []
    while at > 0 and not tokens[at].heads and len(found) < _NEAR:
        at -= 1
        found.append(tokens[at].key)
    return found


def _joined(tokens: list[_Token], kept: list[bool]) -> str:
    written: list[str] = []
    for token, keep in zip(tokens, kept, strict=True):
        if keep:
            written.append(token.written)
        elif not written or written[-1] != REMOVED:
            written.append(REMOVED)
    return " ".join(written)
