"""Try to make the digests of a release again, without a key and with keys that can be guessed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from offline.risk.finding import Hit
from offline.risk.truth import Truth
from sanitiser.policy import Policy
from sanitiser.references import KEY_BYTES, ReferenceKey
from schemas.codes import CodeList
from schemas.record_type import RecordType

ATTACK: Final = "digests"
DIGITS: Final = 32
_PLAIN: Final = 5_000
"""Originals whose plain hashes are tried; one hit is enough, so those with a key are fewer."""
_KEYED: Final = 40
_JOINERS: Final = ("", "|", ",", ":", "-", "/", " ", "\x1f")
_WORDS: Final = (
    "", "0", "1234", "12345678", "admin", "changeit", "changeme", "data", "default", "demo",
    "example", "ipu", "isp", "key", "pass", "passphrase", "password", "pepper", "police",
    "pseudonym", "reference", "salt", "sanitiser", "secret", "secretkey", "test", "x",
)  # fmt: skip
_HASHES: Final[tuple[Callable[[bytes], str], ...]] = (
    lambda text: hashlib.md5(text, usedforsecurity=False).hexdigest(),
    lambda text: hashlib.sha1(text, usedforsecurity=False).hexdigest(),
    lambda text: hashlib.sha256(text).hexdigest(),
    lambda text: hashlib.sha512(text).hexdigest(),
    lambda text: hashlib.blake2b(text, digest_size=16).hexdigest(),
    lambda text: hashlib.blake2b(text).hexdigest(),
)
_ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha512")

Row = Mapping[str, str]


def digests(
    rows: Sequence[Row],
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    agency: str,
    code_lists: Mapping[str, CodeList],
) -> Iterator[Hit]:
    """Yield a hit for each digest that anybody can make who has the original."""
    names = ("record_id", *_references(record_type, profile))
    groups = (record_type.identity, *((name,) for name in names[1:]))
    released = {
        row[name][:DIGITS]: (at, name)
        for at, row in enumerate(rows, 1)
        for name in names
        if row.get(name)
    }
    words = tuple(dict.fromkeys((*_WORDS, agency, record_type.dataset, profile)))
    some = truths[:: max(len(truths) // _KEYED, 1)][:_KEYED]
    keyed = chain(
        (d for truth in some for text in _texts(truth, groups) for d in _with_words(text, words)),
        _of_the_product(some, record_type, profile, agency, code_lists, words),
    )
    alone = tuple((field.name,) for field in record_type.fields if field.kind in {"text", "date"})
    plain = (
        digest
        for truth in truths[:_PLAIN]
        for text in _texts(truth, (record_type.identity, *alone))
        for digest in _plain(text)
    )
    yield from _hits(plain, released, "a digest without a key")
    yield from _hits(keyed, released, "a digest with a key that can be guessed")


def _hits(
    guesses: Iterable[str], released: Mapping[str, tuple[int, str]], reason: str
) -> Iterator[Hit]:
    for guess in guesses:
        if guess in released:
            row, name = released[guess]
            yield Hit(ATTACK, name, reason, row)


def _references(record_type: RecordType, profile: str) -> list[str]:
    told = record_type.released(profile)
    return [f.name for f in told if f.treatments[profile].action == "reference"]


def _texts(truth: Truth, groups: Sequence[Sequence[str]]) -> set[str]:
    """Return the values of each group of fields in one text, as given and as read, in any case."""
    found: set[str] = set()
    for values in (truth.given, truth.record):
        for names in groups:
            parts = [_text(values, name) for name in names]
            found |= {*parts, *(joiner.join(parts) for joiner in _JOINERS[: _joiners(parts)])}
    found |= {text.upper() for text in found} | {text.lower() for text in found}
    return found - {""}


def _joiners(parts: Sequence[str]) -> int:
    return len(_JOINERS) if len(parts) > 1 else 0


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value)


def _plain(text: str) -> Iterator[str]:
    return (make(text.encode())[:DIGITS] for make in _HASHES)


def _of_the_product(
    truths: Sequence[Truth],
    record_type: RecordType,
    profile: str,
    agency: str,
    code_lists: Mapping[str, CodeList],
    words: Sequence[str],
) -> Iterator[str]:
    """Yield the digests that the product itself makes with keys that can be guessed."""
    for key in _keys(words):
        policy = Policy(record_type, profile, key, code_lists)
        for truth in truths:
            yield from policy.digests(agency, truth.record).values()


def _with_words(given: str, words: Sequence[str]) -> Iterator[str]:
    text = given.encode()
    for word in words:
        secret = word.encode()
        for algorithm in _ALGORITHMS:
            yield hmac.digest(secret, text, algorithm).hex()[:DIGITS]
            yield hashlib.new(algorithm, secret + text, usedforsecurity=False).hexdigest()[:DIGITS]
            yield hashlib.new(algorithm, text + secret, usedforsecurity=False).hexdigest()[:DIGITS]
        yield hashlib.blake2b(text, key=secret[:64], digest_size=16).hexdigest()


def _keys(words: Sequence[str]) -> Iterator[ReferenceKey]:
    """Yield the keys of the product's own digests that somebody may have chosen without chance."""
    yield from (ReferenceKey(bytes([byte]) * KEY_BYTES) for byte in range(256))
    yield ReferenceKey(bytes(range(KEY_BYTES)))
    for word in filter(None, words):
        secret = word.encode()
        yield ReferenceKey(secret.ljust(KEY_BYTES, b"\0")[:64])
        yield ReferenceKey((secret * KEY_BYTES)[:KEY_BYTES])
        yield ReferenceKey(hashlib.sha256(secret).digest())
        yield ReferenceKey(hashlib.blake2b(secret, digest_size=KEY_BYTES).digest())
